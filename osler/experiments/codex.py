"""Five wordings of one question, voted: what the vote gains where wordings err apart, and where they do not."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from osler.core.block import replace
from osler.core.statistics.proportion import interval_of_proportion
from osler.core.types import Example
from osler.experiments.exam import EXAM, exam
from osler.experiments.measure import Gain, Right, ask, gain
from osler.experiments.outcome import Claim, Curve, Figure, Outcome, Point, Setting, TableOf
from osler.experiments.self_consistency import of_plurality
from osler.models.simulated_chains import SimulatedChains
from osler.prompting.self_consistency import SelfConsistency
from osler.recipes.systems.codex import RECIPE as CODEX

TITLE = "Five wordings of a question are worth a vote only where they err apart"
SOURCE = "Lievin et al. 2022, arXiv:2207.08143 (five chain-of-thought cues, each answer taken by a second call)"
PLAIN = (
    "Asking one question in five wordings and taking the commonest answer helps only if the wordings fail on "
    "different questions. If they share their mistakes it costs five times as much for nothing."
)
RECIPE: Any = CODEX.inner  # the vote itself; calibration never changes an answer
OPTIONS, PROMPTS = 4, len(RECIPE.strategies)
SKILLS = (0.3, 0.4, 0.6, 0.8)
CHANCE = 0.001  # below this p a difference that theory says is none counts as one
SHOWN = 0.6  # the skill whose votes are looked at one by one


@dataclasses.dataclass(frozen=True)
class World:
    """How errors of the five wordings hang together, as knobs of the model, and what theory says of their vote."""

    title: str
    knobs: Mapping[str, Any]
    theory: Callable[[float], float]


def of_two(p: float) -> float:
    """Probability that most of five draws are right where all wrong ones agree with each other (Condorcet)."""
    return math.fsum(math.comb(PROMPTS, k) * p**k * (1 - p) ** (PROMPTS - k) for k in range(3, PROMPTS + 1))


def unanimous(p: float) -> float:
    """Probability that five wordings that err apart are right where all of them agree; wrong options are all alike."""
    wrong = (OPTIONS - 1) * ((1 - p) / (OPTIONS - 1)) ** PROMPTS
    return p**PROMPTS / (p**PROMPTS + wrong)


APART = World("err apart", {"by_wording": True}, lambda p: of_plurality(p, OPTIONS, PROMPTS))
TRAPPED = World("err apart, wrong ones agree", {"by_wording": True, "trap": 1.0}, of_two)
SAME = World("err together", {}, lambda p: p)


async def run(setting: Setting) -> Outcome:
    cases = exam(setting.cases(800), options=OPTIONS, seed=setting.seed)
    one = RECIPE.strategies[0]
    voted: dict[str, list[Right]] = {}
    alone: dict[str, list[Right]] = {}
    for world in (APART, TRAPPED, SAME):
        seeds = [10 * setting.seed + at for at in range(len(SKILLS))]  # points that share no draw can be added up
        models = [_model(skill, world, cases, seed) for skill, seed in zip(SKILLS, seeds, strict=True)]
        voted[world.title] = [await ask(RECIPE, model, EXAM, cases, seed=setting.seed) for model in models]
        alone[world.title] = [await ask(one, model, EXAM, cases, seed=setting.seed) for model in models]
    at = SKILLS.index(SHOWN)
    sampled = await ask(
        SelfConsistency(k=PROMPTS, inner=one),
        _model(SHOWN, APART, cases, 10 * setting.seed + at),
        EXAM,
        cases,
        seed=setting.seed,
    )
    steps = {name: [gain(a, b) for a, b in zip(alone[name], voted[name], strict=True)] for name in voted}
    return Outcome(
        setup=(
            f'{len(cases)} questions with {OPTIONS} options, asked by the recipe: five wordings of "think step by step", each '
            "answered with its reasoning and then by a second call with a letter, at temperature 0; the commonest of the "
            "five answers counts. A simulated model is right with the "
            "probability on the x axis. Its errors are planted in three ways: each cue is a draw of its own and wrong "
            "answers are spread; each is a draw of its own and all wrong ones fall for one option; all cues give the same "
            "answer."
        ),
        tables=[_gains(alone, voted, steps), _agreement(cases, voted, at)],
        figures=[_figure(voted)],
        claims=[
            *(_follows(world, voted[world.title]) for world in (APART, TRAPPED)),
            _nothing(alone[SAME.title], voted[SAME.title]),
            _traps(steps[TRAPPED.title]),
            _samples(sampled, voted[APART.title][at]),
            _believed(voted, at),
        ],
        limits=(
            "How far the cues of a real model err apart is an empirical question: ask it on validation cases and look at "
            "how often they disagree."
        ),
    )


def _model(skill: float, world: World, cases: Sequence[Example], seed: int) -> Any:
    made = SimulatedChains(skill=skill, seed=seed, verbosity=1)
    return replace(made, **world.knobs).keyed(cases, lettered=True)


def _gains(
    alone: Mapping[str, list[Right]], voted: Mapping[str, list[Right]], steps: Mapping[str, list[Gain]]
) -> TableOf:
    rows = [
        [f"{100 * p:.0f} %, {world.title}", first.told(), vote.told(), f"{100 * world.theory(p):.1f} %", step.told()]
        for world in (APART, TRAPPED, SAME)
        for p, first, vote, step in zip(SKILLS, alone[world.title], voted[world.title], steps[world.title], strict=True)
    ]
    columns = ("one wording is right in", "the first cue", "five voted", "theory of the vote", "difference")
    return TableOf(title="One wording and five", columns=columns, rows=rows)


def _agreement(cases: Sequence[Example], voted: Mapping[str, list[Right]], at: int) -> TableOf:
    rows = []
    for name, found in voted.items():
        for least in (5, 4, 3, 2):
            held, n = _right_at(found[at], least)
            if n:
                ends, _ = interval_of_proportion(held, n)
                shown = f"{100 * held / n:.1f} % ({100 * ends.low:.1f} to {100 * ends.high:.1f})"
                rows.append([f"{name}: {least} of {PROMPTS} agree", f"{100 * n / len(cases):.1f} %", shown])
    return TableOf(
        title="What agreement says",
        columns=("", "of all questions", "of these right"),
        rows=rows,
        about=f"One wording is right in {100 * SHOWN:.0f} %.",
    )


def _right_at(found: Right, votes: int) -> tuple[int, int]:
    """Of the questions whose winner has so many votes: how many are right, and how many there are."""
    held = [
        ok
        for ok, one in zip(found.right, found.predictions, strict=True)
        if round(PROMPTS * one.votes.get(one.answer or "", 0.0)) == votes
    ]
    return sum(held), len(held)


def _figure(voted: Mapping[str, list[Right]]) -> Figure:
    curves = []
    for world in (APART, TRAPPED, SAME):
        measured = [
            Point(x=100 * p, y=one.share, low=one.ends[0], high=one.ends[1])
            for p, one in zip(SKILLS, voted[world.title], strict=True)
        ]
        theory = [Point(x=x, y=world.theory(x / 100)) for x in range(30, 81, 10)]
        curves += [
            Curve(title=world.title, points=measured, joined=False),
            Curve(title=f"theory: {world.title}", points=theory, theory=True),
        ]
    return Figure(
        title="Five wordings voted, by how good one is",
        x_title="one wording is right in percent of questions",
        y_title="right by the vote",
        curves=curves,
    )


def _follows(world: World, found: Sequence[Right]) -> Claim:
    wanted = [world.theory(p) for p in SKILLS]
    off = [(one.share - w) / math.sqrt(w * (1 - w) / one.n) for one, w in zip(found, wanted, strict=True)]
    most, together = max(map(abs, off)), math.fsum(off) / math.sqrt(len(off))
    shown = zip(SKILLS, found, wanted, strict=True)
    formula = "multinomial" if world is APART else "binomial (Condorcet)"
    return Claim(
        text=f"Where wordings {world.title}, the vote is right as often as the {formula} formula says",
        seen="; ".join(f"{100 * p:.0f} %: {100 * one.share:.1f} %, theory {100 * w:.1f} %" for p, one, w in shown)
        + f"; {sum(one < 0 for one in off)} of {len(off)} points lie below theory, by at most {most:.1f} standard errors "
        + f"either way; all together {together:+.1f}".replace("-", "\u2212"),
        holds=_agrees(most, together),
    )


def _agrees(most: float, together: float) -> bool | None:
    """Theory is held where no point is far off and the points do not lean to one side; a lean of two standard errors
    leaves it open, and one of 3.5 contradicts it as one point does."""
    if max(most, abs(together)) >= 3.5:
        return False
    return True if abs(together) < 2 else None


def _nothing(alone: Sequence[Right], voted: Sequence[Right]) -> Claim:
    other = sum(a != b for x, y in zip(alone, voted, strict=True) for a, b in zip(x.right, y.right, strict=True))
    return Claim(
        text="Where wordings err together, the vote changes nothing and costs five times the calls",
        seen=f"{other} answers changed from wrong to right or back; {voted[0].calls} calls instead of {alone[0].calls}",
        holds=other == 0 and voted[0].calls == PROMPTS * alone[0].calls,
    )


def _traps(steps: Sequence[Gain]) -> Claim:
    weak, strong = steps[0], steps[-1]
    return Claim(
        text="Where wrong answers agree, a vote makes a model that is right in less than half of questions worse",
        seen=f"{100 * SKILLS[0]:.0f} %: {weak.told()}; {100 * SKILLS[-1]:.0f} %: {strong.told()}",
        holds=True if weak.high < 0 and strong.positive else False if weak.positive or strong.high < 0 else None,
    )


def _samples(sampled: Right, voted: Right) -> Claim:
    step = gain(sampled, voted)
    return Claim(
        text="Five wordings that err apart are worth as much as five samples of one wording",
        seen=f"{sampled.told()} by samples, {voted.told()} by wordings: {step.told()}, p {step.p_told}",
        holds=False if step.p <= CHANCE else True if step.none else None,
    )


def _believed(voted: Mapping[str, list[Right]], at: int) -> Claim:
    apart, trapped, same = (_right_at(voted[world.title][at], PROMPTS) for world in (APART, TRAPPED, SAME))
    wanted = ((apart, unanimous(SHOWN)), (same, SHOWN))
    wide = [(interval_of_proportion(*counts, level=1 - CHANCE)[0], theory) for counts, theory in wanted]
    follows = all(ends.low <= theory <= ends.high for ends, theory in wide)
    settled = interval_of_proportion(*apart)[0].low > interval_of_proportion(*same)[0].high
    told = [f"{100 * held / n:.1f} % of {n}" for held, n in (apart, trapped, same)]
    return Claim(
        text=f"Agreement of all five is to be believed only where they err apart (theory {100 * unanimous(SHOWN):.1f} % right)",
        seen=f"right where all agree: {told[0]} apart, {told[1]} with a trap, {told[2]} together",
        holds=False if not follows else True if settled else None,
    )
