"""Membership inference: whether the losses of a model tell the documents that it was trained on from others.

By loss (Yeom et al. 2018, arXiv:1709.01604), and calibrated by a model that did not see them (Watson et al. 2022,
arXiv:2111.08440); the share found at few false alarms as Carlini et al. 2022, arXiv:2112.03570, ask for it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from osler.core.errors import DataError
from osler.tuning.disclosure.reader import Reader

Doubles = NDArray[np.float64]
_RESAMPLES = 2000


class Membership(NamedTuple):
    """auc: the chance that a document trained on looks more like one than a document held out does, 0.5 where nothing
    is told; its 95 % interval is DeLong's. found: share of the training documents that are told at no more than ``alarms``
    (a share) of false ones; its interval is a bootstrap over documents. ``threshold`` on the score that does so."""

    auc: float
    low: float
    high: float
    found: float
    found_low: float
    found_high: float
    alarms: float
    threshold: float
    inside: int
    outside: int
    calibrated: bool


def membership(
    folder: str | Path,
    inside: Sequence[str],
    outside: Sequence[str],
    *,
    reference: str | Path = "",
    alarms: float = 0.01,
    length: int = 512,
    seed: int = 0,
) -> Membership:
    """The attack on the model in ``folder`` with texts that it was trained on and texts of the same kind that it was not.

    The score of a text is the negative mean loss of its tokens; with ``reference``, a model of the same kind that saw
    neither, less that model's, which takes out how hard a text is. Texts of two different times or sources would be told
    apart by that alone: both must be drawn alike.
    """
    scores = []
    for texts in (inside, outside):
        own = _mean(Reader(folder), texts, length)
        scores.append(_mean(Reader(reference), texts, length) - own if reference else -own)
    return attack(*scores, alarms=alarms, seed=seed, calibrated=bool(reference))


def attack(
    inside: Sequence[float] | Doubles,
    outside: Sequence[float] | Doubles,
    *,
    alarms: float = 0.01,
    seed: int = 0,
    calibrated: bool = False,
) -> Membership:
    """The same from scores (higher: rather trained on), one a document. DataError with fewer than 2 on a side.

    With fewer than 1 / ``alarms`` documents outside the threshold is their highest score, so that there is no false alarm.
    """
    yes, no = np.asarray(inside, float), np.asarray(outside, float)
    if min(len(yes), len(no)) < 2:
        raise DataError(f"membership needs 2 documents on each side, got {len(yes)} and {len(no)}")
    value, low, high = auc_interval(yes, no)
    threshold = _threshold(no, alarms)
    draw = np.random.default_rng(seed)
    drawn = []
    for _ in range(_RESAMPLES):
        limit = _threshold(no[draw.integers(0, len(no), len(no))], alarms)
        drawn.append(float((yes[draw.integers(0, len(yes), len(yes))] > limit).mean()))
    ends = np.quantile(drawn, [0.025, 0.975])
    found = float((yes > threshold).mean())
    return Membership(
        value, low, high, found, float(ends[0]), float(ends[1]), alarms, threshold, len(yes), len(no), calibrated
    )


def auc_interval(positive: Doubles, negative: Doubles) -> tuple[float, float, float]:
    """Area under the curve, ties counting half, with the 95 % interval of DeLong et al. 1988 on the logit scale.

    At 0 and 1 that variance is nothing; there the far end is the one at which the smaller side, taken as so many
    independent trials, would show this with a chance of 2.5 %.
    """
    n, m = len(positive), len(negative)
    both = _midranks(np.concatenate([positive, negative]))
    above = (both[:n] - _midranks(positive)) / m  # for each positive the share of negatives below it
    below = 1 - (both[n:] - _midranks(negative)) / n
    value = float(above.mean())
    variance = float(above.var(ddof=1)) / n + float(below.var(ddof=1)) / m
    if not 0 < value < 1:
        edge = 0.025 ** (1 / min(n, m))
        return (value, edge, 1.0) if value >= 1 else (value, 0.0, 1 - edge)
    logit, error = math.log(value / (1 - value)), math.sqrt(variance) / (value * (1 - value))
    low, high = (1 / (1 + math.exp(-max(-700.0, logit + side * 1.959964 * error))) for side in (-1, 1))
    return value, low, high


def _midranks(values: Doubles) -> Doubles:
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[inverse], np.float64)


def _threshold(outside: Doubles, alarms: float) -> float:
    """The lowest score that at most the share ``alarms`` of ``outside`` is above."""
    ordered = np.sort(outside)[::-1]
    return float(ordered[min(len(ordered) - 1, math.floor(alarms * len(ordered)))])


def _mean(reader: Reader, texts: Sequence[str], length: int) -> Doubles:
    found = reader.losses(texts, length=length)
    return np.asarray(found.sums / np.maximum(found.counts, 1), np.float64)
