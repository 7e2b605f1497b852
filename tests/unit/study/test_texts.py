"""Studies whose answers are texts: read, scored case by case, compared, bundled and computed again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from osler.study.bundle import rescore


@pytest.fixture
def letters(workplace: Any) -> Any:
    """Thirty letters with a gold summary each."""
    rows = [
        {
            "id": f"n{i:02d}",
            "patient": f"p{i // 2}",
            "ward": "A" if i % 3 else "B",
            "text": f"Mrs. {i} came with a cough. She takes metformin {500 + i} mg twice daily. No fever.",
            "summary": f"Cough without fever. Takes metformin {500 + i} mg twice daily. She will come again in {i} days.",
        }
        for i in range(30)
    ]
    workplace.write_cases("letters.jsonl", rows)
    return workplace


def study(letters: Any, **changes: Any) -> Path:
    data = {"source": "file", "path": "letters.jsonl", "target": "summary", "cluster": "patient", "open": True}
    path: Path = letters.study(
        **{
            "task": "open_text",
            "data": data,
            "metrics": ["rouge_l", "fact_recall", {"use": "bleu", "n": 2}],
            "models": [
                {"use": "simulated", "skill": 0.9, "name": "good"},
                {"use": "simulated", "skill": 0.3, "name": "poor"},
            ],
            **changes,
        }
    )
    return path


def test_texts_are_run_scored_compared_and_computed_again(letters: Any) -> None:
    found = letters.osler("run", study(letters, subgroups=["ward"]))
    assert found.status == 0, found.err
    results = json.loads((letters.path / "reports/toy/bundle/results.json").read_bytes())
    good, poor = results["systems"]
    assert good["estimates"]["rouge_l"]["value"] > poor["estimates"]["rouge_l"]["value"]
    assert 0 < poor["estimates"]["bleu(n=2)"]["low"] < poor["estimates"]["bleu(n=2)"]["value"] < 1
    assert good["confusion"] is None
    assert results["task"]["labels"] == []
    assert results["data"]["labels"] == {}
    assert set(good["subgroups"]["ward"]) == {"A", "B"}
    (pair,) = results["comparisons"]
    assert pair["verdict"] == "good better"
    assert pair["clusters"] == 15
    assert rescore(letters.path / "reports/toy/bundle")[1] <= 1e-9
    assert letters.osler("run", study(letters, subgroups=["ward"])).out.count("No call was made") == 1


def test_the_report_shows_the_worst_texts_first(letters: Any) -> None:
    letters.osler("run", study(letters))
    results = json.loads((letters.path / "reports/toy/bundle/results.json").read_bytes())
    shown = [case for case in results["cases"] if case["system"] == "poor"]
    assert shown
    assert all(case["answer"] != case["target"] for case in shown)
    page = (letters.path / "reports/toy/report.html").read_text()
    assert "The cases share no list of labels" in page
    assert "not evaluated" in page


def test_texts_of_identifiable_data_stay_at_home_and_scores_are_kept(letters: Any) -> None:
    letters.osler("run", study(letters, sensitivity="identifiable"))
    folder = letters.path / "reports/toy/bundle"
    assert rescore(folder)[1] <= 1e-9
    for file in folder.iterdir():
        assert b"metformin" not in file.read_bytes(), file.name


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"metrics": ["accuracy"]}, "and accuracy compares labels"),
        ({"metrics": ["rouge_l", "bleu"]}, "none of rouge_l, bleu is a measure of faithfulness"),
        ({"models": ["majority"]}, "majority can only score choices"),
        ({"metrics": ["rouge_l", "fact_recall"], "people": [{"field": "score"}]}, "people names the field 'score'"),
        ({"people": ["score"]}, "people must hold tables with field"),
    ],
)
def test_what_does_not_fit_texts_is_refused_with_a_hint(letters: Any, changes: dict[str, Any], said: str) -> None:
    found = letters.osler("check", study(letters, **changes))
    assert found.status == 2
    assert said in found.err
    assert "hint:" in found.err


def test_json_answers_are_read_as_json(letters: Any) -> None:
    rows = [
        {"id": f"j{i}", "text": f"Dose {i}", "target": json.dumps([{"name": "metformin", "dose": i}])}
        for i in range(12)
    ]
    letters.write_cases("objects.jsonl", rows)
    task = {
        "title": "Doses",
        "capability": "structurization",
        "question": "{text}",
        "schema": {"type": "array"},
        "metrics": ["schema_valid", "exact_match"],
    }
    data = {"source": "file", "path": "objects.jsonl", "open": True}
    models = [{"use": "simulated", "skill": 1.0}]
    found = letters.osler("run", letters.study(task=task, data=data, metrics=["parse_rate"], models=models))
    assert found.status == 0, found.err
    results = json.loads((letters.path / "reports/toy/bundle/results.json").read_bytes())
    assert results["systems"][0]["estimates"]["parse_rate"]["value"] == 1


def test_other_metrics_are_compared_beside_the_primary_one_and_count_in_the_family(letters: Any) -> None:
    found = letters.osler("run", study(letters, compare_metrics=["fact_recall", "bleu(n=2)"]))
    assert found.status == 0, found.err
    results = json.loads((letters.path / "reports/toy/bundle/results.json").read_bytes())
    assert [row["metric"] for row in results["comparisons"]] == ["rouge_l", "fact_recall", "bleu(n=2)"]
    assert all(row["p_adjusted"] >= row["p"] for row in results["comparisons"])
    assert rescore(letters.path / "reports/toy/bundle")[1] <= 1e-9
    refused = letters.osler("check", study(letters, compare_metrics=["chrf"]))
    assert "compare_metrics names 'chrf'" in refused.err


def test_a_metric_that_is_all_right_or_wrong_in_one_arm_only_is_no_share_of_cases(letters: Any) -> None:
    """One arm has only scores of 0 and 1, the other does not: counting discordant cases would be wrong."""
    models = [
        {"use": "simulated", "skill": 1.0, "name": "whole"},
        {"use": "simulated", "skill": 0.0, "name": "half"},
    ]
    letters.osler("run", study(letters, models=models, metrics=["fact_recall", "rouge_l"], primary="rouge_l"))
    results = json.loads((letters.path / "reports/toy/bundle/results.json").read_bytes())
    (pair,) = results["comparisons"]
    assert pair["only_a"] is None
    assert pair["low"] <= pair["difference"] <= pair["high"]


def test_a_gold_object_is_json_and_how_it_is_spaced_does_not_matter(letters: Any) -> None:
    rows = [
        {"id": f"j{i}", "text": f"Dose {i}", "target": {"drug": "ramipril", "dose": i} if i % 2 else '{ "dose": 1 }'}
        for i in range(12)
    ]
    letters.write_cases("objects.jsonl", rows)
    task = {"title": "Doses", "capability": "structurization", "question": "{text}", "schema": {"type": "object"}}
    data = {"source": "file", "path": "objects.jsonl", "open": True}
    models = [{"use": "simulated", "skill": 1.0}]
    letters.osler("run", letters.study(task=task, data=data, metrics=["exact_match", "schema_valid"], models=models))
    results = json.loads((letters.path / "reports/toy/bundle/results.json").read_bytes())
    estimates = results["systems"][0]["estimates"]
    assert estimates["exact_match"]["value"] == 1
    assert estimates["schema_valid"]["value"] == 1


def test_data_under_an_agreement_reach_no_endpoint_however_they_are_called(letters: Any) -> None:
    data = {"source": "requested", "collection": "mednli", "path": "letters.jsonl"}
    far = {"use": "endpoint", "base_url": "https://api.example/v1", "model": "m"}
    path = letters.study(task="clinical_inference", data=data, models=[far], sensitivity="deidentified")
    found = letters.osler("check", path)
    assert found.status == 2
    assert "under a data use agreement" in found.err
    assert "sensitivity" not in found.err


def test_gold_texts_are_never_shown_as_choices(letters: Any) -> None:
    """Whoever forgets open = true would have every model pick its answer from the gold texts."""
    rows = [
        {"id": f"n{i}", "text": f"Letter {i}", "summary": f"She came with a cough on day {i}. " * 8} for i in range(12)
    ]
    letters.write_cases("letters.jsonl", rows)
    data = {"source": "file", "path": "letters.jsonl", "target": "summary"}
    found = letters.osler("check", study(letters, data=data))
    assert found.status == 2
    assert "say open = true" in found.err
