"""One process of a launched training: ``python -m osler.tuning.trainer.worker WORK.json``, started by torchrun or Ray."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from osler.core.block import replace
from osler.core.errors import OslerError
from osler.tuning.trainer import handover, stopping
from osler.tuning.trainer.launch import Launch, ending_json
from osler.tuning.trainer.processes import joined


def work_off(file: Path) -> None:
    """Train what ``file`` says together with the other processes of the environment."""
    from osler.tuning.trainer.making import built

    folder = file.parent
    stopping.watch(folder / handover.STOP)
    try:
        work = handover.read(file)
        launch: Launch = work["launch"]
        say = handover.say_to(folder)
        with joined(launch.strategy, timeout_s=launch.timeout_s):
            built(
                replace(work["stage"], shelf=work["shelf"]),
                work["identity"],
                work["pairs"],
                seed=work["seed"],
                tell=lambda name, progress: say(progress),
                launch=launch,
            )
    except BaseException as error:
        rank = os.environ.get("RANK", "0")
        (folder / f"{rank}.{handover.ENDING}").write_bytes(ending_json(error))
        raise


def main() -> int:
    try:
        work_off(Path(sys.argv[1]))
    except stopping.Stopped as stopped:
        print(stopped, file=sys.stderr)
        return stopped.status
    except OslerError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
