"""MedPrompt's ablation ladder in the published order, with every gain planted, and with one planted gain taken out."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

from osler.core.block import replace
from osler.core.types import Strategy
from osler.experiments.exam import EXAM, exam
from osler.experiments.measure import Gain, Right, ask, gain, gain_beyond
from osler.experiments.outcome import Claim, Curve, Figure, Outcome, Point, Setting, TableOf
from osler.models.simulated import Simulated
from osler.prompting.chain_of_thought import ChainOfThought
from osler.prompting.choice_shuffle import ChoiceShuffle
from osler.prompting.few_shot import FewShot
from osler.prompting.self_consistency import SelfConsistency
from osler.prompting.zero_shot import ZeroShot

TITLE = "MedPrompt's ladder: three rungs gain by their own cause alone, the ensemble mostly by voting"
SOURCE = "Nori et al. 2023, arXiv:2311.16452, ablation on MedQA"
PLAIN = (
    "Each step of MedPrompt helps only where its own cause is there. Most of what its last step gains comes "
    "of counting the votes of five answers, and that needs answers that vary from draw to draw."
)
TOPICS = 300
PUBLISHED = (81.7, 83.9, 87.3, 88.4, 90.2)  # GPT-4 on MedQA, as recalled
RUNGS = ("zero-shot", "random 5-shot", "+ chain of thought", "+ nearest neighbours", "+ shuffle ensemble")
CAUSES = ("demo_gain", "thought_gain", "neighbour_gain", "position_bias")
WORDS = ("a gain from examples", "a gain from reasoning", "a gain from a near example", "a position bias")
PLANTED: Mapping[str, float] = {"demo_gain": 0.5, "thought_gain": 0.6, "neighbour_gain": 1.2, "position_bias": 0.15}


def ladder(temperature: float = 0.7) -> tuple[Strategy, ...]:
    """The rungs in the published order. All calls draw, so that an ensemble is more than one answer repeated."""
    once = ZeroShot(by="generate", temperature=temperature)
    chain = ChainOfThought(self_generated=True, inner=replace(once, max_tokens=1024))
    nearest = FewShot(k=5, select="knn", inner=chain)
    return (once, FewShot(k=5, inner=once), FewShot(k=5, inner=chain), nearest, ChoiceShuffle(n=5, inner=nearest))


async def run(setting: Setting) -> Outcome:
    cases = exam(setting.cases(1200), topics=TOPICS, seed=setting.seed)
    train = exam(TOPICS, topics=TOPICS, seed=setting.seed, name="t")
    found: dict[str, list[Right]] = {}
    for missing in ("", *CAUSES):
        knobs: dict[str, Any] = {name: 0.0 if name == missing else value for name, value in PLANTED.items()}
        model = Simulated(skill=0.35, seed=setting.seed, verbosity=6, **knobs).keyed([*cases, *train], lettered=True)
        found[missing] = [await ask(rung, model, EXAM, cases, train=train, seed=setting.seed) for rung in ladder()]
    full = found[""]
    planted: dict[str, Any] = dict(PLANTED)
    biased = Simulated(skill=0.35, seed=setting.seed, verbosity=6, **planted).keyed([*cases, *train], lettered=True)
    same = await ask(
        SelfConsistency(k=5, temperature=0.7, inner=ladder()[3]), biased, EXAM, cases, train=train, seed=setting.seed
    )
    beyond = gain(same, full[4])
    settled: dict[str, Any] = {**PLANTED, "position_bias": 0.0}
    still = Simulated(skill=0.35, seed=setting.seed, verbosity=6, **settled).keyed([*cases, *train], lettered=True)
    alone, shuffled = [
        await ask(rung, still, EXAM, cases, train=train, seed=setting.seed) for rung in ladder(temperature=0.0)[3:]
    ]
    undrawn = gain(alone, shuffled)
    steps = [gain(first, second) for first, second in itertools.pairwise(full)]
    nulled = {cause: gain(found[cause][at], found[cause][at + 1]) for at, cause in enumerate(CAUSES)}
    unbiased = found["position_bias"]
    more = gain_beyond((unbiased[3], unbiased[4]), (full[3], full[4]))
    return Outcome(
        setup=(
            f"{len(cases):,} questions on {TOPICS} topics, and one more of each topic to show as a solved example, with the "
            "model's own reasoning where that ended in the right answer. The simulated model gains from examples, from "
            "reasoning and from an example of the same topic, and takes the first option in 15 % of answers whatever it "
            "says. Then each of the four causes is taken out in turn. Every call is drawn at temperature 0.7, where the "
            "recipe and a study of your own draw at 0 unless they say otherwise: a simulated model at temperature 0 "
            "knows a question or does not, however its options stand, so that five votes would be one answer five times. "
            "A real model's answer does hang on the order of the options at temperature 0; the last claim shows what is "
            "left of the ensemble there in the simulation."
        ),
        tables=[
            TableOf(
                title="The ladder",
                columns=("rung", "all planted", "step", "p", "GPT-4 on MedQA (paper, recalled)"),
                rows=[
                    [
                        RUNGS[at],
                        full[at].told(),
                        steps[at - 1].told() if at else "",
                        steps[at - 1].p_told.removeprefix("= ") if at else "",
                        f"{PUBLISHED[at]} %",
                    ]
                    for at in range(5)
                ],
            ),
            TableOf(
                title="Its cause taken out",
                columns=("rung", "cause", "step with it", "step without it"),
                rows=[
                    [RUNGS[at + 1], WORDS[at], steps[at].told(), nulled[cause].told()]
                    for at, cause in enumerate(CAUSES)
                ],
                about="The ensemble also gains without a position bias: it votes over five draws.",
            ),
        ],
        figures=[
            Figure(
                title="Questions right, rung by rung",
                x_title="",
                y_title="questions right",
                names={float(at): name for at, name in enumerate(RUNGS)},
                curves=[
                    _curve("all planted", full),
                    *(_curve(f"without {WORDS[at]}", found[cause]) for at, cause in enumerate(CAUSES[:3])),
                ],
            )
        ],
        claims=[
            Claim(
                text="The five rungs rank in the published order",
                seen="; ".join(f"{name} {right.told()}" for name, right in zip(RUNGS, full, strict=True)),
                holds=_ranked(steps),
            ),
            *(
                Claim(
                    text=f"Without {WORDS[at]} the rung '{RUNGS[at + 1]}' gains nothing",
                    seen=nulled[cause].told(),
                    holds=nulled[cause].none,
                )
                for at, cause in enumerate(CAUSES[:3])
            ),
            Claim(
                text="The shuffle ensemble gains more where there is a position bias to remove",
                seen=(
                    f"{steps[3].told()} with it, {nulled['position_bias'].told()} without; the difference of the two "
                    f"gains, question by question: {more.told()}, p {more.p_told}"
                ),
                holds=_ranked([more]),
            ),
            Claim(
                text="It beats five samples in the given order: shuffling adds to voting",
                seen=f"{same.told()} voted in the given order, {full[4].told()} shuffled: {beyond.told()}",
                holds=_ranked([beyond]),
            ),
            Claim(
                text="Without a position bias and without draws (T = 0) it gains nothing",
                seen=undrawn.told(),
                holds=undrawn.none,
            ),
        ],
        limits=(
            "The gains are planted: this shows that the method uses each of them, not that a real model has them. The "
            "paper's own figures are GPT-4's and are recalled."
        ),
    )


def _ranked(steps: list[Gain]) -> bool | None:
    """Every step up and settled; None where one is not settled by this many cases."""
    if all(step.positive for step in steps):
        return True
    return False if any(step.high < 0 for step in steps) else None


def _curve(title: str, found: list[Right]) -> Curve:
    return Curve(
        title=title,
        points=[Point(x=at, y=one.share, low=one.ends[0], high=one.ends[1]) for at, one in enumerate(found)],
    )
