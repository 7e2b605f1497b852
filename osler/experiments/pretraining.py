"""What the experiments on pre-training share: trainings over seeds, curves with their intervals, claims decided by them."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from osler.experiments.measure import Gain
from osler.experiments.outcome import Claim, Curve, Point
from osler.experiments.seeds import gain_over_seeds, mean_over_seeds
from osler.tuning.schedule import Schedule
from osler.tuning.stage import made

T = TypeVar("T")
Values = Sequence[Sequence[float]]
SEEDS = 3


async def over_seeds(arms: Mapping[str, Any], look: Callable[[str, Path, int], T], *, seed: int) -> dict[str, list[T]]:
    """Each arm (a stage) trained with three seeds, and what ``look`` (arm, folder, seed) finds in each model: a list by
    seed. Models lie in a folder that goes afterwards; a base that arms share is trained once a seed."""

    def all_of_them() -> dict[str, list[T]]:
        with tempfile.TemporaryDirectory() as shelf:
            found: dict[str, list[T]] = {name: [] for name in arms}
            for at in range(seed, seed + SEEDS):
                for name, stage in arms.items():
                    model = made(stage, seed=at, shelf=shelf)
                    found[name].append(look(name, model.folder, at))
            return found

    return await asyncio.to_thread(all_of_them)


def schedule(steps: int, *, tokens: int = 2048, rate: float = 3e-3) -> Schedule:
    """A short training in float32: bfloat16 is slower in networks this small."""
    return Schedule(steps=steps, batch_tokens=tokens, learning_rate=rate, precision="float32", checkpoint_s=0.0)


def curve(title: str, values: Mapping[float, Values], *, joined: bool = True) -> Curve:
    """A point with its interval at each x of ``values`` ``[seed][case]``."""
    points = []
    for x, held in values.items():
        mean, low, high = mean_over_seeds(held)
        points.append(Point(x=x, y=mean, low=low, high=high))
    return Curve(title=title, points=points, joined=joined)


def mean_told(values: Values, *, share: bool = False) -> str:
    mean, low, high = mean_over_seeds(values)
    if share:
        return f"{100 * mean:.1f} % ({100 * low:.1f} to {100 * high:.1f})"
    return f"{mean:.3f} ({low:.3f} to {high:.3f})"


def lower(first: Values, second: Values) -> Gain:
    """By how much ``second`` is below ``first``: a gain where less is better."""
    return gain_over_seeds(second, first)


def told(gain: Gain, unit: str = "points") -> str:
    """A gain with its interval: shares in points, anything else in its ``unit``."""
    if unit == "points":
        return f"{gain.told()}, p {gain.p_told}"
    return f"{gain.value:+.3f} {unit} ({gain.low:+.3f} to {gain.high:+.3f}), p {gain.p_told}".replace("-", "\u2212")


def claim(text: str, gain: Gain, unit: str = "points") -> Claim:
    """That a gain is there: held where its interval is above zero, contradicted where it is below."""
    return Claim(text=text, seen=told(gain, unit), holds=True if gain.low > 0 else False if gain.high < 0 else None)


def no_gain(text: str, gain: Gain, *, margin: float) -> Claim:
    """That there is no gain worth the name: held where the whole interval is below ``margin``, contradicted where it is
    above zero."""
    return Claim(text=text, seen=told(gain), holds=True if gain.high < margin else False if gain.low > 0 else None)
