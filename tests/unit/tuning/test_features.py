"""Features of a question and its evidence."""

from __future__ import annotations

import numpy as np
import pytest

from osler.models.asked import Asked
from osler.tuning.features import COSINES, LEXICAL, PARTS, features, focus, texts_of, width

VECTORS = np.array([[1, 0, 0], [0.6, 0.8, 0], [0, 0, 1], [0.8, 0, 0.6]], np.float32)
ASKED = Asked(
    "Trial: aspirin\nCriterion (exclusion): Age over 75",
    {"0": "A 58-year-old man.", "1": "No fever.", "2": "Age spots."},
)


def named(asked: Asked = ASKED, vectors: np.ndarray = VECTORS) -> dict[str, float]:
    found = features(asked, vectors, parts=("cosine", "lexical"), best=2)
    assert found.shape == (width(("cosine", "lexical"), 3),)
    assert found[-1] == 1
    return dict(zip((*COSINES, *LEXICAL), found[:-1].tolist(), strict=True))


def test_the_focus_is_the_last_line_without_its_heading() -> None:
    assert focus(ASKED) == "Age over 75"
    assert focus(Asked("Is it a fever: yes or no?", {"0": "x"})) == "Is it a fever: yes or no?"
    assert focus(Asked("Title\nText")) == "Title\nText"
    assert focus(Asked("", {"0": "x"})) == ""
    assert texts_of(ASKED) == ["Age over 75", *ASKED.evidence.values()]


def test_numbers_say_what_their_names_say() -> None:
    found = named()
    assert found["best cosine"] == pytest.approx(0.8)
    assert found["mean cosine"] == pytest.approx((0.6 + 0 + 0.8) / 3)
    assert found["limit broken"] == 1
    assert found["limit met"] == 0
    assert found["exclusion"] == 1
    assert found["number in the question"] == 1
    assert found["number in the best sentence"] == 0
    assert found["negation in a good sentence"] == 0
    assert 0 < found["words of the question in all evidence"] < 1


def test_the_vectors_are_those_of_the_best_sentences() -> None:
    one = features(ASKED, VECTORS, parts=("evidence",), best=1)[:-1]
    assert np.allclose(one, VECTORS[3])
    two = features(ASKED, VECTORS, parts=("evidence",), best=2)[:-1]
    assert two @ VECTORS[3] > two @ VECTORS[1] > 0.5
    product = features(ASKED, VECTORS, parts=("product",), best=1)[:-1]
    assert np.allclose(product, [0.8 * np.sqrt(3), 0, 0])
    assert np.allclose(features(ASKED, VECTORS, parts=("difference",), best=1)[:-1], [0.2, 0, 0.6])


def test_without_evidence_only_the_question_speaks() -> None:
    found = features(Asked("Chest pain"), VECTORS[:1], parts=PARTS, best=2)
    assert found.shape == (width(PARTS, 3),)
    assert np.allclose(found[:3], VECTORS[0])
    assert np.allclose(found[3 : 12 + len(COSINES)], 0)
