"""A training on a Ray cluster: Ray Train starts the same workers that torchrun does (extra ``ray``)."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osler.core.errors import ModelError
from osler.tuning.trainer import stopping

if TYPE_CHECKING:
    from osler.tuning.trainer.handover import Told
    from osler.tuning.trainer.launch import Launch

_LOOK_S = 0.2


def run_on_ray(launch: Launch, spec: Path, told: Told) -> None:
    """Train what ``spec`` says in workers of a Ray cluster: the one this process is in, the one of RAY_ADDRESS, or one
    started here for the length of the training. The folder of ``spec`` must be on a disk that all its machines share."""
    try:
        import ray
        from ray.train import FailureConfig, RunConfig, ScalingConfig
        from ray.train.torch import TorchConfig, TorchTrainer
    except ImportError as error:
        raise ModelError(
            f"training on a Ray cluster needs the package {error.name}",
            hint="pip install 'osler[ray]'",
            kind="missing",
        ) from None
    ours = not ray.is_initialized()
    if ours:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is told to anybody
        ray.init(address=os.environ.get("RAY_ADDRESS") or None, include_dashboard=False, log_to_driver=False)
    try:
        resources: Any = ray.cluster_resources
        gpus = int(resources().get("GPU", 0))
        trainer: Any = TorchTrainer(
            _loop,
            train_loop_config={"spec": str(spec)},
            scaling_config=ScalingConfig(num_workers=launch.processes or max(1, gpus), use_gpu=gpus > 0),
            torch_config=TorchConfig(backend="nccl" if gpus else "gloo", timeout_s=int(launch.timeout_s)),
            run_config=RunConfig(storage_path=str(spec.parent / "ray"), failure_config=FailureConfig(max_failures=0)),
        )
        _watched(trainer, told)
    finally:
        if ours:
            ray.shutdown()


def _watched(trainer: Any, told: Told) -> None:
    from osler.tuning.trainer.launch import raise_what

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(trainer.fit)
        while not running.done():
            told.pass_on()
            if stopping.asked():
                told.ask_to_stop(stopping.asked())
            time.sleep(_LOOK_S)
    told.pass_on()
    problem = running.exception()
    if problem is not None and told.ending():
        raise_what(told, 1, told.folder)
    if problem is not None:
        raise ModelError(
            f"Ray could not run the training: {type(problem).__name__}",
            hint="see the cause above; look at the cluster with ray status",
            kind="training",
        ) from problem


def _loop(config: dict[str, str]) -> None:
    """What each worker of Ray runs; Ray has set up the process group and the environment."""
    import torch

    from osler.tuning.trainer.worker import work_off

    if torch.cuda.is_available():
        from ray.train.torch import get_device

        torch.cuda.set_device(get_device())
    work_off(Path(config["spec"]))
