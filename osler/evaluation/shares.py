"""Votes as shares of the labels: a row for each prediction, a column for each label."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
CLOSED = 512


def shares_of(votes: Sequence[Mapping[str, float] | None] | None, codes: Mapping[str, int], n: int) -> Floats | None:
    """Shares [n, labels]. Votes that add up to more than 1 are counts and divided by their sum; broken ones are NaN.

    With more than 512 labels the answers are free text and shares of them are not tabulated.
    """
    if votes is None or not any(votes) or len(codes) > CLOSED:
        return None
    shares = np.full((n, len(codes)), np.nan)
    alike: dict[tuple[str, ...], tuple[list[int], list[float]]] = {}
    for row, item in enumerate(votes):
        if item:
            rows, values = alike.setdefault(tuple(item), ([], []))
            rows.append(row)
            values.extend(item.values())
    for names, (rows, values) in alike.items():  # rows that name the same labels are filled together
        filled = np.zeros((len(rows), len(codes)))
        filled[:, [codes[name] for name in names]] = np.array(values, dtype=np.float64).reshape(len(rows), len(names))
        shares[rows] = filled
    total = shares.sum(axis=1)
    broken = (shares < 0).any(axis=1) | ~np.isfinite(total) | (total <= 0)
    shares[broken] = np.nan
    return np.asarray(shares / np.where(total > 1 + 1e-6, total, 1.0)[:, None], dtype=np.float64)
