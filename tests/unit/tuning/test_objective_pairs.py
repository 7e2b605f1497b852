"""Objectives that pair segments: what follows, what is random, what is linked, and the labels of each."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osler.core.errors import SpecError
from osler.tuning.objectives.document_relation import RELATIONS, DocumentRelation, Relation, linked
from osler.tuning.objectives.next_sentence import NEXT, RANDOM, NextSentence
from osler.tuning.objectives.objective import NOTHING, Document, Row, Vocabulary
from osler.tuning.objectives.segments import followers, segments_of
from osler.tuning.objectives.sentence_order import IN_ORDER, SWAPPED, SentenceOrder

WORDS = Vocabulary(10_000, 0, 2, 3, 4, frozenset({0, 1, 2, 3, 4}), {})


def document(of: int, sentences: int = 6, size: int = 4, links: tuple[str, ...] = ()) -> Document:
    """Token ids tell the document (hundreds) and the place in it."""
    ids = 100 * (of + 1) + np.arange(sentences * size)
    starts = np.arange(0, sentences * size, size)
    return Document(f"d{of}", ids, np.arange(len(ids)), starts, links, 100)


def halves(row: Row) -> tuple[list[int], list[int]]:
    free = row.words >= 0
    return row.ids[free & (row.types == 0)].tolist(), row.ids[free & (row.types == 1)].tolist()


@given(st.lists(st.integers(1, 15), min_size=1, max_size=20), st.integers(2, 20))
@settings(max_examples=80, deadline=None)
def test_segments_cover_a_document_in_order(sizes: list[int], limit: int) -> None:
    starts = np.r_[0, np.cumsum(sizes)[:-1]]
    held = Document("d", np.arange(sum(sizes)), np.arange(sum(sizes)), starts)
    cut = segments_of(held, 0, limit)
    assert [at for one in cut for at in range(one.start, one.stop)] == list(range(sum(sizes)))
    assert all(0 < one.stop - one.start <= max(limit, 1) for one in cut)
    assert len(cut) >= 2 or sum(sizes) == 1
    pairs = followers(cut)
    assert {one for both in pairs for one in both} == (set(cut) if len(cut) > 1 else set())
    assert all(first.stop == second.start for first, second in pairs)


def test_half_of_the_pairs_follow_each_other() -> None:
    documents = [document(of) for of in range(40)]
    rows = NextSentence(copies=4).rows(documents, 27, WORDS, 0)
    for row in rows:
        first, second = halves(row)
        assert (second[0] == first[-1] + 1) == (row.label == NEXT)
        assert (first[0] // 100 != second[0] // 100) == (row.label == RANDOM)
        assert row.ids[0] == WORDS.begin
        assert (row.ids == WORDS.end).sum() == 2
        assert len(row.ids) <= 27
    share = np.mean([row.label == RANDOM for row in rows])
    assert share == pytest.approx(0.5, abs=3 * 0.5 / np.sqrt(len(rows)))


def test_one_document_alone_has_only_what_follows() -> None:
    assert {row.label for row in NextSentence(copies=5).rows([document(0)], 27, WORDS, 0)} == {NEXT}


def test_half_of_the_pairs_are_swapped() -> None:
    rows = SentenceOrder(copies=6).rows([document(of) for of in range(30)], 27, WORDS, 0)
    for row in rows:
        first, second = halves(row)
        assert first[0] // 100 == second[0] // 100
        assert (second[0] == first[-1] + 1) == (row.label == IN_ORDER)
        assert (first[0] == second[-1] + 1) == (row.label == SWAPPED)
    share = np.mean([row.label == SWAPPED for row in rows])
    assert share == pytest.approx(0.5, abs=3 * 0.5 / np.sqrt(len(rows)))


def test_relations_are_drawn_equally_and_are_what_they_say() -> None:
    documents = [document(of, links=(f"d{(of + 7) % 30}",)) for of in range(30)]
    rows = DocumentRelation(copies=8).rows(documents, 27, WORDS, 1)
    for row in rows:
        first, second = halves(row)
        here, there = first[0] // 100 - 1, second[0] // 100 - 1
        relation = RELATIONS[row.label]
        if relation == "contiguous":
            assert second[0] == first[-1] + 1
        if relation == "linked":
            assert there == (here + 7) % 30
        if relation == "random":
            assert there != here
    shares = Counter(RELATIONS[row.label] for row in rows)
    for relation in RELATIONS:
        assert shares[relation] / len(rows) == pytest.approx(1 / 3, abs=3 * 0.48 / np.sqrt(len(rows)))


@pytest.mark.parametrize("relation", RELATIONS)
def test_one_relation_alone_forms_only_such_rows(relation: Relation) -> None:
    documents = [document(of, links=(f"d{(of + 1) % 5}",)) for of in range(5)]
    rows = DocumentRelation(relations=(relation,)).rows(documents, 27, WORDS, 0)
    assert {RELATIONS[row.label] for row in rows} == {relation}
    unlabelled = DocumentRelation(relations=(relation,), predicted=False)
    assert {row.label for row in unlabelled.rows(documents, 27, WORDS, 0)} == {NOTHING}
    assert unlabelled.head(8) is None


def test_without_links_a_linked_pair_is_what_follows() -> None:
    rows = DocumentRelation(relations=("linked",)).rows([document(of) for of in range(3)], 27, WORDS, 0)
    assert {RELATIONS[row.label] for row in rows} == {"contiguous"}


def test_much_linked_documents_do_not_fill_the_rows() -> None:
    """Each document links to d0 and to one of its own: weights of one over the times linked to, 1/20 to 1."""
    documents = [document(of, links=("d0", f"d{20 + of}")) for of in range(1, 20)]
    documents = [document(0), *documents, *(document(of) for of in range(20, 40))]
    shares = {}
    for diverse in (True, False):
        rows = DocumentRelation(relations=("linked",), diverse=diverse, copies=10).rows(documents, 27, WORDS, 0)
        found = [row for row in rows if RELATIONS[row.label] == "linked"]
        shares[diverse] = np.mean([halves(row)[1][0] // 100 == 1 for row in found])
    assert shares[True] == pytest.approx(1 / 20, abs=0.04)
    assert shares[False] == pytest.approx(0.5, abs=0.08)


def test_links_to_itself_and_to_what_is_not_there_are_none() -> None:
    assert linked([document(0, links=("d0", "d1", "d9", "d1")), document(1)]) == [[1], []]


def test_settings_that_cannot_be_are_refused() -> None:
    with pytest.raises(SpecError, match="each relation once"):
        DocumentRelation(relations=("linked", "linked"))
    for kind in (NextSentence, SentenceOrder, DocumentRelation):
        with pytest.raises(SpecError, match="copies"):
            kind(copies=0)
