"""Features of one question and its evidence for a trained head: vectors of a frozen encoder, and a few words' worth.

Every vector part has length about one and every number is about 0 to 1, so that one penalty suits all of them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from osler.models.asked import Asked
from osler.models.minilm import Floats
from osler.tuning.lexical import limits, negated, sex_agrees, stems, value_for

Doubles = NDArray[np.float64]

VECTOR_PARTS = ("question", "evidence", "product", "difference")
NUMBER_PARTS = ("cosine", "lexical")
PARTS = (*VECTOR_PARTS, *NUMBER_PARTS)
COSINES = ("best cosine", "mean of the three best", "mean cosine", "best above mean")
LEXICAL = (
    "negation in the question",
    "negation in the best sentence",
    "negation in a good sentence",
    "negated best sentence, by its cosine",
    "number in the question",
    "number in the best sentence",
    "words of the question in the best sentence",
    "words of the question in one sentence, at most",
    "words of the question in all evidence",
    "best overlapping sentence is negated",
    "limit met",
    "limit broken",
    "same sex",
    "other sex",
    "exclusion",
    "length of the question",
)
_SHARP = 0.1  # cosine; how fast the weight of a sentence falls with its distance from the best one
_HAS_DIGIT = frozenset("0123456789")


def focus(asked: Asked) -> str:
    """What is asked of the evidence: the last line of the question, without a heading before it.

    "Trial: ...\\nCriterion (inclusion): Age over 18" asks "Age over 18". Without evidence it is the whole question.
    """
    if not asked.evidence:
        return asked.question
    lines = [line.strip() for line in asked.question.splitlines() if line.strip()]
    if not lines:
        return asked.question
    head, colon, rest = lines[-1].partition(": ")
    return rest.strip() if colon and rest.strip() and len(lines) > 1 and len(head) <= 40 else lines[-1]


def texts_of(asked: Asked) -> list[str]:
    """The texts to embed: the focus, then the evidence in order."""
    return [focus(asked), *asked.evidence.values()]


def width(parts: Sequence[str], vectors: int) -> int:
    """Number of features with ``vectors`` wide embeddings, with the constant."""
    sizes = dict.fromkeys(VECTOR_PARTS, vectors) | {"cosine": len(COSINES), "lexical": len(LEXICAL)}
    return sum(sizes[part] for part in parts) + 1


def features(asked: Asked, vectors: Floats, *, parts: Sequence[str], best: int) -> Doubles:
    """The features ``[width]`` of ``asked``, whose ``texts_of`` have ``vectors [1 + sentences, d]``.

    ``best`` sentences, nearest to the question, make the evidence's vector. Without evidence all that speaks of it
    is zero. The last feature is the constant 1.
    """
    question = vectors[0].astype(np.float64)
    sentences = list(asked.evidence.values())
    cosines = vectors[1:].astype(np.float64) @ question
    order = np.argsort(-cosines, kind="stable")[:best]
    evidence = _blend(vectors[1:][order].astype(np.float64), cosines[order])
    made: dict[str, Doubles] = {"question": question}
    if evidence is None:
        nothing = np.zeros_like(question)
        made |= {"evidence": nothing, "product": nothing, "difference": nothing, "cosine": np.zeros(len(COSINES))}
    else:
        made |= {
            "evidence": evidence,
            "product": question * evidence * np.sqrt(len(question)),
            "difference": np.abs(question - evidence),
            "cosine": _cosine_numbers(cosines),
        }
    if "lexical" in parts:
        made["lexical"] = _lexical_numbers(asked, sentences, cosines, order)
    return np.concatenate([*(made[part] for part in parts), np.ones(1)])


def _blend(vectors: Doubles, cosines: Doubles) -> Doubles | None:
    if not len(vectors):
        return None
    weights = np.exp((cosines - cosines.max()) / _SHARP)
    blend = weights @ vectors
    return np.asarray(blend / max(float(np.linalg.norm(blend)), 1e-9))


def _cosine_numbers(cosines: Doubles) -> Doubles:
    top, mean = float(cosines.max()), float(cosines.mean())
    return np.array([top, float(np.sort(cosines)[-3:].mean()), mean, top - mean])


def _lexical_numbers(asked: Asked, sentences: Sequence[str], cosines: Doubles, order: NDArray[np.int64]) -> Doubles:
    question = focus(asked)
    wanted = stems(question)
    size = max(1, len(wanted))
    shared = [len(wanted & stems(sentence)) / size for sentence in sentences]
    good = [sentences[row] for row in order]
    best = good[0] if good else ""
    closest = sentences[int(np.argmax(shared))] if shared and max(shared) > 0 else ""
    met, broken = _limit(question, [closest, *good])
    sex = [sex_agrees(question, sentence) for sentence in (*good, *sentences[:2])]
    everything = frozenset[str]().union(*map(stems, sentences))
    return np.array(
        [
            negated(question),
            negated(best),
            any(map(negated, good)),
            negated(best) * float(cosines.max(initial=0.0)),
            not _HAS_DIGIT.isdisjoint(question),
            not _HAS_DIGIT.isdisjoint(best),
            shared[order[0]] if len(order) else 0.0,
            max(shared, default=0.0),
            len(wanted & everything) / size,
            negated(closest),
            met,
            broken,
            any(item > 0 for item in sex),
            any(item < 0 for item in sex) and not any(item > 0 for item in sex),
            "exclusion" in asked.question.lower(),
            min(1.0, len(question.split()) / 30),
        ],
        np.float64,
    )


def _limit(question: str, sentences: Sequence[str]) -> tuple[bool, bool]:
    """Whether the first number that is asked for keeps or breaks the limit in the question; neither if there is none."""
    stated = limits(question)
    if stated is None:
        return False, False
    for sentence in sentences:
        value = value_for(question, sentence)
        if value is not None:
            return stated.hold(value), not stated.hold(value)
    return False, False
