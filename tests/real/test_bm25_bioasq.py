"""BM25 on BioASQ's judgements: the order of a public implementation on the same tokens, and how good it is."""

from __future__ import annotations

import asyncio
import math
import os

import pytest

from osler.core.block import digest
from osler.data.sets.bioasq import BioASQ
from osler.knowledge.bm25 import BM25
from osler.knowledge.tokens import terms

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not os.environ.get("OSLER_DATA"), reason="OSLER_DATA is not set"),
]

PLAIN = BM25(collection=BioASQ(), tokens="words", stem="", stop="")


def ndcg(found: list[str], relevant: set[str], k: int = 10) -> float:
    gained = sum(1 / math.log2(rank + 2) for rank, name in enumerate(found[:k]) if name in relevant)
    return gained / sum(1 / math.log2(rank + 2) for rank in range(min(k, len(relevant))))


async def searched(index: BM25, queries: list[str], k: int) -> list[list[tuple[str, float]]]:
    return [[(passage.id, score) for passage, score in await index.search(query, k)] for query in queries]


def test_the_order_is_that_of_bm25s_on_the_same_tokens() -> None:
    bm25s = pytest.importorskip("bm25s", reason="the reference implementation is not installed")
    passages = BioASQ().passages()
    queries = [example.input["question"] for example in BioASQ().examples("test")[::20]]
    vocabulary: dict[str, int] = {}
    cut = [[vocabulary.setdefault(word, len(vocabulary)) for word in terms(passage.text)] for passage in passages]
    reference = bm25s.BM25(method="lucene", k1=1.2, b=0.75, dtype="float64", backend="numpy")
    reference.index((cut, vocabulary), show_progress=False)
    for query, found in zip(queries, asyncio.run(searched(PLAIN, queries, 10)), strict=True):
        scores = reference.get_scores([vocabulary[word] for word in terms(query) if word in vocabulary]) * 2.2
        order = sorted(range(len(passages)), key=lambda place: (-round(float(scores[place]), 6), place))[:10]
        assert [score for _, score in found] == pytest.approx([float(scores[place]) for place in order], rel=1e-6)
        rounded = sorted(found, key=lambda hit: -round(hit[1], 6))
        assert [name for name, _ in rounded] == [passages[place].id for place in order]


def test_stems_and_asking_words_are_worth_it_on_the_half_they_were_not_chosen_on() -> None:
    cases = [case for case in BioASQ().examples("test") if int(digest(case.id.encode(), size=4), 16) % 2 == 1]
    queries = [case.input["question"] for case in cases]
    values = []
    for index in (PLAIN, BM25(collection=BioASQ())):
        found = asyncio.run(searched(index, queries, 10))
        values.append(
            [
                ndcg([name for name, _ in hits], set(case.meta["relevance"]))
                for case, hits in zip(cases, found, strict=True)
                if case.meta["relevance"]
            ]
        )
    plain, better = (sum(one) / len(one) for one in values)
    assert plain == pytest.approx(0.655, abs=0.002)
    assert better == pytest.approx(0.749, abs=0.003)
