"""Signs that a policy has collapsed: it repeats itself, says the same to everybody, grows or shrinks, or is too sure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_STEPS = 5  # at either end of a curve


def repetition(text: str, run: int = 3) -> float:
    """The share of runs of ``run`` words that stood in the text before; 0 for a shorter text."""
    words = text.split()
    runs = [tuple(words[at : at + run]) for at in range(len(words) - run + 1)]
    return 1 - len(set(runs)) / len(runs) if runs else 0.0


def writing(texts: Sequence[str], lengths: Sequence[int]) -> dict[str, float]:
    """Mean length in tokens, mean repetition, the share of different texts, and of empty ones."""
    n = max(1, len(texts))
    return {
        "length": sum(lengths) / n,
        "repetition": sum(map(repetition, texts)) / n,
        "different": len(set(texts)) / n,
        "empty": sum(not text for text in texts) / n,
    }


def collapsed(curve: Sequence[Mapping[str, float]]) -> tuple[str, ...]:
    """What speaks for a collapse between the first and the last steps of a policy's ``curve``; nothing where none does.

    The bounds are coarse on purpose: entropy below a tenth or above 2.5 of that at the
    start, repetition up by 0.2, a length below 0.4 or above 2.5 of that
    at the start, a share of different replies below a quarter of that at the start, a fifth of the replies empty.
    """
    if len(curve) < 2:
        return ()
    take = min(_STEPS, len(curve) // 2)
    first, last = _mean(curve[:take]), _mean(curve[-take:])
    found = []
    if last["entropy"] < 0.1 * first["entropy"]:
        found.append(f"entropy fell from {first['entropy']:.3f} to {last['entropy']:.3f}")
    if last["entropy"] > 2.5 * first["entropy"]:
        found.append(f"entropy rose from {first['entropy']:.3f} to {last['entropy']:.3f}: its sentences may fall apart")
    if last["repetition"] > first["repetition"] + 0.2:
        found.append(f"repetition rose from {first['repetition']:.2f} to {last['repetition']:.2f}")
    if not 0.4 * first["length"] <= last["length"] <= 2.5 * first["length"]:
        found.append(f"length went from {first['length']:.1f} to {last['length']:.1f} tokens")
    if last["different"] < 0.25 * first["different"]:
        found.append(f"different replies fell from {first['different']:.2f} to {last['different']:.2f}")
    if last["empty"] > first["empty"] + 0.2:
        found.append(f"empty replies rose to {last['empty']:.2f}")
    return tuple(found)


def ends_of(curve: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    """Reward, KL, entropy and signs of collapse at the start and the end of a curve, for the card."""
    if not curve:
        return {}
    take = max(1, min(_STEPS, len(curve) // 2))
    first, last = _mean(curve[:take]), _mean(curve[-take:])
    names = ("reward", "kl", "entropy", "length", "repetition", "different", "unfinished")
    made: dict[str, Any] = {f"{name}_first": first[name] for name in names if name in first}
    made |= {f"{name}_last": last[name] for name in names if name in last}
    return {**made, "collapse": list(collapsed(curve))}


def _mean(rows: Sequence[Mapping[str, float]]) -> dict[str, float]:
    names = set.intersection(*(set(row) for row in rows))
    return {name: sum(row[name] for row in rows) / len(rows) for name in names}
