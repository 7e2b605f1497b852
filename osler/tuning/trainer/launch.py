"""In how many processes a stage is trained, and who starts them: this process, torchrun, or a Ray cluster."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import orjson

from osler.core.block import block
from osler.core.errors import DataError, ModelError, OslerError, SpecError
from osler.tuning.shelf import Shelf
from osler.tuning.trainer import stopping
from osler.tuning.trainer.handover import Told, written
from osler.tuning.trainer.record import Progress, Record
from osler.tuning.trainer.work import Pairs, Tell

if TYPE_CHECKING:
    from osler.tuning.stage import Stage

_LOOK_S = 0.1
_PATIENCE_S = 60.0  # how long processes that were asked to stop may take over their checkpoint


@block
class Launch:
    """How trainings are launched. It changes no weight beyond the order of sums, so it is no part of a model's identity.

    kind: "here" trains in this process; "processes" starts them by torchrun; "ray" has Ray Train start them on the
    cluster that RAY_ADDRESS names, or on one of this machine's own. processes: how many, 0 for one on each GPU of this
    machine. strategy: "ddp" gives every process the whole network, "fsdp" a share of it. timeout_s: how long a process
    waits for the others. watts: what the whole machine draws in training, where its GPUs have no meter; 0: not known, and
    then no energy is told. usd_per_hour: what the machine costs; 0: not known.
    """

    kind: Literal["here", "processes", "ray"] = "here"
    processes: int = 1
    strategy: Literal["ddp", "fsdp"] = "ddp"
    timeout_s: float = 600.0
    watts: float = 0.0
    usd_per_hour: float = 0.0

    def check(self) -> None:
        if self.processes < 0 or (self.kind == "here" and self.processes != 1):
            raise SpecError(
                f'launch.processes = {self.processes} does not go with kind = "{self.kind}"',
                hint='set kind = "processes", or leave processes out',
            )
        if self.timeout_s <= 0 or self.watts < 0 or self.usd_per_hour < 0:
            raise SpecError("launch.timeout_s must be above 0, watts and usd_per_hour 0 or more")

    def cost(self, record: Record) -> dict[str, Any]:
        """Energy and price of a training, as far as they are measured or given; nothing is guessed."""
        found: dict[str, Any] = {}
        if record.joules is not None:
            found |= {"kwh": record.joules / 3.6e6, "energy_by": "the meters of the GPUs"}
        elif self.watts:
            found |= {"kwh": self.watts * record.seconds / 3.6e6, "energy_by": f"{self.watts:g} W as given"}
        if self.usd_per_hour:
            found["usd"] = self.usd_per_hour * record.seconds / 3600
        return found

    def run(
        self,
        stage: Stage,
        identity: Mapping[str, Any],
        pairs: Pairs,
        *,
        seed: int,
        tell: Tell | None,
        lock: int | None = None,
    ) -> None:
        """Train ``stage`` in the processes of this launch; its model is on the shelf then. ``lock``: the handle that
        keeps others from the same training, held by the launched processes as well."""
        shared = str(Shelf(stage.shelf).folder) if self.kind == "ray" else None  # a disk that all machines share
        with (
            tempfile.TemporaryDirectory(prefix=".launch-", dir=shared) as held,
            stopping.listening(),
            stopping.under_way(),
        ):
            folder = Path(held)
            spec = written(folder, stage, identity, pairs, seed=seed, launch=self)
            told = Told(folder, None if tell is None else _named(tell, type(stage).__name__))
            if self.kind == "ray":
                from osler.tuning.trainer.ray_cluster import run_on_ray

                run_on_ray(self, spec, told)
            else:
                self._run_here(spec, told, lock)

    def command(self, spec: Path) -> list[str]:
        """What starts the processes on this machine; on several, torchrun's --nnodes and --rdzv-endpoint in place of --standalone."""
        count = "gpu" if not self.processes else str(self.processes)
        start = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", count]
        return [*start, "-m", "osler.tuning.trainer.worker", str(spec)]

    def _run_here(self, spec: Path, told: Told, lock: int | None) -> None:
        with (
            (spec.parent / "out.txt").open("wb") as out,
            _started(self.command(spec), spec.parent, out, lock) as process,
        ):
            asked_at = 0.0
            while process.poll() is None:
                told.pass_on()
                if stopping.asked() and not asked_at:
                    asked_at = time.monotonic()
                    told.ask_to_stop(stopping.asked())
                if asked_at and time.monotonic() - asked_at > _PATIENCE_S:
                    break
                time.sleep(_LOOK_S)
        told.pass_on()
        raise_what(told, process.returncode, spec.parent / "out.txt")


@contextlib.contextmanager
def _started(command: list[str], folder: Path, out: Any, lock: int | None) -> Iterator[subprocess.Popen[bytes]]:
    """The launched processes, in a folder of their own and with a safe path: a file of the user's working directory
    named like a library would otherwise be imported in its place."""
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment(),
        stdout=out,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        pass_fds=() if lock is None else (lock,),
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()  # torchrun ends its workers before it ends itself
            try:
                process.wait(_PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def environment() -> dict[str, str]:
    """The environment of launched processes: this one's, with our package to be found and the working directory not."""
    import osler

    home = str(Path(osler.__file__).parents[1])
    paths = [home, *(path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path)]
    return {**os.environ, "PYTHONSAFEPATH": "1", "PYTHONPATH": os.pathsep.join(dict.fromkeys(paths))}


def raise_what(told: Told, status: int, output: Path) -> None:
    """The error that a worker met, as it would have been raised here; ModelError where it ended without a word."""
    if status == 0:
        return
    found = told.ending()
    if found.get("stopped"):
        raise stopping.Stopped(int(found["stopped"]), int(found["step"]), int(found["steps"]))
    if found:
        kinds: dict[str, type[OslerError]] = {"DataError": DataError, "SpecError": SpecError}
        message, hint = str(found["message"]), str(found["hint"])
        if found["kind"] in kinds:
            raise kinds[str(found["kind"])](message, hint=hint)
        raise ModelError(message, hint=hint, kind="training")
    lines = output.read_text("utf-8", "replace").splitlines() if output.exists() else []
    last = next((line.strip() for line in reversed(lines) if "Error" in line or "exitcode" in line), "")
    raise ModelError(
        f"a process of the training ended with status {status}" + (f": {last[:200]}" if last else ""),
        hint="train again: it goes on from its last checkpoint",
        kind="training",
    )


def _named(tell: Tell, name: str) -> Any:
    def say(progress: Progress) -> None:
        tell(name, progress)

    return say


def ending_json(error: BaseException) -> bytes:
    """How a worker's end is told to the process that launched it."""
    if isinstance(error, stopping.Stopped):
        return orjson.dumps({"stopped": error.number, "step": error.step, "steps": error.steps})
    message = error.message if isinstance(error, OslerError) else f"{type(error).__name__} in a process of the training"
    hint = error.hint if isinstance(error, OslerError) else "train again: it goes on from its last checkpoint"
    return orjson.dumps(
        {"kind": type(error).__name__, "message": message, "hint": hint, "ours": isinstance(error, OslerError)}
    )
