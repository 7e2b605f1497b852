"""Med-PaLM's instruction prompt tuning: a few vectors before a frozen model change how it answers, not what it knows."""

from __future__ import annotations

import asyncio
import dataclasses
import random
import tempfile
from collections.abc import Sequence
from typing import Any

from osler.core.block import replace
from osler.core.types import Prompt
from osler.data.generated.invented_clinic import Fact, clinic, facts, question
from osler.experiments.measure import Gain
from osler.experiments.outcome import Claim, Curve, Figure, Outcome, Point, Setting, TableOf
from osler.experiments.seeds import gain_over_seeds, mean_over_seeds
from osler.models.adapter import base_of, model_hash
from osler.recipes.models.med_palm_tuning import TINY
from osler.tuning.dialogue.conversation import Turn
from osler.tuning.dialogue.replies import replies
from osler.tuning.stage import Stage, made

TITLE = "Twenty soft tokens and forty examples change how a frozen model answers, not what it knows"
SOURCE = "Med-PaLM, Singhal et al. 2023, arXiv:2212.13138, instruction prompt tuning"
PLAIN = (
    "A small frozen model was given a learnt beginning, from a few example answers that end in advice to ask a doctor. "
    "Then it was counted how often it gives that advice unasked, and whether its facts stay right."
)
CARE = "please ask your doctor ."
CUE = "with care ,"
EXEMPLARS = (5, 40)
SEEDS = 4
DISEASES = 12
RELATIONS = ("organ", "test", "drug", "avoid", "alarm")
MARGIN = 0.05  # how many right answers may go before we call the knowledge changed


@dataclasses.dataclass(frozen=True)
class Found:
    """Of one seed, for each arm and test question: whether the reply ends as wanted, and whether its fact is right."""

    aligned: dict[str, list[float]]
    right: dict[str, list[float]]
    frozen: bool
    numbers: int


async def run(setting: Setting) -> Outcome:
    seeds = range(setting.seed, setting.seed + (3 if setting.quick else SEEDS))
    found = [await _one(seed, setting) for seed in seeds]
    arms = list(found[0].aligned)
    aligned = {arm: [one.aligned[arm] for one in found] for arm in arms}
    right = {arm: [one.right[arm] for one in found] for arm in arms}
    most = f"{EXEMPLARS[-1]} examples"
    jump, kept = (
        gain_over_seeds(aligned["frozen base"], aligned[most]),
        gain_over_seeds(right["frozen base"], right[most]),
    )
    asked = gain_over_seeds(aligned["base, asked for care"], aligned[most])
    frozen = sum(one.frozen for one in found)
    return Outcome(
        setup=(
            f"{len(found)} trainings. Each pre-trains a decoder of 0.1 million weights on {DISEASES} made-up diseases: short answers to "
            f"plain questions, and answers that end in “{CARE}” where the question begins “{CUE}”. Then all its weights are frozen and "
            f"{TINY.adapter.length} vectors before the question ({found[0].numbers:,} numbers) learn from examples that answer plain "
            f"questions with that advice. {len(found[0].aligned[arms[0]])} other questions are put to each model."
        ),
        tables=[
            TableOf(
                title="How it answers, and what it knows",
                columns=("model", "replies that end as wanted (95 % interval)", "right facts (95 % interval)"),
                rows=[[arm, _told(aligned[arm]), _told(right[arm])] for arm in arms],
            )
        ],
        figures=[
            Figure(
                title="Examples, manner and knowledge",
                x_title="examples that the soft prompt learnt from",
                y_title="share of the questions",
                curves=[
                    Curve(title=title, points=[_point(x, values[arm]) for x, arm in _tuned(arms)])
                    for title, values in (("ends as wanted", aligned), ("fact is right", right))
                ],
            )
        ],
        claims=[
            Claim(text="Alignment jumps with 40 examples", seen=jump.told(), holds=_sign(jump)),
            Claim(
                text=f"What it knows is unchanged, within {100 * MARGIN:.0f} points",
                seen=kept.told(),
                holds=True if kept.low > -MARGIN else False if kept.high < -MARGIN else None,
            ),
            Claim(
                text="No weight of the base changed, by hash",
                seen=f"{frozen} of {len(found)} bases are what they were, byte for byte",
                holds=frozen == len(found),
            ),
            Claim(
                text="The learnt prompt does no worse than asking for care in words",
                seen=asked.told(),
                holds=True if asked.low > -MARGIN else False if asked.high < -MARGIN else None,
            ),
        ],
        limits=(
            "The wanted manner is one closing sentence that the model had met before; the paper's clinicians rated twelve qualities of "
            "long answers. Nothing here says that such advice is right or enough. The base reads the plain questions of the same facts "
            "in pre-training, so right facts are memory, not reasoning. Rate and steps of the soft prompt were set once for this size. "
            "A first design, with more diseases and a base that knew a fifth of the facts, could not tell what happens to them "
            "(−2.2 points, −12.9 to 8.4); diseases, relations and steps were changed after that."
        ),
    )


async def _one(seed: int, setting: Setting) -> Found:
    known, plain, tests = _questions(seed)
    base_stage = replace(TINY.base, data=None, **{"schedule.steps": 100 if setting.quick else 500})
    tuned_stage = replace(TINY, data=None, **{"schedule.steps": 40 if setting.quick else 100})
    draw = random.Random(f"exemplars {seed}")
    draw.shuffle(plain)
    aligned: dict[str, list[float]] = {}
    right: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as shelf:
        base = await asyncio.to_thread(made, base_stage, known, seed=seed, shelf=shelf)
        before, numbers, frozen = model_hash(base.folder), 0, True

        async def ask(arm: str, model: Stage, cue: str = "") -> None:
            asked = [(Turn("user", f"{cue} {text}".strip()),) for text, _ in tests]
            texts = await replies(model, asked, temperature=0.0, seed=seed, max_tokens=10)
            aligned[arm] = [float(text.strip().endswith(CARE)) for text in texts]
            right[arm] = [float(text.split()[:1] == [fact.tail]) for text, (_, fact) in zip(texts, tests, strict=True)]

        await ask("frozen base", base)
        await ask("base, asked for care", base, CUE)
        for count in EXEMPLARS:
            stage = replace(tuned_stage, base=base)
            tuned = await asyncio.to_thread(made, stage, plain[:count], seed=seed, shelf=shelf)
            await ask(f"{count} examples", tuned)
            frozen = frozen and base_of(tuned.folder) == base.folder and model_hash(base.folder) == before
            numbers = int(tuned.held.manifest["about"]["trained_parameters"])
    return Found(aligned, right, frozen, numbers)


def _questions(seed: int) -> tuple[list[Any], list[Any], list[tuple[str, Fact]]]:
    """What the base learns, what examples are taken from, and the test questions on the other facts."""
    draw = random.Random(f"med-palm tuning {seed}")
    whole = clinic(DISEASES, seed=seed)
    every = [fact for disease in whole for fact in facts(disease) if fact.relation in RELATIONS]
    draw.shuffle(every)
    known: list[Any] = []
    for fact in every:
        for number in range(2):
            text = question(fact, whole, draw).text
            name = f"{fact.head}-{fact.relation}-{fact.tail}-{number}"
            known.append((Prompt(id=name, question=text), f"{fact.tail} ."))
            known.append((Prompt(id=f"{name}-care", question=f"{CUE} {text}"), f"{fact.tail} . {CARE}"))
    cut = EXEMPLARS[-1] // 2
    shown = [
        (Prompt(id=f"x{at}-{number}", question=question(fact, whole, draw).text), f"{fact.tail} . {CARE}")
        for at, fact in enumerate(every[:cut])
        for number in range(2)
    ]
    tests = [(question(fact, whole, draw).text, fact) for fact in every[cut:] for _ in range(2)]
    return known, shown, tests


def _tuned(arms: Sequence[str]) -> list[tuple[int, str]]:
    return [(0, "frozen base"), *((int(arm.split()[0]), arm) for arm in arms if arm.endswith("examples"))]


def _point(x: float, values: Sequence[Sequence[float]]) -> Point:
    mean, low, high = mean_over_seeds(values)
    return Point(x=x, y=mean, low=max(0.0, low), high=min(1.0, high))


def _told(values: Sequence[Sequence[float]]) -> str:
    mean, low, high = mean_over_seeds(values)
    return f"{100 * mean:.1f} % ({100 * max(0.0, low):.1f} to {100 * min(1.0, high):.1f})"


def _sign(found: Gain) -> bool | None:
    return True if found.positive else False if found.high < 0 else None
