"""HuatuoGPT's two kinds of data on a tiny network: distilled, real, both, and then a reward that wants the best of each."""

from __future__ import annotations

import asyncio
import re
import statistics
import tempfile
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from osler.core.block import replace
from osler.data.generated.invented_clinic import clinic
from osler.experiments.measure import Right, gain
from osler.experiments.outcome import Claim, Outcome, Setting, TableOf
from osler.experiments.zhongjing import course, kind_of, no_collapse, settled
from osler.recipes.models.huatuogpt_feedback import TINY
from osler.tuning.preference.drawn import Writer, best_of
from osler.tuning.preference.reward import Asked, asked_of, scorer_of
from osler.tuning.stage import made

TITLE = "Distilled and real dialogues, both together, and reinforcement that wants the best of each"
SOURCE = "HuatuoGPT, Zhang et al. 2023, arXiv:2305.15075"
PLAIN = (
    "A model taught by another model's long answers never asks; taught by doctors' short replies it asks but tells little. Both "
    "together keep both habits, and a reward that wants both strengthens them."
)
SEEDS = 3
DRAWN = 4
ARMS = ("distilled", "real", "hybrid", "best of 4", "PPO")


class Trained(NamedTuple):
    texts: Mapping[str, Sequence[str]]
    rewards: Mapping[str, float]
    curve: Sequence[Mapping[str, float]]
    collapse: Sequence[str]


async def run(setting: Setting) -> Outcome:
    asked = asked_of(replace(TINY.prompts, part="test"))
    found = await asyncio.to_thread(lambda: [_one(setting, setting.seed + at, asked) for at in range(SEEDS)])
    return Outcome(
        setup=(
            f"For each of {SEEDS} seeds a decoder of two layers, width 48, tuned on distilled talks (long advice, no question), on "
            "real ones (terse, six of ten vague complaints asked about), or on both; then from the hybrid the best of "
            f"{DRAWN} drawn replies and PPO, by a reward that wants a question for a vague complaint, and drug, dose and "
            f"warning for a clear one. Measured on {len(asked)} prompts of other wording."
        ),
        tables=[_table(asked, found)],
        figures=[course([one.curve for one in found], "PPO from the hybrid, step by step")],
        claims=_claims(asked, found),
        limits=(
            "Both kinds of data follow templates, and the reward is made of rules instead of a model that compares with a doctor's "
            "reply. The right drug is hard for so small a network: prompts of new wording on known diseases are asked, no new ones."
        ),
    )


def _one(setting: Setting, seed: int, asked: Sequence[Asked]) -> Trained:
    stage = replace(TINY, **{"base.schedule.steps": 90, "schedule.steps": 10}) if setting.quick else TINY
    distilled, real = TINY.base.data.parts
    score = scorer_of(TINY.reward)
    texts: dict[str, list[str]] = {}
    with tempfile.TemporaryDirectory() as shelf:
        for name, data in (("distilled", distilled), ("real", real)):
            model = made(replace(stage.base, data=data), seed=seed, shelf=shelf)
            texts[name] = [row[0] for row in Writer(model).replies(asked, tokens=32, seed=seed)]
        base = made(stage.base, seed=seed, shelf=shelf)
        drawn = Writer(base).replies(asked, n=DRAWN, tokens=32, seed=seed)
        texts["hybrid"] = [row[0] for row in drawn]
        texts["best of 4"] = best_of(drawn, asked, score).replies
        tuned = made(replace(stage, base=base), seed=seed, shelf=shelf)
        texts["PPO"] = [row[0] for row in Writer(tuned).replies(asked, tokens=32, seed=seed)]
        record, about = tuned.held.manifest["record"], tuned.held.manifest["about"]
    rewards = {name: statistics.fmean(score(asked, row)) for name, row in texts.items()}
    return Trained(texts, rewards, record["curve"], about["collapse"])


def asks(asked: Sequence[Asked], found: Sequence[Trained], arm: str) -> Right:
    """Vague complaints that are asked about, all seeds one after the other."""
    hits = ["?" in t for o in found for one, t in zip(asked, o.texts[arm], strict=True) if kind_of(one) == "vague"]
    return Right(tuple(hits), len(hits))


def warns(asked: Sequence[Asked], found: Sequence[Trained], arm: str) -> Right:
    """Clear complaints answered by dose, drug and warning."""
    told = re.compile(r"take \d+ mg of .*never take")
    hits = [
        told.search(t) is not None
        for o in found
        for one, t in zip(asked, o.texts[arm], strict=True)
        if kind_of(one) == "clear"
    ]
    return Right(tuple(hits), len(hits))


def names_drug(asked: Sequence[Asked], found: Sequence[Trained], arm: str) -> Right:
    """Clear complaints in whose answer the right drug stands."""
    drugs = {one.id: one.drug for one in clinic(TINY.prompts.diseases, seed=TINY.prompts.clinic)}
    hits = [
        drugs[one.id.partition("-")[0]] in t.split()
        for o in found
        for one, t in zip(asked, o.texts[arm], strict=True)
        if kind_of(one) == "clear"
    ]
    return Right(tuple(hits), len(hits))


def _table(asked: Sequence[Asked], found: Sequence[Trained]) -> TableOf:
    rows = []
    for arm in ARMS:
        words = statistics.fmean(len(text.split()) for one in found for text in one.texts[arm])
        cells = [measure(asked, found, arm).told() for measure in (asks, warns, names_drug)]
        rows.append([arm, *cells, f"{words:.1f}", f"{statistics.fmean(one.rewards[arm] for one in found):.2f}"])
    return TableOf(
        title="What is asked and what is told",
        columns=(
            "",
            "questions to vague complaints",
            "dose, drug and warning to clear ones",
            "right drug",
            "words",
            "reward",
        ),
        rows=rows,
        about=f"{SEEDS} seeds, one reply to each prompt at temperature 1; the reward is at most 3.",
    )


def _claims(asked: Sequence[Asked], found: Sequence[Trained]) -> list[Claim]:
    none = asks(asked, found, "distilled")
    claims = [
        Claim(
            text="Distilled data alone never asks",
            seen=none.told(),
            holds=True if none.ends[1] < 0.1 else None if none.ends[0] < 0.1 else False,
        ),
        _step("Real data alone asks more than distilled", asked, found, "distilled", "real", asks),
        _step("Real data alone is terse: it warns less than distilled", asked, found, "real", "distilled", warns),
        _step("The hybrid asks more than distilled", asked, found, "distilled", "hybrid", asks),
        _step("The hybrid tells more than real", asked, found, "real", "hybrid", warns),
        _step("PPO asks more than the hybrid it started from", asked, found, "hybrid", "PPO", asks),
        _step("PPO tells more than the hybrid it started from", asked, found, "hybrid", "PPO", warns),
        _step("Best of four asks more than one reply", asked, found, "hybrid", "best of 4", asks),
    ]
    lost = gain(names_drug(asked, found, "hybrid"), names_drug(asked, found, "PPO"))
    claims.append(
        Claim(
            text="PPO loses no more than 10 points of right drugs, which are not rewarded",
            seen=lost.told(),
            holds=True if lost.low > -0.1 else False if lost.high < -0.1 else None,
        )
    )
    return [*claims, no_collapse(found)]


def _step(text: str, asked: Sequence[Asked], found: Sequence[Trained], a: str, b: str, measure: Any) -> Claim:
    step = gain(measure(asked, found, a), measure(asked, found, b))
    each = [measure(asked, [one], b).share - measure(asked, [one], a).share for one in found]
    return Claim(text=text, seen=f"{step.told()}, p {step.p_told}", holds=settled(step, each))
