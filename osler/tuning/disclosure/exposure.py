"""Exposure: how far a planted secret stands before all others that there could have been, in bits.

Carlini et al. 2019, The Secret Sharer, section 4.2: exposure = log2 |R| - log2 rank, the rank of the planted secret among
all fillings R by the model's loss. Of a secret that the model has not seen it is exponential with a mean of 1 / ln 2 = 1.44
bits: P(exposure >= e) = 2^-e.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from osler.core.errors import SpecError
from osler.tuning.disclosure.canaries import Canary
from osler.tuning.disclosure.reader import Doubles, Reader

Method = Literal["exact", "sampled rank", "skew-normal"]
UNSEEN = 1 / math.log(2)  # mean exposure of what was never seen, in bits
_EXACT = 10_000  # fillings that are all read
_DRAWN = 1_000


class Exposure(NamedTuple):
    """Of one canary. bits: its exposure. space: how many secrets there could have been. fit: of a "skew-normal" the p-value of
    Kolmogorov and Smirnov that the sampled losses follow it (small: do not rely on bits), else None. extracted: greedy
    decoding says the secret behind its words."""

    canary: str
    times: int
    bits: float
    space: int
    method: Method
    extracted: bool
    fit: float | None = None


def exposure(
    model: str | Path | Reader,
    canary: Canary,
    *,
    method: Literal["auto", "exact", "sampled rank", "skew-normal"] = "auto",
    sample: int = _DRAWN,
    seed: int = 0,
) -> Exposure:
    """The exposure of ``canary`` in the model of a folder.

    method: "exact" reads every filling. "sampled rank" reads ``sample`` drawn ones, so that it cannot be above log2(sample
    + 1). "skew-normal" fits their losses by a skew-normal distribution and takes -log2 of its share below the secret's
    loss (section 4.3), which goes on beyond the sample, as far as the fit is to be trusted. "auto" is exact up to 10,000
    fillings, then skew-normal.
    """
    reader = model if isinstance(model, Reader) else Reader(model)
    if method == "auto":
        method = "exact" if canary.space <= _EXACT else "skew-normal"
    if method != "exact" and sample < 2:
        raise SpecError(f"exposure needs a sample of at least 2 fillings, got {sample}", hint="sample = 1000")
    others = (
        [one for one in canary.fillings() if one != canary.secret]
        if method == "exact"
        else canary.drawn(sample, seed=seed)
    )
    told = reader.told(canary, [canary.secret, *others])
    own, rest = float(told.costs[0]), told.costs[1:]
    fit = None
    if method == "skew-normal":
        bits, fit = _skewed(own, rest)
    else:
        bits = ranked(own, rest)
    return Exposure(canary.id, canary.times, bits, canary.space, method, told.first, fit)


def exposures(model: str | Path, canaries: Iterable[Canary], *, sample: int = _DRAWN, seed: int = 0) -> list[Exposure]:
    """The exposure of each canary, the model read once."""
    reader = Reader(model)
    return [exposure(reader, one, sample=sample, seed=seed) for one in canaries]


def ranked(own: float, others: Doubles) -> float:
    """Bits by the rank of a loss among itself and others; of equal losses it takes the middle."""
    rank = 1 + float((others < own).sum()) + float((others == own).sum()) / 2
    return math.log2(len(others) + 1) - math.log2(rank)


def _skewed(own: float, others: Doubles) -> tuple[float, float]:
    """Bits by a skew-normal distribution of the losses of ``others``, and the p-value of its fit."""
    from scipy import stats

    shape, place, scale = stats.skewnorm.fit(others)
    share = float(stats.skewnorm.cdf(own, shape, place, scale))
    p = float(stats.kstest(others, stats.skewnorm(shape, place, scale).cdf).pvalue)
    return -math.log2(max(share, 1e-300)), p


def mean_bits(found: Sequence[Exposure]) -> tuple[float, float, float]:
    """Mean exposure with a 95 % interval by Student's t over canaries; of a single one without width known, (mean, 0, inf)."""
    from scipy.stats import t

    bits = np.array([one.bits for one in found])
    if len(bits) < 2:
        return float(bits.mean()), 0.0, math.inf
    half = float(t.ppf(0.975, len(bits) - 1)) * float(bits.std(ddof=1)) / math.sqrt(len(bits))
    return float(bits.mean()), max(0.0, float(bits.mean()) - half), float(bits.mean()) + half
