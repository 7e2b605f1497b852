"""Questions over the synthetic cohort: their calls, carried out with the tools, give the computed answer every time."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import pytest

from osler import recipes
from osler.core.block import from_spec, to_spec
from osler.core.errors import DataError, SpecError
from osler.data.fhir import read_bundle
from osler.data.generated.record_questions import ALL, ONE, RecordQuestions
from osler.data.generated.record_questions_chart import from_bundle
from osler.data.generated.record_questions_solution import MISSING, Question, from_rows, solve, written
from osler.data.record_database import RecordDatabase, fill
from osler.data.records import BundleFile, CohortRecords, Records
from osler.data.source import dataset_hash
from osler.tools.calling import named, use
from osler.tools.fhir_reader import FhirReader
from osler.tools.sql_query import SqlQuery

SOURCE = RecordQuestions()
Way = Literal["fhir", "sql"]


def wrong(questions: tuple[Question, ...], records: Records, over: Way, **reader: int) -> list[str]:
    """Ids of the questions whose calls do not give the computed answer."""
    tools = (FhirReader(records=records, **reader), SqlQuery(database=RecordDatabase(records=records)))

    async def ask(name: str, arguments: Mapping[str, Any]) -> str:
        return await use(named(name, tools), json.dumps(arguments))

    async def go() -> list[str]:
        return [one.id for one in questions if await solve(one, ask, over=over) != one.answer]

    return asyncio.run(go())


@pytest.mark.parametrize("over", ["fhir", "sql"])
def test_every_answer_is_found_exactly(over: Way) -> None:
    questions = SOURCE.questions()
    assert len(questions) >= 350
    assert wrong(questions, SOURCE.records, over) == []


def test_every_answer_is_found_over_small_pages_too() -> None:
    assert wrong(SOURCE.questions(), SOURCE.records, "fhir", page=3, max_characters=700) == []


@pytest.mark.parametrize("over", ["fhir", "sql"])
def test_other_patients_give_other_answers(over: Way) -> None:
    """The check above can fail: the same questions over other values of the same people are answered wrongly."""

    def changed(bundle: Mapping[str, Any]) -> Mapping[str, Any]:
        out = json.loads(json.dumps(bundle))
        for entry in out["entry"]:
            resource = entry["resource"]
            if "valueQuantity" in resource:
                resource["valueQuantity"]["value"] += 1.37
        return out  # type: ignore[no-any-return]

    asked = tuple(one for one in SOURCE.questions() if one.template in ("latest_value", "mean_value") and one.patient)
    database = RecordDatabase(records=SOURCE.records)
    reader = FhirReader(records=SOURCE.records)
    bundles = [changed(one) for one in SOURCE.records.bundles()]
    reader.__dict__["_records"] = {record["id"]: record for record in map(read_bundle, bundles)}
    built = sqlite3.connect(":memory:")
    fill(built, bundles)
    database.__dict__["_bytes"] = built.serialize()
    built.close()
    tools = (reader, SqlQuery(database=database))

    async def go() -> int:
        async def ask(name: str, arguments: Mapping[str, Any]) -> str:
            return await use(named(name, tools), arguments)

        return sum([await solve(one, ask, over=over) != one.answer for one in asked])

    assert asyncio.run(go()) > 0.7 * len(asked)


def test_templates_splits_and_patients_are_all_there() -> None:
    templates = Counter(one.template for one in SOURCE.questions())
    assert len(templates) == len(ONE) + len(ALL)
    assert min(templates.values()) >= 5
    held = {split: SOURCE.examples(split) for split in ("train", "valid", "test")}
    assert sum(map(len, held.values())) == len(SOURCE.questions())
    assert len(held["test"]) >= 200
    clusters = {split: {example.meta["patient"] for example in cases} for split, cases in held.items()}
    assert not clusters["train"] & clusters["test"]
    assert not clusters["valid"] & clusters["test"]
    forms = Counter(example.meta["form"] for example in held["test"])
    assert set(forms) == {"number", "mean", "whole", "date", "yes_no", "text", "list"}
    said = Counter(example.target for example in held["test"] if example.meta["form"] == "yes_no")
    assert 0.2 < said["yes"] / sum(said.values()) < 0.8
    assert sum(not example.meta["answerable"] for example in held["test"]) >= 10


def test_the_same_seed_gives_the_same_questions_and_another_gives_others() -> None:
    again = from_spec(to_spec(SOURCE))
    assert dataset_hash(again.examples("test")) == dataset_hash(SOURCE.examples("test"))
    other = RecordQuestions(seed=1)
    assert dataset_hash(other.examples("test")) != dataset_hash(SOURCE.examples("test"))


def test_the_cohort_and_its_bundles_tell_the_same() -> None:
    """The chart that answers come from, and the same read off the exported bundle: two ways to one truth."""
    bundles = CohortRecords().bundles()
    for chart, bundle in zip(SOURCE.charts(), bundles, strict=True):
        other = from_bundle(bundle)
        assert (chart.id, chart.sex, chart.birth) == (other.id, other.sex, other.birth)
        for field in ("conditions", "encounters", "values", "allergies"):
            assert sorted(getattr(chart, field)) == sorted(getattr(other, field)), field
        assert {event[:2] for event in chart.procedures} == {event[:2] for event in other.procedures}
        assert sorted(chart.prescriptions) == sorted(other.prescriptions)


def test_a_question_never_holds_its_way_to_the_answer() -> None:
    task = recipes.recipe("tasks", "record_question_sql")
    for example in SOURCE.examples("test"):
        prompt = task.prompt(example)
        shown = " ".join(message.text for message in prompt.messages())
        assert "SELECT" not in shown
        assert not prompt.choices


def test_answers_are_written_one_way() -> None:
    assert [written(value, "number") for value in (7.0, 7.25, 7.256, -0.001, 120)] == ["7", "7.25", "7.26", "0", "120"]
    assert written(3.04, "mean") == "3"
    assert (written(1, "yes_no"), written(0, "yes_no"), written("2020-01-02T10:00:00Z", "date")) == (
        "yes",
        "no",
        "2020-01-02",
    )
    assert from_rows([], "number") == from_rows([[None]], "date") == MISSING
    assert from_rows([["b"], ["a"], ["a"]], "list") == '["a","b"]'
    with pytest.raises(SpecError, match="shares"):
        RecordQuestions(shares=(0.5, 0.5, 0.5))


def test_a_bundle_that_says_too_little_is_refused_without_its_text(tmp_path: Path) -> None:
    bundle = json.loads(json.dumps(CohortRecords(patients=1).bundles()[0]))
    condition = next(entry["resource"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == "Encounter")
    condition["period"]["start"] = "CANARY"
    (tmp_path / "one.json").write_text(json.dumps(bundle))
    with pytest.raises(DataError, match="not complete enough") as caught:
        RecordQuestions(records=BundleFile(path=str(tmp_path))).questions()
    assert "CANARY" not in str(caught.value)
    twice = [json.dumps(one) for one in CohortRecords(patients=1).bundles()] * 2
    (tmp_path / "two.jsonl").write_text("\n".join(twice))
    with pytest.raises(DataError, match="two bundles are of the patient"):
        asyncio.run(FhirReader(records=BundleFile(path=str(tmp_path / "two.jsonl"))).use({"type": "Patient"}))
