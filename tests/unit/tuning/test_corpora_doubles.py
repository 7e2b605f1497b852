"""Doubles, contamination and links, each against a slow and plain reckoning."""

from __future__ import annotations

import itertools
import random
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from osler.core.errors import DataError, SpecError
from osler.data.overlap import normalise
from osler.tuning.corpora.cohort_notes import CohortNotes, Invented
from osler.tuning.corpora.contamination import Decontaminated, overlap_with
from osler.tuning.corpora.deduplication import Deduplicated, NearDoubles, bands_of, jaccard
from osler.tuning.corpora.given_texts import GivenTexts
from osler.tuning.corpora.links import Linked, segments
from osler.tuning.corpora.shingles import different, shingles_of, words_of
from osler.tuning.corpora.step import account


def _runs(text: str, size: int) -> set[tuple[str, ...]]:
    words = normalise(text).split()
    run = min(size, len(words))
    return {tuple(words[at : at + run]) for at in range(len(words) - run + 1)} if words else set()


def _likeness(a: str, b: str, size: int = 5) -> float:
    one, two = _runs(a, size), _runs(b, size)
    return len(one & two) / len(one | two) if one | two else 0.0


def _edited(rounds: int, seed: int = 0) -> list[str]:
    """Texts and copies of them with a few or many words changed."""
    draw = random.Random(seed)
    vocabulary = [f"w{number}" for number in range(3000)]
    found = []
    for _ in range(rounds):
        words = draw.choices(vocabulary, k=draw.randrange(20, 200))
        found.append(" ".join(words))
        for changes in (0, 1, draw.randrange(2, 12)):
            copy = list(words)
            for _ in range(changes):
                copy[draw.randrange(len(copy))] = draw.choice(vocabulary)
            found.append(" ".join(copy))
    draw.shuffle(found)
    return found


@given(st.text(max_size=80))
def test_words_have_equal_numbers_exactly_where_they_are_equal(text: str) -> None:
    words = normalise(text).split()
    numbers = words_of(text).tolist()
    assert len(numbers) == len(words)
    assert len(set(numbers)) == len(set(words)) == len(set(zip(words, numbers, strict=True)))


def test_the_number_of_a_word_hangs_on_nothing_around_it() -> None:
    assert words_of("x" * 70_000 + " aspirin, 5 mg").tolist()[1:] == words_of("ASPIRIN 5 mg").tolist()
    assert len(words_of("")) == len(words_of("... !")) == 0
    assert len(shingles_of(words_of("a b c"), 5)) == 1
    assert len(shingles_of(words_of("a b c d e f"), 5)) == 2
    assert shingles_of(words_of("a b c"), 5).tolist() != shingles_of(words_of("c b a"), 5).tolist()


@given(st.lists(st.integers(0, 40)), st.lists(st.integers(0, 40)))
def test_the_similarity_of_sets(a: list[int], b: list[int]) -> None:
    one, two = set(a), set(b)
    first, second = (different(np.array(sorted(item), np.uint64)) for item in (one, two))
    assert jaccard(first, second) == pytest.approx(len(one & two) / len(one | two) if one | two else 0.0)


@pytest.mark.parametrize("threshold", [0.5, 0.7, 0.8, 0.9])
def test_bands_meet_a_pair_at_the_threshold(threshold: float) -> None:
    bands, rows = bands_of(threshold, 128)
    assert bands * rows <= 128
    assert 1 - (1 - threshold**rows) ** bands >= 0.99


def test_signatures_agree_as_often_as_the_sets_are_alike() -> None:
    near = NearDoubles(0.8, 1024)
    draw = np.random.default_rng(1)
    for share in (0.2, 0.5, 0.8):
        every = draw.integers(0, 1 << 63, 1500, dtype=np.uint64)
        shared = round(len(every) * share)
        middle = (len(every) - shared) // 2
        a, b = np.sort(every[: shared + middle]), np.sort(np.r_[every[:shared], every[shared + middle :]])
        assert (near.signature(a) == near.signature(b)).mean() == pytest.approx(jaccard(a, b), abs=0.06)


@pytest.mark.parametrize("threshold", [0.6, 0.8])
def test_near_doubles_against_every_pair(threshold: float) -> None:
    """No text goes for a chance likeness (precision 1); of the texts near to one that stays, 0.98 or more go."""
    texts = _edited(40)
    corpus = GivenTexts(given=tuple(texts))
    kept = {int(text.id) for text in Deduplicated(corpus=corpus, threshold=threshold).texts()}
    near = {
        at: any(earlier in kept and _likeness(texts[at], texts[earlier]) >= threshold for earlier in range(at))
        for at in range(len(texts))
    }
    dropped = [at for at in near if at not in kept]
    assert len(dropped) > 50
    assert all(near[at] for at in dropped)
    assert len(dropped) >= 0.98 * sum(near.values())


def test_equal_texts_go_whatever_their_marks_and_case() -> None:
    corpus = GivenTexts(
        given=("Chest pain, acute.", "chest pain acute", "CHEST  PAIN; ACUTE!", "pain chest acute", "!", "?")
    )
    report = Deduplicated(corpus=corpus, threshold=0).report()
    assert (report.texts, dict(report.dropped)) == (4, {"equal": 2})
    assert [text.id for text in Deduplicated(corpus=corpus).texts()] == ["0", "3", "4", "5"]


def test_deduplicating_twice_changes_nothing_more() -> None:
    once = Deduplicated(corpus=CohortNotes(patients=30), threshold=0.3)
    assert list(Deduplicated(corpus=once, threshold=0.3).texts()) == list(once.texts())
    with pytest.raises(SpecError):
        Deduplicated(corpus=CohortNotes(), threshold=1.5)


def _article(seed: int, words: int = 400) -> str:
    draw = random.Random(seed)
    return " ".join(draw.choice("abcdefghij") * draw.randrange(1, 4) + str(draw.randrange(99)) for _ in range(words))


def test_what_of_the_test_texts_stands_in_a_corpus() -> None:
    articles = [_article(seed) for seed in range(6)]
    words = articles[2].split()
    tests = {
        "inside": " ".join(words[100:140]).upper() + "!",
        "half": " ".join(words[200:225]) + " " + _article(90, 25),
        "whole": articles[3],
        "near": articles[4] + " and one more",
        "short": " ".join(words[10:17]),
        "new": _article(91, 40),
        "tiny": "a1 b2",
    }
    found = overlap_with(GivenTexts(given=tuple(articles)), tests)
    for name, text in tests.items():
        runs = _runs(text, 13)
        size = len(next(iter(runs)))
        there = {run for article in articles for run in _runs_of(article, size)}
        share = len(runs & there) / len(runs)
        assert found.shares.get(name, 0.0) == pytest.approx(share if name != "tiny" else 0.0), name
    assert (found.exact, found.near, found.checked, found.too_short, found.dirty) == (1, 1, 7, 1, 5)
    assert set(found.whole()) == {"inside", "whole", "near", "short"}
    assert found.touched == ("2", "3", "4")
    assert found.told().startswith("5 of 7 test texts")


def _runs_of(text: str, size: int) -> set[tuple[str, ...]]:
    words = text.split()
    return {tuple(words[at : at + size]) for at in range(len(words) - size + 1)}


def test_a_corpus_without_test_texts() -> None:
    articles = [_article(seed) for seed in range(6)]
    test = GivenTexts(given=(" ".join(articles[2].split()[50:70]), "too short"))
    corpus = GivenTexts(given=tuple(articles))
    clean = Decontaminated(corpus=corpus, against=(test,))
    assert [text.id for text in clean.texts()] == ["0", "1", "3", "4", "5"]
    assert dict(clean.report().dropped) == {"holds test text": 1}
    assert overlap_with(clean, test).dirty == 0
    assert len(list(Decontaminated(corpus=corpus, against=(test,), runs=9).texts())) == 6
    with pytest.raises(SpecError, match="sources of cases"):
        Decontaminated(corpus=corpus, against=("words",))


def test_segments_lose_nothing() -> None:
    text = " ".join(map(str, range(250)))
    assert [len(part.split()) for part in segments(text, 100)] == [100, 100, 50]
    assert [len(part.split()) for part in segments(text, 80)] == [80, 80, 90]
    assert " ".join(segments(text, 80)) == text
    assert segments("", 10) == []


def test_pairs_are_what_they_say_and_each_relation_as_often() -> None:
    corpus = Linked(corpus=Invented(diseases=30), words=20)
    held = {text.id: text for text in corpus.texts()}
    pairs = list(corpus.pairs(each=20))
    assert pairs == list(corpus.pairs(each=20))
    counts = Counter(pair.relation for pair in pairs)
    assert max(counts.values()) < 1.15 * min(counts.values())
    for pair in pairs:
        one, two = pair.documents
        own, other = segments(held[one].text, 20), segments(held[two].text, 20)
        if pair.relation == "contiguous":
            assert one == two
            assert (pair.first, pair.second) in list(itertools.pairwise(own))
        else:
            assert pair.first in own
            assert pair.second in other
            assert (two in held[one].links) == (pair.relation == "linked")


def test_popular_documents_are_drawn_less_often() -> None:
    """Ten documents cite a popular and an own one: with inverse popularity the popular one is drawn 1 in 11 times."""
    cited = [("popular", f"own{number}") for number in range(10)]
    names = [*(f"d{number}" for number in range(10)), "popular", *(f"own{number}" for number in range(10))]
    corpus = GivenTexts(given=("a b",) * 21, ids=tuple(names), links=(*cited, *(((),) * 11)))
    pairs = list(Linked(corpus=corpus, relations=("linked",)).pairs(each=200))
    share = sum(pair.documents[1] == "popular" for pair in pairs) / len(pairs)
    assert share == pytest.approx(1 / 11, abs=0.03)


def test_links_to_what_is_not_there_go() -> None:
    corpus = GivenTexts(given=("a", "b", " "), ids=("x", "y", "z"), links=(("y", "gone", "x", "z"), (), ()))
    assert [text.links for text in Linked(corpus=corpus).texts()] == [("y",), (), ()]
    assert [text.links for text in Linked(corpus=corpus, both=True).texts()] == [("y",), ("x",), ()]
    assert account(Linked(corpus=corpus)).changed == 1
    with pytest.raises(DataError, match="no document gives a pair"):
        list(Linked(corpus=GivenTexts(given=("a",)), relations=("linked",)).pairs())
