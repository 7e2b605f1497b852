"""The simulated coder: as many bugs as it is told, mended as often as it is told, and the same each time."""

from __future__ import annotations

import asyncio
import math
from typing import Any

import pytest
from scipy.stats import binom, binomtest

from osler.core.block import from_spec, to_spec
from osler.core.errors import ModelError, SpecError
from osler.core.types import Demo, Example, Message, Part, Prompt, Reply
from osler.models.simulated import Simulated
from osler.models.simulated_coder import BUGS, LOOP, SLIP, SimulatedCoder
from osler.prompting.code_agent import CodeAgent, code

CASES = [Example(id=f"c{i}", input={}, target=("yes", "no")[i % 2], choices=("yes", "no")) for i in range(400)]
AGENT = CodeAgent(hint=False)


def prompt(i: int, demos: tuple[Demo, ...] = ()) -> Prompt:
    asked = Prompt(id=f"c{i}", question=f"Was patient {i} in ward {i % 3}?", choices=("yes", "no"), demos=demos)
    return AGENT.asked(asked, "")


def coder(**knobs: Any) -> SimulatedCoder:
    return SimulatedCoder(**knobs).keyed(CASES, lettered=False)  # type: ignore[return-value]


def said(model: SimulatedCoder, messages: tuple[Message, ...], *, seed: int = 0) -> str:
    return asyncio.run(model.generate(messages, seed=seed)).text


def failed(messages: tuple[Message, ...], text: str, *, cause: bool = False) -> tuple[Message, ...]:
    """The conversation after a program that failed."""
    parts = [Part("NameError in line 1", name="observation")]
    parts += [Part("Likeliest cause: a name", name="cause")] if cause else []
    return (*messages, Message("assistant", (Part(text),)), Message("user", tuple(parts)))


def bugs(text: str) -> int:
    return sum(line in BUGS for line in code(text).splitlines())


def course(model: SimulatedCoder, i: int, turns: int, *, cause: bool = False) -> list[int]:
    """Bugs of the programs of a case, one after the other."""
    messages = prompt(i).messages()
    found = []
    for _ in range(turns):
        text = said(model, messages)
        found.append(bugs(text))
        messages = failed(messages, text, cause=cause)
    return found


@pytest.mark.parametrize("line", BUGS)
def test_every_bug_is_one(line: str) -> None:
    with pytest.raises((NameError, ValueError, ArithmeticError, LookupError, AttributeError, ImportError, TypeError)):
        exec(line.replace("import pandas", "import pandas_is_not_here"), {})


@pytest.mark.parametrize("planted", [0, 1, 4, 11])
def test_bugs_are_mended_one_a_turn(planted: int) -> None:
    assert course(coder(bugs=planted), 0, planted + 2) == [*range(planted, -1, -1), 0]


@pytest.mark.parametrize(("fix", "gain", "cause"), [(0.5, 0.0, False), (0.3, 0.4, True), (0.3, 0.4, False)])
def test_mending_follows_the_binomial(fix: float, gain: float, cause: bool) -> None:
    planted, turns, cases = 2, 5, 300
    model = coder(bugs=planted, fix=fix, told_gain=gain)
    solved = sum(course(model, i, turns, cause=cause)[-1] == 0 for i in range(cases))
    expected = 1.0 - binom.cdf(planted - 1, turns - 1, fix + (gain if cause else 0.0))
    assert binomtest(solved, cases, expected).pvalue > 1e-3


def test_slips_run_through_and_answer_wrongly() -> None:
    model = coder(slips=0.3)
    texts = [said(model, prompt(i).messages()) for i in range(400)]
    wrong = sum(SLIP in text for text in texts)
    assert binomtest(wrong, 400, 0.3).pvalue > 1e-3
    for i, text in enumerate(texts):
        space: dict[str, Any] = {}
        exec(code(text), space)
        assert (space["answer"] == CASES[i].target) == (SLIP not in text)


def test_solved_cases_take_bugs_and_slips_away_or_pass_a_slip_on() -> None:
    question = "Was patient 8 in ward 2?"
    good = Demo(id="x", question=question, answer="yes", rationale="```python\nanswer = 'yes'\n```")
    bad = Demo(id="y", question=question, answer="no", rationale=f"```python\n{SLIP}\nanswer = 'no'\n```")
    far = Demo(id="z", question="How old?", answer="yes", rationale=bad.rationale)
    model = coder(bugs=4, memory_gain=1.0, contagion=1.0)
    alone, near = (said(model, prompt(8, demos).messages()) for demos in ((), (good,)))
    assert (bugs(alone), bugs(near)) == (4, 0)
    assert SLIP not in near
    assert SLIP in said(model, prompt(8, (far, bad)).messages())
    assert SLIP not in said(model, prompt(8, (far, good)).messages())


@pytest.mark.parametrize("skill", [0.0, 0.8, 1.0])
def test_a_check_is_right_as_often_as_its_skill_says(skill: float) -> None:
    model = coder(slips=0.5, check_skill=skill)
    right = 0
    for i in range(300):
        messages = prompt(i).messages()
        text = said(model, messages)
        asked = (*messages, Message("assistant", (Part(text),)), Message("user", (Part("Right?", name="check"),)))
        right += said(model, asked) == f"Answer: {'no' if SLIP in text else 'yes'}"
    assert math.isclose(right / 300, skill) if skill in (0.0, 1.0) else binomtest(right, 300, skill).pvalue > 1e-3


def test_a_loop_is_left_after_it_was_stopped() -> None:
    model = coder(loops=1.0, bugs=1)
    messages = prompt(3).messages()
    first = said(model, messages)
    assert LOOP in first
    second = said(model, failed(messages, first))
    assert LOOP not in second
    assert bugs(second) == 1


def test_it_ends_with_what_its_program_answered() -> None:
    messages = (*prompt(1).messages(), Message("assistant", (Part("p"),)))
    seen = Part("Printed:\nAnswer of the program: 1\nAnswer of the program: no", name="observation")
    assert said(coder(), (*messages, Message("user", (seen,)))).endswith("no\nTERMINATE")


def test_programs_are_those_that_it_was_given() -> None:
    model = coder(programs={"c0": "answer = 'y' + 'es'"})
    assert code(said(model, prompt(0).messages())) == "answer = 'y' + 'es'"
    assert code(said(model, prompt(1).messages())) == "answer = 'no'"


def test_without_programs_asked_for_it_is_the_simulated_model() -> None:
    asked = Prompt(id="c0", question="Was patient 0 in ward 0?", choices=("yes", "no"))
    plain = Simulated().keyed(CASES, lettered=False)

    async def both() -> tuple[Reply, Reply]:
        return await coder().generate(asked.messages()), await plain.generate(asked.messages())

    ours, theirs = asyncio.run(both())
    assert ours == theirs


def test_a_case_without_key_is_refused_and_so_are_wrong_knobs() -> None:
    with pytest.raises(ModelError, match="no key for the case 'c0'"):
        said(SimulatedCoder(), prompt(0).messages())
    for wrong in ({"fix": 1.5}, {"slips": -0.1}, {"bugs": -1}, {"skill": 2.0}):
        with pytest.raises(SpecError, match="simulated"):
            SimulatedCoder(**wrong)


def test_it_comes_back_from_its_spec_and_says_the_same() -> None:
    model = coder(bugs=2, slips=0.5, fix=0.5)
    again = from_spec(to_spec(model))
    assert again == model
    assert [said(again, prompt(i).messages(), seed=1) for i in range(20)] == [
        said(model, prompt(i).messages(), seed=1) for i in range(20)
    ]
