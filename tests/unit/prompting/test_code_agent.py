"""The code agent: what it sends in what order, when it ends, what it keeps in memory, and what its loop mends."""

from __future__ import annotations

import asyncio
import dataclasses
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import LABELLED, Scripted, predict

from osler.core.block import from_spec, to_spec
from osler.core.errors import SpecError
from osler.core.types import Demo, Example, Prediction, Prompt, Score
from osler.models.simulated_coder import SLIP, SimulatedCoder
from osler.prompting.cases import Cases
from osler.prompting.code_agent import CodeAgent, code
from osler.prompting.code_agent_memory import HINT, levenshtein, nearest
from osler.tools.sandbox import Sandbox
from osler.tools.sql_query import SqlQuery

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox needs Linux")
DAYS = Prompt(id="d1", question="How many days did patient 7 stay?", instruction="Answer with a number.")
GOOD = "I count them.\n```python\nanswer = 9 - 4\n```"
BAD = "```python\nx = 1\nanswer = days + x\n```"
DONE = "Answer: 5\nTERMINATE"
PLAIN = CodeAgent(hint=False, debugger=False)


def program(body: str) -> str:
    return f"```python\n{body}\n```"


def test_a_case_goes_from_knowledge_to_program_to_answer() -> None:
    model = Scripted("The table of stays.", GOOD, DONE)
    found = predict(CodeAgent(about="stays(patient, days)"), model, DAYS)
    assert (found.answer, found.parsed, len(found.replies)) == ("5", True, 3)
    look, write, finish = (model.said(i) for i in range(3))
    assert [role for role, _ in look] == ["system", "user"]
    assert "Do not answer it" in look[0][1]
    assert "stays(patient, days)" in look[0][1]
    assert write[-1] == ("user", f"[{HINT}] The table of stays.\n{DAYS.question}")
    assert write[0][1].startswith("Answer with a number.\nSolve the question with a Python program.")
    assert finish[:-2] == write
    assert finish[-2] == ("assistant", GOOD)
    assert finish[-1][1].startswith("Answer of the program: 5\n")
    assert all(settings["temperature"] == 0.0 and settings["schema"] is None for _, settings in model.asked)
    assert "answer = 9 - 4" in found.rationale
    assert "The table of stays." in found.rationale


def test_an_error_goes_to_the_debugger_and_its_cause_to_the_coder() -> None:
    model = Scripted("Stays.", BAD, "The name days is never set.", GOOD, DONE)
    found = predict(CodeAgent(), model, DAYS)
    assert (found.answer, len(found.replies)) == ("5", 5)
    debug, mend = model.said(2), model.said(3)
    error = "NameError in line 2 (`answer = days + x`): name 'days' is not defined"
    assert debug[-1][1].startswith(f"{error}\nName the one likeliest cause")
    assert mend[-1][1].startswith(f"{error}\nLikeliest cause: The name days is never set.\n")
    assert [part.name for part in model.asked[3][0][-1].parts] == ["observation", "cause", "turn"]


def test_without_debugger_and_hint_there_are_no_such_calls() -> None:
    model = Scripted(BAD, GOOD, DONE)
    assert predict(PLAIN, model, DAYS).answer == "5"
    assert len(model.asked) == 3


@pytest.mark.parametrize("hint", [True, False])
@pytest.mark.parametrize("debugger", [True, False])
@pytest.mark.parametrize("turns", [1, 2, 4])
def test_no_case_takes_more_calls_than_it_says(hint: bool, debugger: bool, turns: int) -> None:
    agent = CodeAgent(hint=hint, debugger=debugger, turns=turns)
    model = Scripted(BAD)
    found = predict(agent, model, DAYS)
    assert len(found.replies) == len(model.asked) == agent.calls(DAYS)
    assert (found.answer, found.parsed) == (None, False)


@pytest.mark.parametrize(
    ("texts", "answer"),
    [
        ([GOOD, "TERMINATE"], "5"),  # what the program answered
        ([GOOD + "\nAnswer: 17\nTERMINATE", DONE], "5"),  # an answer beside a program was not yet seen
        ([program("print(5)"), "It printed 5.\nAnswer: 5"], "5"),
        ([program("print(5)"), "TERMINATE", "TERMINATE"], None),
        (["I would need the table of stays.", DONE], "5"),
        (["I would need the table.", "And more time."], None),
        ([GOOD, "Looks well.", "Looks well."], "5"),
        ([program("while True: pass"), GOOD, DONE], "5"),
        (['```json\n{"a": 1}\n```', DONE], "5"),
        (["```python\nanswer = 4", GOOD, DONE], "5"),  # cut off
    ],
)
def test_what_ends_a_case(texts: list[str], answer: str | None) -> None:
    agent = CodeAgent(hint=False, debugger=False, sandbox=Sandbox(seconds=1))
    found = predict(agent, Scripted(*texts), DAYS)
    assert (found.answer, found.parsed) == (answer, answer is not None)
    assert len(found.replies) == len(texts)


def test_the_last_turn_needs_no_further_word() -> None:
    assert predict(CodeAgent(hint=False, turns=1), Scripted(GOOD), DAYS).answer == "5"


def test_letters_labels_and_json_are_read_from_programs() -> None:
    assert predict(PLAIN, Scripted(program("answer = 'B'"), "TERMINATE")).answer == "B"
    assert predict(PLAIN, Scripted(program("answer = 'no'"), "TERMINATE"), LABELLED).answer == "no"
    assert predict(PLAIN, Scripted(program("answer = 'Z'"), "TERMINATE", "TERMINATE")).answer is None
    schema = {"type": "object", "properties": {"days": {"type": "integer"}}}
    asked = dataclasses.replace(DAYS, schema=schema)
    model = Scripted(program("answer = {'days': 5}"), "TERMINATE")
    assert predict(PLAIN, model, asked).answer == '{"days":5}'
    assert '"days"' in model.said()[0][1]
    assert predict(PLAIN, Scripted('Answer: {"days": 4}'), asked).answer == '{"days":4}'


def test_programs_call_only_the_tools_of_the_agent() -> None:
    agent = CodeAgent(hint=False, debugger=False, tools=(SqlQuery(),))
    rows = "import json\nrows = json.loads(sql_query(query='select 2 + 3'))['rows']\nanswer = rows[0][0]"
    model = Scripted(program("call('delete_patient', id=7)"), program(rows), "TERMINATE")
    found = predict(agent, model, DAYS)
    assert found.answer == "5"
    assert 'Called sql_query {"query":"select 2 + 3"}: {"columns"' in found.rationale
    assert 'Called delete_patient {"id":7} (refused): there is no tool' in found.rationale
    assert "there is no tool 'delete_patient'" in model.said(1)[-1][1]
    assert "sql_query(query: string)" in model.said()[0][1]


def test_long_output_is_cut() -> None:
    model = Scripted(program("print('x' * 5000)"), "TERMINATE", "TERMINATE")
    predict(CodeAgent(hint=False, shown=100), model, DAYS)
    assert "more characters were cut off]" in model.said(1)[-1][1]
    assert len(model.said(1)[-1][1]) < 400


def test_the_python_of_a_reply() -> None:
    assert code("a\n```python\nx = 1\n```\nb\n```py\ny = 2\n```") == "x = 1\ny = 2"
    assert code("```\nx = 1\n```") == "x = 1"
    assert code('```\n{"a": 1}\n```') == code("```sql\nselect 1\n```") == code("no program") == ""


# memory


def pair(i: int, answer: str = "yes") -> tuple[Prompt, str]:
    return Prompt(id=f"t{i}", question=f"Was patient {i} seen in ward {i % 3}?", choices=("yes", "no")), answer


def fitted(agent: CodeAgent, model: Any, train: Sequence[tuple[Prompt, str]] | Cases) -> CodeAgent:
    return asyncio.run(agent.fit(train, model))


def test_memory_keeps_training_cases_answered_as_gold_says() -> None:
    model = Scripted(program("answer = 'yes'"), "TERMINATE")
    texts = [program("answer = 'yes'"), "TERMINATE"] * 3
    model = Scripted(*texts)
    rows: list[Mapping[str, Any]] = []
    agent = fitted(PLAIN, model, Cases(train=(pair(0), pair(1, "no"), pair(2)), log=rows.append))
    assert [demo.id for demo in agent.solved_cases] == ["t0", "t2"]
    assert [(row["case"], row["kept"]) for row in rows] == [("t0", True), ("t1", False), ("t2", True)]
    assert agent.solved_cases[0].rationale == "```python\nanswer = 'yes'\n```"
    assert from_spec(to_spec(agent)) == agent
    # the third training case was asked with the first as a solved one
    assert ("assistant", "```python\nanswer = 'yes'\n```\nAnswer: yes") in model.said(4)


def test_memory_follows_the_metric_of_the_study() -> None:
    def close(name: str, found: Prediction) -> Score:
        return Score(value=1.0 if found.answer in ("yes", "no") else 0.0)

    model = Scripted(program("answer = 'no'"), "TERMINATE")
    assert len(fitted(PLAIN, model, Cases(train=(pair(0),), judge=close)).solved_cases) == 1
    model = Scripted(program("answer = 'no'"), "TERMINATE")
    cases = Cases(train=(pair(0),), judge=close, higher_is_better=False)
    assert fitted(PLAIN, model, cases).solved_cases == ()


def test_self_checked_memory_never_looks_at_gold() -> None:
    agent = dataclasses.replace(PLAIN, memory="self_check")
    ran = [program("answer = 'yes'"), "TERMINATE"]
    kept = fitted(agent, Scripted(*ran, "Answer: yes"), [pair(0, "no")])
    assert [demo.answer for demo in kept.solved_cases] == ["yes"]
    assert fitted(agent, Scripted(*ran, "Answer: no"), [pair(0)]).solved_cases == ()


def test_memory_may_be_off_and_needs_programs() -> None:
    model = Scripted(DONE)
    assert fitted(dataclasses.replace(PLAIN, memory="off"), model, [pair(0)]).solved_cases == ()
    assert not model.asked
    assert fitted(PLAIN, Scripted("Answer: yes"), [pair(0)]).solved_cases == ()


@pytest.mark.parametrize("memory", ["off", "train", "self_check"])
def test_fitting_takes_no_more_calls_than_it_says(memory: Any) -> None:
    agent = CodeAgent(memory=memory, turns=2, tried=2)
    model = Scripted(BAD)
    fitted(agent, model, [pair(i) for i in range(4)])
    assert len(model.asked) <= agent.fitting(4) <= 12


def test_the_nearest_solved_cases_stand_before_the_question_the_nearest_last() -> None:
    memory = tuple(
        Demo(id=f"m{i}", question=text, answer="5")
        for i, text in enumerate(
            [
                "Which drug did patient 7 take?",
                "How many days did patient 8 stay?",
                "How many days did patient 7 stay?",
                "Age?",
            ]
        )
    )
    assert [demo.id for demo in nearest(memory, DAYS, 2)] == ["m0", "m1"]  # m2 is the question itself
    assert [demo.id for demo in nearest(memory, DAYS, 0)] == []
    model = Scripted(DONE)
    predict(dataclasses.replace(PLAIN, solved_cases=memory, k=2), model, DAYS)
    assert [text for role, text in model.said() if role == "user"] == [
        memory[0].question,
        memory[1].question,
        DAYS.question,
    ]


def plain_distance(left: str, right: str) -> int:
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, start=1):
        corner, row[0] = row[0], i
        for j, b in enumerate(right, start=1):
            corner, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, corner + (a != b))
    return row[-1]


@given(st.text("abç ", max_size=90), st.text("abç ", max_size=90))
def test_the_edit_distance_is_that_of_the_table(left: str, right: str) -> None:
    assert levenshtein(left, right) == plain_distance(left, right) == levenshtein(right, left)


@pytest.mark.parametrize("wrong", [{"turns": 0}, {"k": -1}, {"shown": 5}, {"tools": (SqlQuery(), SqlQuery())}])
def test_settings_that_cannot_be_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(SpecError, match="code_agent"):
        CodeAgent(**wrong)


# with a coder of known skill

WARDS = [Example(id=f"w{i}", input={}, target=("yes", "no")[i % 2], choices=("yes", "no")) for i in range(24)]


def ward(example: Example) -> Prompt:
    number = int(example.id[1:])
    return Prompt(id=example.id, question=f"Was patient {number} seen in ward {number % 4}?", choices=("yes", "no"))


async def accuracy(agent: CodeAgent, model: SimulatedCoder) -> tuple[float, CodeAgent]:
    """Accuracy on the second half after the first half was seen, and the agent as it was fitted."""
    known = model.keyed(WARDS, lettered=False)
    agent = await agent.fit([(ward(example), example.target) for example in WARDS[:12]], known)
    found = await asyncio.gather(*(agent.predict(ward(example), known, seed=0) for example in WARDS[12:]))
    return sum(one.answer == e.target for one, e in zip(found, WARDS[12:], strict=True)) / 12, agent


@pytest.mark.parametrize("bugs", [0, 1, 3])
def test_the_debug_loop_mends_k_bugs_in_k_turns(bugs: int) -> None:
    model = SimulatedCoder(bugs=bugs).keyed(WARDS, lettered=False)
    agent = CodeAgent(memory="off")
    found = asyncio.run(agent.predict(ward(WARDS[0]), model, seed=0))
    assert found.answer == "yes"
    assert len(found.replies) == 1 + (bugs + 1) + bugs + 1  # knowledge, programs, causes, answer
    short = dataclasses.replace(agent, turns=max(1, bugs))
    cut = asyncio.run(short.predict(ward(WARDS[0]), model, seed=0))
    assert cut.answer == (None if bugs else "yes")


def test_a_program_that_never_ends_is_stopped_and_mended() -> None:
    model = SimulatedCoder(loops=1.0).keyed(WARDS, lettered=False)
    agent = CodeAgent(memory="off", sandbox=Sandbox(seconds=0.5))
    found = asyncio.run(agent.predict(ward(WARDS[1]), model, seed=0))
    assert found.answer == "no"
    assert "it ran too long" in found.rationale


def test_gold_keeps_slips_out_of_memory_and_self_check_lets_them_in() -> None:
    agent = CodeAgent(hint=False, k=1, sandbox=Sandbox(at_once=2))
    coder = SimulatedCoder(slips=0.5, contagion=1.0, memory_gain=1.0, check_skill=0.0, seed=4)

    async def go() -> dict[str, tuple[float, CodeAgent]]:
        kinds: Any = ("train", "self_check", "off")
        return {kind: await accuracy(dataclasses.replace(agent, memory=kind), coder) for kind in kinds}

    made = asyncio.run(go())
    slipped = {kind: sum(SLIP in demo.rationale for demo in fitted.solved_cases) for kind, (_, fitted) in made.items()}
    assert slipped["train"] == slipped["off"] == 0
    assert slipped["self_check"] > 0  # it keeps just what is wrong, and shows it to the next case
    assert made["train"][0] > made["off"][0] > made["self_check"][0]


def test_the_same_seed_gives_the_same_prediction() -> None:
    model = SimulatedCoder(bugs=2, fix=0.5, slips=0.3).keyed(WARDS, lettered=False)
    agent = CodeAgent(memory="off", turns=4)
    first, again = (asyncio.run(agent.predict(ward(WARDS[5]), model, seed=2)) for _ in range(2))
    assert first == again
