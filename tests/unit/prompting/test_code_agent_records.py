"""EHRAgent over the database of the synthetic cohort: right programs answer its questions, buggy ones after mending."""

from __future__ import annotations

import asyncio
import sys

import pytest

from osler import recipes
from osler.core.block import replace
from osler.core.types import Example, Prediction, Prompt
from osler.data.generated.record_questions import RecordQuestions
from osler.data.generated.record_questions_solution import Question
from osler.models.simulated_coder import SimulatedCoder
from osler.prompting.code_agent import CodeAgent

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox needs Linux")
READ = """import json
form, query = {form!r}, {query!r}
rows = json.loads(sql_query(query=query))['rows']
value = rows[0][0] if rows else None
places = 1 if form == 'mean' else 2
if form == 'list':
    answer = json.dumps(sorted({{str(row[0]) for row in rows}}), separators=(',', ':'))
elif value is None:
    answer = 'not recorded'
elif form == 'yes_no':
    answer = value if isinstance(value, str) else 'yes' if value else 'no'
elif form in ('number', 'mean'):
    answer = f'{{float(value):.{{places}}f}}'.rstrip('0').rstrip('.')
else:
    answer = str(value)[:10] if form == 'date' else str(value)
"""
CASES = 30


def program(question: Question) -> str:
    return READ.format(query=question.sql, form=question.form)


@pytest.mark.parametrize("bugs", [0, 2])
def test_programs_over_the_database_answer_its_questions(bugs: int) -> None:
    source = RecordQuestions()
    task = recipes.recipe("tasks", "record_question_sql")
    cases = source.examples("test")[::9][:CASES]
    assert len({example.meta["template"] for example in cases}) >= 10
    programs = {question.id: program(question) for question in source.questions()}
    model = replace(SimulatedCoder(bugs=bugs, programs=programs), key={e.id: e.target for e in cases})
    agent: CodeAgent = replace(recipes.recipe("systems", "ehragent", preset="tiny"), memory="off")

    async def go() -> list[tuple[Example, Prompt, Prediction]]:
        asked = [(example, task.prompt(example)) for example in cases]
        found = await asyncio.gather(*(agent.predict(prompt, model, seed=0) for _, prompt in asked))
        return [(example, prompt, one) for (example, prompt), one in zip(asked, found, strict=True)]

    for example, prompt, one in asyncio.run(go()):
        assert one.answer == example.target, example.id
        assert len(one.replies) == 3 + 2 * bugs <= agent.calls(prompt)
