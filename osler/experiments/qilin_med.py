"""Qilin-Med's ladder on a tiny network: pre-training, tuning, preferences, and passages; each stage by its own measure."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from osler.core.block import replace
from osler.experiments.clinicalgpt import Case, hits_of
from osler.experiments.measure import Right, gain
from osler.experiments.outcome import Claim, Curve, Figure, Outcome, Point, Setting, TableOf
from osler.experiments.zhongjing import settled
from osler.recipes.models.qilin_med import TINY
from osler.tuning.dialogue.conversation import Turn
from osler.tuning.preference.drawn import Writer
from osler.tuning.preference.ranked import preferences_of
from osler.tuning.preference.reward import Asked, asked_of
from osler.tuning.stage import made

TITLE = "The ladder of pre-training, tuning and preferences, each stage by its own measure"
SOURCE = "Qilin-Med, Ye et al. 2023, arXiv:2310.09089"
PLAIN = (
    "Each stage of training should improve what it is for: reading the field's text, answering exam questions, giving the "
    "preferred answer. The others are shown beside it, so that what a stage costs is seen as well."
)
ARMS = ("pre-trained", "tuned", "preferences", "preferences, passage")
SEEDS = 3


class Trained(NamedTuple):
    """By arm: mean log-probability per token of the field's text, right exam answers, pairs ordered as preferred."""

    text: Mapping[str, Sequence[float]]
    exam: Mapping[str, Sequence[bool]]
    preferred: Mapping[str, Sequence[bool]]


async def run(setting: Setting) -> Outcome:
    found = await asyncio.to_thread(lambda: [_one(setting, setting.seed + at) for at in range(SEEDS)])
    return Outcome(
        setup=(
            "An invented medicine of eight diseases. A decoder of two layers, width 48, from scratch is pre-trained on its "
            f"dialogues, talks and a few questions, tuned on exam questions, then taught preferences by DPO; {SEEDS} seeds. Text: mean log-probability of "
            "other dialogues on the same diseases. Exam: the likeliest of four options, per token. Preferred: pairs of unseen "
            "prompts in which the preferred reply is the likelier one, per token. Last, the exam with the sentence that holds "
            "the answer before the question."
        ),
        tables=[_table(found)],
        figures=[_figure(found)],
        claims=_claims(found),
        limits=(
            "Pre-training begins from nothing, so that it has no earlier level to be held against but chance. Dialogues stand for "
            "the paper's corpus, and no passage was ever seen in training, which so small a network is not likely to read."
        ),
    )


def _one(setting: Setting, seed: int) -> Trained:
    stage = TINY
    if setting.quick:
        stage = replace(stage, **{"base.schedule.steps": 60, "base.base.schedule.steps": 60})
    pretrain = stage.base.base
    texts = asked_of(replace(pretrain.data.parts[0], seed=9))
    exam = _exam(replace(stage.base.data, seed=9))
    pairs = preferences_of(replace(stage.data, data=replace(stage.data.data, part="test")))
    with tempfile.TemporaryDirectory() as shelf:
        first = made(pretrain, seed=seed, shelf=shelf)
        second = made(replace(stage.base, base=first), seed=seed, shelf=shelf)
        third = made(replace(stage, base=second), seed=seed, shelf=shelf)
        text: dict[str, list[float]] = {}
        right: dict[str, list[bool]] = {}
        preferred: dict[str, list[bool]] = {}
        for arm, model in zip(ARMS, (first, second, third, third), strict=True):
            writer = Writer(model)
            said = writer.logprobs(texts, [[one.reference] for one in texts])
            text[arm] = [row[0][0] / row[0][1] for row in said]
            right[arm] = hits_of(writer, [_with_passage(one) for one in exam] if "passage" in arm else exam)
            ranked = writer.logprobs([Asked(p.id, p.prompt) for p in pairs], [[p.chosen, p.rejected] for p in pairs])
            preferred[arm] = [row[0][0] / row[0][1] > row[1][0] / row[1][1] for row in ranked]
    return Trained(text, right, preferred)


def _exam(data: object) -> list[Case]:
    """Questions with three answers of the same relation beside the right one."""
    asked = asked_of(data)
    tails: dict[str, list[str]] = {}
    for one in asked:
        tails.setdefault(one.id.split("-")[1], []).append(one.reference)
    rows = []
    for place, one in enumerate(asked):
        pool = sorted(set(tails[one.id.split("-")[1]]) - {one.reference})
        others = [pool[(place + step) % len(pool)] for step in range(min(3, len(pool)))]
        rows.append(Case(one, (one.reference, *others), 0))
    return rows


def _with_passage(one: Case) -> Case:
    """The case with a passage before its question: the words of the question with the answer."""
    asked = one.asked.prompt[-1].text
    head = asked.removesuffix(" ?").split()[-1]
    told = f"{head} : {one.asked.reference} . {asked}"
    return one._replace(asked=one.asked._replace(prompt=(Turn("user", told),)))


def _right(found: Sequence[Trained], measure: str, arm: str) -> Right:
    hits = [hit for one in found for hit in getattr(one, measure)[arm]]
    return Right(tuple(hits), len(hits))


def _text(found: Sequence[Trained], arm: str) -> float:
    return statistics.fmean(value for one in found for value in one.text[arm])


def _table(found: Sequence[Trained]) -> TableOf:
    rows = [
        [arm, f"{_text(found, arm):.3f}", _right(found, "exam", arm).told(), _right(found, "preferred", arm).told()]
        for arm in ARMS
    ]
    return TableOf(
        title="Every stage by every measure",
        columns=("stage", "text, log-probability per token", "exam", "preferred reply likelier"),
        rows=rows,
        about=f"{SEEDS} seeds; chance in the exam is about a quarter.",
    )


def _figure(found: Sequence[Trained]) -> Figure:
    curves = []
    for measure in ("exam", "preferred"):
        points = []
        for place, arm in enumerate(ARMS, 1):
            held = _right(found, measure, arm)
            points.append(Point(x=place, y=held.share, low=held.ends[0], high=held.ends[1]))
        curves.append(Curve(title=measure, points=points))
    names = {float(place): arm for place, arm in enumerate(ARMS, 1)}
    return Figure(title="The ladder", x_title="stage", y_title="share right", curves=curves, names=names)


def _claims(found: Sequence[Trained]) -> list[Claim]:
    claims = []
    for text, measure, a, b in (
        ("Tuning raises the exam over pre-training", "exam", "pre-trained", "tuned"),
        ("DPO orders unseen pairs better than tuning alone", "preferred", "tuned", "preferences"),
        ("A passage with the answer raises the exam", "exam", "preferences", "preferences, passage"),
    ):
        step = gain(_right(found, measure, a), _right(found, measure, b))
        each = [_right([one], measure, b).share - _right([one], measure, a).share for one in found]
        claims.append(Claim(text=text, seen=f"{step.told()}, p {step.p_told}", holds=settled(step, each)))
    lost = gain(_right(found, "exam", "tuned"), _right(found, "exam", "preferences"))
    claims.append(
        Claim(
            text="DPO costs less than 5 points in the exam",
            seen=lost.told(),
            holds=True if lost.low > -0.05 else False if lost.high < -0.05 else None,
        )
    )
    return claims
