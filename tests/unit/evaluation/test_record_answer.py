"""Record answers: the same value said in another way is right, another value is not."""

from __future__ import annotations

import pytest

from osler.core.types import Example, Prediction
from osler.evaluation.metrics.structure.record_answer import RecordAnswer


@pytest.mark.parametrize(
    ("form", "gold", "answer", "right"),
    [
        ("number", "7.26", "7.26", 1),
        ("number", "7.26", "7.2561 mg/dL", 1),
        ("number", "7.2", "7.20", 1),
        ("number", "7.26", "7.3", 0),
        ("number", "7.26", "72.6", 0),
        ("number", "7.26", "not recorded", 0),
        ("number", "7.26", '{"answer": 7.26}', 1),
        ("number", "not recorded", "Not recorded.", 1),
        ("number", "not recorded", "7", 0),
        ("number", "-0.5", "-0.5", 1),
        ("number", "-0.5", "0.5", 0),
        ("mean", "3", "3.04", 1),
        ("mean", "3", "3.1", 0),
        ("whole", "12", "12 encounters", 1),
        ("whole", "12", "13", 0),
        ("date", "2020-03-04", "2020-03-04", 1),
        ("date", "2020-03-04", "03/04/2020", 1),
        ("date", "2020-03-04", "2020-03-05", 0),
        ("date", "not recorded", "2020-03-05", 0),
        ("yes_no", "yes", "Yes.", 1),
        ("yes_no", "yes", "no", 0),
        ("text", "a1b2", "a1b2", 1),
        ("list", '["a","b"]', '["b", "a"]', 1),
        ("list", '["a","b"]', '["a"]', 0),
        ("list", '["a"]', "a", 1),
        ("list", '["a"]', "", 0),
        ("number", "7", "", 0),
    ],
)
def test_an_answer_counts_for_what_it_says(form: str, gold: str, answer: str, right: int) -> None:
    example = Example(id="e", input={}, target=gold, meta={"form": form})
    assert RecordAnswer().score(example, Prediction(answer=answer)).value == right


def test_what_could_not_be_read_is_wrong() -> None:
    example = Example(id="e", input={}, target="7", meta={"form": "number"})
    assert RecordAnswer().score(example, Prediction(answer=None, parsed=False)).value == 0


def test_exact_match_keeps_a_minus_before_a_number() -> None:
    from osler.evaluation.metrics.structure.reading import plain

    assert plain("-0.5", punctuation=True) != plain("0.5", punctuation=True)
    assert plain("IL-6", punctuation=True) == plain("IL 6", punctuation=True)
    assert plain("pH 7.4, -3 (base)", punctuation=True) == "ph 7.4 -3 base"
