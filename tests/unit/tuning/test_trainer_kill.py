"""kill -9 at random moments, Ctrl-C and SIGTERM: real processes, and the curve is bit for bit that of one left alone."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import orjson
import pytest

HERE = Path(__file__).parent
TRAIN = """
import sys
sys.path.insert(0, {here!r})
from pathlib import Path
from training_toy import ToyLearner
from osler.tuning.schedule import Schedule
from osler.tuning.trainer import stopping
from osler.tuning.trainer.loop import fit
import orjson, time

folder = Path(sys.argv[1])
schedule = Schedule(steps=60, batch_tokens=128, micro_tokens=64, learning_rate=3e-3, checkpoint_s=1e-9,
                    evaluate_every=7, keep="best")
def tell(progress):
    (folder / "at").write_text(str(progress.step))
    time.sleep(float(sys.argv[2]))
learner = ToyLearner()
try:
    record = fit(learner, schedule, seed=5, state=folder / "state", identity={{"of": "kill"}}, tell=tell)
except stopping.Stopped as stopped:
    print(stopped)
    sys.exit(stopped.status)
total = [float(weight.double().sum()) for weight in learner.network.parameters()]
(folder / "done.json").write_bytes(orjson.dumps([record.losses, record.looks, record.resumed, total, record.tokens]))
"""


def start(folder: Path, pause: float = 0.02) -> subprocess.Popen[str]:
    folder.mkdir(exist_ok=True)
    return subprocess.Popen(
        [sys.executable, "-c", TRAIN.format(here=str(HERE)), str(folder), str(pause)],
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def step_of(folder: Path) -> int:
    file = folder / "at"
    return int(file.read_text() or 0) if file.exists() else 0


def wait_for(folder: Path, step: int, process: subprocess.Popen[str]) -> None:
    until = time.monotonic() + 280
    while step_of(folder) < step:
        assert process.poll() is None, process.communicate()[1][-2000:]
        assert time.monotonic() < until
        time.sleep(0.005)


def finish(folder: Path, process: subprocess.Popen[str]) -> Any:
    out, err = process.communicate(timeout=280)
    assert process.returncode == 0, (out + err)[-2000:]
    return orjson.loads((folder / "done.json").read_bytes())


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_training_killed_at_random_moments_ends_as_one_left_alone(tmp_path: Path) -> None:
    alone = finish(tmp_path / "alone", start(tmp_path / "alone", 0.0))
    draw = random.Random(0)
    folder = tmp_path / "killed"
    for last in (15, 38):
        process = start(folder)
        wait_for(folder, last, process)
        time.sleep(draw.random() * 0.04)  # in a step, in a look, or in the middle of writing a checkpoint
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        (folder / "at").unlink()
    losses, looks, resumed, total, tokens = finish(folder, start(folder, 0.0))
    assert len(resumed) in (1, 2)  # a kill before the first checkpoint of a session resumes at the same step again
    assert resumed[-1] >= 36
    assert (losses, looks, total, tokens) == (alone[0], alone[1], alone[3], alone[4])


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("number, status", [(signal.SIGINT, 130), (signal.SIGTERM, 75)])
def test_asked_to_stop_it_keeps_a_checkpoint_and_says_how_to_go_on(tmp_path: Path, number: int, status: int) -> None:
    folder = tmp_path / "asked"
    process = start(folder)
    wait_for(folder, 3, process)
    process.send_signal(number)
    out, err = process.communicate(timeout=120)
    assert process.returncode == status, err[-2000:]
    assert "training stopped: its checkpoint is at step" in out
    assert "goes on from there" in out
    assert "Traceback" not in err
    kept = sorted(item.name for item in (folder / "state").iterdir())
    assert len(kept) == 2
    assert f"step {int(kept[-1].partition('-')[2])} of 60" in out
