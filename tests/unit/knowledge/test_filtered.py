"""Filters by what is known of passages: every kind of condition, and never fewer hits than there are."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osler.core.block import block, from_spec, to_spec
from osler.core.errors import SpecError
from osler.core.types import Passage
from osler.knowledge.bm25 import BM25
from osler.knowledge.document import Document
from osler.knowledge.filtered import Filtered, collection_of, meets
from osler.knowledge.fusion import Fused
from osler.knowledge.passages import PassageList
from osler.knowledge.store import KnowledgeStore
from osler.knowledge.stored import Stored


@block
class ShownPassages:
    """Passages of one word each, of which is known what the mapping says."""

    known: Mapping[str, Any] = {}

    def passages(self) -> Sequence[Passage]:
        return tuple(Passage(id=name, text="heart " * (1 + place % 3)) for place, name in enumerate(self.known))

    def about(self, passage: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.known.get(passage, {})
        return found


def search(made: Filtered, k: int = 100) -> list[str]:
    return [passage.id for passage, _ in asyncio.run(made.search("heart", k))]


@pytest.mark.parametrize(
    ("known", "wanted", "passes"),
    [
        ("en", "en", True),
        ("en", "zh", False),
        ("en", ["zh", "en"], True),
        ("en", [], False),
        (None, "en", False),
        ("", "en", False),
        ([], "en", False),
        (["a", "b"], "b", True),
        (["a", "b"], ["c"], False),
        ("2026-03-01", {"from": "2026-03-01"}, True),
        ("2026-03-01", {"to": "2026-03-01"}, False),
        ("2026-02-28", {"from": "2026-01-01", "to": "2026-03-01"}, True),
        (2020, {"from": 2019, "to": 2021}, True),
        (2020, {"from": "2019"}, False),
        ("https://a.org/x", {"starts": "https://a.org/"}, True),
        (7, {"starts": "7"}, False),
        ("zh-Hant", {"language": "zh"}, True),
        ("zha", {"language": "zh"}, False),
        ("es", {"language": ["zh", "es"]}, True),
        (1, True, False),
        (True, True, True),
        (0, 0, True),
        (0, {"from": 0}, True),
    ],
)
def test_conditions(known: Any, wanted: Any, passes: bool) -> None:
    assert meets(known, wanted) is passes


def test_what_is_not_known_passes_only_if_told_so() -> None:
    collection = ShownPassages(known={"a": {"year": 2020}, "b": {}, "c": {"year": 1999}})
    where = {"year": {"from": 2010}}
    assert search(Filtered(inner=BM25(collection=collection), where=where)) == ["a"]
    assert set(search(Filtered(inner=BM25(collection=collection), where=where, missing=True))) == {"a", "b"}
    assert len(search(Filtered(inner=BM25(collection=collection)))) == 3


@given(st.lists(st.booleans(), max_size=120), st.integers(1, 30))
def test_it_gives_k_where_there_are_k_in_the_order_of_the_index(kept: list[bool], k: int) -> None:
    collection = ShownPassages(known={f"p{place:03}": {"kept": flag} for place, flag in enumerate(kept)})
    inner = BM25(collection=collection)
    everything = [passage.id for passage, _ in asyncio.run(inner.search("heart", 1000))]
    wanted = [name for name in everything if collection.known[name]["kept"]]
    assert search(Filtered(inner=inner, where={"kept": True}), k) == wanted[:k]


def test_over_a_store_by_source_and_meta(tmp_path: Path) -> None:
    with KnowledgeStore(tmp_path, create=True) as store:
        for number in range(30):
            source = "https://a.org/1" if number == 29 else "https://b.org/2"
            store.create(
                Document(id=f"d{number}", text="The heart pumps.", source=source, meta={"year": 2000 + number})
            )
        inner = Fused(indexes=(BM25(collection=Stored(path=str(tmp_path))),))
        assert search(Filtered(inner=inner, where={"source": {"starts": "https://a.org/"}}), 1) == ["d29/v1/0-16"]
        assert len(search(Filtered(inner=inner, where={"year": {"from": 2010, "to": 2012}}))) == 2
        assert search(Filtered(inner=inner, where={"document": ["d3", "d4"]})) == ["d3/v1/0-16", "d4/v1/0-16"]


def test_the_collection_is_found_under_what_stands_around_it() -> None:
    one, two = ShownPassages(known={"a": {}}), ShownPassages(known={"b": {}})
    assert collection_of(Fused(indexes=(BM25(collection=one), BM25(collection=one)))) == one
    assert collection_of(Fused(indexes=(BM25(collection=one), BM25(collection=two)))) is None
    assert collection_of(Filtered(inner=BM25(collection=one))) == one
    assert search(Filtered(inner=BM25(collection=PassageList()), about=one)) == []


def test_it_is_a_block_and_refuses_what_cannot_be() -> None:
    inner = BM25(collection=ShownPassages(known={"a": {}}))
    made = Filtered(inner=inner, where={"year": {"from": 2000}, "language": ["en"]})
    assert from_spec(to_spec(made)) == made
    with pytest.raises(SpecError, match="cannot be tested by 'form'"):
        Filtered(inner=inner, where={"year": {"form": 2000}})
    with pytest.raises(SpecError, match="empty table"):
        Filtered(inner=inner, where={"year": {}})
    with pytest.raises(SpecError, match="needs a collection"):
        Filtered(inner=BM25(collection=PassageList()), where={"year": 2000})
