"""Several processes: the same losses and weights as one, sharded too; a killed one is an error, and resume is equal."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from training_toy import ToyStage

from osler.core.block import replace
from osler.core.errors import ModelError, SpecError
from osler.core.types import Demo, Passage, Prompt
from osler.tuning.schedule import Schedule
from osler.tuning.stage import made
from osler.tuning.trainer.handover import modules_of, read, written
from osler.tuning.trainer.launch import Launch

STAGE = ToyStage(
    schedule=Schedule(steps=10, batch_tokens=128, micro_tokens=64, learning_rate=1e-3, precision="float32")
)
TWO = Launch(kind="processes", processes=2, timeout_s=240)
TRAP = 'raise SystemExit("a file of the working directory was imported")\n'


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return made(STAGE, shelf=tmp_path_factory.mktemp("alone"))


@pytest.fixture
def folder_with_traps(tmp_path: Path) -> Iterator[Path]:
    """A working directory with files named like libraries that pandas and others look for."""
    before = Path.cwd()
    for name in ("bottleneck", "wandb", "numexpr"):
        (tmp_path / f"{name}.py").write_text(TRAP)
    os.chdir(tmp_path)
    yield tmp_path
    os.chdir(before)


def losses(stage: Any) -> list[float]:
    return [row["loss"] for row in stage.held.manifest["record"]["curve"]]


def assert_equal(stage: Any, other: Any, tolerance: float = 1e-5) -> None:
    from safetensors.torch import load_file

    largest = max(abs(a - b) for a, b in zip(losses(stage), losses(other), strict=True))
    first, second = (load_file(one.folder / "model.safetensors") for one in (stage, other))
    apart = max(float((first[name] - second[name]).abs().max()) for name in first)
    print(f"largest difference of a loss {largest:.1e}, of a weight {apart:.1e}")
    assert largest <= tolerance
    assert apart <= tolerance


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("strategy", ["ddp", "fsdp"])
def test_two_processes_equal_one(alone: Any, folder_with_traps: Path, strategy: Any) -> None:
    told: list[int] = []
    stage = made(
        STAGE,
        shelf=folder_with_traps / "models",
        launch=replace(TWO, strategy=strategy),
        tell=lambda name, progress: told.append(progress.step),
    )
    assert_equal(stage, alone)
    assert stage.weights.partition("/")[0] == alone.weights.partition("/")[0]
    record = stage.held.manifest["record"]
    assert (record["processes"], record["strategy"]) == (2, strategy)
    assert record["tokens"] == alone.held.manifest["record"]["tokens"]
    assert told == list(range(1, 11))
    assert not [item for item in (folder_with_traps / "models").iterdir() if item.name.endswith((".part", ".state"))]


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("strategy, after", [("ddp", Launch()), ("fsdp", replace(TWO, strategy="fsdp"))])
def test_a_killed_process_is_an_error_and_what_follows_is_equal(
    alone: Any, tmp_path: Path, strategy: Any, after: Launch
) -> None:
    """Killed in two processes, gone on with in one or in two: a checkpoint knows no number of processes."""
    stage = replace(
        STAGE,
        schedule=replace(STAGE.schedule, checkpoint_s=1e-9),
        kill_rank=1,
        kill_step=6,
        kill_file=str(tmp_path / "killed"),
    )
    with pytest.raises(ModelError, match="process of the training") as caught:
        made(stage, shelf=tmp_path / "models", launch=replace(TWO, strategy=strategy))
    assert time.time() - (tmp_path / "killed").stat().st_mtime < 180  # the survivor does not wait for the dead
    assert "goes on from its last checkpoint" in caught.value.hint
    again = made(stage, shelf=tmp_path / "models", launch=after)
    (resumed,) = again.held.manifest["record"]["resumed"]
    assert 2 <= resumed < 10
    assert_equal(again, alone)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_an_error_in_a_process_is_told_as_it_would_be_here(tmp_path: Path) -> None:
    stage = replace(STAGE, schedule=replace(STAGE.schedule, learning_rate=1e30))
    with pytest.raises(ModelError, match="was no number at step"):
        made(stage, shelf=tmp_path, launch=TWO)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.filterwarnings("ignore")  # Ray warns of its own settings
@pytest.mark.xdist_group("ray")
def test_two_workers_of_a_ray_cluster_equal_one_process(alone: Any, tmp_path: Path) -> None:
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "disabled"}  # no token in the user's home
    ray: Any = pytest.importorskip("ray", reason="the extra ray is not installed")
    ray.init(
        num_cpus=3,
        include_dashboard=False,
        object_store_memory=150_000_000,
        log_to_driver=False,
        _node_ip_address="127.0.0.1",
    )
    try:
        stage = made(STAGE, shelf=tmp_path, launch=Launch(kind="ray", processes=2, timeout_s=240))
    finally:
        ray.shutdown()
    assert_equal(stage, alone)
    assert stage.held.manifest["record"]["processes"] == 2


def test_work_comes_back_as_it_was_written(tmp_path: Path) -> None:
    prompt = Prompt(
        id="p1",
        question="Which?",
        choices=("a", "b"),
        demos=(Demo(question="q", answer="a", evidence=(Passage(text="t", id="x"),)),),
        schema={"type": "object", "block": "no block of ours"},
    )
    file = written(tmp_path, STAGE, {"a": [1]}, [(prompt, "b")], seed=3, launch=TWO)
    assert file.stat().st_mode & 0o777 == 0o600
    work = read(file)
    assert (work["stage"], work["pairs"], work["seed"]) == (STAGE, [(prompt, "b")], 3)
    assert (work["identity"], work["launch"]) == ({"a": [1]}, TWO)
    assert ["osler.tuning.schedule", ""] in modules_of(STAGE)
    assert ["training_toy", str(Path(__file__).with_name("training_toy.py"))] in modules_of(STAGE)


def test_what_cannot_be_launched_is_refused() -> None:
    with pytest.raises(SpecError, match="does not go with kind"):
        Launch(processes=2)
    with pytest.raises(SpecError, match="timeout_s"):
        Launch(kind="ray", timeout_s=0.0)
    assert "--nproc-per-node" in TWO.command(Path("work.json"))


def test_no_energy_and_no_price_is_made_up() -> None:
    from osler.tuning.trainer.record import Record

    record = Record(seconds=7200.0)
    assert Launch().cost(record) == {}
    assert Launch(watts=500.0, usd_per_hour=3.0).cost(record) == {
        "kwh": 1.0,
        "energy_by": "500 W as given",
        "usd": 6.0,
    }
    measured = Record(seconds=7200.0, joules=1.8e6)
    assert Launch(watts=500.0).cost(measured) == {"kwh": 0.5, "energy_by": "the meters of the GPUs"}


def test_two_that_want_the_same_model_train_it_once(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    stage = replace(STAGE, slow_s=0.02)
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: made(stage, shelf=tmp_path), range(2))
    assert first.weights == second.weights
    assert len([item for item in tmp_path.iterdir() if not item.name.startswith(".")]) == 1
