"""What may leave of identifiable data: file paths are found wherever a study file writes them."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from osler.core.types import Example, Prediction, Reply
from osler.evaluation.estimate import estimate
from osler.evaluation.metrics.selective import AbstainRate, AnsweredAccuracy
from osler.evaluation.table import tabulate
from osler.study.answers import Answers, Frame
from osler.study.disclosure import MASK, declining, disclosed, pseudonym, rows_hash, study_text, without_paths


@pytest.mark.parametrize(
    "toml",
    [
        'data = { source = "file", path = "/srv/smith/x.jsonl" }',
        "data = { path = '/srv/smith/x.jsonl', source = 'file' }",
        '[data]\npath = """/srv/smith/x.jsonl"""\n',
        'data.path = "/srv/smith/x.jsonl" # copy of /srv/smith/x.jsonl',
        'data = { "path" = "/srv/smith/\\"x\\".jsonl" }',
        'models = [{ use = "head", data = { source = "file", path = "/srv/smith/x.jsonl" } }]',
    ],
)
def test_a_study_file_tells_no_path(toml: str) -> None:
    shown = study_text(toml)
    assert "smith" not in shown
    assert MASK in str(tomllib.loads(shown))
    assert tomllib.loads(shown).keys() == tomllib.loads(toml).keys()


def test_what_is_no_path_stays() -> None:
    toml = 'question = "Which path = way?"\npathology = "p"\n'
    assert study_text(toml) == toml
    assert without_paths({"a": [{"path": "/x", "k": 1}], "path": ""}) == {"a": [{"path": MASK, "k": 1}], "path": ""}


def case(name: str, target: str, choices: tuple[str, ...], **meta: Any) -> Example:
    return Example(id=name, input={"text": "T"}, target=target, choices=choices, meta=meta)


@pytest.mark.parametrize(
    ("choices", "target", "shown"),
    [
        ((("yes", "no"), ("yes", "no")), "yes", "yes"),
        ((("b", "c"), ("d", "e")), "A", "A"),
        ((("b", "c"), ("d", "e")), "b", pseudonym("b")),
        (((), ()), "free text", pseudonym("free text")),
    ],
)
def test_labels_leave_and_texts_do_not(choices: tuple[tuple[str, ...], ...], target: str, shown: str) -> None:
    rows = [case(f"c{i}", target, item, patient=7, note="N", sex="f") for i, item in enumerate(choices)]
    said = Prediction(
        answer=target, rationale="R", evidence=("0", "a b"), votes={target: 1.0}, replies=(Reply(text="T"),)
    )
    cell = Answers("x", "x", "m", "x", 0, {"path": "p"}, ("c0",), (said,))
    frame = Frame(metrics={}, primary="accuracy", cluster="patient", subgroups=("sex",))
    assert disclosed("deidentified", rows, [cell], frame) == (rows, [cell])
    (first, _), (told,) = disclosed("identifiable", rows, [cell], frame)
    assert (first.id, first.input, first.target) == (pseudonym("c0"), {}, shown)
    assert first.choices == (choices[0] if len(set(choices)) == 1 else ())
    assert first.meta == {"sex": "f", "patient": pseudonym("7")}
    (prediction,) = told.predictions
    assert (told.ids, told.spec) == ((pseudonym("c0"),), {"path": MASK})
    assert (prediction.answer, prediction.votes, prediction.rationale) == (shown, {shown: 1.0}, "")
    assert prediction.evidence == ("0", pseudonym("a b"))
    assert prediction.replies[0].text == ""


def test_the_hash_of_the_rows_sees_ids_answers_and_order() -> None:
    rows = [case("a", "x", ()), case("b", "y", ())]
    found = {rows_hash(rows), rows_hash(rows[::-1]), rows_hash(rows[:1]), rows_hash([rows[0], case("b", "z", ())])}
    assert len(found) == 4


def test_words_that_decline_stay_and_a_choice_that_looks_like_one_does_not() -> None:
    rows = [case("a", "yes", ("yes", "unsure")), case("b", "B", ("yes", "unsure", "pass")), case("c", "unsure", ())]
    said = tuple(Prediction(answer=word, votes={word: 1.0}) for word in ("unsure", "Unsure", "unsure"))
    spec = {"system": {"block": "FewShot", "inner": [{"block": "Abstain", "says": "pass"}]}}
    cell = Answers("x", "x", "m", "x", 0, spec, ("a", "b", "c"), said)
    frame = Frame(
        metrics={"abstain_rate": AbstainRate(), "answered_accuracy": AnsweredAccuracy()},
        primary="abstain_rate",
        cluster="",
        subgroups=(),
    )
    assert declining([cell], frame) == {"pass", *AbstainRate().abstained}
    cases, (told,) = disclosed("identifiable", rows, [cell], frame)
    assert [item.answer for item in told.predictions] == [pseudonym("unsure"), "Unsure", "unsure"]
    assert [item.target for item in cases] == [pseudonym("yes"), "B", "unsure"]
    for metric in (AbstainRate(), AnsweredAccuracy()):
        before, after = tabulate(rows, said), tabulate(cases, told.predictions)
        assert estimate(metric, before).value == estimate(metric, after).value
    assert [item.score(row, p).value for item in [AbstainRate()] for row, p in zip(rows, said, strict=True)] == [
        0,
        1,
        1,
    ]
