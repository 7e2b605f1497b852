"""Self-consistency on models of known skill: accuracy by number of samples, held against the multinomial prediction."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from osler.experiments.exam import EXAM, exam
from osler.experiments.measure import Right, ask
from osler.experiments.outcome import Claim, Curve, Figure, Outcome, Point, Setting, TableOf
from osler.models.simulated import Simulated
from osler.prompting.self_consistency import SelfConsistency

TITLE = "Self-consistency raises accuracy exactly where the right answer is the most likely one"
SOURCE = "Wang et al. 2023, arXiv:2203.11171; Med-PaLM, Singhal et al. 2022, arXiv:2212.13138 (11 samples)"
PLAIN = (
    "Asking a model many times and taking the commonest answer helps where its commonest answer is the right "
    "one, and harms where a wrong one is."
)
OPTIONS = 4
SKILLS = (0.2, 0.35, 0.5, 0.7)
SAMPLES = (1, 3, 5, 11, 21, 41)


async def run(setting: Setting) -> Outcome:
    cases = exam(setting.cases(1600), options=OPTIONS, seed=setting.seed)
    samples = SAMPLES[:4] if setting.quick else SAMPLES
    curves: list[Curve] = []
    rows: list[list[str]] = []
    claims: list[Claim] = []
    for skill in SKILLS:
        model = Simulated(skill=skill, seed=setting.seed, verbosity=1).keyed(cases, lettered=True)
        found = [await ask(SelfConsistency(k=k), model, EXAM, cases, seed=setting.seed) for k in samples]
        wanted = [of_plurality(skill, OPTIONS, k) for k in samples]
        curves += [_measured(skill, samples, found), _theory(skill, samples, wanted)]
        rows += [
            [f"{skill:g}", str(k), right.told(), f"{100 * theory:.1f} %"]
            for k, right, theory in zip(samples, found, wanted, strict=True)
        ]
        claims.append(_follows(skill, samples, found, wanted))
    return Outcome(
        setup=(
            f"{len(cases):,} questions with {OPTIONS} options. At temperature 0.7 a simulated model draws each chain anew: "
            "right with probability p, else one of the wrong options, all equally likely. Self-consistency takes the "
            "plurality of k chains."
        ),
        tables=[TableOf(title="Accuracy by samples", columns=("p", "k", "seen", "theory"), rows=rows)],
        figures=[
            Figure(
                title="Accuracy by number of samples",
                x_title="samples k (log scale)",
                y_title="questions right",
                curves=curves,
                scale="log",
                about=(
                    "Dashed: the multinomial prediction. With four options the plurality rises to 100 % for every p above "
                    "1/4 and falls to 0 % below it."
                ),
            )
        ],
        claims=claims,
        limits=(
            "Real chains of one question are not independent: they share the model's beliefs, so that the gain of more "
            "samples ends sooner than here. Med-PaLM's paper reports +7.3 points on MedQA and -2.0 on PubMedQA."
        ),
    )


def of_plurality(p: float, options: int, k: int) -> float:
    """Probability that the plurality of k draws is right; ``p`` for the right option, the rest shared evenly.

    Exact, over all counts of the options (multinomial). A tie of m options is decided by who was drawn first, each
    equally often, so it counts 1/m.
    """
    wrong = (1.0 - p) / (options - 1)
    total = 0.0
    for right in range(k + 1):
        for others in partitions(k - right, options - 1, right):
            ties = 1 + sum(count == right for count in others)
            ways = math.factorial(k) / math.prod(math.factorial(count) for count in (right, *others))
            orders = math.factorial(options - 1) / math.prod(
                math.factorial(others.count(count)) for count in set(others)
            )
            total += ways * orders * p**right * wrong ** (k - right) / ties
    return total


def partitions(total: int, parts: int, most: int) -> Iterator[tuple[int, ...]]:
    """Ways to write ``total`` as ``parts`` falling counts, none above ``most``."""
    if parts == 0:
        if total == 0:
            yield ()
        return
    for first in range(min(total, most), -1, -1):
        if first * parts < total:
            return
        for rest in partitions(total - first, parts - 1, first):
            yield (first, *rest)


def _measured(skill: float, samples: Sequence[int], found: Sequence[Right]) -> Curve:
    points = [
        Point(x=k, y=right.share, low=right.ends[0], high=right.ends[1])
        for k, right in zip(samples, found, strict=True)
    ]
    return Curve(title=f"p = {skill:g}", points=points)


def _theory(skill: float, samples: Sequence[int], wanted: Sequence[float]) -> Curve:
    points = [Point(x=k, y=y) for k, y in zip(samples, wanted, strict=True)]
    return Curve(title=f"p = {skill:g}, theory", points=points, theory=True)


def _follows(skill: float, samples: Sequence[int], found: Sequence[Right], wanted: Sequence[float]) -> Claim:
    """Whether every point lies within 3.5 standard errors of theory: among 24 points one outside would be rare."""
    off = [
        (right.share - theory) / math.sqrt(max(theory * (1 - theory), 1e-9) / right.n)
        for right, theory in zip(found, wanted, strict=True)
    ]
    moved, noise = wanted[-1] - wanted[0], 1 / math.sqrt(found[0].n)  # at least two standard errors of the difference
    turned = (found[-1].share - found[0].share) * moved > 0 or abs(moved) < 2 * noise
    way = "rises" if skill > 1 / OPTIONS else "falls"
    return Claim(
        text=f"A model that is right with p = {skill:g} {way} with k as the multinomial formula says",
        seen=(
            f"{100 * found[0].share:.1f} % with one sample, {100 * found[-1].share:.1f} % with {samples[-1]} "
            f"(theory {100 * wanted[-1]:.1f} %); largest distance {max(map(abs, off)):.1f} standard errors"
        ),
        holds=max(map(abs, off)) < 3.5 and turned,
    )
