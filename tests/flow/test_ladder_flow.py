"""The ladder in a study, killed while it climbs: the same command goes on, and no finished call is made again."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from osler.core.store import Store
from osler.models.stub_server import running

EACH = 60
STUDY = """
question = "How far up the ladder does it pay to climb?"
task = "labelled_text"
data = {{ source = "file", path = "{cases}", target = "label", split = "split" }}
sensitivity = "synthetic"
models = [{{ use = "endpoint", model = "stub", base_url = "{url}", api_key_env = "", concurrency = 8 }}]
systems = ["zero_shot", {{ use = "ladder", patience = 3 }}]
metrics = ["accuracy"]
"""


def write_study(folder: Path, url: str) -> Path:
    cases = folder / "cases.csv"
    with cases.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "text", "label", "split"])
        for i in range(3 * EACH):
            label = ("urgent", "routine", "self-care")[i % 3]
            writer.writerow(
                [f"c{i:03}", f"case {i}: day {i * 7 % 50} of pain", label, ("test", "train", "valid")[i // EACH]]
            )
    study = folder / "study.toml"
    study.write_text(STUDY.format(cases=cases, url=url), encoding="utf-8")
    return study


def osler(*words: str, cwd: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "osler", *words], cwd=cwd, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def finish(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err[-2000:]
    return out


def requests(log: Path) -> int:
    return len(log.read_text(encoding="utf-8").splitlines()) if log.exists() else 0


@pytest.mark.timeout(300)
def test_a_ladder_killed_while_it_climbs_goes_on_where_it_was(tmp_path: Path) -> None:
    log = tmp_path / "calls.log"
    with running(latency_ms=15, log=log) as server:
        study = write_study(tmp_path, server.url)
        process = osler("run", str(study), "--store", "s.sqlite", "--no-report", cwd=tmp_path)
        end = time.monotonic() + 60
        while process.poll() is None and requests(log) < EACH + 50 and time.monotonic() < end:
            time.sleep(0.005)
        assert process.poll() is None, "the run ended before it could be killed"
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        finish(osler("run", str(study), "--store", "s.sqlite", "--no-report", cwd=tmp_path))
        stats = server.stats()
        assert stats["requests"] - stats["distinct"] <= 2 * 8  # what the kill met on the way
        finish(osler("run", str(study), "--store", "s.sqlite", "--no-report", cwd=tmp_path))
        assert server.stats()["requests"] == stats["requests"], "a finished run made a call"
        told: dict[str, Any] = json.loads(
            finish(osler("status", str(study), "--store", "s.sqlite", "--json", cwd=tmp_path))
        )
    assert told["variants"] == 3
    assert [row["done"] for row in told["cells"]] == [EACH, EACH]
    with Store(tmp_path / "s.sqlite") as store:
        events = store.events("study", "fitted")
        (frozen,) = [event for event in events if "spec" in event]
        assert frozen["spec"]["block"] == "Ladder"
        assert frozen["spec"]["chosen"]
