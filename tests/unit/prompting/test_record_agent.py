"""A simulated agent that knows the right queries answers record questions by tool use, and by nothing else."""

from __future__ import annotations

import asyncio
import json

import pytest

from osler import recipes
from osler.core.block import replace
from osler.core.types import Strategy
from osler.data.generated.record_questions import RecordQuestions
from osler.data.record_database import RecordDatabase
from osler.data.records import CohortRecords
from osler.evaluation.metrics.structure.record_answer import RecordAnswer
from osler.models.simulated_agent import SimulatedAgent
from osler.prompting.tool_use import ToolUse
from osler.prompting.zero_shot import ZeroShot
from osler.tools.sql_query import SqlQuery
from osler.tools.sql_schema import SqlSchema

SOURCE = RecordQuestions(plans=True)


def right(strategy: Strategy, model: SimulatedAgent) -> float:
    """Share of right answers to the test questions."""
    task = recipes.recipe("tasks", "record_question_sql")
    cases = SOURCE.examples("test")
    told = model.keyed(cases, lettered=False)

    async def go() -> float:
        found = [await strategy.predict(task.prompt(case), told, seed=0) for case in cases]
        scores = [RecordAnswer().score(case, one).value or 0.0 for case, one in zip(cases, found, strict=True)]
        return sum(scores) / len(scores)

    return asyncio.run(go())


def over(records: CohortRecords) -> ToolUse:
    database = RecordDatabase(records=records)
    return ToolUse(tools=(SqlSchema(database=database), SqlQuery(database=database)))


def test_the_right_queries_give_every_answer() -> None:
    assert len(SOURCE.examples("test")) >= 200
    assert right(over(CohortRecords()), SimulatedAgent()) == 1.0


@pytest.mark.parametrize(
    "strategy", [over(CohortRecords(group="others")), ZeroShot()], ids=["other records", "no tools"]
)
def test_without_the_records_it_does_not_know(strategy: Strategy) -> None:
    """Other patients' records leave what is not recorded and what is 'no' or 0 for most people; no tools, nothing."""
    assert right(strategy, SimulatedAgent(alone=0.0)) < (0.5 if isinstance(strategy, ToolUse) else 0.1)


def test_a_plan_is_no_part_of_the_question() -> None:
    with_plans, without = SOURCE.examples("test")[0], replace(SOURCE, plans=False).examples("test")[0]
    assert (with_plans.input, with_plans.target) == (without.input, without.target)
    assert "plan" not in without.meta
    assert json.loads(with_plans.meta["plan"])["answer"] == "{1}"
