"""Embedding for concurrent callers: their texts are collected into one forward pass, in a thread."""

from __future__ import annotations

import functools
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from osler.core.errors import SpecError, nearest
from osler.models.batching import Batcher
from osler.models.minilm import WIDTH, Floats, load

NAMES = ("minilm",)
_CHARACTERS_PER_TOKEN = 4  # English; batches need a rough size only


@runtime_checkable
class Embeds(Protocol):
    """A model that gives texts a place. ``embed``: ``[n, width]`` float32 vectors of length one."""

    async def embed(self, texts: Sequence[str]) -> Floats: ...
    async def embedded(self, texts: Sequence[str]) -> Embedded: ...


@dataclass(frozen=True, slots=True)
class Embedded:
    """``vectors [n, width]`` and the ``tokens [n]`` of the texts.

    ``seconds``: the share of the batch's time that fell to these texts, not the wait for a turn.
    """

    vectors: Floats
    tokens: NDArray[np.int64]
    seconds: float = 0.0


class Embedding:
    """The embedded encoder behind a batcher. The weights are read in the thread, on the first call."""

    def __init__(self, folder: str = "") -> None:
        self._folder = folder
        self._batcher: Batcher[tuple[str, ...], Embedded] = Batcher(self._run, budget=200_000)
        self._ready = False

    async def embed(self, texts: Sequence[str]) -> Embedded:
        """Texts that are all known are answered at once, others by the next batch."""
        if not texts:
            return Embedded(np.zeros((0, WIDTH), np.float32), np.zeros(0, np.int64))
        if self._ready:
            known = load(self._folder).cached(texts)
            if known is not None:
                return Embedded(*known)
        size = sum(map(len, texts)) // _CHARACTERS_PER_TOKEN
        return await self._batcher.submit(tuple(texts), size=size)

    def _run(self, items: Sequence[tuple[str, ...]]) -> list[Embedded]:
        model = load(self._folder)
        self._ready = True
        started = time.perf_counter()
        vectors, tokens = model.embed_counted([text for item in items for text in item])
        a_token = (time.perf_counter() - started) / max(1, int(tokens.sum()))
        stops = np.cumsum([len(item) for item in items])[:-1]
        return [
            Embedded(part, counts, a_token * int(counts.sum()))
            for part, counts in zip(np.split(vectors, stops), np.split(tokens, stops), strict=True)
        ]


@functools.cache
def embedding(name: str) -> Embedding:
    """The one batcher of an encoder by its name: blocks with the same name share forward passes and vectors."""
    if name not in NAMES:
        raise SpecError(f"no embedded encoder is named {name!r}", hint=nearest(name, NAMES))
    return Embedding()


async def embed_with(model: Any, texts: Sequence[str]) -> Embedded:
    """``model.embedded(texts)``, or a SpecError that says what the model lacks."""
    if not isinstance(model, Embeds):
        raise SpecError(
            f"{type(model).__name__} gives no embeddings",
            hint='use an encoder, such as Encoder() or Local(kind="encoder")',
        )
    return await model.embedded(texts)
