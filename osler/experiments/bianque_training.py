"""BianQue's point: how many of a doctor's learnt turns are questions decides whether a model asks at the right time."""

from __future__ import annotations

import asyncio
import itertools
import tempfile
from collections.abc import Sequence

import numpy as np

from osler.core.block import replace
from osler.core.types import Example, Prediction
from osler.evaluation.consultation.pqa import Pqa, PqaGmean, counts
from osler.experiments.dialogue_arms import gain
from osler.experiments.measure import Gain
from osler.experiments.outcome import Claim, Curve, Figure, Outcome, Point, Setting, TableOf
from osler.experiments.seeds import mean_over_seeds
from osler.recipes.models.bianque import TINY
from osler.tuning.dialogue.conversation import Turn
from osler.tuning.dialogue.invented import InventedDialogues
from osler.tuning.dialogue.replies import replies
from osler.tuning.stage import made

TITLE = "A model asks as much as its training lets it, and too much is as bad as too little"
SOURCE = "BianQue, Chen et al. 2023, arXiv:2310.15896"
PLAIN = (
    "Small models learnt made-up consultations in which the doctor never asks, asks about half of the time, or only asks. "
    "Then it was counted whether they ask while something is open and advise once it is answered."
)
SHARES = (0.0, 0.25, 0.462, 0.75, 1.0)
PAPER = 0.462
SEEDS = 5


def data(share: float, seed: int) -> InventedDialogues:
    """Consultations in which ``share`` of the doctor's learnt turns are questions."""
    whole: InventedDialogues = replace(TINY.data, seed=seed)
    if share <= 0.5:  # p of the consultations have a question beside the advice that each has: p / (1 + p) is the share
        return replace(whole, asks=share / (1 - share))
    return replace(whole, asks=1.0, advice=(1 - share) / share)


async def run(setting: Setting) -> Outcome:
    shares = (0.0, PAPER, 1.0) if setting.quick else SHARES
    seeds = range(setting.seed, setting.seed + (3 if setting.quick else SEEDS))
    found: dict[float, list[np.ndarray]] = {share: [] for share in shares}
    for share in shares:
        for seed in seeds:
            found[share].append(await _sums(share, seed, setting))
    f1 = {share: [[float(Pqa().value(rows.sum(0)))] for rows in found[share]] for share in shares}
    balance = {share: [[float(PqaGmean().value(rows.sum(0)))] for rows in found[share]] for share in shares}
    asked = {share: [[float(rows[:, :2].sum() / rows.sum())] for rows in found[share]] for share in shares}
    ends = [gain(balance[end], balance[PAPER]) for end in (0.0, 1.0)]
    by_f1 = [gain(f1[end], f1[PAPER]) for end in (0.0, 1.0)]
    rates = [float(np.mean(asked[share])) for share in shares]
    more = gain(asked[0.0], asked[1.0])
    cases = len(found[PAPER][0])
    return Outcome(
        setup=(
            f"{len(shares)} kinds of training data, {len(seeds)} trainings each, of a decoder with 0.09 million weights from scratch: "
            f"{TINY.data.diseases * TINY.data.each} consultations of {TINY.data.diseases} made-up diseases, every doctor's turn a "
            "target. They differ in the share of learnt turns that are questions: in some consultations the doctor advises at once, or "
            f"advice is read but not learnt. Each model then gets {cases} other moments: after a first complaint, where asking is "
            "due, and after the answer to a question, where advice is due; replies are sampled at T = 0.95, as BianQue's are."
        ),
        tables=[
            TableOf(
                title="Asking, by what was learnt",
                columns=(
                    "questions among learnt turns",
                    "turns that ask",
                    "PQA F1 (95 % interval)",
                    "PQA balance (95 % interval)",
                ),
                rows=[
                    [f"{100 * share:.0f} %", *(_told(each[share]) for each in (asked, f1, balance))] for share in shares
                ],
                about="Intervals are over trainings. Both figures are the workbench's definitions; the paper's formula is not public.",
            )
        ],
        figures=[
            Figure(
                title="Asking and advising at the right moment",
                x_title="questions among learnt turns, percent",
                y_title="PQA",
                unit="",
                curves=[
                    Curve(title=name, points=[_point(share, values[share]) for share in shares])
                    for name, values in (("balance of asking and advising", balance), ("F1 of asking", f1))
                ],
            )
        ],
        claims=[
            Claim(
                text="The balance of asking and advising is an inverted U: BianQue's 46 % is better than none and than all",
                seen=f"46 % less 0 %: {_number(ends[0])}; 46 % less 100 %: {_number(ends[1])}",
                holds=_both(ends),
            ),
            Claim(
                text="F1 of asking shows the same inverted U",
                seen=f"46 % less 0 %: {_number(by_f1[0])}; 46 % less 100 %: {_number(by_f1[1])}",
                holds=_both(by_f1),
            ),
            Claim(
                text="The more questions are learnt, the more turns ask",
                seen=", ".join(f"{100 * rate:.0f} %" for rate in rates) + f"; all less none: {more.told()}",
                holds=more.positive and all(a <= b + 0.03 for a, b in itertools.pairwise(rates)),
            ),
        ],
        limits=(
            "Asking is due at a fixed moment here, and one question answers all; when and what to ask a real patient is much harder. "
            "The models never learn advice at 100 %, as the row of the paper's idea says; a model that asks without end would be another. "
            "Whether a question is a good one is not looked at."
        ),
    )


async def _sums(share: float, seed: int, setting: Setting) -> np.ndarray:
    """Turns [moments, 4] by what is due and what was said: see ``pqa.counts``."""
    stage = replace(TINY, data=data(share, seed))
    if setting.quick:
        stage = replace(stage, **{"schedule.steps": 40, "schedule.batch_tokens": 512})
    with tempfile.TemporaryDirectory() as shelf:
        model = await asyncio.to_thread(made, stage, seed=seed, shelf=shelf)
        moments = _moments(1000 + seed, 2 if setting.quick else 6)
        texts = await replies(model, [before for before, _ in moments], temperature=0.95, seed=seed, max_tokens=16)
    rows = []
    for number, ((_, reference), text) in enumerate(zip(moments, texts, strict=True)):
        row = counts(Example(id=str(number), input={}, target=reference), Prediction(answer=text))
        assert not isinstance(row, str)
        rows.append(row)
    return np.array(rows)


def _moments(seed: int, each: int) -> list[tuple[tuple[Turn, ...], str]]:
    """What stands before each doctor's turn of new consultations that ask and then advise, and that turn."""
    made_up = InventedDialogues(diseases=TINY.data.diseases, each=each, asks=1.0, seed=seed).conversations()
    return [
        (one.turns[:at], turn.text) for one in made_up for at, turn in enumerate(one.turns) if turn.role == "assistant"
    ]


def _point(share: float, values: Sequence[Sequence[float]]) -> Point:
    mean, low, high = mean_over_seeds(values)
    return Point(x=100 * share, y=mean, low=max(0.0, low), high=min(1.0, high))


def _told(values: Sequence[Sequence[float]]) -> str:
    mean, low, high = mean_over_seeds(values)
    return f"{mean:.2f} ({max(0.0, low):.2f} to {min(1.0, high):.2f})"


def _number(found: Gain) -> str:
    return f"{found.value:+.2f} ({found.low:.2f} to {found.high:.2f})".replace("-", "\u2212")


def _both(found: Sequence[Gain]) -> bool | None:
    if all(one.positive for one in found):
        return True
    return False if any(one.high < 0 for one in found) else None
