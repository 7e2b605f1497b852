"""Lists to train a re-ranker on: a question, the passage that answers it, and wrong ones from the retriever's own ranks.

Localized negatives are those of MedCPT (Jin et al. 2023, arXiv:2307.00589, section 2.3): passages that the retriever itself
ranks high, so that the re-ranker learns what the retriever gets wrong. Every pair that the judged sets of retrieval could
have in common with training is left out before anything is learnt.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from osler.core.errors import SpecError
from osler.core.types import Passage
from osler.data.overlap import normalise, overlap
from osler.knowledge.passages import Index
from osler.tuning.pair_training import Listed

RUN = 12  # words: a training text that shares so long a run with a test text is left out
_SENTENCE = re.compile(r"(?<=[.!?])\s+")


class Sought(NamedTuple):
    """A question, the passage that answers it, and the ids of all that may answer it too: they are never negatives."""

    query: str
    right: Passage
    also: frozenset[str] = frozenset()


class Ranks(NamedTuple):
    """What a search found for a question, in its order, and the ids that answer it."""

    query: str
    found: tuple[tuple[Passage, float], ...]
    right: frozenset[str]


@dataclass(frozen=True, slots=True)
class Questions:
    """Questions to train on, all their passages, and what was left out: counts by reason."""

    sought: tuple[Sought, ...]
    passages: tuple[Passage, ...]
    left_out: Mapping[str, int]


async def listed(
    sought: Sequence[Sought],
    index: Index,
    *,
    negatives: int = 31,
    last: int = 100,
    draw: Literal["local", "random"] = "local",
    pool: Sequence[Passage] = (),
    seed: int = 0,
) -> tuple[Listed, ...]:
    """One list for each question: the right passage, then ``negatives`` wrong ones.

    draw: "local" takes them at random from the first ``last`` that ``index`` finds; "random" from ``pool``. Where too few
    are found the pool fills up. A question whose wrong ones are too few even so is left out.
    """
    if negatives < 1 or last < negatives:
        raise SpecError(f"a list needs a negative and last of at least as many, got {negatives} and {last}")
    if draw == "random" and not pool:
        raise SpecError("random negatives need a pool of passages", hint="pool = the passages of the collection")
    chance, out = random.Random(seed), []
    for one in sought:
        right = one.also | {one.right.id}
        near = [] if draw == "random" else [item for item, _ in await index.search(one.query, last + len(right))]
        wrong = [item.text for item in near if item.id not in right and item.text != one.right.text][:last]
        chosen = chance.sample(wrong, negatives) if len(wrong) >= negatives else wrong
        chosen += _filled(pool, negatives - len(chosen), right, {one.right.text, *chosen}, chance)
        if len(chosen) == negatives:
            out.append(Listed(one.query, (one.right.text, *chosen)))
    return tuple(out)


async def ranked(sought: Sequence[Sought], index: Index, *, depth: int) -> tuple[Ranks, ...]:
    """What ``index`` finds for each question, ``depth`` deep; questions whose answer is not among it are left out."""
    out = []
    for one in sought:
        right = one.also | {one.right.id}
        found = tuple(await index.search(one.query, depth))
        if any(item.id in right for item, _ in found) and any(item.id not in right for item, _ in found):
            out.append(Ranks(one.query, found, right))
    return tuple(out)


def _filled(
    pool: Sequence[Passage], wanted: int, right: frozenset[str], taken: set[str], chance: random.Random
) -> list[str]:
    found: list[str] = []
    for _ in range(50 * wanted):
        if len(found) >= wanted or not pool:
            break
        item = pool[chance.randrange(len(pool))]
        if item.id not in right and item.text not in taken:
            found.append(item.text)
            taken.add(item.text)
    return found


def opening(text: str, characters: int = 500) -> str:
    """The first sentences of a text, whole ones, at most so many characters; the first sentence always, cut if longer."""
    kept = ""
    for sentence in _SENTENCE.split(" ".join(text.split())):
        if kept and len(kept) + 1 + len(sentence) > characters:
            break
        kept = f"{kept} {sentence}".strip()
    return kept[: 2 * characters]


def without_copies(questions: Questions, tested: Sequence[str]) -> Questions:
    """``questions`` without those whose question or passage stands among ``tested`` texts: exactly, nearly (Jaccard of
    five-word shingles at least 0.8), or by a run of RUN words in common."""
    texts = [text for one in questions.sought for text in (one.query, one.right.text)]
    copied = {pair.test for pair in overlap(tested, texts).pairs}
    runs = _runs(tested)
    shared = {row for row, text in enumerate(texts) if not runs.isdisjoint(_runs([text]))}
    kept, near, run = [], 0, 0
    for place, one in enumerate(questions.sought):
        rows = {2 * place, 2 * place + 1}
        near += bool(rows & copied)
        run += bool(rows & shared) and not rows & copied
        if not rows & (copied | shared):
            kept.append(one)
    told = {"copy or near copy of a test text": near, f"run of {RUN} words of a test text": run}
    return Questions(tuple(kept), questions.passages, {**questions.left_out, **told})


def _runs(texts: Iterable[str]) -> set[int]:
    found = set()
    for text in texts:
        words = normalise(text).split(" ")
        found |= {hash(tuple(words[start : start + RUN])) for start in range(len(words) - RUN + 1)}
    return found
