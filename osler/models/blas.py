"""One BLAS thread while a block of code runs, without touching the environment of the process.

Small matrix products gain little from BLAS threads, and on a busy machine those threads fight for the cores
(measured: 170 ms a sentence on one thread, 1,160 ms with contention). Code that works in several threads of its own
holds BLAS to one thread each.
"""

from __future__ import annotations

import ctypes
import functools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

# The names that builds of OpenBLAS give to the same two functions.
_SPELLINGS = ("scipy_openblas_{}_num_threads64_", "scipy_openblas_{}_num_threads", "openblas_{}_num_threads")


@dataclass(frozen=True)
class _Blas:
    get: Callable[[], int]
    set: Callable[[int], None]


@functools.cache
def _openblas() -> _Blas | None:
    """The OpenBLAS that NumPy's wheel brings, or None (another BLAS, a system build): then nothing is limited."""
    package = Path(np.__file__).parent
    for folder in (package.parent / "numpy.libs", package / ".dylibs"):
        for file in sorted(folder.glob("*openblas*")):
            library = ctypes.CDLL(str(file))  # already loaded by numpy: this is the same copy
            for spelling in _SPELLINGS:
                names = spelling.format("get"), spelling.format("set")
                if all(hasattr(library, name) for name in names):
                    return _Blas(getattr(library, names[0]), getattr(library, names[1]))
    return None


_lock = threading.Lock()
_holders = 0
_before = 1


@contextmanager
def one_blas_thread() -> Iterator[int]:
    """Hold BLAS to one thread; gives the number of threads it may otherwise use, so that the caller can use them.

    Nested and concurrent holders are counted: the last one out restores the number.
    """
    global _holders, _before
    blas = _openblas()
    if blas is None:
        yield 1
        return
    with _lock:
        if _holders == 0:
            _before = max(1, int(blas.get()))
            blas.set(1)
        _holders += 1
        allowed = _before
    try:
        yield allowed
    finally:
        with _lock:
            _holders -= 1
            if _holders == 0:
                blas.set(_before)
