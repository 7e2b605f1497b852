"""Embedding for concurrent callers: their texts are collected into one forward pass, in a thread."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from osler.core.block import block_id, digest
from osler.core.errors import SpecError, nearest
from osler.models.batching import Batcher
from osler.models.bert_graph import Precision
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


class Computes(Protocol):
    """What embeds: vectors and token counts of texts, those that it remembers, and a way to make it forget them."""

    def embed_counted(self, texts: Sequence[str]) -> tuple[Floats, NDArray[np.int64]]: ...
    def cached(self, texts: Sequence[str]) -> tuple[Floats, NDArray[np.int64]] | None: ...
    def forget(self, texts: Sequence[str]) -> None: ...


class Embedding:
    """An encoder behind a batcher. ``load`` gives it, the same each time: weights are read in the thread, on the first
    call. ``width``: of no vectors at all."""

    def __init__(self, load: Callable[[], Computes], width: int = 0) -> None:
        self._load, self._width = load, width
        self._batcher: Batcher[tuple[str, ...], Embedded] = Batcher(self._run, budget=200_000)
        self._ready = False

    async def embed(self, texts: Sequence[str]) -> Embedded:
        """Texts that are all known are answered at once, others by the next batch."""
        if not texts:
            return Embedded(np.zeros((0, self._width), np.float32), np.zeros(0, np.int64))
        if self._ready:
            known = self._load().cached(texts)
            if known is not None:
                return Embedded(*known)
        size = sum(map(len, texts)) // _CHARACTERS_PER_TOKEN
        return await self._batcher.submit(tuple(texts), size=size)

    def _run(self, items: Sequence[tuple[str, ...]]) -> list[Embedded]:
        model = self._load()
        self._ready = True
        started = time.perf_counter()
        vectors, tokens = model.embed_counted([text for item in items for text in item])
        a_token = (time.perf_counter() - started) / max(1, int(tokens.sum()))
        stops = np.cumsum([len(item) for item in items])[:-1]
        return [
            Embedded(part, counts, a_token * int(counts.sum()))
            for part, counts in zip(np.split(vectors, stops), np.split(tokens, stops), strict=True)
        ]

    def forget(self, texts: Sequence[str]) -> None:
        """Drop what is remembered of ``texts``."""
        if self._ready:
            self._load().forget(texts)


@functools.cache
def embedding(name: str, precision: Precision = "float32") -> Embedding:
    """The one batcher of an encoder by its name: blocks with the same name share forward passes and vectors."""
    if name not in NAMES:
        raise SpecError(f"no embedded encoder is named {name!r}", hint=nearest(name, NAMES))
    return Embedding(functools.partial(load, "", precision), WIDTH)


async def embed_with(model: Any, texts: Sequence[str]) -> Embedded:
    """``model.embedded(texts)``, or a SpecError that says what the model lacks."""
    if not isinstance(model, Embeds):
        raise SpecError(
            f"{type(model).__name__} gives no embeddings",
            hint='use an encoder, such as Encoder() or Local(kind="encoder")',
        )
    return await model.embedded(texts)


async def queries_with(model: Any, texts: Sequence[str]) -> Embedded:
    """``embed_with`` for texts that are searched for: by ``embedded_queries`` where the model treats them otherwise."""
    own = getattr(model, "embedded_queries", None)
    if own is None:
        return await embed_with(model, texts)
    found: Embedded = await own(texts)
    return found


def space_of(model: Any) -> str:
    """A hash of all that the vectors of ``model`` depend on (32 hex characters): vectors of equal spaces may be mixed.

    That is its ``space`` where it has one, else its whole spec and the content of its files.
    """
    own = getattr(model, "space", None)
    if own is not None:
        return str(own)
    content = model.content_hash() if hasattr(model, "content_hash") else ""
    return digest(f"{block_id(model)} {content}".encode())
