"""The best passages for a query without touching most of the postings (MaxScore; Turtle and Flood 1995, Information
Processing and Management 31(6))."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from osler.knowledge.postings import Postings

if TYPE_CHECKING:
    from osler.knowledge.postings import Places, Real

_SLACK = 1 + 1e-9  # bounds are sums of rounded numbers


class Line(NamedTuple):
    """A term of the query: how many texts hold it, its factor before the saturated frequency, and the most that it can
    add to a score. Lines are ordered by rarity and then by the word, so that sums are rounded the same way everywhere."""

    held: int
    term: str
    number: int
    weight: float
    most: float


def best(postings: Postings, asked: Mapping[str, float], k: int) -> tuple[Places, Real]:
    """Places and scores of the best ``k`` texts and of all that tie with the last of them, best first, then by place.

    ``asked``: terms with how often each counts, above 0. The terms are gone through from the rarest on. As soon as those
    that remain together could not lift a text that was not met yet to the k-th best score, only texts met so far are
    looked up in their postings, and of these only those that can still get there. The result is exact.
    """
    import numpy as np

    lines = _lines(postings, asked)
    try:
        places, done, least, rest = _met(postings, lines, k)
        scores = postings.scores[places]
        postings.scores[places] = 0.0
    except BaseException:  # an interrupt must not leave half a sum behind
        postings.scores.fill(0.0)
        raise
    for line in lines[done:]:
        some = scores + rest >= least
        places, scores = places[some], scores[some]
        scores += _of(postings, line, places)
        rest -= line.most
        least = _kth(scores, k)
    some = (scores >= _kth(scores, k)) & (scores > 0)  # texts that were taken out got 0
    places, scores = places[some], scores[some]
    order = np.lexsort((places, -scores))
    return places[order], scores[order]


def _lines(postings: Postings, asked: Mapping[str, float]) -> list[Line]:
    found = []
    for term, times in asked.items():
        factor = postings.factor(term)
        if factor is not None:
            number, held, weight, most = factor
            found.append(Line(held, term, number, times * weight, times * most))
    return sorted(found)


def _met(postings: Postings, lines: list[Line], k: int) -> tuple[Places, int, float, float]:
    """Texts that may be among the best, with their scores for the first lines: places, the number of these lines, a score
    that k of them have, and the most that the other lines can add."""
    import numpy as np

    rest, reached, least = sum(line.most for line in lines) * _SLACK, 0.0, 0.0
    met: list[Places] = []
    for done, line in enumerate(lines, 1):
        rest -= line.most
        reached += line.most
        met += _pour(postings, line)
        # Whether the k-th best is worth finding: it can be high enough, and much would be saved.
        if done < len(lines) and rest < reached and 2 * line.held < lines[done].held * (len(lines) - done):
            least = _kth(postings.scores[np.concatenate(met)], k)
            if least > rest:
                return np.concatenate(met), done, least, rest
    return np.concatenate(met) if met else np.zeros(0, np.int32), len(lines), 0.0, 0.0


def _pour(postings: Postings, line: Line) -> Iterator[Places]:
    """Add what a term gives to the scores of all that hold it; gives the places that had no score before."""
    for block in postings.blocks(line.number):
        before = postings.scores.take(block.places)
        postings.scores[block.places] = before + line.weight * block.share(slice(None))
        yield block.places.compress(before == 0)


def _of(postings: Postings, line: Line, places: Places) -> Real:
    """What a term gives to the scores of the texts at ``places``: 0 for those that do not hold it."""
    import numpy as np

    out = np.zeros(len(places))
    for block in postings.blocks(line.number):
        at = np.searchsorted(block.places, places)
        at[at == len(block.places)] = 0
        hit = np.flatnonzero(block.places.take(at) == places)
        out[hit] = line.weight * block.share(at[hit])
    return out


def _kth(scores: Real, k: int) -> float:
    """The k-th largest score, 0 where there are fewer."""
    import numpy as np

    return float(np.partition(scores, len(scores) - k)[len(scores) - k]) if len(scores) >= k else 0.0
