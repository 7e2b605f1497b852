"""Kinds of training beside each other: each trained with several seeds and asked the same cases, told as table and figure."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Mapping, Sequence

from osler.core.block import replace
from osler.experiments.measure import Gain
from osler.experiments.outcome import Curve, Figure, Point, Setting, TableOf
from osler.experiments.seeds import gain_over_seeds, mean_over_seeds
from osler.tuning.dialogue.conversation import Conversation
from osler.tuning.dialogue.replies import replies
from osler.tuning.sft import SFT
from osler.tuning.stage import made

Values = list[list[float]]
"""[seed][case]."""


def seeds(setting: Setting) -> range:
    return range(setting.seed, setting.seed + 3)


def shorter(stage: SFT, setting: Setting, steps: int) -> SFT:
    """``stage``, in a quick look with ``steps`` steps of small batches: many short steps learn more than few long ones."""
    quick = {"schedule.steps": steps, "schedule.batch_tokens": 512}
    found: SFT = replace(stage, **quick) if setting.quick else stage
    return found


async def texts(
    stage: SFT,
    cases: Sequence[Conversation],
    *,
    seed: int,
    shelf: str = "",
    temperature: float = 0.0,
    max_tokens: int = 24,
) -> list[str]:
    """What ``stage``, trained with ``seed``, replies to the turns before the last one of each case."""
    with tempfile.TemporaryDirectory() as own:
        model = await asyncio.to_thread(made, stage, seed=seed, shelf=shelf or own)
        before = [one.turns[:-1] for one in cases]
        return await replies(model, before, temperature=temperature, seed=seed, max_tokens=max_tokens)


def right(cases: Sequence[Conversation], said: Sequence[str]) -> list[float]:
    """1 where the words are those of the case's last turn, else 0."""
    return [float(text.split() == one.turns[-1].text.split()) for one, text in zip(cases, said, strict=True)]


def holding(cases: Sequence[Conversation], said: Sequence[str], word: Callable[[Conversation], str]) -> list[float]:
    """1 where the reply holds the word that a case asks for, else 0."""
    return [float(word(one) in text.split()) for one, text in zip(cases, said, strict=True)]


def told(values: Values) -> str:
    mean, low, high = mean_over_seeds(values)
    return f"{100 * mean:.1f} % ({100 * max(0.0, low):.1f} to {100 * min(1.0, high):.1f})"


def table(
    title: str, first: str, columns: Sequence[str], rows: Mapping[str, Sequence[Values]], about: str = ""
) -> TableOf:
    return TableOf(
        title=title,
        columns=(first, *columns),
        rows=[[name, *(told(one) for one in values)] for name, values in rows.items()],
        about=about or "95 % intervals over trainings and cases.",
    )


def figure(title: str, y_title: str, arms: Sequence[str], curves: Mapping[str, Sequence[Values]]) -> Figure:
    """A point for each kind of training, a curve for each measure."""
    made_up = []
    for name, values in curves.items():
        points = []
        for x, one in enumerate(values):
            mean, low, high = mean_over_seeds(one)
            points.append(Point(x=float(x), y=mean, low=max(0.0, low), high=min(1.0, high)))
        made_up.append(Curve(title=name, points=points, joined=False))
    names = {float(x): arm for x, arm in enumerate(arms)}
    return Figure(title=title, x_title="", y_title=y_title, names=names, curves=made_up)


def better(found: Gain) -> bool | None:
    """Whether a gain is one; None where the interval holds zero."""
    return None if found.none else found.positive


def gain(first: Values, second: Values) -> Gain:
    """Second less first over trainings and cases; the ends of the interval stay within what shares can differ by."""
    found = gain_over_seeds(first, second)
    return Gain(found.value, max(-1.0, found.low), min(1.0, found.high), found.p)


def limited(limits: str, setting: Setting) -> str:
    """``limits``, and of a quick look that its trainings are too short."""
    short = " A quick look trains for too few steps to learn the task, so what it says of the claims is worth little."
    return limits + short if setting.quick else limits
