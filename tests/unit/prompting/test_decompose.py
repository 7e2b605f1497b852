"""A graph of sub-tasks: what is refused, what each step sees, what runs at the same time, and rules."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import LABELLED, QUESTION, Scripted, predict

from osler.core.block import from_spec, to_spec
from osler.core.errors import ModelError, PrivacyError, SpecError
from osler.core.types import Message, Reply
from osler.prompting.decompose import UNREAD, Decompose, Rule, Step, looked_up
from osler.prompting.few_shot import FewShot
from osler.prompting.steps import ordered
from osler.prompting.zero_shot import ZeroShot

FINDINGS = Step(name="findings", capability="summarization", instruction="Name the findings.")
AGE = Step(name="age", capability="structurization", instruction="How old?", choices=("child", "adult"))
ANSWER = Step(
    name="answer", capability="knowledge and reasoning", instruction="Decide.", uses=("case", "findings", "age")
)
WHOLE = Decompose(steps=(FINDINGS, AGE, ANSWER))


class ByStep(Scripted):
    """Answers by a word of the instruction, and counts how many calls are open at once."""

    def __init__(self, said: Mapping[str, str]) -> None:
        super().__init__()
        self.by, self.open, self.peak = said, 0, 0

    async def generate(self, messages: Sequence[Message], **given: Any) -> Reply:
        self.open += 1
        self.peak = max(self.peak, self.open)
        await asyncio.sleep(0.005)
        self.open -= 1
        self.asked.append((tuple(messages), given))
        text = next(text for word, text in self.by.items() if word in messages[0].text)
        if text == "fail":
            raise ModelError("it failed", kind="timeout")
        return Reply(text=text)


def of(word: str, model: ByStep) -> str:
    return next("\n".join(m.text for m in messages) for messages, _ in model.asked if word in messages[0].text)


def test_steps_see_what_they_use_and_run_at_once() -> None:
    model = ByStep({"findings": "A cough.", "old": "adult", "Decide": "Answer: no"})
    found = predict(WHOLE, model, LABELLED)
    assert (found.answer, found.parsed, len(found.replies), model.peak) == ("no", True, 3, 2)
    assert "70 years" in of("findings", model)
    assert "Is she pregnant?" in of("old", model)
    assert "child | adult" in of("old", model)
    final = of("Decide", model)
    assert "[findings] A cough." in final
    assert "[age] adult" in final
    assert final.startswith("Use only the note.\nDecide.")
    assert found.rationale.startswith("findings: A cough.\n\nage: adult")
    assert WHOLE.calls(LABELLED) == 3
    assert from_spec(to_spec(WHOLE)) == WHOLE


def test_a_step_without_the_case_does_not_see_it() -> None:
    lean = Step(name="check", capability="knowledge and reasoning", instruction="Check.", uses=("findings",))
    last = Step(name="answer", capability="knowledge and reasoning", instruction="Decide.", uses=("check",))
    model = ByStep({"findings": "A cough.", "Check": "Fine.", "Decide": "Answer: yes"})
    found = predict(Decompose(steps=(last, lean, FINDINGS)), model, LABELLED)
    assert "70 years" not in of("Check", model)
    assert "[findings] A cough." in of("Check", model)
    final = of("Decide", model)
    assert "70 years" not in final
    assert "Is she pregnant?" in final  # the final step answers the question of the case
    assert (found.answer, [reply.text for reply in found.replies]) == ("yes", ["A cough.", "Fine.", "Answer: yes"])


def test_what_a_step_could_not_read_is_said_so_and_errors_come_as_they_are() -> None:
    model = ByStep({"findings": "A cough.", "old": "who knows", "Decide": "Answer: no"})
    assert predict(WHOLE, model, LABELLED).answer == "no"
    assert f"[age] {UNREAD}" in of("Decide", model)
    with pytest.raises(ModelError, match="it failed"):
        predict(WHOLE, ByStep({"findings": "fail", "old": "adult", "Decide": "x"}), LABELLED)


def test_the_gravest_error_comes_out_and_steps_are_no_citations() -> None:
    class Leaking(ByStep):
        async def generate(self, messages: Sequence[Message], **given: Any) -> Reply:
            if "old" in messages[0].text:
                raise PrivacyError("a name was about to leave")
            return await super().generate(messages, **given)

    with pytest.raises(PrivacyError, match="about to leave"):
        predict(WHOLE, Leaking({"findings": "A cough.", "old": "x", "Decide": "x"}), LABELLED)
    cites = '{"rationale": "", "evidence": ["0", "age"], "answer": "no"}'
    found = predict(WHOLE, ByStep({"findings": "A cough.", "old": "adult", "Decide": cites}), LABELLED)
    assert (found.answer, found.evidence) == ("no", ("0",))


def test_only_the_final_step_is_fitted() -> None:
    import dataclasses

    last = dataclasses.replace(ANSWER, strategy=FewShot(k=1))
    fitted = asyncio.run(Decompose(steps=(FINDINGS, AGE, last)).fit([(LABELLED, "no")], Scripted()))
    assert [len(getattr(step.strategy, "pool", ())) for step in fitted.steps] == [0, 0, 1]
    assert Decompose(steps=(FINDINGS, AGE, last)).needs == {"generate", "generate|score"}


TABLE = {"pneumonia | mcc": "193", "pneumonia | cc": "194"}
BASE = Step(name="base", capability="structurization", instruction="Base?", choices=("pneumonia", "sepsis"))
LEVEL = Step(name="level", capability="structurization", instruction="Level?", choices=("MCC", "CC"))
GROUP = Decompose(steps=(BASE, LEVEL, Rule(name="group", uses=("base", "level"), table=TABLE)))


@pytest.mark.parametrize(
    ("base", "level", "answer"),
    [("pneumonia", "MCC", "A"), ("pneumonia", "CC", "B"), ("sepsis", "CC", None), ("?", "CC", None)],
)
def test_a_rule_recombines_two_labels(base: str, level: str, answer: str | None) -> None:
    model = ByStep({"Base": base, "Level": level})
    found = predict(GROUP, model, QUESTION.replace(choices=("193", "194")))
    assert (found.answer, found.parsed, len(found.replies)) == (answer, answer is not None, 2)
    plain = predict(GROUP, model, QUESTION.replace(choices=(), lettered=False))
    assert plain.answer == ({"A": "193", "B": "194"}.get(answer) if answer else None)
    assert GROUP.calls(QUESTION) == 2


def test_a_rule_for_another_question_gives_no_answer() -> None:
    found = predict(GROUP, ByStep({"Base": "pneumonia", "Level": "CC"}), QUESTION)
    assert (found.answer, found.parsed) == (None, False)
    assert looked_up(Rule(name="r", uses=(), table={}), {}).answer is None


def step(name: str, *uses: str) -> Step:
    return Step(name=name, capability="summarization", instruction="x", uses=uses)


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ((), "no final step"),
        ((step("a", "b"), step("b", "a")), "wait for each other: 'a', 'b'"),
        ((step("a", "a"),), "wait for each other"),
        ((step("a", "case"), step("b", "fidings")), "'fidings', which is no step"),
        ((step("a", "case"), step("b", "case")), "no single final step: nothing uses 'a', 'b'"),
        ((step("a", "case"), step("a", "case")), "cannot name a step 'a'"),
        ((step("case", "case"),), "cannot name a step 'case'"),
        ((step("a"),), "uses nothing"),
        ((AGE,), "choices or a schema of its own"),
        ((Rule(name="r", uses=("case",), table={}),), "cannot use the case"),
        ((ZeroShot(),), "no step"),
    ],
)
def test_graphs_that_cannot_be_are_refused_when_they_are_made(steps: tuple[Any, ...], words: str) -> None:
    with pytest.raises(SpecError, match=words):
        Decompose(steps=steps)


def test_a_step_has_exactly_one_of_the_five_capabilities() -> None:
    for wrong in ("guessing", ("summarization", "translation")):
        with pytest.raises(SpecError, match=r"step\.capability must be one of"):
            Step(name="a", capability=wrong, instruction="x")  # type: ignore[arg-type]


@given(st.lists(st.sets(st.integers(0, 9), max_size=4), min_size=1, max_size=8), st.randoms())
def test_any_acyclic_graph_is_ordered(before: list[set[int]], rng: Any) -> None:
    steps = [
        step(f"s{at}", *(["case"] + [f"s{other}" for other in sorted(uses) if other < at]))
        for at, uses in enumerate(before)
    ]
    used = {name for one in steps for name in one.uses}
    steps.append(step("end", "case", *(one.name for one in steps if one.name not in used)))
    rng.shuffle(steps)
    order = [one.name for one in ordered(steps)]
    assert sorted(order) == sorted(one.name for one in steps)
    assert order[-1] == "end"
    for one in steps:
        assert all(order.index(name) < order.index(one.name) for name in one.uses if name != "case")
