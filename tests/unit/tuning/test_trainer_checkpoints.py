"""Checkpoints: whole or not there, never of another training, never with a fresh optimizer unseen."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from training_toy import ToyLearner

from osler.core.block import replace
from osler.core.errors import DataError
from osler.tuning.schedule import Schedule
from osler.tuning.trainer import stopping
from osler.tuning.trainer.loop import Progress, fit

SCHEDULE = Schedule(steps=8, batch_tokens=128, micro_tokens=64, learning_rate=3e-3, checkpoint_s=1e-9)


def weights(learner: ToyLearner) -> list[Any]:
    return [weight.detach().clone() for weight in learner.network.parameters()]


def same(first: ToyLearner, second: ToyLearner) -> bool:
    import torch

    return all(torch.equal(a, b) for a, b in zip(weights(first), weights(second), strict=True))


class Enough(Exception):
    """Ends a training in the test's own process."""


def stop_after(step: int) -> Callable[[Progress], None]:
    def tell(progress: Progress) -> None:
        if progress.step > step:
            raise Enough

    return tell


def interrupted(state: Path, after: int = 5, schedule: Schedule = SCHEDULE) -> None:
    with pytest.raises(Enough):
        fit(ToyLearner(), schedule, seed=3, state=state, identity={"data": "a"}, tell=stop_after(after))


def test_the_newest_two_are_kept_and_a_resumed_curve_is_bit_equal(tmp_path: Path) -> None:
    whole = ToyLearner()
    expected = fit(whole, SCHEDULE, seed=3)
    interrupted(tmp_path)
    assert sorted(item.name for item in tmp_path.iterdir()) == ["step-00000004", "step-00000005"]
    resumed = ToyLearner(seed=9)  # other first weights: all come from the checkpoint
    record = fit(resumed, SCHEDULE, seed=3, state=tmp_path, identity={"data": "a"})
    assert record.resumed == [5]
    assert record.losses == expected.losses
    assert record.tokens == expected.tokens
    assert same(whole, resumed)


def test_best_weights_survive_a_resume(tmp_path: Path) -> None:
    schedule = replace(SCHEDULE, evaluate_every=2, keep="best", learning_rate=0.3)
    whole = ToyLearner()
    expected = fit(whole, schedule, seed=3)
    interrupted(tmp_path, schedule=schedule)
    resumed = ToyLearner()
    record = fit(resumed, schedule, seed=3, state=tmp_path, identity={"data": "a"})
    assert record.looks == expected.looks
    assert record.best == expected.best < 8
    assert same(whole, resumed)


@pytest.mark.parametrize("name", ["weights.safetensors", "optimizer.safetensors", "checkpoint.json"])
@pytest.mark.parametrize("harm", ["cut", "missing", "changed"])
def test_a_harmed_newest_falls_back_to_the_older(tmp_path: Path, name: str, harm: str) -> None:
    whole = ToyLearner()
    expected = fit(whole, SCHEDULE, seed=3)
    interrupted(tmp_path)
    file = tmp_path / "step-00000005" / name
    held = file.read_bytes()
    if harm == "missing":
        file.unlink()
    else:
        file.write_bytes(held[: len(held) // 2] if harm == "cut" else held[:-20] + b"0" + held[-19:])
    resumed = ToyLearner()
    record = fit(resumed, SCHEDULE, seed=3, state=tmp_path, identity={"data": "a"})
    assert record.resumed == [4]
    assert any("step-00000005" in note for note in record.notes)
    assert record.losses == expected.losses
    assert same(whole, resumed)


def test_without_any_whole_checkpoint_it_begins_anew_and_says_so(tmp_path: Path) -> None:
    interrupted(tmp_path)
    for folder in tmp_path.iterdir():
        (folder / "optimizer.safetensors").unlink()
    record = fit(ToyLearner(), SCHEDULE, seed=3, state=tmp_path, identity={"data": "a"})
    assert record.resumed == []
    assert record.notes == ["not whole, passed over: step-00000005, step-00000004"]
    assert record.losses == fit(ToyLearner(), SCHEDULE, seed=3).losses


@pytest.mark.parametrize(
    "change, named",
    [
        ({"schedule": replace(SCHEDULE, learning_rate=1e-3)}, "schedule.learning_rate (0.003 there, 0.001 here)"),
        ({"schedule": replace(SCHEDULE, batch_tokens=256)}, "schedule.batch_tokens"),
        ({"seed": 4}, "seed (3 there, 4 here)"),
        ({"identity": {"data": "b"}}, "training.data"),
        ({"rows": 39}, "rows (40 there, 39 here)"),
        ({"frozen": True}, "frozen"),
    ],
)
def test_another_training_is_refused_by_what_differs(tmp_path: Path, change: dict[str, Any], named: str) -> None:
    interrupted(tmp_path)
    given: dict[str, Any] = {"schedule": SCHEDULE, "seed": 3, "identity": {"data": "a"}, **change}
    learner = ToyLearner(rows=given.pop("rows", 40))
    if given.pop("frozen", False):
        network: Any = learner.network
        network["reader"].embeddings.requires_grad_(False)
    with pytest.raises(DataError, match="of another training") as caught:
        fit(learner, given.pop("schedule"), state=tmp_path, **given)
    assert named in caught.value.message


def test_operational_settings_may_differ(tmp_path: Path) -> None:
    interrupted(tmp_path)
    other = replace(SCHEDULE, checkpoint_s=1000.0)
    assert fit(ToyLearner(), other, seed=3, state=tmp_path, identity={"data": "a"}).resumed == [5]


def test_a_full_disk_keeps_the_checkpoint_before_and_goes_on(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    interrupted(tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))  # no file may grow beyond 20 kB: every write fails there
    try:
        record = fit(ToyLearner(), SCHEDULE, seed=3, state=tmp_path, identity={"data": "a"})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert len(record.curve) == 8
    assert record.notes[0].startswith("no checkpoint at step 6: weights.safetensors could not be written")
    assert sorted(item.name for item in tmp_path.iterdir()) == ["step-00000004", "step-00000005"]
    assert fit(ToyLearner(), SCHEDULE, seed=3, state=tmp_path, identity={"data": "a"}).resumed == [5]


def test_a_half_written_folder_is_never_taken_and_is_cleared(tmp_path: Path) -> None:
    interrupted(tmp_path)
    shutil.copytree(tmp_path / "step-00000005", tmp_path / ".step-00000006.1.part")
    record = fit(ToyLearner(), SCHEDULE, seed=3, state=tmp_path, identity={"data": "a"})
    assert record.resumed == [5]
    assert not list(tmp_path.glob(".*"))


def test_no_checkpoint_where_none_is_wanted(tmp_path: Path) -> None:
    fit(ToyLearner(), replace(SCHEDULE, checkpoint_s=0.0), state=tmp_path / "state")
    assert not (tmp_path / "state").exists()


def test_what_a_learner_remembers_is_taken_up(tmp_path: Path) -> None:
    class Counting(ToyLearner):
        seen_steps = 0

        def memory(self) -> dict[str, Any]:
            return {"steps": self.seen_steps}

        def remember(self, memory: Any) -> None:
            self.seen_steps = memory["steps"]

        def seen(self) -> dict[str, float]:
            self.seen_steps += 1
            return {"steps": self.seen_steps}

    with pytest.raises(Enough):
        fit(Counting(), SCHEDULE, state=tmp_path, tell=stop_after(5))
    record = fit(Counting(), SCHEDULE, state=tmp_path)
    assert [row["steps"] for row in record.curve] == list(range(1, 9))


def test_a_stop_says_what_is_kept_and_how_to_go_on() -> None:
    import signal

    with_one = stopping.Stopped(signal.SIGINT, 7, 20)
    assert with_one.status == 130
    assert "step 7 of 20" in str(with_one)
    assert "goes on from there" in str(with_one)
    assert stopping.Stopped(signal.SIGTERM, 0, 20).status == 75
    assert "begin anew" in str(stopping.Stopped(signal.SIGTERM, 0, 20))
