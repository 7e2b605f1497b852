"""The long-term memory of a code agent: solved cases with their programs, found again by edit distance.

Shi et al. 2024 (EHRAgent, arXiv:2401.07128): the 4 solved cases whose question is most similar, by Levenshtein distance.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from osler.core.types import Demo, Passage, Prompt
from osler.prompting.demonstrations import same

HINT = "knowledge"  # the id of the passage that says which parts of the record a question needs


def levenshtein(left: str, right: str) -> int:
    """Insertions, deletions and replacements that make ``right`` of ``left``, at least.

    Bit-parallel (Myers 1999, J. ACM 46(3), with the column in one integer): linear in ``right`` for short texts.
    """
    if not left:
        return len(right)
    full, top = (1 << len(left)) - 1, 1 << (len(left) - 1)
    places: dict[str, int] = {}
    for at, char in enumerate(left):
        places[char] = places.get(char, 0) | 1 << at
    up, down, score = full, 0, len(left)  # bits: the cell is one more, one less than the one above it
    for char in right:
        same = places.get(char, 0)
        straight = same | down
        across = (((same & up) + up) ^ up) | same
        more, less = (down | ~(across | up)) & full, up & across
        score += bool(more & top) - bool(less & top)
        more, less = (more << 1 | 1) & full, (less << 1) & full
        up, down = (less | ~(straight | more)) & full, more & straight
    return score


def nearest(memory: Sequence[Demo], prompt: Prompt, k: int) -> tuple[Demo, ...]:
    """The ``k`` solved cases with the most similar question, the most similar last, next to the question.

    Equal ones in the order of memory. The case itself is left out, and so is its very text under another id.
    """
    other = [demo for demo in memory if not _same(demo, prompt)]
    ranked = sorted(other, key=lambda demo: levenshtein(demo.question, prompt.question))
    return tuple(reversed(ranked[:k]))


def _same(demo: Demo, prompt: Prompt) -> bool:
    given = tuple(passage for passage in demo.evidence if passage.id != HINT)
    return same(dataclasses.replace(demo, evidence=given), prompt)


def solved(prompt: Prompt, answer: str, *, hint: str, program: str) -> Demo:
    """A case as it is kept: its question, what was said of the record, the program, the answer."""
    return Demo(
        id=prompt.id,
        question=prompt.question,
        answer=answer,
        rationale=f"```python\n{program}\n```",
        choices=prompt.choices,
        evidence=with_hint(prompt, hint),
    )


def with_hint(prompt: Prompt, hint: str) -> tuple[Passage, ...]:
    return (*prompt.evidence, Passage(id=HINT, text=hint)) if hint else prompt.evidence
