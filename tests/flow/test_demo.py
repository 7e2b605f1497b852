"""The demo study end to end, small: run, report, bundle, a second run without a call, re-scoring offline."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


def osler(*words: str, cwd: Path, expect: int = 0) -> str:
    done = subprocess.run([sys.executable, "-m", "osler", *words], cwd=cwd, capture_output=True, text=True, timeout=280)
    assert done.returncode == expect, done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    text = (ROOT / "studies" / "demo.toml").read_text(encoding="utf-8")
    small = text.replace("patients = 70, train_patients = 240", "patients = 16, train_patients = 40, trials = 6")
    assert small != text
    (folder / "demo.toml").write_text(small, encoding="utf-8")
    osler("run", "demo.toml", cwd=folder)
    return folder


def results(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        (folder / "reports" / "demo" / "bundle" / "results.json").read_text(encoding="utf-8")
    )
    return found


def test_all_four_systems_answer_every_case(ran: Path) -> None:
    found = results(ran)
    names = [row["name"] for row in found["systems"]]
    assert names == ["majority + zero_shot", "minilm + zero_shot", "minilm + few_shot_knn", "head + zero_shot"]
    assert {row["n"] for row in found["systems"]} == {found["data"]["n"]}
    assert not any(row["failures"] or row["unparsed"] for row in found["systems"])
    for row in found["systems"]:
        share = row["estimates"]["accuracy"]
        assert share["low"] <= share["value"] <= share["high"]


def test_trained_systems_know_what_they_were_trained_on(ran: Path) -> None:
    by_name = {row["name"]: row for row in results(ran)["systems"]}
    assert by_name["head + zero_shot"]["training"]["n"] == results(ran)["data"]["splits"]["train"]["n"]
    assert by_name["minilm + zero_shot"]["training"] is None


def test_a_second_run_makes_no_call(ran: Path) -> None:
    found = json.loads(osler("run", "demo.toml", "--json", "--no-report", cwd=ran))
    assert found["outcome"]["done"] == found["outcome"]["calls"] == 0


def test_the_bundle_scores_the_same_offline_and_elsewhere(ran: Path, tmp_path: Path) -> None:
    shutil.copytree(ran / "reports" / "demo" / "bundle", tmp_path / "bundle")
    found = json.loads(osler("score", "--from", "bundle", "--json", cwd=tmp_path))
    assert found["largest_difference"] <= 1e-9


def test_a_changed_answer_in_the_bundle_is_noticed(ran: Path, tmp_path: Path) -> None:
    from osler.data.readers import read_parquet, write_parquet

    bundle = tmp_path / "bundle"
    shutil.copytree(ran / "reports" / "demo" / "bundle", bundle)
    rows = read_parquet(bundle / "predictions.parquet")
    changed = next(row for row in rows if row["answer"] is not None)
    changed["answer"] = "excluded" if changed["answer"] != "excluded" else "included"
    write_parquet(bundle / "predictions.parquet", rows)
    assert "NOT EQUAL" in osler("score", "--from", "bundle", cwd=tmp_path, expect=1)


def test_changing_one_model_repeats_nothing_of_the_others(ran: Path, tmp_path: Path) -> None:
    shutil.copy(ran / "osler.sqlite", tmp_path / "osler.sqlite")
    text = (ran / "demo.toml").read_text(encoding="utf-8")
    (tmp_path / "demo.toml").write_text(
        text.replace('"minilm"', '{ use = "encoder", name = "minilm", temperature = 0.1 }'), encoding="utf-8"
    )
    plan = json.loads(osler("check", "demo.toml", "--json", cwd=tmp_path))
    todo = {(cell["model"], cell["system"]): cell["todo"] for cell in plan["cells"]}
    assert todo["majority", "zero_shot"] == todo["head", "zero_shot"] == 0
    assert todo["minilm", "zero_shot"] > 0


def test_status_and_show_tell_the_story(ran: Path) -> None:
    status = json.loads(osler("status", "demo.toml", "--json", cwd=ran))
    edges = {gate["edge"]: gate for gate in status["gates"]}
    assert edges["task formulation -> model selection"]["passed"] is True
    assert edges["prompt engineering -> deployment"]["reason"]
    case = results(ran)["cases"][0]["id"]
    shown = json.loads(osler("show", case, "demo.toml", "--json", cwd=ran))
    assert {answer["name"] for answer in shown["answers"]} == {row["name"] for row in results(ran)["systems"]}
    assert all(answer["calls"][0]["messages"] for answer in shown["answers"])


def test_the_gold_answer_stands_in_no_call(ran: Path) -> None:
    """What is asked holds the choices, never the target or the gold evidence."""
    import sqlite3
    from contextlib import closing

    import orjson

    with closing(sqlite3.connect(ran / "osler.sqlite")) as db:
        requests = [orjson.loads(row[0]) for row in db.execute("SELECT request FROM replies LIMIT 400")]
    assert requests
    for request in requests:
        last = request[2][-1]
        assert last["role"] == "user"
        assert {part["name"] for part in last["parts"]} <= {"evidence", "question", "choices", "choice", "cue"}
