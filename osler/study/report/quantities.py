"""How numbers are written: shares as percent with one decimal, intervals as "low to high", p with three decimals."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

MISSING = "not available"
SMALL_GROUP = 30  # below it a subgroup is flagged: its interval is wider than most differences of interest
DEVELOPMENT = 200  # paired cases; below it an evaluation can choose a prompt, not support a claim


def number(value: float, digits: int) -> str:
    """Fixed decimals, thousands set apart by commas, a true minus sign, no negative zero."""
    text = f"{value:,.{digits}f}"
    if text.startswith("-"):
        text = text[1:] if float(text.replace(",", "")) == 0 else "\u2212" + text[1:]
    return text


def count(value: Any) -> str:
    """A whole number, or a dash when there is none."""
    return "\u2013" if value is None else number(float(value), 0)


def _scaled(value: float, unit: str) -> tuple[str, str, str]:
    """What stands before the number, the number, and what stands after it."""
    if unit == "share":
        return "", number(100 * value, 1), " %"
    if unit == "s":
        return "", number(value, 2 if abs(value) < 10 else 1), " s"
    if unit == "USD":
        return "$", number(value, 2 if abs(value) >= 1 else 4), ""
    if unit == "tokens":
        return "", number(value, 0), " tokens"
    return "", number(value, 3), f" {unit}" if unit else ""


def quantity(value: float | None, unit: str) -> str:
    """``0.873, "share"`` -> ``87.3 %``; units: share, s, USD, tokens, or none (three decimals)."""
    return MISSING if value is None else "".join(_scaled(value, unit))


def interval(low: float | None, high: float | None, unit: str) -> str:
    """``85.1 to 89.2`` without unit; empty when an end is missing."""
    if low is None or high is None:
        return ""
    return f"{_scaled(low, unit)[1]} to {_scaled(high, unit)[1]}"


def estimate(found: Mapping[str, Any] | None, unit: str, *, binary: bool = True) -> str:
    """``87.3 % (85.1 to 89.2)``. None or all of n prints the one-sided 95 % bound, as "0 of n" proves no zero.

    ``binary``: whether a share is the mean of right and wrong, so that it counts cases.
    """
    if found is None or found["value"] is None:
        return MISSING
    bound = extreme(found, unit, binary=binary)
    if bound:
        return bound
    shown = quantity(found["value"], unit)
    ends = interval(found["low"], found["high"], unit)
    return f"{shown} ({ends})" if ends else f"{shown} (no interval)"


def extreme(found: Mapping[str, Any], unit: str, *, binary: bool = True) -> str:
    """``0 of 100 (at most 3.0 %)``, or empty when the value is not at an end or its interval already says so.

    Empty, too, for a share that is no mean of right and wrong (``binary`` false): a calibration error or a macro F1 of
    0 is not "0 of 100". The bound counts independent units: clusters (patients) where they are fewer than cases.
    """
    value, n = found["value"], found["n"]
    if not binary or unit != "share" or not n or value not in (0, 1):
        return ""
    if value == 1 and found["low"] is not None and found["low"] < 1:
        return ""
    units = min(n, found["clusters"] or n)
    bound = quantity(zero_bound(units) if value == 0 else 1 - zero_bound(units), unit)
    by = f", counting {units} clusters" if units < n else ""
    return f"0 of {n} (at most {bound}{by})" if value == 0 else f"{n} of {n} (at least {bound}{by})"


def zero_bound(n: int) -> float:
    """Exact one-sided 95 % upper bound of a share when 0 of ``n`` were seen: 1 - 0.05 ** (1 / n)."""
    return 1 - math.pow(0.05, 1 / n)


def difference(found: Mapping[str, Any], unit: str) -> str:
    """``+3.2 points (−1.0 to 7.4)``; points are percentage points."""
    value = found["difference"]
    if value is None:
        return MISSING
    ends = interval(found["low"], found["high"], unit)
    return signed(value, unit) + (f" ({ends})" if ends else " (no interval)")


def signed(value: float, unit: str) -> str:
    before, digits, after = _scaled(value, unit)
    sign = "" if digits.startswith("\u2212") or not digits.strip("0.,") else "+"
    return f"{sign}{before}{digits}{' points' if unit == 'share' else after}"


def span(value: float | None, unit: str) -> str:
    """The size of a difference, without sign: ``6.5 points``."""
    return MISSING if value is None else signed(abs(value), unit).removeprefix("+")


def p_value(value: float | None) -> str:
    """``p = 0.012``, ``p < 0.001``."""
    if value is None:
        return "\u2013"
    return "p < 0.001" if value < 0.001 else f"p = {value:.3f}"


def tick(value: float, unit: str, *, signed: bool = False) -> str:
    """A short axis label: ``70 %``, ``0.5``; for a difference ``+10`` (of shares: percentage points)."""
    shown = 100 * value if unit == "share" else value
    text = f"{shown:.6g}".replace("-", "\u2212")
    if signed:
        return f"+{text}" if value > 0 else text
    return f"{text} %" if unit == "share" else text


def listed(items: list[str], last: str = "and") -> str:
    """``a, b and c``."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {last} {items[-1]}"
