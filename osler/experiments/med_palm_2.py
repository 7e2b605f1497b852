"""Ensemble refinement against self-consistency of as many calls, with and without decisive evidence in the chains."""

from __future__ import annotations

from osler.experiments.exam import EXAM, exam
from osler.experiments.measure import Gain, Right, ask, gain
from osler.experiments.outcome import Claim, Curve, Figure, Outcome, Point, Setting, TableOf
from osler.models.simulated_chains import SimulatedChains
from osler.prompting.ensemble_refinement import EnsembleRefinement
from osler.prompting.self_consistency import SelfConsistency

TITLE = "Ensemble refinement wins where a minority of chains carries the evidence; else it is a vote over 11 chains"
SOURCE = "Med-PaLM 2, Singhal et al. 2023, arXiv:2305.09617 (11 chains, 33 refinements)"
PLAIN = (
    "Letting a model read its own drafts before it answers helps when a few drafts hold the deciding "
    "evidence; otherwise it is worth no more than counting the drafts' answers."
)
SKILL = 0.3
DECISIVE = (0.0, 0.1, 0.25, 0.5, 1.0)


async def run(setting: Setting) -> Outcome:
    cases = exam(setting.cases(480), options=4, seed=setting.seed)
    rows, er, sc, wanted = [], [], [], []
    gains: list[Gain] = []
    for decisive in DECISIVE:
        model = SimulatedChains(skill=SKILL, trap=1.0, decisive=decisive, seed=setting.seed, verbosity=2)
        keyed = model.keyed(cases, lettered=True)
        refined = await ask(EnsembleRefinement(first=11, second=33), keyed, EXAM, cases, seed=setting.seed)
        voted = await ask(SelfConsistency(k=44), keyed, EXAM, cases, seed=setting.seed)
        er.append(refined)
        sc.append(voted)
        wanted.append(_theory(decisive))
        gains.append(gain(voted, refined))
        rows.append([f"{decisive:g}", voted.told(), refined.told(), f"{100 * wanted[-1]:.1f} %", gains[-1].told()])
    calls = er[0].calls / len(cases)
    plain = SimulatedChains(skill=SKILL, trap=1.0, seed=setting.seed, verbosity=2).keyed(cases, lettered=True)
    eleven = await ask(SelfConsistency(k=11), plain, EXAM, cases, seed=setting.seed)
    same = gain(eleven, er[0])
    settled = [
        (value, one, theory)
        for value, one, theory in zip(DECISIVE, er, wanted, strict=True)
        if not one.ends[0] <= theory <= one.ends[1] and abs(one.share - theory) > 0.03
    ]
    return Outcome(
        setup=(
            f"{len(cases):,} questions. The model first writes drafts, each with its reasoning (a chain), then answers again "
            f"having read them (a refinement). A chain is right in {100 * SKILL:.0f} % of cases; wrong chains all fall for "
            "the same option, so that the majority is wrong. With the probability on the x axis a right chain is "
            "decisive: it states the evidence that settles the case, and a refinement that sees it follows it. Both "
            f"methods make {calls:.0f} calls a question."
        ),
        tables=[
            TableOf(
                title="Self-consistency and ensemble refinement, 44 calls each",
                columns=(
                    "right chains that are decisive",
                    "self-consistency",
                    "refinement",
                    "theory of refinement",
                    "difference",
                ),
                rows=rows,
            )
        ],
        figures=[
            Figure(
                title="Accuracy by how often a right chain is decisive",
                x_title="probability that a right chain states the evidence",
                y_title="questions right",
                curves=[
                    _curve("ensemble refinement", er),
                    Curve(
                        title="theory",
                        theory=True,
                        points=[Point(x=x, y=y) for x, y in zip(DECISIVE, wanted, strict=True)],
                    ),
                    _curve("self-consistency", sc),
                ],
            )
        ],
        claims=[
            Claim(
                text="44 calls a question, as published",
                seen=f"{calls:.0f} calls a question",
                holds=calls == 44,
            ),
            Claim(
                text="Where no chain is decisive refinement is worth a vote over its 11 chains and no more",
                seen=f"{eleven.told()} by the vote over 11, {er[0].told()} refined: {same.told()}",
                holds=same.none,
            ),
            Claim(
                text="Where a minority is decisive refinement wins",
                seen=f"one right chain in four decisive: {gains[2].told()}, p {gains[2].p_told}",
                holds=gains[2].positive,
            ),
            Claim(
                text="Accuracy follows 1 - (1 - p d)^11, plus the vote where nothing is decisive",
                seen="within the interval or 3 points everywhere"
                if not settled
                else "; ".join(
                    f"{value:g}: {one.told()}, theory {100 * theory:.1f} %" for value, one, theory in settled
                ),
                holds=not settled,
            ),
        ],
        limits=(
            "That a refinement recognises decisive evidence is assumed here. A real model may be talked out of a right "
            "answer by eleven confident wrong chains; in the paper refinement loses to plain few-shot on PubMedQA."
        ),
    )


def _theory(decisive: float) -> float:
    """Chance that at least one of 11 chains is decisive, plus that none is and the right ones are in the majority."""
    from math import comb

    total = 0.0
    for right in range(12):
        ways = comb(11, right) * SKILL**right * (1 - SKILL) ** (11 - right)
        none = (1 - decisive) ** right
        total += ways * ((1 - none) + none * float(right > 11 - right))
    return total


def _curve(title: str, found: list[Right]) -> Curve:
    return Curve(
        title=title,
        points=[
            Point(x=x, y=one.share, low=one.ends[0], high=one.ends[1]) for x, one in zip(DECISIVE, found, strict=True)
        ],
    )
