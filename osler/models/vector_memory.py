"""Vectors that a process has computed, kept under the hash of their text: caches never hold the text of a patient."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from osler.core.block import digest

Floats = NDArray[np.float32]


def text_key(text: str) -> str:
    """The name of a text in caches (32 hex characters)."""
    return digest(text.encode("utf-8", "replace"))


class VectorMemory:
    """At most ``size`` vectors by key, with their token counts; those not used for longest are dropped first."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._held: OrderedDict[str, tuple[Floats, int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, keys: Sequence[str]) -> dict[str, tuple[Floats, int]]:
        with self._lock:
            found = {key: self._held[key] for key in keys if key in self._held}
            for key in found:
                self._held.move_to_end(key)
            return found

    def put(self, found: dict[str, tuple[Floats, int]]) -> None:
        with self._lock:
            for key, (vector, tokens) in found.items():
                self._held[key] = (vector.copy(), tokens)  # a copy: a view would keep the whole pack alive
            while len(self._held) > self._size:
                self._held.popitem(last=False)

    def forget(self, keys: Sequence[str]) -> None:
        with self._lock:
            for key in keys:
                self._held.pop(key, None)
