"""MedAlpaca's finding: low-rank training learns the form of answers as well as full training, new facts less well."""

from __future__ import annotations

import asyncio
import random
import tempfile
from collections.abc import Mapping, Sequence
from typing import Any

from osler.core.block import replace
from osler.core.types import Prompt
from osler.data.generated.invented_clinic import Disease, Fact, clinic, facts, question
from osler.experiments.measure import Gain
from osler.experiments.outcome import Claim, Curve, Figure, Outcome, Point, Setting, TableOf
from osler.experiments.seeds import gain_over_seeds, mean_over_seeds
from osler.recipes.models.medalpaca import TINY
from osler.tuning.dialogue.conversation import Turn
from osler.tuning.dialogue.replies import replies
from osler.tuning.peft.lora import LoRA
from osler.tuning.stage import Stage, made

TITLE = "Low-rank training learns the form of an answer at once, new facts only with rank"
SOURCE = "MedAlpaca, Han et al. 2023, arXiv:2304.08247, full tuning against LoRA and LoRA with 8 bits"
PLAIN = (
    "Small models learnt facts on diseases they had never met, by changing all of their weights or only a few added ones. "
    "Then it was counted how many facts they know and how often they answer in the new form."
)
SEEDS = 3
OLD, NEW = 8, 8
RELATIONS = ("organ", "test", "drug", "avoid", "alarm")
FORM = "the answer is"
RATES = {"full": 2e-3, "LoRA": 1e-2}
FULL, QUANTISED = "all weights", "LoRA r = 8, int8"
MARGIN = 0.05
ARMS: Mapping[str, Any] = {
    FULL: None,
    "LoRA r = 1": LoRA(rank=1, alpha=2.0, dropout=0.0),
    "LoRA r = 8": LoRA(rank=8, alpha=16.0, dropout=0.0),
    "LoRA r = 64": LoRA(rank=64, alpha=128.0, dropout=0.0),
    QUANTISED: replace(TINY.adapter, dropout=0.0),
}


async def run(setting: Setting) -> Outcome:
    seeds = range(setting.seed, setting.seed + SEEDS)
    arms = {arm: ARMS[arm] for arm in (FULL, "LoRA r = 1", "LoRA r = 8")} if setting.quick else ARMS
    found = [await _one(seed, arms, setting) for seed in seeds]
    right = {arm: [one[arm][0] for one in found] for arm in arms}
    form = {arm: [one[arm][1] for one in found] for arm in arms}
    trained = {arm: found[0][arm][2] for arm in arms}
    low = [arm for arm in arms if arm.startswith("LoRA r") and arm != QUANTISED]
    facts_lag = {arm: gain_over_seeds(right[arm], right[FULL]) for arm in low}
    form_lag = gain_over_seeds(form["LoRA r = 8"], form[FULL])
    by_rank = gain_over_seeds(right[low[0]], right[low[-1]])
    claims = [
        Claim(
            text="Low-rank training at rank 8 lags behind full training on new facts",
            seen=facts_lag["LoRA r = 8"].told(),
            holds=_sign(facts_lag["LoRA r = 8"]),
        ),
        Claim(
            text="It does not lag on the form of answers (5 points)",
            seen=f"full less rank 8: {form_lag.told()}",
            holds=True if form_lag.high < MARGIN else False if form_lag.low > MARGIN else None,
        ),
        Claim(
            text=f"A higher rank learns more facts ({low[-1]} against {low[0]})",
            seen=by_rank.told(),
            holds=_sign(by_rank),
        ),
    ]
    if QUANTISED in arms:
        bits = gain_over_seeds(right["LoRA r = 8"], right[QUANTISED])
        claims.append(
            Claim(
                text="Holding the frozen base in 8 bits costs no facts (5 points); the paper's rows of 8 bits go both ways",
                seen=bits.told(),
                holds=True if bits.low > -MARGIN else False if bits.high < -MARGIN else None,
            )
        )
    return Outcome(
        setup=(
            f"{SEEDS} trainings of each kind. A decoder of 0.1 million weights first learns {OLD} made-up diseases, and of {NEW} others "
            "no more than what kind of thing each word is. Then it learns all facts on these, in answers of a new form, for the same "
            f"number of steps: all weights at the rate {RATES['full']:g}, or LoRA on queries and values at {RATES['LoRA']:g}. Each "
            f"model is asked all {len(right[FULL][0])} new facts in words of its training."
        ),
        tables=[
            TableOf(
                title="New facts and new form",
                columns=("trained", "numbers", "right facts (95 % interval)", "in the form (95 % interval)"),
                rows=[[arm, f"{trained[arm]:,}", _told(right[arm]), _told(form[arm])] for arm in arms],
            )
        ],
        figures=[
            Figure(
                title="What few numbers can learn",
                x_title="numbers that are trained",
                y_title="share of the questions",
                scale="log",
                curves=[
                    Curve(title=title, points=[_point(trained[arm], values[arm]) for arm in (*low, FULL)])
                    for title, values in (("fact is right", right), ("form is right", form))
                ],
            )
        ],
        claims=claims,
        limits=(
            "The two rates were set once and not searched, so part of a lag may be the rate's; a rank of 64 is the full width of these "
            "networks. The paper's table has one training of each kind and several hundred exam questions, where a model answers by "
            "reasoning too. Facts are asked in words of the training: this is memory."
        ),
    )


async def _one(seed: int, arms: Mapping[str, Any], setting: Setting) -> dict[str, tuple[list[float], list[float], int]]:
    """For each arm: right facts, right forms, and how many numbers were trained."""
    draw = random.Random(f"medalpaca {seed}")
    whole = clinic(OLD + NEW, seed=seed)
    known = [pair for disease in whole[:OLD] for pair in _asked(disease, whole, draw, "{tail} .")]
    known += [pair for disease in whole[OLD:] for pair in _kinds(disease)]
    taught = [pair for disease in whole[OLD:] for pair in _asked(disease, whole, draw, FORM + " {tail} .")]
    tests = [(prompt.question, answer.split()[-2]) for prompt, answer in taught[::2]]
    steps = 60 if setting.quick else 150
    found = {}
    with tempfile.TemporaryDirectory() as shelf:
        base = await asyncio.to_thread(made, replace(TINY.base, data=None), known, seed=seed, shelf=shelf)
        for arm, adapter in arms.items():
            rate = RATES["full" if adapter is None else "LoRA"]
            changes = {"schedule.steps": steps, "schedule.learning_rate": rate}
            stage = replace(TINY, base=base, data=None, adapter=adapter, **changes)
            model: Stage = await asyncio.to_thread(made, stage, taught, seed=seed, shelf=shelf)
            texts = await replies(model, [(Turn("user", text),) for text, _ in tests], max_tokens=8)
            right = [float(tail in text.split()) for text, (_, tail) in zip(texts, tests, strict=True)]
            form = [float(text.startswith(FORM) and text.endswith(".")) for text in texts]
            found[arm] = right, form, int(model.held.manifest["about"]["trained_parameters"])
    return found


def _asked(disease: Disease, whole: Sequence[Disease], draw: random.Random, form: str) -> list[tuple[Prompt, str]]:
    """Two questions on each fact, next to each other, with answers of this form."""
    return [
        (Prompt(id=_name(fact, number), question=question(fact, whole, draw).text), form.format(tail=fact.tail))
        for fact in facts(disease)
        if fact.relation in RELATIONS
        for number in range(2)
    ]


def _kinds(disease: Disease) -> list[tuple[Prompt, str]]:
    """The words of a disease without any fact that joins them; and the words of the new form."""
    kinds = {"disease": disease.name, "test": disease.test, "drug": disease.drug}
    return [
        (Prompt(id=f"{disease.id}-{kind}", question=f"what is {word} ?"), f"{word} is a {kind} in the answer .")
        for kind, word in kinds.items()
    ]


def _name(fact: Fact, number: int) -> str:
    return f"{fact.disease}-{fact.relation}-{fact.tail}-{number}"


def _point(x: float, values: Sequence[Sequence[float]]) -> Point:
    mean, low, high = mean_over_seeds(values)
    return Point(x=x, y=mean, low=max(0.0, low), high=min(1.0, high))


def _told(values: Sequence[Sequence[float]]) -> str:
    mean, low, high = mean_over_seeds(values)
    return f"{100 * mean:.1f} % ({100 * max(0.0, low):.1f} to {100 * min(1.0, high):.1f})"


def _sign(found: Gain) -> bool | None:
    return True if found.positive else False if found.high < 0 else None
