"""What ``check`` says of systems that will do something in vain or look at the wrong records."""

from __future__ import annotations

from pathlib import Path

import pytest

from osler.study.plan import plan
from osler.study.resolve import load

HEAD = 'question = "q?"\ntask = "{task}"\ndata = {data}\nmodels = ["simulated"]\nmetrics = ["{metric}"]\nsystems = [{system}]\n'
COHORT = '{ source = "cohort", patients = 6, train_patients = 6 }'
WRITES = '{ use = "chain_of_thought", self_generated = true }'
RECORDS = '{ use = "cohort_records", patients = 8 }'


def warnings(
    folder: Path, system: str, *, task: str = "trial_matching", data: str = COHORT, metric: str = "accuracy"
) -> list[str]:
    file = folder / "s.toml"
    file.write_text(HEAD.format(task=task, data=data, metric=metric, system=system), encoding="utf-8")
    return list(plan(load(file)).warnings)


@pytest.mark.parametrize(
    ("system", "vain"),
    [
        (WRITES, True),
        (f'{{ use = "self_consistency", k = 2, inner = {WRITES} }}', True),
        (f'{{ use = "few_shot", k = 2, inner = {WRITES} }}', False),
        (f'{{ use = "self_consistency", k = 2, inner = {{ use = "few_shot", k = 2, inner = {WRITES} }} }}', False),
        ('{ use = "few_shot", k = 2, inner = { use = "choice_shuffle", n = 2, inner = "zero_shot" } }', False),
        (
            f'{{ use = "few_shot", k = 2, inner = {{ use = "prompt_vote", strategies = [{WRITES}, "zero_shot"] }} }}',
            True,
        ),
        ('"medprompt"', False),
    ],
)
def test_chains_that_nobody_will_see_are_told_of(tmp_path: Path, system: str, vain: bool) -> None:
    assert any("shows none" in text for text in warnings(tmp_path, system)) == vain


@pytest.mark.parametrize(
    ("tool", "wrong"),
    [
        ('"fhir_reader"', True),
        (f'{{ use = "fhir_reader", records = {RECORDS} }}', False),
        ('"sql_query"', True),
        (f'{{ use = "sql_query", database = {{ use = "record_database", records = {RECORDS} }} }}', False),
    ],
)
def test_a_tool_that_reads_other_records_is_told_of(tmp_path: Path, tool: str, wrong: bool) -> None:
    found = warnings(
        tmp_path,
        f'{{ use = "react", tools = [{tool}] }}',
        task="record_question_fhir",
        data=f'{{ source = "record_questions", records = {RECORDS} }}',
        metric="record_answer",
    )
    assert any("other records" in text for text in found) == wrong


@pytest.mark.parametrize(
    ("system", "without"),
    [
        ('"react"', True),
        ('{ use = "code_agent" }', True),
        ('{ from = "react", tools = ["anion_gap", "fhir_reader"] }', False),
        ('"ehragent"', False),
        ('"zero_shot"', False),
    ],
)
def test_tools_that_read_no_records_are_told_of(tmp_path: Path, system: str, without: bool) -> None:
    data = '{ source = "record_questions", per_patient = 1, over_all = 0 }'
    found = warnings(tmp_path, system, task="record_question_fhir", data=data, metric="record_answer")
    assert any("reads any" in text for text in found) == without
