"""Fusion of lists: equal to the formulas written out, stable, and asked side by side."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osler.core.block import block, from_spec, to_spec
from osler.core.errors import SpecError
from osler.core.types import Passage
from osler.knowledge.fusion import Fused, Weighted
from osler.knowledge.passages import Index


@block
class Listed:
    """An index whose answer is always the same list."""

    hits: tuple[tuple[str, float], ...] = ()
    turns: int = 0

    async def search(self, query: str, k: int) -> list[tuple[Passage, float]]:
        for _ in range(self.turns):
            await asyncio.sleep(0)
        return [(Passage(id=name, text=f"text {name}"), score) for name, score in self.hits[:k]]


def search(index: Index, k: int = 10) -> list[tuple[str, float]]:
    return [(passage.id, score) for passage, score in asyncio.run(index.search("anything", k))]


def listed(**scores: float) -> Listed:
    return Listed(hits=tuple(sorted(scores.items(), key=lambda item: -item[1])))


lists = st.lists(
    st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 9).map(float), max_size=8), min_size=1, max_size=4
)


@given(lists, st.sampled_from([0.0, 19.0, 60.0, 100.0]), st.integers(1, 9))
def test_reciprocal_rank_fusion_is_its_formula(scores: list[dict[str, float]], constant: float, k: int) -> None:
    indexes = tuple(listed(**one) for one in scores)
    wanted: dict[str, float] = {}
    for index in indexes:
        for rank, (name, _) in enumerate(index.hits, 1):
            wanted[name] = wanted.get(name, 0.0) + 1 / (constant + rank)
    found = search(Fused(indexes=indexes, constant=constant), 8)
    assert dict(found) == pytest.approx(wanted)
    assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)
    assert search(Fused(indexes=indexes, constant=constant), k) == found[:k]


def test_what_both_find_comes_first_and_ties_are_stable() -> None:
    one, two = listed(a=3, b=2, c=1), listed(c=3, d=2, e=1)
    assert [name for name, _ in search(Fused(indexes=(one, two)))] == ["c", "a", "b", "d", "e"]
    # MedRAG's figures: 1 / (100 + rank)
    ((name, score),) = search(Fused(indexes=(one, two), constant=100), 1)
    assert name == "c"
    assert score == pytest.approx(1 / 103 + 1 / 101)


def test_depth_cuts_each_list() -> None:
    one, two = listed(a=3, b=2, c=1), listed(c=3, d=2, e=1)
    assert [name for name, _ in search(Fused(indexes=(one, two), depth=1))] == ["a", "c"]
    assert [name for name, _ in search(Weighted(indexes=(one, two), weights=(1, 1), depth=1))] == ["a", "c"]


def test_a_long_list_is_asked_for_more_than_k() -> None:
    one = Listed(hits=tuple((f"p{place}", 100.0 - place) for place in range(100)))
    two = Listed(hits=(*((f"q{place}", 200.0 - place) for place in range(60)), ("p50", 1.0)))
    assert search(Fused(indexes=(one, two)), 1)[0][0] == "p50"


def test_indexes_are_asked_side_by_side() -> None:
    """The first waits for turns that only the second gives."""
    order: list[str] = []

    async def watched() -> None:
        async def note(index: Listed, name: str) -> None:
            await index.search("", 1)
            order.append(name)

        await asyncio.gather(note(Listed(turns=5), "slow"), note(Listed(turns=1), "fast"))
        await Fused(indexes=(Listed(turns=3), Listed(turns=1))).search("", 3)

    asyncio.run(watched())
    assert order == ["fast", "slow"]


def test_weighted_means_of_scaled_scores() -> None:
    one, two = listed(a=10, b=5, c=0), listed(b=2, d=1)
    made = search(Weighted(indexes=(one, two), weights=(1, 3)))
    assert [name for name, _ in made] == ["b", "a", "d", "c"]
    assert [score for _, score in made] == pytest.approx([0.25 * 0.5 + 0.75, 0.25, 0.0, 0.0])


def test_z_scores_give_what_is_missing_the_lowest_of_the_list() -> None:
    one, two = listed(a=3, b=2, c=1), listed(a=1, d=0)
    found = dict(search(Weighted(indexes=(one, two), weights=(1, 1), scale="z")))
    high = (1.5) ** 0.5
    assert found["a"] == pytest.approx((high + 1) / 2)
    assert found["b"] == pytest.approx((0 - 1) / 2)
    assert found["d"] == pytest.approx((-high - 1) / 2)
    assert found["c"] == pytest.approx((-high - 1) / 2)


@pytest.mark.parametrize("scale", ["minmax", "z"])
def test_equal_scores_and_empty_lists_do_no_harm(scale: str) -> None:
    same, nothing = listed(a=2, b=2), Listed()
    made = Weighted(indexes=(same, nothing), weights=(1, 0), scale=scale)  # type: ignore[arg-type]
    assert [name for name, _ in search(made)] == ["a", "b"]
    assert search(Weighted(indexes=(nothing,), weights=(1,))) == []
    assert search(Fused(indexes=(nothing,))) == []
    assert search(Fused(indexes=(same,)), 0) == search(made, 0) == []


@given(lists, st.integers(1, 9))
def test_weighted_is_the_same_for_multiples_of_the_weights(scores: list[dict[str, float]], factor: int) -> None:
    indexes = tuple(listed(**one) for one in scores)
    weights = tuple(float(place + 1) for place in range(len(indexes)))
    more = tuple(weight * factor for weight in weights)
    once, often = search(Weighted(indexes=indexes, weights=weights)), search(Weighted(indexes=indexes, weights=more))
    assert dict(once) == pytest.approx(dict(often))


def test_they_are_blocks_and_refuse_what_cannot_be() -> None:
    made = Fused(indexes=(Weighted(indexes=(listed(a=1),), weights=(2,)), listed(b=1)))
    assert from_spec(to_spec(made)) == made
    for wrong in ({"indexes": ()}, {"constant": -1}, {"depth": -1}):
        with pytest.raises(SpecError, match="fused needs"):
            Fused(**wrong)
    for weights in ((1.0, 1.0), (0.0,), (-1.0,), ()):
        with pytest.raises(SpecError, match="one weight"):
            Weighted(weights=weights)
