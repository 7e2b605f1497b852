"""Textual gradients on an answerer whose accuracy hangs on what its instruction says, with and without the gate."""

from __future__ import annotations

import dataclasses
import itertools
import math
import zlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from osler.core.block import replace
from osler.core.types import Example, Message, Reply
from osler.experiments.exam import EXAM, exam
from osler.experiments.measure import Right, ask, gain
from osler.experiments.outcome import Claim, Curve, Figure, Outcome, Point, Setting, TableOf
from osler.models.simulated import Simulated
from osler.models.simulated_features import FEATURES, SimulatedCritic, SimulatedFeatures
from osler.prompting.cases import Cases
from osler.prompting.optimise import feedback
from osler.prompting.optimise.instructed import Instructed
from osler.prompting.zero_shot import ZeroShot
from osler.recipes.systems.automedprompt import RECIPE

TITLE = "Textual gradients find what an instruction lacks; the gate keeps it, and flatters the winner"
SOURCE = "AutoMedPrompt, Wu et al. 2025, arXiv:2502.15944; TextGrad, Yuksekgonul et al. 2024, arXiv:2406.07496"
PLAIN = "A model can improve its own instruction if every change is first tried on cases set aside; but the score on those cases is then too good, and only fresh cases say how good the result is."
SKILL, HARM, VALID, EVEN, FRESH = 0.4, 0.5, RECIPE.most_valid, 0.6, 100


@dataclasses.dataclass(frozen=True)
class Fickle:
    """An answerer whose answers change with every wording and get no better, and a critic that adds idle remarks."""

    model: Simulated

    @property
    def supports(self) -> frozenset[str]:
        return self.model.supports

    async def generate(self, messages: Sequence[Message], *, seed: int = 0, **settings: Any) -> Reply:
        parts = [part for message in messages for part in message.parts]
        names = {part.name: part.text.partition(":\n")[2] for part in parts}
        if "edit_task" in names:
            mark = zlib.crc32(" ".join(part.id for part in parts if part.name == "question").encode())
            text = f"{feedback.OPEN}{names['current']} Remark {mark}.{feedback.CLOSE}"
            return Reply(text=text, texts=(text,))
        if names.keys() & {"loss_task", "backward_task"}:
            return Reply(text="Say it otherwise.", texts=("Say it otherwise.",))
        wording = zlib.crc32(messages[0].text.encode())
        return await self.model.generate(messages, seed=seed + wording, **settings)


def skill_with(features: int) -> float:
    """The answerer's skill where its instruction holds so many of the features."""
    odds = SKILL / (1 - SKILL) * math.exp(sum(list(FEATURES.values())[:features]))
    return odds / (1 + odds)


def of_record(p: float, n: int, steps: int, patience: int) -> float:
    """Mean score of the winner where every variant is right on each of n cases with p on its own.

    The score of a variant is Binomial(n, p) / n; the best so far is kept, and the search ends after ``steps`` or after
    ``patience`` variants in a row that are not better. Exact, over all scores and runs without gain.
    """
    chance = [math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n + 1)]
    state = {(k, 0): weight for k, weight in enumerate(chance)}
    ended = 0.0
    for _ in range(steps):
        after: dict[tuple[int, int], float] = defaultdict(float)
        for (best, idle), weight in state.items():
            not_better = weight * math.fsum(chance[: best + 1])
            if idle + 1 == patience:
                ended += not_better * best
            else:
                after[(best, idle + 1)] += not_better
            for k in range(best + 1, n + 1):
                after[(k, 0)] += weight * chance[k]
        state = after
    return (ended + math.fsum(weight * best for (best, _), weight in state.items())) / n


@dataclasses.dataclass(frozen=True)
class Searched:
    """One search: the validation score of the instruction in use after each step, the last instruction, and how it does
    on fresh cases."""

    scores: tuple[float, ...]
    instruction: str
    fresh: Right

    @property
    def falls(self) -> int:
        return sum(b < a for a, b in itertools.pairwise(self.scores))


async def run(setting: Setting) -> Outcome:
    many, idle = (5, 12) if setting.quick else (20, 60)
    seeds = [1000 * setting.seed + at for at in range(idle)]
    clean = [await _gated(_features(0.0), _answerer, seed) for seed in seeds[:many]]
    gated = [await _gated(_features(HARM), _answerer, seed) for seed in seeds[:many]]
    free = [await _free(seed) for seed in seeds[:many]]
    null = [await _gated(RECIPE, _fickle, seed) for seed in seeds]
    expected = of_record(EVEN, VALID, RECIPE.steps, RECIPE.patience)
    return Outcome(
        setup=(
            f"The recipe as it is: batches of {RECIPE.minibatch}, {VALID} validation questions, at most {RECIPE.steps} steps. "
            f"A simulated answerer is right in {100 * SKILL:.0f} % of questions and gets better with each of {len(FEATURES)} "
            f"phrases in its instruction, to {100 * skill_with(3):.0f} %; a simulated critic names one that is missing and "
            f"writes it in. First the critic does only that; then every second edit, on average, throws the instruction away, "
            f"with the gate and with the gate left out ({many} searches each). Last, {idle} searches where every wording changes some answers and none is better."
        ),
        tables=[_table(clean, gated, free)],
        figures=[_steps(gated, free), _flattered(null, expected)],
        claims=[_reached(clean), *_of_gate(gated, free), _optimism(null, expected), _fields(*await _verdicts(setting))],
        limits=(
            "A critic that knows what is missing is the best case. Whether a real critic does is what a study with a test "
            "split shows: by the released outputs most of the published gain on PubMedQA is that 'maybe' is no longer said."
        ),
    )


def _features(harm: float) -> Any:
    return replace(RECIPE, backward=SimulatedCritic(harm=harm))


def _answerer(cases: Sequence[Example], seed: int) -> Any:
    return SimulatedFeatures(skill=SKILL, seed=seed, verbosity=1).keyed(cases, lettered=True)


def _fickle(cases: Sequence[Example], seed: int) -> Any:
    return Fickle(Simulated(skill=EVEN, seed=seed, verbosity=1).keyed(cases, lettered=True))


def _cases(train: Sequence[Example], valid: Sequence[Example], seed: int, rows: list[Mapping[str, Any]]) -> Cases:
    pairs = (tuple((EXAM.prompt(case), case.target) for case in cases) for cases in (train, valid))
    return Cases(train=next(pairs), valid=next(pairs), seed=seed, log=rows.append)


def _drawn(seed: int) -> list[list[Example]]:
    return [exam(n, seed=seed, name=name) for n, name in ((60, "t"), (VALID, "v"), (FRESH, "f"))]


async def _gated(by: Any, made: Any, seed: int) -> Searched:
    train, valid, new = _drawn(seed)
    rows: list[Mapping[str, Any]] = []
    model = made([*train, *valid, *new], seed)
    fitted = await by.fit(_cases(train, valid, seed, rows), model)
    kept = {row["step"]: row["score"] for row in rows if row.get("kept")}
    scores = itertools.accumulate(range(by.steps + 1), lambda held, step: kept.get(step, held), initial=kept[0])
    right = await ask(fitted.winner, model, EXAM, new, seed=seed)
    return Searched(tuple(scores)[1:], fitted.winner.instruction, right)


async def _free(seed: int) -> Searched:
    """The same without the gate: steps of one, each from the instruction that the last one wrote, good or bad."""
    train, valid, new = _drawn(seed)
    model = _answerer([*train, *valid, *new], seed)
    once = replace(_features(HARM), steps=1)
    scores: list[float] = []
    for step in range(RECIPE.steps):
        rows: list[Mapping[str, Any]] = []
        turned = train[5 * step :] + train[: 5 * step]  # another order gives another first batch
        await once.fit(_cases(turned, valid, seed, rows), model)
        scores = scores or [rows[0]["score"]]
        tried = next((row for row in rows if row.get("step") == 1 and row["n"]), None)
        scores.append(scores[-1] if tried is None else tried["score"])
        once = once if tried is None else replace(once, instruction=tried["change"])
    last = Instructed(instruction=once.instruction, inner=RECIPE.inner)
    return Searched(tuple(scores), last.instruction, await ask(last, model, EXAM, new, seed=seed))


def _pooled(found: Sequence[Searched]) -> Right:
    return Right(tuple(ok for one in found for ok in one.fresh.right), 0)


def _table(clean: Sequence[Searched], gated: Sequence[Searched], free: Sequence[Searched]) -> TableOf:
    names = ("critic that only adds, gate", "critic that also destroys, gate", "critic that also destroys, no gate")
    rows = []
    for name, found in zip(names, (clean, gated, free), strict=True):
        falls, ended = sum(one.falls for one in found), _mean([one.scores[-1] for one in found])[0]
        whole = f"{sum(map(_whole, found))} of {len(found)}"
        rows.append([name, str(falls), whole, f"{100 * ended:.1f} %", _pooled(found).told()])
    columns = ("search", "falls of the score", "all phrases at the end", "validation, end", "fresh questions")
    return TableOf(title="Searches", columns=columns, rows=rows)


def _whole(found: Searched) -> bool:
    return all(feature in found.instruction.lower() for feature in FEATURES)


def _steps(gated: Sequence[Searched], free: Sequence[Searched]) -> Figure:
    means = ([_mean([one.scores[at] for one in found]) for at in range(RECIPE.steps + 1)] for found in (gated, free))
    ends = (Point(x=0, y=skill_with(3)), Point(x=RECIPE.steps, y=skill_with(3)))
    return Figure(
        title="Validation score of the instruction in use, mean of the searches",
        x_title="step",
        y_title="validation questions right",
        curves=[
            Curve(title="with the gate", points=_points(next(means))),
            Curve(title="without the gate", points=_points(next(means))),
            Curve(title="theory: all phrases in", theory=True, points=ends),
        ],
        about="Every second edit, on average, throws the instruction away.",
    )


def _mean(values: Sequence[float]) -> tuple[float, float]:
    """Mean and half of its 95 % interval."""
    mean = math.fsum(values) / len(values)
    spread = math.fsum((value - mean) ** 2 for value in values) / max(1, len(values) - 1)
    return mean, 1.96 * math.sqrt(spread / len(values))


def _points(means: Sequence[tuple[float, float]]) -> list[Point]:
    return [Point(x=x, y=y, low=y - half, high=y + half) for x, (y, half) in enumerate(means)]


def _ends(null: Sequence[Searched]) -> list[tuple[float, float]]:
    starts, winners = ([one.scores[at] for one in null] for at in (0, -1))
    return [_mean(values) for values in (starts, winners, [one.fresh.share for one in null])]


def _flattered(null: Sequence[Searched], expected: float) -> Figure:
    return Figure(
        title="Where no wording is better: what the winner seems to be worth",
        x_title="",
        y_title="questions right",
        names={0.0: "start, on validation", 1.0: "winner, on validation", 2.0: "winner, on fresh questions"},
        curves=[
            Curve(title="mean of the searches", joined=False, points=_points(_ends(null))),
            Curve(title="theory", theory=True, points=_points([(y, 0.0) for y in (EVEN, expected, EVEN)])),
        ],
        about="The best of several scores by chance is high by chance: only fresh questions say what the winner is worth.",
    )


def _reached(clean: Sequence[Searched]) -> Claim:
    fresh, wanted = _pooled(clean), skill_with(3)
    off = abs(fresh.share - wanted) / math.sqrt(wanted * (1 - wanted) / fresh.n)
    return Claim(
        text="The search finds every phrase that is missing, and fresh questions follow",
        seen=f"all in {sum(map(_whole, clean))} of {len(clean)} searches; fresh {fresh.told()}, theory {100 * wanted:.1f} %",
        holds=all(map(_whole, clean)) and off < 3.5,
    )


def _of_gate(gated: Sequence[Searched], free: Sequence[Searched]) -> list[Claim]:
    with_gate, without = (sum(one.falls for one in found) for found in (gated, free))
    step = gain(_pooled(free), _pooled(gated))
    return [
        Claim(
            text="With the gate the validation score never falls; without it, it does",
            seen=f"{with_gate} falls in {len(gated)} searches with it, {without} without",
            holds=with_gate == 0 and without > 0,
        ),
        Claim(
            text="What the gate keeps is worth it on fresh questions",
            seen=f"{_pooled(free).told()} without, {_pooled(gated).told()} with: {step.told()}",
            holds=True if step.positive else False if step.high < 0 else None,
        ),
    ]


def _optimism(null: Sequence[Searched], expected: float) -> Claim:
    _, (winner, half), (fresh, other) = _ends(null)
    follows = abs(winner - expected) < 1.8 * half and abs(fresh - EVEN) < 1.8 * other  # 3.5 standard errors
    return Claim(
        text="Where nothing can be gained, the winner's validation score is too high by what theory says",
        seen=f"winner {100 * winner:.1f} % on validation (theory {100 * expected:.1f} %), {100 * fresh:.1f} % on fresh questions",
        holds=False if not follows else True if winner - half > fresh + other else None,
    )


async def _verdicts(setting: Setting) -> list[Right]:
    """Whether the critic's word on an answer is true: fields in their places, and shifted by one as in the release."""
    cases = exam(setting.cases(400), seed=setting.seed)
    said = await ask(ZeroShot(by="generate"), _answerer(cases, setting.seed), EXAM, cases, seed=setting.seed)
    out = []
    for shifted in (False, True):
        true = []
        for case, ok, one in zip(cases, said.right, said.predictions, strict=True):
            prompt, answer = EXAM.prompt(case), one.replies[-1].text
            why = "The guideline says so."
            asked = feedback.loss(prompt=prompt, response=answer, gold=case.target, explanation=why)
            if shifted:
                moved = prompt.replace(question=why)
                asked = feedback.loss(prompt=moved, response=prompt.question, gold=answer, explanation=case.target)
            true.append(((await SimulatedCritic().generate(asked)).text == "The answer is right.") == ok)
        out.append(Right(tuple(true), len(cases)))
    return [*out, said]


def _fields(named: Right, shifted: Right, said: Right) -> Claim:
    return Claim(
        text="With fields shifted by one the critic calls every answer wrong and takes it for the truth",
        seen=f"true in {named.told()} by name, {shifted.told()} shifted; {100 * (1 - said.share):.1f} % of the answers were wrong",
        holds=named.share == 1.0 and abs(shifted.share - (1 - said.share)) < 1e-9,
    )
