"""The prompting studies on public data, end to end, and MedCalc-Bench as an experiment. Figures are those of the docs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from osler import experiments

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.real


def run(study: str, folder: Path, limit: int = 0) -> dict[str, Any]:
    """Run a shipped study, on its first ``limit`` cases where that is set."""
    text = (ROOT / "studies" / study).read_text(encoding="utf-8")
    file = folder / study
    file.write_text(f"limit = {limit}\n{text}" if limit else text, encoding="utf-8")
    words = [sys.executable, "-m", "osler", "run", str(file), "--json"]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout)["results"]
    return found


def between(found: dict[str, Any], first: str, second: str, group: str = "") -> dict[str, Any]:
    """The comparison of two arms, over all cases or in a group."""
    for row in found["comparisons"]:
        value = (row["subgroup"] or {}).get("value", "")
        if {first, second} == {row["a"], row["b"]} and value == group:
            return dict(row)
    raise AssertionError(f"no comparison of {first} and {second} in {group!r}")


@pytest.mark.timeout(300)
def test_keywords_find_more_of_a_patients_trials_than_the_note(tmp_path: Path, data_folder: Path) -> None:
    found = run("trial_search.toml", tmp_path)
    values = {row["name"]: row["estimates"]["recall_at100"]["value"] for row in found["systems"]}
    assert {row["n"] for row in found["systems"]} == {72}
    assert values["one search by the note"] == pytest.approx(0.476, abs=0.002)
    assert values["fused searches by keywords"] == pytest.approx(0.803, abs=0.002)
    gained = between(found, "one search by the note", "fused searches by keywords")
    assert min(abs(gained["low"]), abs(gained["high"])) > 0.15
    assert gained["p_adjusted"] < 0.001


@pytest.mark.timeout(500)
def test_votes_over_recorded_answers_help_on_some_sets_and_hurt_on_one(tmp_path: Path, data_folder: Path) -> None:
    found = run("mirage_votes.toml", tmp_path)
    values = {row["name"]: row["estimates"]["accuracy"]["value"] for row in found["systems"]}
    assert {row["n"] for row in found["systems"]} == {7663}
    assert values["GPT-4, MedRAG alone"] == pytest.approx(0.7166, abs=0.001)
    assert values["vote of three"] == pytest.approx(0.7644, abs=0.001)
    settled = between(found, "GPT-4, MedRAG alone", "vote of three", "medmcqa")
    assert settled["p_adjusted"] < 0.001
    worse = between(found, "GPT-4, MedRAG alone", "vote of four", "pubmedqa")
    sign = 1 if worse["b"] == "vote of four" else -1
    assert sign * worse["difference"] == pytest.approx(-0.042, abs=0.001)
    assert worse["p_adjusted"] < 0.05


@pytest.mark.timeout(500)
def test_nearest_abstracts_beat_random_ones_as_demonstrations(tmp_path: Path, data_folder: Path) -> None:
    found = run("few_shot_neighbours.toml", tmp_path, limit=150)
    row = between(found, "5 random", "5 nearest")
    sign = 1 if row["b"] == "5 nearest" else -1
    assert sign * row["difference"] > 0.1
    assert row["p_adjusted"] < 0.001
    assert found["data"]["overlap"]["exact"] == 0


def test_medcalc_bench_is_reproduced_or_explained(data_folder: Path) -> None:
    found = experiments.experiment("medcalc_bench")
    assert not found.failed
    rows = {row[0]: int(row[1]) for row in found.tables[0].rows}
    assert sum(rows.values()) == 1047
    assert rows["not explained"] == 0
