"""The process in which all trainings of the benchmark run, side by side: ``python -m osler.bench.train_process SIZES FOLDER``.

Order: imports (told, not counted), peak memory of each side in a forked process, loss curves, timed rounds in which the
sides take turns, reinforcement. The last line of standard output is the figures as JSON.
"""

from __future__ import annotations

import gc
import importlib.util
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from osler.bench.machine import peak_mb
from osler.bench.train_contests import CONTESTS, Contest, Sizes
from osler.bench.train_sides import OURS_PLAIN, PEERS, SIDES, Side, reinforced, run
from osler.core.errors import OslerError

_MEMORY_STEPS = 2


def lacking() -> list[str]:
    """The packages of other trainers that are not installed."""
    return [name for name in ("accelerate", "trl", "datasets") if importlib.util.find_spec(name) is None]


def able(side: Side, missing: Sequence[str]) -> bool:
    """Whether a side can run where these packages are missing."""
    if side.kind == "osler":
        return True
    return "accelerate" not in missing and (not side.needs or not missing)


def measured(sizes: Sizes, folder: Path) -> dict[str, Any]:
    """Figures of all contests: see the module."""
    missing = lacking()
    found: dict[str, Any] = {"imports": _imports(missing), "missing": missing, "contests": []}
    made = zip(CONTESTS, sizes.rows, sizes.steps, strict=True)
    contests = [make(folder, rows, steps, sizes.wide) for make, rows, steps in made if steps]
    # Memory comes first for all: what earlier trainings freed would be used again, and the peak would not show it.
    held = {contest.key: _memory(contest, missing) for contest in contests} if sizes.memory else {}
    found["contests"] = [_contest(contest, sizes, missing, held.get(contest.key, {})) for contest in contests]
    place = folder / "decoder"
    found["reinforced"] = reinforced(str(place), sizes.wide, sizes.curve_steps) if place.is_dir() else {}
    return found


def _memory(contest: Contest, missing: Sequence[str]) -> dict[str, float]:
    """Peak memory of each side above the start, in MiB; nothing where processes cannot be forked."""
    if not hasattr(os, "fork"):
        return {}
    steps = min(_MEMORY_STEPS, contest.schedule.steps)
    sides = [side for side in SIDES[contest.key] if able(side, missing)]
    return {side.name: _forked(partial(run, contest, side, steps)) for side in sides}


def _contest(contest: Contest, sizes: Sizes, missing: Sequence[str], memory: Mapping[str, float]) -> dict[str, Any]:
    sides = [side for side in SIDES[contest.key] if able(side, missing)]
    told: dict[str, Any] = {
        "key": contest.key, "title": contest.title, "tokens": sum(contest.tokens), "memory": dict(memory), "gap": None
    }  # fmt: skip
    steps = min(sizes.curve_steps, contest.schedule.steps)
    peer = PEERS[contest.key]
    if able(peer, missing):
        ours = run(contest, next(side for side in sides if side.name == OURS_PLAIN), steps).losses
        theirs = run(contest, peer, steps).losses
        told["curve"] = {"osler": ours, peer.name: theirs}
        told["gap"] = max(abs(one - other) for one, other in zip(ours, theirs, strict=True))
    rounds: dict[str, list[float]] = {side.name: [] for side in sides}
    losses: dict[str, list[list[float]]] = {side.name: [] for side in sides}
    for turn in range(sizes.rounds):
        for side in sides[:: 1 if turn % 2 == 0 else -1]:
            ran = run(contest, side)
            rounds[side.name].append(ran.cpu_s)
            losses[side.name].append(ran.losses)
    told |= {"cpu_s": rounds, "losses": {name: held[-1] for name, held in losses.items()}}
    return told


def _imports(missing: Sequence[str]) -> dict[str, float]:
    """CPU seconds until each can train, in this order, so that what they share counts for the first."""
    names: dict[str, tuple[str, ...]] = {"osler": ("torch", "transformers", "osler.tuning.trainer.loop")}
    if "accelerate" not in missing:
        names["Trainer"] = ("transformers.trainer",)
    if not missing:
        names["TRL"] = ("datasets", "trl.trainer.sft_trainer", "trl.trainer.dpo_trainer")
    found = {}
    for name, modules in names.items():
        begun = time.process_time()
        for module in modules:
            importlib.import_module(module)
        found[name] = time.process_time() - begun
    gc.freeze()  # the Trainer collects garbage when it ends; what the others imported shall not cost it
    return found


def _forked(work: Callable[[], Any]) -> float:
    """Peak memory of ``work`` in a process of its own, in MiB above what this one holds now."""
    reads, writes = os.pipe()
    child = os.fork()
    if not child:
        said = "it ended"
        try:
            before = _resident_mb()
            work()
            said = repr(peak_mb() - before)
        except Exception as error:  # noqa: BLE001 - whatever it is, the parent tells it
            said = f"{type(error).__name__}: {error}"[:500]
        finally:  # nothing of the parent is ended twice
            os.write(writes, said.encode())
            os._exit(0)
    os.close(writes)
    with os.fdopen(reads) as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    try:
        return float(said)
    except ValueError:
        raise OslerError(
            f"a side failed while its memory was measured: {said}", hint="run the benchmark with --quick"
        ) from None


def _resident_mb() -> float:
    """Memory that this process holds now, in MiB; its peak where the kernel does not tell."""
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
    return peak_mb()


def main() -> None:
    sizes, folder = Sizes(**orjson.loads(sys.argv[1])), Path(sys.argv[2])
    sys.stdout.write(orjson.dumps(measured(sizes, folder)).decode() + "\n")


if __name__ == "__main__":
    main()
