"""A DRG from two labels, base and severity, joined by a table: what the join costs, and what it gives to rare groups."""

from __future__ import annotations

import dataclasses
import math
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from osler.core.statistics.proportion import interval_of_proportion
from osler.core.types import Example, Prediction
from osler.experiments.measure import Gain, Right, ask, gain
from osler.experiments.outcome import Claim, Curve, Figure, Outcome, Point, Setting, TableOf
from osler.models.simulated_steps import SimulatedSteps
from osler.prompting.decompose import looked_up
from osler.prompting.structured import Structured
from osler.recipes.systems.drg_coding import RECIPE
from osler.tasks.template import Template

TITLE = "Two labels instead of one: the errors multiply, and rare groups become reachable"
SOURCE = "DRG-LLaMA, Wang et al. 2024, arXiv:2309.12625 (single label 52.0 %; base 67.8 %, severity 67.5 %, recalled)"
PLAIN = (
    "Coding a hospital stay in two steps, base group and then severity, makes more errors in all, but "
    "reaches rare groups of which no example was ever seen."
)
BASES: tuple[str, ...] = RECIPE.steps[0].choices
LEVELS: tuple[str, ...] = RECIPE.steps[1].choices
TABLE: Mapping[str, str] = RECIPE.steps[2].table
CODES = tuple(sorted(set(TABLE.values())))
SKILLS = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
UNSEEN = ("193", "682")  # left out of the training cases, though their bases and severities are in them
GROUPS = ("none", "1 to 9", "10 to 39", "40 and more")
TASK = Template(title="Made-up stays", capability="structurization", question="{text}")


def code(base: str, level: str) -> str:
    return TABLE[f"{base} | {level}"]


async def run(setting: Setting) -> Outcome:
    stays = _stays(setting.cases(1200), setting.seed)
    two: list[Right] = []
    one: list[Right] = []
    for skill in SKILLS:
        model = SimulatedSteps(skill=skill, seed=setting.seed).keyed(stays, lettered=False)
        two.append(await ask(RECIPE, model, TASK, stays, seed=setting.seed))
        one.append(await ask(Structured(), model, TASK, stays, seed=setting.seed))
    wanted = [sum(of_two(skill, *stay.meta["labels"]) for stay in stays) / len(stays) for skill in SKILLS]
    learnt = _learnt(setting)
    return Outcome(
        setup=(
            f"{len(CODES)} DRGs (billing groups of a hospital stay) made of {len(BASES)} base groups and {len(LEVELS)} "
            f"severities by the recipe's table. First a simulated model is asked {len(stays):,} stays by the recipe, and in "
            "one step; each question is answered right with the probability on the x axis. Then classifiers of words "
            "(logistic regression), in place of the fine-tuned model, learn from made-up stays whose groups are long-tailed, "
            f"with no case at all of the DRGs {' and '.join(UNSEEN)}; the test has each DRG equally often. In these stays "
            "base and severity show in words of their own, which is the best case for two labels."
        ),
        tables=[_table_of_steps(two, one, wanted), learnt.table()],
        figures=[_steps(two, one, wanted), learnt.figure()],
        claims=[_multiplies(two, wanted), _costs(one, two), *learnt.claims()],
        limits=(
            "Errors of real steps are not independent, and severity words may mean another thing in another base group: "
            "then two labels gain less. Nothing here says which of the two a given model does better; a study with both "
            "systems on the same stays does."
        ),
    )


def of_two(skill: float, base: str, level: str) -> float:
    """Probability that two labels, each right with ``skill`` on its own and else another one evenly, give the DRG.

    It is skill squared, and more where a wrong severity has the same code (groups that are split in two and not three).
    """
    same = sum(code(base, other) == code(base, level) for other in LEVELS if other != level)
    return skill * (skill + (1 - skill) * same / (len(LEVELS) - 1))


def _stays(n: int, seed: int) -> list[Example]:
    rng = random.Random(f"stays/{seed}")
    out = []
    for at in range(n):
        base, level = rng.choice(BASES), rng.choice(LEVELS)
        out.append(
            Example(
                id=f"s{at}",
                input={"text": f"Discharge summary {at}."},
                target=code(base, level),
                choices=CODES,
                meta={"labels": (base, level)},
            )
        )
    return out


def _table_of_steps(two: Sequence[Right], one: Sequence[Right], wanted: Sequence[float]) -> TableOf:
    return TableOf(
        title="One step and two, equally hard",
        columns=("each question right", "in one step", "two labels joined", "theory of two", "difference"),
        rows=[
            [f"{100 * p:.0f} %", b.told(), a.told(), f"{100 * w:.1f} %", gain(b, a).told()]
            for p, a, b, w in zip(SKILLS, two, one, wanted, strict=True)
        ],
        about=(
            "For a product to reach a share s, both labels must be right in about the square root of s. By the published "
            f"figures 67.8 % x 67.5 % = {100 * 0.678 * 0.675:.1f} %, less than the 52.0 % of the single label, unless errors go "
            "together."
        ),
    )


def _steps(two: Sequence[Right], one: Sequence[Right], wanted: Sequence[float]) -> Figure:
    theory = [Point(x=100 * p, y=w) for p, w in zip(SKILLS, wanted, strict=True)]
    return Figure(
        title="What joining two labels costs where each is as hard as the whole",
        x_title="each question answered right, percent",
        y_title="DRG right",
        curves=[
            Curve(title="in one step", points=_points(one)),
            Curve(title="two labels joined", points=_points(two)),
            Curve(title="theory of two labels", theory=True, points=theory),
        ],
    )


def _points(found: Sequence[Right]) -> list[Point]:
    return [
        Point(x=100 * p, y=one.share, low=one.ends[0], high=one.ends[1]) for p, one in zip(SKILLS, found, strict=True)
    ]


def _multiplies(two: Sequence[Right], wanted: Sequence[float]) -> Claim:
    off = [abs(one.share - w) / math.sqrt(max(w * (1 - w), 1e-9) / one.n) for one, w in zip(two, wanted, strict=True)]
    return Claim(
        text="The joined DRG is right as often as the product says, and always where both labels are",
        seen=f"at 80 %: {two[3].told()}, theory {100 * wanted[3]:.1f} %; largest distance {max(off):.1f} standard errors",
        holds=max(off) < 3.5 and two[-1].share == 1.0,
    )


def _costs(one: Sequence[Right], two: Sequence[Right]) -> Claim:
    steps: list[Gain] = [gain(a, b) for a, b in zip(one[:-1], two[:-1], strict=True)]
    return Claim(
        text="Where each label is as hard as the whole DRG, two labels are worse than one",
        seen="; ".join(f"{100 * p:.0f} %: {step.told()}" for p, step in zip(SKILLS[:-1], steps, strict=True)),
        holds=True if all(s.high < 0 for s in steps) else False if any(s.low > 0 for s in steps) else None,
    )


@dataclasses.dataclass(frozen=True)
class _Learnt:
    """What the classifiers say of the test: by test case, which was right, by how often its DRG was trained on."""

    seen: tuple[int, ...]
    one: Right
    two: Right
    base: Right
    level: Right
    cases: int

    def of(self, group: int) -> list[int]:
        return [at for at, count in enumerate(self.seen) if _group(count) == group]

    def told(self, right: Right, group: int) -> tuple[float, float, float]:
        places = self.of(group)
        held = sum(right.right[at] for at in places)
        ends, _ = interval_of_proportion(held, len(places))
        return held / len(places), ends.low, ends.high

    def usual(self, right: Right) -> str:
        """The share right where every DRG comes as often as in training."""
        held = sum(count for count, ok in zip(self.seen, right.right, strict=True) if ok)
        return f"{100 * held / sum(self.seen):.1f} %"

    def table(self) -> TableOf:
        rows = []
        for group, name in enumerate(GROUPS):
            if self.of(group):
                pair = (self.told(self.one, group), self.told(self.two, group))
                shown = [f"{100 * y:.1f} % ({100 * low:.1f} to {100 * high:.1f})" for y, low, high in pair]
                rows.append([name, str(len(self.of(group))), *shown])
        rows.append(["all, each DRG the same", str(self.one.n), self.one.told(), self.two.told()])
        rows.append(["all, as often as in training", "", *map(self.usual, (self.one, self.two))])
        return TableOf(
            title="Rare groups, after training",
            columns=("training cases of the DRG", "test cases", "one label of many", "two labels joined"),
            rows=rows,
            about=f"{self.cases:,} training cases. The row before the last is the macro recall.",
        )

    def figure(self) -> Figure:
        groups = [group for group in range(len(GROUPS)) if self.of(group)]

        def curve(title: str, right: Right) -> Curve:
            found = [(group, *self.told(right, group)) for group in groups]
            return Curve(title=title, points=[Point(x=at, y=y, low=low, high=high) for at, y, low, high in found])

        return Figure(
            title="DRGs right by how often they were seen in training",
            x_title="training cases of the DRG",
            y_title="DRG right",
            names={float(group): GROUPS[group] for group in groups},
            curves=[curve("one label of many", self.one), curve("two labels joined", self.two)],
        )

    def claims(self) -> list[Claim]:
        one, (two, low, high) = self.told(self.one, 0)[0], self.told(self.two, 0)
        product = self.told(self.base, 0)[0] * self.told(self.level, 0)[0]
        step = gain(self.one, self.two)
        return [
            Claim(
                text="A DRG without training cases is out of reach for one label of many, and not for two labels",
                seen=f"one label {100 * one:.1f} %, two labels {100 * two:.1f} % ({100 * low:.1f} to {100 * high:.1f})",
                holds=one == 0.0 and low > 1 / len(CODES),
            ),
            Claim(
                text="There, too, the share is the product of base and severity",
                seen=f"{100 * two:.1f} % ({100 * low:.1f} to {100 * high:.1f}), product {100 * product:.1f} %",
                holds=low <= product <= high,
            ),
            Claim(
                text="Over all DRGs, each counted the same, two labels gain where the words of base and severity are separate",
                seen=f"{self.one.told()} with one label, {self.two.told()} with two: {step.told()}",
                holds=True if step.positive else False if step.high < 0 else None,
            ),
        ]


def _group(count: int) -> int:
    return sum(count >= least for least in (1, 10, 40))


def _learnt(setting: Setting) -> _Learnt:
    """Train on long-tailed stays and test on as many of each DRG."""
    rng = random.Random(f"words/{setting.seed}")
    cells = [(base, level) for base in BASES for level in LEVELS]
    rng.shuffle(cells)
    weights = [0.0 if code(*cell) in UNSEEN else 1 / (1 + rank) for rank, cell in enumerate(cells)]
    train = rng.choices(cells, weights, k=600)
    each = max(20, setting.cases(1320) // len(CODES))
    test = [rng.choice([cell for cell in cells if code(*cell) == name]) for name in CODES for _ in range(each)]
    import numpy as np

    x, z = (np.array([_words(rng, *cell) for cell in drawn]) for drawn in (train, test))
    gold = {
        "base": [base for base, _ in train],
        "level": [level for _, level in train],
        "one": [code(*cell) for cell in train],
    }
    said = {name: _classified(x, labels, z) for name, labels in gold.items()}
    joined = [
        looked_up(RECIPE.steps[2], {"base": Prediction(answer=base), "severity": Prediction(answer=level)}).answer
        for base, level in zip(said["base"], said["level"], strict=True)
    ]
    counts = Counter(code(*cell) for cell in train)

    def right(answers: Sequence[str | None], gold: Sequence[str]) -> Right:
        return Right(tuple(a == b for a, b in zip(answers, gold, strict=True)), 0)

    codes = [code(*cell) for cell in test]
    return _Learnt(
        seen=tuple(counts[name] for name in codes),
        one=right(said["one"], codes),
        two=right(joined, codes),
        base=right(said["base"], [cell[0] for cell in test]),
        level=right(said["level"], [cell[1] for cell in test]),
        cases=len(train),
    )


def _words(rng: random.Random, base: str, level: str) -> list[float]:
    """Counts of words: 6 for each base, 6 for each severity, 20 for nothing. Seven of ten draws are of the right pool."""
    pools = len(BASES) + len(LEVELS)
    counts = [0.0] * (6 * pools + 20) + [1.0]
    for own, first, many in ((BASES.index(base), 0, len(BASES)), (LEVELS.index(level), len(BASES), len(LEVELS))):
        for _ in range(5):
            pool = own if rng.random() < 0.7 else rng.randrange(many)
            counts[6 * (first + pool) + rng.randrange(6)] += 1.0
    for _ in range(8):
        counts[6 * pools + rng.randrange(20)] += 1.0
    return counts


def _classified(x: Any, gold: Sequence[str], z: Any) -> list[str]:
    """The likeliest label of each row of ``z``, after training on ``x`` with labels ``gold``."""
    import numpy as np

    from osler.models.blas import one_blas_thread
    from osler.tuning.logistic import fit

    labels = sorted(set(gold))
    y = np.array([labels.index(label) for label in gold])
    with one_blas_thread():
        weights = fit(x, y, np.ones((len(x), len(labels)), np.bool_), l2=0.003)
    return [labels[at] for at in (z @ weights.T).argmax(axis=1)]
