"""One run of a study at a time on a store: two would ask the same calls and spend the budget twice."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from osler.core.block import digest
from osler.core.errors import SpecError


@contextlib.contextmanager
def only_run(store: Path, study: str) -> Iterator[None]:
    """Hold the study's lock beside the store; the system frees it when the process ends, however it ends."""
    try:
        import fcntl
    except ImportError:  # not on Windows: there SQLite alone keeps two runs from harming each other's rows
        yield
        return
    path = store.with_name(f"{store.name}.{digest(study.encode(), size=4)}.lock")
    with path.open("a+", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            holder = file.read().strip() or "another process"
            raise SpecError(
                f"the study {study!r} is being run on {store} by process {holder}",
                hint="wait for it, stop it, or name another store with --store",
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)
