"""Re-ranking: what is moved, what keeps its place, and what the features of the light re-ranker say."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from osler.core.block import block, from_spec, to_spec
from osler.core.errors import SpecError
from osler.core.types import Passage
from osler.knowledge.bm25 import BM25
from osler.knowledge.passages import Index, PassageList
from osler.knowledge.rerank import Ranker, Reranked
from osler.knowledge.rerank_features import FEATURES, FeatureReranker

WORDS_ONLY = FeatureReranker(encoder=None)
TEXTS = (
    "Metformin is a first choice for type 2 diabetes.",
    "Type 1 diabetes is treated with insulin.",
    "A dose of 500 mg of metformin twice a day is usual in type 2 diabetes.",
    "The heart has four chambers.",
)
PASSAGES = tuple(Passage(id=f"p{place}", text=text) for place, text in enumerate(TEXTS))


@block
class Listing:
    """Gives the first passages of a fixed list, best first, whatever is asked."""

    size: int = 10

    async def search(self, query: str, k: int) -> list[tuple[Passage, float]]:
        return [(Passage(id=str(place), text=f"text {place}"), 1.0 - place / 100) for place in range(self.size)][:k]


@block
class ByNumber:
    """Scores a passage by ``sign`` times its number."""

    sign: float = 1.0

    async def relevance(self, query: str, found: Sequence[tuple[Passage, float]]) -> np.ndarray:
        return np.array([self.sign * int(passage.id) for passage, _ in found])


def ids(index: Index, k: int, query: str = "q") -> list[str]:
    return [passage.id for passage, _ in asyncio.run(index.search(query, k))]


def test_the_first_are_re_ordered_and_those_beyond_keep_their_places() -> None:
    index = Reranked(inner=Listing(size=8), scorer=ByNumber(), depth=3)
    assert ids(index, 8) == ["2", "1", "0", "3", "4", "5", "6", "7"]
    assert ids(index, 2) == ["2", "1"]
    assert ids(index, 0) == []
    assert ids(Reranked(inner=Listing(size=0), scorer=ByNumber()), 5) == []


@given(size=st.integers(1, 12), depth=st.integers(1, 12), k=st.integers(1, 14), blend=st.sampled_from([0.0, 0.3, 0.9]))
def test_it_loses_and_invents_nothing_and_scores_fall(size: int, depth: int, k: int, blend: float) -> None:
    index = Reranked(inner=Listing(size=size), scorer=ByNumber(sign=-1.0), depth=depth, blend=blend)
    found = asyncio.run(index.search("q", k))
    scores = [score for _, score in found]
    assert sorted(int(passage.id) for passage, _ in found) == list(range(min(k, size)))
    assert scores == sorted(scores, reverse=True)
    # The scorer agrees with the inner index here, so that nothing may move.
    assert [passage.id for passage, _ in found] == [str(place) for place in range(min(k, size))]


def test_ties_keep_the_inner_order_and_blend_weighs_it() -> None:
    assert ids(Reranked(inner=Listing(size=5), scorer=ByNumber(sign=0.0)), 5) == ["0", "1", "2", "3", "4"]
    assert ids(Reranked(inner=Listing(size=5), scorer=ByNumber(), blend=0.4), 5) == ["4", "3", "2", "1", "0"]
    assert ids(Reranked(inner=Listing(size=5), scorer=ByNumber(), blend=0.6), 5) == ["0", "1", "2", "3", "4"]


def test_settings_are_checked_and_come_back_from_the_spec() -> None:
    index = Reranked(inner=BM25(collection=PassageList(items=PASSAGES)), scorer=WORDS_ONLY, depth=7, blend=0.5)
    assert from_spec(to_spec(index)) == index
    assert isinstance(index, Index)
    assert isinstance(WORDS_ONLY, Ranker)
    for wrong in ({"depth": 0}, {"blend": 1.0}, {"blend": -0.1}):
        with pytest.raises(SpecError, match="reranked needs depth"):
            Reranked(**wrong)
    with pytest.raises(SpecError, match=f"there are {len(FEATURES)} features"):
        FeatureReranker(weights=(1.0,))


def test_features_say_what_their_names_say() -> None:
    found = [(passage, float(4 - place)) for place, passage in enumerate(PASSAGES)]
    query = "500 mg metformin in type 2 diabetes"
    table = asyncio.run(WORDS_ONLY.features(query, found))
    assert table.shape == (4, len(FEATURES))
    column = {name: table[:, place] for place, name in enumerate(FEATURES)}
    assert column["score"].mean() == pytest.approx(0)
    assert column["score"].std() == pytest.approx(1)
    assert column["place"][0] == 1
    assert not column["cosine"].any()  # no encoder
    share = column["rarity-weighted share of the query's words in the passage"]
    assert share[2] == pytest.approx(1)
    assert share[3] == 0
    assert list(column["share of the query's numbers in the passage"]) == [0.5, 0, 1, 0]
    assert list(column["rarest word of the query is in the passage"]) == [0, 0, 1, 0]
    pairs = column["share of the query's word pairs that stand together in the passage"]
    assert pairs[2] == pytest.approx(4 / 6)  # "500 mg", "in type", "type 2", "2 diabetes"
    assert asyncio.run(WORDS_ONLY.features(query, [])).shape == (0, len(FEATURES))


@given(query=st.text(max_size=30), texts=st.lists(st.text(max_size=40), max_size=5))
def test_features_are_numbers_whatever_is_asked(query: str, texts: list[str]) -> None:
    found = [(Passage(id=str(place), text=text), float(-place)) for place, text in enumerate(texts)]
    assert np.isfinite(asyncio.run(WORDS_ONLY.features(query, found))).all()


def test_weights_decide_the_order() -> None:
    numbers = tuple(float(name == "share of the query's numbers in the passage") for name in FEATURES)
    index = Reranked(
        inner=BM25(collection=PassageList(items=PASSAGES)), scorer=FeatureReranker(weights=numbers, encoder=None)
    )
    assert ids(index, 4, "metformin 500 mg in type 2 diabetes")[:2] == ["p2", "p0"]


def test_the_encoder_sees_meaning_where_no_word_is_shared() -> None:
    found = [(passage, 1.0) for passage in PASSAGES]
    values = asyncio.run(FeatureReranker().relevance("cardiac anatomy", found))
    assert int(values.argmax()) == 3
