"""Words, windows, tags and the way back to exact places, against brute force and against transformers' tokenizer."""

from __future__ import annotations

import functools
import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osler.tuning.heads.pairs import pieces
from osler.tuning.heads.words import Span, best_path, labels_of, read, shape_of, spans_of, tags
from osler.tuning.tokenizers.pieces import BytePairs, WordPiece

TYPES = ("Chemical", "Disease")
TEXT = "Cisplatin-induced NEPHROTOXICITY (IgA nephropathy, type 2) was seen; β-catenin rose in X-linked disease. " * 6


@functools.cache
def tokenizer(kind: str) -> Any:
    made = WordPiece(size=300) if kind == "pieces" else BytePairs(size=400)
    return made.trained([TEXT, "naïve Großhirn tumours and aspirin"])


@pytest.mark.parametrize("kind", ["pieces", "bytes"])
@pytest.mark.parametrize(("length", "stride"), [(16, 4), (40, 12), (500, 0)])
def test_windows_cover_every_word_with_the_tokens_of_the_whole_text(kind: str, length: int, stride: int) -> None:
    held = tokenizer(kind)
    found = read(TEXT, held, length=length, stride=stride)
    whole = held(TEXT, add_special_tokens=False)["input_ids"]
    assert {word for window in found.windows for word in window.words} == set(range(len(found.places)))
    assert all(len(window.ids) <= length for window in found.windows)
    starts = {window.words[0]: window for window in found.windows}
    for window in starts.values():
        inner = [token for token in window.ids if token not in held.all_special_ids or token == held.unk_token_id]
        at = next(at for at in range(len(whole)) if whole[at : at + len(inner)] == inner)
        assert whole[at : at + len(inner)] == inner
    for (start, end), word in zip(found.places, range(len(found.places)), strict=True):
        assert TEXT[start:end].strip() == TEXT[start:end], f"word {word} holds blanks"


@pytest.mark.parametrize("kind", ["pieces", "bytes"])
def test_spans_between_words_come_back_exactly(kind: str) -> None:
    places = read(TEXT, tokenizer(kind), length=40, stride=10).places
    for first, last in ((0, 0), (2, 2), (4, 5), (7, 8)):
        span = Span(places[first][0], places[last][1], "Disease")
        assert spans_of(places, labels_of(places, [span], TYPES), TYPES) == [span]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 29), st.integers(1, 4), st.sampled_from(TYPES)), max_size=6))
def test_labels_of_spans_that_do_not_overlap_come_back(drawn: list[tuple[int, int, str]]) -> None:
    places = [(3 * at, 3 * at + 2) for at in range(40)]
    spans: list[Span] = []
    for first, words, kind in sorted(drawn):
        if not spans or first * 3 > spans[-1].end:
            spans.append(Span(3 * first, 3 * (first + words) - 1, kind))
    assert spans_of(places, labels_of(places, spans, TYPES), TYPES) == spans


def test_of_overlapping_spans_the_longest_is_learnt() -> None:
    places = [(0, 2), (3, 5), (6, 8)]
    assert labels_of(places, [Span(3, 5, "Chemical"), Span(0, 8, "Disease")], TYPES) == [3, 4, 4]


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 5))
def test_best_path_is_that_of_brute_force(seed: int, words: int) -> None:
    scores = np.random.default_rng(seed).normal(size=(words, 5)).astype(np.float32)

    def valid(path: tuple[int, ...]) -> bool:
        before = (0, *path)
        return all(tag not in (2, 4) or left in (tag, tag - 1) for left, tag in itertools.pairwise(before))

    every = [path for path in itertools.product(range(5), repeat=words) if valid(path)]
    wanted = max(every, key=lambda path: sum(float(scores[at, tag]) for at, tag in enumerate(path)))
    assert tuple(best_path(scores)) == wanted
    assert tags(TYPES) == ("O", "B-Chemical", "I-Chemical", "B-Disease", "I-Disease")


def test_best_path_of_no_words_is_empty() -> None:
    assert best_path(np.zeros((0, 3), np.float32)) == []


def test_shapes_tell_spellings_apart() -> None:
    words = ("asthma", "Asthma", "AIDS", "IgA", "p53", "-")
    assert [shape_of(word) for word in words] == [1, 2, 3, 4, 5, 0]


@pytest.mark.parametrize("kind", ["pieces", "bytes"])
def test_pieces_cut_evidence_into_windows_with_the_question_in_each(kind: str) -> None:
    held = tokenizer(kind)
    found = pieces(held, "which disease", TEXT, length=48, windows=100, stride=8)
    asked = held("which disease", add_special_tokens=False)["input_ids"]
    assert len(found) > 3
    seen: set[int] = set()
    for piece in found:
        assert len(piece.ids) <= 48
        assert any(list(piece.ids[at : at + len(asked)]) == asked for at in range(4))
        seen |= {place for span in piece.offsets if span for place in range(*span)}
    assert {at for at, sign in enumerate(TEXT) if not sign.isspace()} <= seen
    assert len(pieces(held, "which disease", TEXT, length=48)) == 1


def test_a_pair_of_texts_is_framed_as_the_tokenizer_frames_it() -> None:
    held = tokenizer("pieces")
    whole = held("which disease", "IgA nephropathy")
    piece = pieces(held, "which disease", "IgA nephropathy", length=64)[0]
    assert list(piece.ids) == whole["input_ids"]
    assert list(piece.types) == whole["token_type_ids"]
    assert list(pieces(held, "aspirin", "", length=64)[0].ids) == held("aspirin")["input_ids"]
