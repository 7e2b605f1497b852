"""kill -9 at any moment, then the same command again: no completed call is repeated, results equal an uninterrupted run."""

from __future__ import annotations

import csv
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from osler.models.stub_server import running

CASES = 400
STUDY = """
question = "Is a killed run as good as one that was left alone?"
task = "labelled_text"
data = {{ source = "file", path = "{cases}", target = "label", test = 1.0, valid = 0.0 }}
sensitivity = "synthetic"
models = [{{ use = "endpoint", model = "stub", base_url = "{url}", api_key_env = "", concurrency = {width} }}]
systems = ["zero_shot", "structured"]
metrics = ["accuracy", "macro_f1", "parse_rate"]
"""


def write_study(folder: Path, url: str, *, width: int = 16, extra: str = "") -> Path:
    rng = random.Random(0)
    cases = folder / "cases.csv"
    with cases.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "text", "label"])
        for i in range(CASES):
            writer.writerow(
                [
                    f"c{i:04}",
                    f"case {i}: " + " ".join(rng.choices(["fever", "cough", "rash", "pain"], k=12)),
                    rng.choice(["urgent", "routine", "self-care"]),
                ]
            )
    study = folder / "study.toml"
    study.write_text(STUDY.format(cases=cases, url=url, width=width) + extra, encoding="utf-8")
    return study


def osler(*words: str, cwd: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "osler", *words], cwd=cwd, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def finish(process: subprocess.Popen[str]) -> tuple[str, str]:
    out, err = process.communicate(timeout=180)
    assert process.returncode == 0, err[-2000:]
    return out, err


def numbers(folder: Path, study: Path, store: str) -> dict[str, Any]:
    out, _ = finish(osler("score", str(study), "--store", store, "--json", cwd=folder))
    found: dict[str, Any] = json.loads(out)
    for row in found["systems"]:  # time is not a result
        row.pop("usage")
    return {key: found[key] for key in ("systems", "comparisons", "data")}


def log_lines(log: Path) -> list[str]:
    return log.read_text(encoding="utf-8").splitlines() if log.exists() else []


@pytest.mark.timeout(400)
def test_killed_again_and_again_equals_an_uninterrupted_run(tmp_path: Path) -> None:
    width = 16
    with running(latency_ms=8) as server:
        study = write_study(tmp_path, server.url, width=width)
        finish(osler("run", str(study), "--store", "whole.sqlite", "--no-report", cwd=tmp_path))
        whole = numbers(tmp_path, study, "whole.sqlite")
        expected = server.stats()["distinct"]
    with running(latency_ms=8, log=tmp_path / "calls.log") as server:
        # The same port is not promised, so the study names the new address; the numbers must not depend on it.
        study = write_study(tmp_path, server.url, width=width)
        rng = random.Random(1)
        kills = 0
        for _ in range(4):
            process = osler("run", str(study), "--store", "cut.sqlite", "--no-report", cwd=tmp_path)
            before = len(log_lines(tmp_path / "calls.log"))
            want = before + rng.randint(60, 160)
            end = time.monotonic() + 60
            while process.poll() is None and len(log_lines(tmp_path / "calls.log")) < want and time.monotonic() < end:
                time.sleep(0.005)
            if process.poll() is None:
                os.kill(process.pid, signal.SIGKILL)
                kills += 1
            process.communicate()
        finish(osler("run", str(study), "--store", "cut.sqlite", "--no-report", cwd=tmp_path))
        stats = server.stats()
        cut = numbers(tmp_path, study, "cut.sqlite")
        finish(osler("run", str(study), "--store", "cut.sqlite", "--no-report", cwd=tmp_path))
        assert server.stats()["requests"] == stats["requests"], "a finished run made a call"
    assert kills == 4
    # Every call that had completed is kept. Only calls that a kill met on the way may be asked once more: as many as
    # the endpoint takes at once, and as many again whose reply was being written.
    assert stats["distinct"] == expected
    repeated = stats["requests"] - stats["distinct"]
    assert repeated <= kills * 2 * width, f"{repeated} calls repeated after {kills} kills of {width} in flight"
    assert _without_address(cut) == _without_address(whole)


def _without_address(found: dict[str, Any]) -> str:
    """The numbers alone: cell ids and specs name the server's address."""
    for row in found["systems"]:
        row.pop("cells")
        row.pop("spec")
    return json.dumps(found, sort_keys=True)


def test_ctrl_c_ends_cleanly_and_says_how_to_go_on(tmp_path: Path) -> None:
    with running(latency_ms=20, log=tmp_path / "calls.log") as server:
        study = write_study(tmp_path, server.url, width=4)
        process = osler("run", str(study), "--no-report", cwd=tmp_path)
        end = time.monotonic() + 60
        while len(log_lines(tmp_path / "calls.log")) < 50 and time.monotonic() < end:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
        assert process.returncode == 130
        assert "go on with: osler run" in err
        assert "Traceback" not in err
        done = server.stats()["requests"]
        finish(osler("run", str(study), "--no-report", cwd=tmp_path))
        assert server.stats()["requests"] - server.stats()["distinct"] <= 4
        assert server.stats()["requests"] > done


def test_a_budget_in_calls_is_never_overspent(tmp_path: Path) -> None:
    with running(latency_ms=2) as server:
        study = write_study(tmp_path, server.url, width=64, extra="budget_calls = 150\n")
        process = osler("run", str(study), "--no-report", cwd=tmp_path)
        out, err = process.communicate(timeout=120)
        assert process.returncode == 1
        assert "budget" in out + err
        assert server.stats()["requests"] == 150
        # The same command again spends nothing more: the budget counts what earlier sessions spent.
        process = osler("run", str(study), "--no-report", cwd=tmp_path)
        process.communicate(timeout=120)
        assert process.returncode == 1
        assert server.stats()["requests"] == 150


def test_a_storm_of_faults_fails_cases_and_never_the_run(tmp_path: Path) -> None:
    faults = {"429": 0.05, "500": 0.05, "broken_json": 0.05, "truncated": 0.05, "encoding": 0.05, "reset": 0.05}
    with running(faults=faults, seed=3) as server:
        study = write_study(tmp_path, server.url, width=32)
        text = study.read_text(encoding="utf-8").replace(
            'api_key_env = ""', 'api_key_env = "", backoff_s = 0.01, timeout_s = 2.0'
        )
        study.write_text(text, encoding="utf-8")
        out, _ = finish(osler("run", str(study), "--json", cwd=tmp_path))
    found = json.loads(out)
    assert found["outcome"]["done"] == 2 * CASES
    # A retry meets another draw, so all cases end answered.
    failures = Counter(kind for row in found["results"]["systems"] for kind in row["failures"])
    assert sum(failures.values()) <= 2, failures
    assert found["results"]["systems"][0]["n"] == CASES


def test_a_dead_endpoint_stops_the_cell_and_says_so(tmp_path: Path) -> None:
    study = write_study(tmp_path, "http://127.0.0.1:9/v1", width=8)
    text = study.read_text(encoding="utf-8").replace(
        'api_key_env = ""', 'api_key_env = "", retries = 1, backoff_s = 0.01'
    )
    study.write_text(text, encoding="utf-8")
    process = osler("run", str(study), "--no-report", cwd=tmp_path)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "in a row failed" in out + err
    assert "Traceback" not in out + err
