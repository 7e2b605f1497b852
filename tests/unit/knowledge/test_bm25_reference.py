"""BM25 beside public implementations, on the same tokens: the same passages in the same order."""

from __future__ import annotations

import asyncio
import itertools
import math
import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osler.core.types import Passage
from osler.knowledge.bm25 import BM25
from osler.knowledge.maxscore import _lines, _met, best
from osler.knowledge.passages import PassageList
from osler.knowledge.postings import Postings
from osler.knowledge.tokens import Stem, Tokens, asked, cutter

bm25s = pytest.importorskip("bm25s", reason="the reference implementation is not installed")

WORDS = ("heart", "hearts", "blood", "liver", "bile", "insulin", "red", "glucose", "the", "of")
documents = st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=12).map(" ".join), min_size=1, max_size=15)


def by_reference(texts: list[str], query: list[str], k1: float, b: float) -> dict[str, float]:
    """Scores of bm25s, variant "lucene", on terms given as numbers; k1 + 1 is not among its factors."""
    cut = [text.split() for text in texts]
    numbers = {word: number for number, word in enumerate(dict.fromkeys(itertools.chain(*cut, query)))}
    made = bm25s.BM25(method="lucene", k1=k1, b=b, dtype="float64", backend="numpy")
    made.index(([[numbers[word] for word in words] for words in cut], numbers), show_progress=False)
    scores = made.get_scores([numbers[word] for word in query])
    return {str(place): float(score) * (k1 + 1) for place, score in enumerate(scores) if score > 0}


@settings(max_examples=60, deadline=None)
@given(
    documents,
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=6),
    st.sampled_from([(1.2, 0.75), (0.9, 0.4), (2.0, 1.0)]),
)
def test_scores_are_those_of_bm25s(texts: list[str], query: list[str], weights: tuple[float, float]) -> None:
    items = tuple(Passage(id=str(place), text=text) for place, text in enumerate(texts))
    made = BM25(collection=PassageList(items=items), k1=weights[0], b=weights[1], tokens="words", stem="", stop="")
    found = {passage.id: score for passage, score in asyncio.run(made.search(" ".join(query), len(texts)))}
    assert found == pytest.approx(by_reference(texts, query, *weights), rel=1e-6)


@settings(max_examples=30, deadline=None)
@given(
    documents,
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map(" ".join),
    st.sampled_from(["", "s", "porter"]),
)
def test_so_they_are_with_stems_and_without_asking_words(texts: list[str], query: str, stem: Stem) -> None:
    tokens: Tokens = "multilingual"
    cut = cutter(tokens, stem)
    items = tuple(Passage(id=str(place), text=text) for place, text in enumerate(texts))
    made = BM25(collection=PassageList(items=items), tokens=tokens, stem=stem)
    found = {passage.id: score for passage, score in asyncio.run(made.search(query, len(texts)))}
    wanted = by_reference(
        [" ".join(cut(text)) for text in texts], list(asked(query, tokens, stem, "english").elements()), 1.2, 0.75
    )
    assert found == pytest.approx(wanted, rel=1e-6)


def brute(texts: dict[int, list[str]], query: Counter[str], k: int) -> list[tuple[int, float]]:
    """Every score by the formula, in plain Python."""
    mean = sum(map(len, texts.values())) / len(texts)
    holding = {term: sum(term in words for words in texts.values()) for term in query}
    out = []
    for place, words in texts.items():
        score = 0.0
        for term, times in query.items():
            often = words.count(term)
            idf = math.log(1 + (len(texts) - holding[term] + 0.5) / (holding[term] + 0.5))
            score += times * idf * often * 2.2 / (often + 1.2 * (0.25 + 0.75 * len(words) / mean))
        if score > 0:
            out.append((place, score))
    return sorted(out, key=lambda hit: (-round(hit[1], 9), hit[0]))[:k]


@pytest.mark.parametrize("changed", [False, True])
def test_most_occurrences_are_never_touched_and_the_result_is_exact(changed: bool) -> None:
    """Words as in a language: a few stand nearly everywhere, most in a handful of texts."""
    draw = random.Random(5)
    words = [f"w{number}" for number in range(800)]
    shares = [1 / (number + 1) for number in range(800)]
    texts = {place: draw.choices(words, shares, k=draw.randint(5, 60)) for place in range(1500)}
    made = Postings([" ".join(text) for text in texts.values()], str.split, 1.2, 0.75)
    if changed:
        for place in range(0, 300, 3):
            made.remove(place, " ".join(texts.pop(place)))
        for _ in range(150):
            text = draw.choices(words, shares, k=draw.randint(5, 90))
            texts[made.add(" ".join(text))] = text
    read = []
    for _ in range(40):
        query = Counter(draw.choices(words, [share**0.5 for share in shares], k=draw.randint(1, 9)))
        for k in (1, 10, 100):
            places, scores = best(made, query, k)
            found = list(zip(places.tolist(), scores.tolist(), strict=True))[:k]
            wanted = brute(texts, query, k)
            assert [score for _, score in found] == pytest.approx([score for _, score in wanted], abs=1e-9)
            assert [place for place, _ in found] == [place for place, _ in wanted]
            assert not made.scores.any()
        done = _met(made, _lines(made, query), 1)
        made.scores.fill(0)
        read.append(
            (sum(line.held for line in _lines(made, query)[: done[1]]), sum(made.held[made.numbers[t]] for t in query))
        )
    assert sum(poured for poured, _ in read) < 0.6 * sum(everything for _, everything in read)
