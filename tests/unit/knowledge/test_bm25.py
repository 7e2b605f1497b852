"""BM25: equal to its formula written out, the same everywhere, and safe against odd queries."""

from __future__ import annotations

import asyncio
import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osler.core.block import block_id, from_spec, replace, to_spec
from osler.core.errors import SpecError
from osler.core.types import Passage
from osler.knowledge.bm25 import BM25, terms
from osler.knowledge.passages import PassageList

TEXTS = (
    "The heart pumps blood.",
    "Blood carries oxygen; blood is red.",
    "The liver makes bile.",
    "Insulin lowers glucose in the blood.",
    "",
)


def index(*texts: str, k1: float = 1.2, b: float = 0.75) -> BM25:
    items = tuple(Passage(id=str(place), text=text) for place, text in enumerate(texts))
    return BM25(collection=PassageList(items=items), k1=k1, b=b, tokens="words", stem="", stop="")


def search(made: BM25, query: str, k: int) -> list[tuple[Passage, float]]:
    return asyncio.run(made.search(query, k))


def by_the_formula(texts: tuple[str, ...], query: str, k1: float, b: float) -> dict[str, float]:
    """The formula as it stands in the docstring, in plain Python."""
    docs = [terms(text) for text in texts]
    mean = sum(map(len, docs)) / len(docs) or 1.0
    out: dict[str, float] = {}
    for place, doc in enumerate(docs):
        score = 0.0
        for term in terms(query):
            often = doc.count(term)
            holding = sum(term in other for other in docs)
            idf = math.log(1 + (len(docs) - holding + 0.5) / (holding + 0.5))
            score += idf * often * (k1 + 1) / (often + k1 * (1 - b + b * len(doc) / mean)) if often else 0.0
        if score:
            out[str(place)] = score
    return out


words = st.lists(st.sampled_from(["heart", "blood", "liver", "bile", "insulin", "red", "the", "of"]), max_size=12).map(
    " ".join
)


@given(
    st.lists(words, min_size=1, max_size=12),
    words,
    st.sampled_from([0.0, 0.9, 1.2, 2.0]),
    st.sampled_from([0, 0.75, 1]),
)
def test_it_equals_the_formula(texts: list[str], query: str, k1: float, b: float) -> None:
    found = search(index(*texts, k1=k1, b=b), query, len(texts))
    wanted = by_the_formula(tuple(texts), query, k1, b)
    assert {passage.id: score for passage, score in found} == pytest.approx(wanted)
    assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)


@given(st.lists(words, min_size=1, max_size=12), words, st.integers(1, 6))
def test_the_first_k_are_the_head_of_all(texts: list[str], query: str, k: int) -> None:
    made = index(*texts)
    assert search(made, query, k) == search(made, query, len(texts))[:k]


def test_equal_scores_keep_the_order_of_the_collection() -> None:
    found = search(index(*["red blood"] * 5, "liver"), "blood", 3)
    assert [passage.id for passage, _ in found] == ["0", "1", "2"]


def test_a_rare_word_counts_more_and_a_word_of_the_query_twice_counts_twice() -> None:
    made = index(*TEXTS)
    assert search(made, "blood liver", 1)[0][0].id == "2"
    (once,), (twice,) = search(made, "insulin", 1), search(made, "insulin insulin", 1)
    assert twice[1] == pytest.approx(2 * once[1])


@pytest.mark.parametrize("query", ["", "   ", "?!;", "zebra", "\x00"])
def test_a_query_without_a_known_word_finds_nothing(query: str) -> None:
    assert search(index(*TEXTS), query, 5) == []
    assert search(index(*TEXTS), "blood", 0) == []
    assert search(index(), "blood", 5) == []


def test_words_are_folded_and_chinese_characters_stand_alone() -> None:
    assert terms("HbA1c, β-Blocker; ﬁne") == ["hba1c", "β", "blocker", "fine"]
    assert Counter(terms("糖尿病 type 2")) == Counter(["糖", "尿", "病", "type", "2"])


def test_it_is_a_block_and_its_id_follows_its_passages() -> None:
    made = index(*TEXTS)
    assert from_spec(to_spec(made)) == made
    assert block_id(index(*TEXTS[:2])) != block_id(made)
    assert block_id(replace(made, k1=0.9)) != block_id(made)
    with pytest.raises(SpecError, match="bm25 needs"):
        index(b=1.5)
