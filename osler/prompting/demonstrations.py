"""Which of the solved cases are shown, and in what order: the arithmetic behind few-shot, without a model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from osler.core.types import Demo, Prompt


def same(demo: Demo, prompt: Prompt) -> bool:
    """Whether a demonstration would give the answer away: the case itself, or its very text under another id.

    Evidence that was added to the prompt on its way (passages that a search found, answers of earlier steps) does not
    make it another text.
    """
    given = {passage.text for passage in prompt.evidence}
    again = demo.question == prompt.question and all(passage.text in given for passage in demo.evidence)
    return (bool(demo.id) and demo.id == prompt.id) or again


def round_robin(demos: Sequence[Demo]) -> list[Demo]:
    """Reorder so that every prefix is as balanced over the answers as it can be."""
    by_answer: dict[str, list[Demo]] = {}
    for demo in demos:
        by_answer.setdefault(demo.answer, []).append(demo)
    queues = [list(reversed(queue)) for queue in by_answer.values()]
    out = []
    while any(queues):
        out += [queue.pop() for queue in queues if queue]
    return out


def nearest(near: Any, k: int, allowed: Callable[[int], bool]) -> list[int]:
    """Rows with the k largest of ``near [n]``, the largest first; equal ones in the order of the rows."""
    import numpy as np

    found: list[int] = []
    for row in np.argsort(-near, kind="stable"):
        if len(found) == k:
            break
        if allowed(int(row)):
            found.append(int(row))
    return found


def maximal_marginal_relevance(
    matrix: Any, near: Any, k: int, weight: float, allowed: Callable[[int], bool]
) -> list[int]:
    """Rows of ``matrix [n, width]`` (vectors of length one), the first chosen first: each is the one with the largest
    weight x near - (1 - weight) x the largest cosine with those chosen before (Carbonell and Goldstein 1998, section 2).

    ``near [n]``: cosine of each row with the question. Equal ones go to the earlier row.
    """
    import numpy as np

    open_rows = np.fromiter((allowed(row) for row in range(len(near))), dtype=bool, count=len(near))
    closest = np.full(len(near), -np.inf)
    found: list[int] = []
    while len(found) < k and open_rows.any():
        others = closest if found else np.zeros(len(near))
        gain = np.where(open_rows, weight * near - (1.0 - weight) * others, -np.inf)
        best = int(np.argmax(gain))
        found.append(best)
        open_rows[best] = False
        closest = np.maximum(closest, matrix @ matrix[best])
    return found
