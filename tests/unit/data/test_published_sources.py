"""TrialGPT and MIRAGE as sources, on files made here, and what they say of a missing or broken one."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from osler.core.block import from_spec, to_spec
from osler.core.errors import DataError, SpecError
from osler.data.mirage import Mirage
from osler.data.trialgpt import TrialGPT, age_group, sex

NOTE = "0. Karen is a 72-year-old woman with cough.\n1. She smokes."
PAIR: dict[str, Any] = {
    "annotation_id": 7,
    "patient_id": "sigir-20141",
    "note": NOTE,
    "trial_id": "NCT00000001",
    "trial_title": "A trial",
    "criterion_type": "inclusion",
    "criterion_text": "Smokers",
    "explanation_correctness": "Correct",
    "expert_sentences": [1],
    "expert_eligibility": "included",
}
QUESTION: dict[str, Any] = {
    "dataset": "medqa",
    "id": "0000",
    "question": "Which?",
    "options": {"A": "one", "B": "two"},
    "answer": "B",
    "meta": "step1",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OSLER_DATA", str(tmp_path))
    return tmp_path


def write(folder: Path, name: str, *rows: dict[str, Any]) -> None:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(gzip.compress("\n".join(map(json.dumps, rows)).encode()))


def pairs(folder: Path, *rows: dict[str, Any]) -> None:
    write(folder, "trialgpt/criterion_annotations.jsonl.gz", *rows)


def questions(folder: Path, *rows: dict[str, Any]) -> None:
    write(folder, "mirage/mirage.jsonl.gz", *rows)


def test_a_pair(folder: Path) -> None:
    pairs(folder, PAIR, {**PAIR, "annotation_id": 8, "criterion_type": "exclusion", "expert_eligibility": "excluded"})
    first, second = TrialGPT().examples("test")
    assert (first.id, first.target) == ("7", "included")
    assert first.input["sentences"] == (("0", "Karen is a 72-year-old woman with cough."), ("1", "She smokes."))
    assert (first.input["criterion"], first.input["criterion_type"]) == ("Smokers", "inclusion")
    assert first.choices == ("included", "not included", "not enough information", "not applicable")
    assert second.choices[:2] == ("excluded", "not excluded")
    assert first.meta["evidence"] == ("1",)
    assert (first.meta["cohort"], first.meta["age_group"], first.meta["sex"]) == ("sigir", "older adult", "female")
    assert TrialGPT().examples("train") == ()


def test_a_question(folder: Path) -> None:
    mmlu = {**QUESTION, "dataset": "mmlu", "meta": "anatomy"}
    pubmed = {**QUESTION, "dataset": "pubmedqa", "meta": None, "pmids": [12, "13"]}
    questions(folder, QUESTION, mmlu, pubmed)
    step, subject, gold = Mirage().examples("test")
    assert (step.id, step.target, step.choices) == ("medqa/0000", "B", ("one", "two"))
    assert (step.meta["step"], step.meta["subject"]) == ("step1", "")
    assert (subject.meta["step"], subject.meta["subject"]) == ("", "anatomy")
    assert gold.meta["pmids"] == ("12", "13")
    assert [example.meta["dataset"] for example in Mirage(sets=("mmlu",)).examples("test")] == ["mmlu"]
    assert Mirage().examples("valid") == ()


def test_sets_are_checked_and_kept_in_the_spec() -> None:
    assert from_spec(to_spec(Mirage(sets=("mmlu", "bioasq")))) == Mirage(sets=("mmlu", "bioasq"))
    with pytest.raises(SpecError, match="medqua") as caught:
        Mirage(sets=("medqua",))
    assert "medqa" in caught.value.hint
    with pytest.raises(SpecError, match="empty"):
        Mirage(sets=())


@pytest.mark.parametrize("source", [TrialGPT(), Mirage()])
def test_what_is_missing_is_said_with_a_hint(source: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OSLER_DATA", raising=False)
    with pytest.raises(DataError, match="OSLER_DATA is not set") as caught:
        source.examples("test")
    assert caught.value.hint
    monkeypatch.setenv("OSLER_DATA", str(tmp_path))
    with pytest.raises(DataError, match="is not in the folder") as caught:
        source.examples("test")
    assert caught.value.hint
    assert source.licence
    assert source.citation
    assert source.synthetic is False


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"expert_eligibility": "excluded"}, "annotation 7"),
        ({"criterion_type": "other"}, "annotation 7"),
        ({"note": "A canary without numbers"}, "not numbered"),
    ],
)
def test_a_pair_that_does_not_fit_is_named_by_id(folder: Path, changes: dict[str, Any], said: str) -> None:
    pairs(folder, {**PAIR, **changes})
    with pytest.raises(DataError, match=said) as caught:
        TrialGPT().examples("test")
    assert "canary" not in str(caught.value)


def test_broken_tables_are_refused(folder: Path) -> None:
    pairs(folder, PAIR, PAIR)
    with pytest.raises(DataError, match="same id"):
        TrialGPT().examples("test")
    pairs(folder, {"annotation_id": 7})
    with pytest.raises(DataError, match="no column 'patient_id'"):
        TrialGPT().examples("test")
    questions(folder, {**QUESTION, "answer": "E"})
    with pytest.raises(DataError, match="medqa/0000"):
        Mirage().examples("test")
    questions(folder, QUESTION, QUESTION)
    with pytest.raises(DataError, match="same id"):
        Mirage().examples("test")


@pytest.mark.parametrize(
    ("sentence", "group", "stated"),
    [
        ("A 58-year-old African-American woman presents", "adult", "female"),
        ("An 8-year-old male presents with cough for 2 days", "child", "male"),
        ("A 6-month-old male infant", "child", "male"),
        ("A 66yo female", "older adult", "female"),
        ("A 65 yo male", "older adult", "male"),
        ("A 17-year-old girl", "child", "female"),
        ("A 10 year old child", "child", "unknown"),
        ("An 89-year-old man brought by his wife and son", "older adult", "male"),
        ("A 30-year-old woman and a 70-year-old man", "unknown", "unknown"),
        ("A woman with 12 weeks of cough", "unknown", "female"),
        ("A group of 14 workers", "unknown", "unknown"),
    ],
)
def test_age_and_sex_as_stated(sentence: str, group: str, stated: str) -> None:
    assert (age_group(sentence), sex(sentence)) == (group, stated)
