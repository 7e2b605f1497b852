"""Maximal marginal relevance, by its definition and on planted twins."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osler.core.block import block, from_spec, to_spec
from osler.core.errors import SpecError
from osler.core.types import Passage
from osler.knowledge.bm25 import BM25
from osler.knowledge.diverse import Diverse
from osler.knowledge.passages import PassageList
from osler.models.embedding import Embedded
from osler.models.minilm import Floats

WORDS = ("heart", "blood", "liver", "bile")


@block
class CountedWords:
    """An encoder whose vectors count four words and the length, of length one."""

    async def embed(self, texts: Sequence[str]) -> Floats:
        rows = [[text.split().count(word) for word in WORDS] + [0.1] for text in texts]
        vectors = np.array(rows, np.float32)
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)

    async def embedded(self, texts: Sequence[str]) -> Embedded:
        return Embedded(await self.embed(texts), np.ones(len(texts), np.int64))


def index(
    *texts: str, balance: float = 0.5, pool: int = 50, relevance: Literal["cosine", "score"] = "cosine"
) -> Diverse:
    items = tuple(Passage(id=str(place), text=text) for place, text in enumerate(texts))
    inner = BM25(collection=PassageList(items=items))
    return Diverse(inner=inner, encoder=CountedWords(), balance=balance, pool=pool, relevance=relevance)


def search(made: Diverse, query: str, k: int) -> list[str]:
    return [passage.id for passage, _ in asyncio.run(made.search(query, k))]


def test_twins_give_way_to_what_is_new() -> None:
    texts = ("heart heart blood", "heart heart blood", "heart liver")
    assert search(index(*texts, balance=1.0), "heart blood", 2) == ["0", "1"]
    assert search(index(*texts, balance=0.3), "heart blood", 2) == ["0", "2"]
    assert search(index(*texts, balance=0.3), "heart blood", 3) == ["0", "2", "1"]
    assert search(index(*texts, balance=0.2, relevance="score"), "heart blood", 2)[1] == "2"


texts = st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=5).map(" ".join), min_size=1, max_size=7)


@settings(max_examples=60)
@given(texts, st.integers(1, 8), st.sampled_from([0.0, 0.3, 0.7, 1.0]))
def test_each_step_takes_the_largest_marginal_relevance(texts: list[str], k: int, balance: float) -> None:
    made, query = index(*texts, balance=balance), "heart liver"
    found = asyncio.run(made.search(query, k))
    pool = [passage for passage, _ in asyncio.run(made.inner.search(query, 50))]
    vectors = asyncio.run(CountedWords().embed([query, *(passage.text for passage in pool)])).astype(np.float64)
    near = {passage.id: vectors[1 + place] for place, passage in enumerate(pool)}
    taken: list[str] = []
    for passage, score in found:
        marginal = {
            name: balance * float(vector @ vectors[0])
            - (1 - balance) * max((float(vector @ near[other]) for other in taken), default=0.0)
            for name, vector in near.items()
            if name not in taken
        }
        assert score == pytest.approx(marginal[passage.id], abs=1e-6)
        assert score == pytest.approx(max(marginal.values()), abs=1e-6)
        taken.append(passage.id)
    assert len(taken) == len(set(taken)) == min(k, len(pool))


def test_the_pool_bounds_what_is_looked_at_and_never_what_is_asked_for() -> None:
    texts = [f"heart {'blood ' * number}" for number in range(6)]
    assert len(search(index(*texts, pool=2), "heart", 5)) == 5
    assert set(search(index(*texts, pool=2), "heart", 2)) == {"0", "1"}
    assert search(index(*texts), "zebra", 3) == search(index(*texts), "heart", 0) == []


def test_it_is_a_block_and_refuses_what_cannot_be() -> None:
    made = index("heart")
    assert from_spec(to_spec(made)) == made
    for balance, pool in ((1.5, 5), (-0.1, 5), (0.5, 0)):
        with pytest.raises(SpecError, match="diverse needs"):
            index("heart", balance=balance, pool=pool)
