"""Selective prediction by agreement: answer where the samples agree, defer the rest."""

from __future__ import annotations

from osler.core.statistics.proportion import interval_of_proportion
from osler.experiments.exam import EXAM, exam
from osler.experiments.measure import ask
from osler.experiments.outcome import Claim, Curve, Figure, Outcome, Point, Setting, TableOf
from osler.models.simulated import Simulated
from osler.prompting.self_consistency import SelfConsistency

TITLE = "Deferring the cases on which samples disagree raises accuracy on the rest, if difficulty differs"
SOURCE = "Med-PaLM, Singhal et al. 2022, arXiv:2212.13138 (41 samples; 82.5 % right when 45 % are deferred)"
PLAIN = (
    "Handing the questions on which a model disagrees with itself to a person makes its other answers more "
    "reliable, most of all where some questions are harder than others."
)
DEFERRED = (0.0, 0.15, 0.3, 0.45, 0.6, 0.75)
SPREADS = (0.0, 1.5)


async def run(setting: Setting) -> Outcome:
    cases = exam(setting.cases(800), options=4, seed=setting.seed)
    k = 11 if setting.quick else 41
    curves, rows = [], []
    shares: dict[float, list[tuple[float, float, float]]] = {}
    for spread in SPREADS:
        model = Simulated(skill=0.3, spread=spread, seed=setting.seed, verbosity=1).keyed(cases, lettered=True)
        found = await ask(SelfConsistency(k=k), model, EXAM, cases, seed=setting.seed)
        sure = [max(one.votes.values(), default=0.0) for one in found.predictions]
        order = sorted(range(len(cases)), key=lambda at: (-sure[at], cases[at].id))
        right = [found.right[at] for at in order]
        shares[spread] = [_kept(right, deferred) for deferred in DEFERRED]
        title = "questions equally hard" if not spread else "difficulty spread"
        curves.append(
            Curve(
                title=title,
                points=[
                    Point(x=100 * x, y=y, low=low, high=high)
                    for x, (y, low, high) in zip(DEFERRED, shares[spread], strict=True)
                ],
            )
        )
        rows.append(
            [title, *(f"{100 * y:.1f} % ({100 * low:.1f} to {100 * high:.1f})" for y, low, high in shares[spread])]
        )
    spread_all, spread_45 = shares[SPREADS[1]][0], shares[SPREADS[1]][3]
    return Outcome(
        setup=(
            f"{len(cases):,} questions, {k} samples each; the confidence is the share of samples that agree. The least sure "
            "are deferred to a person. Twice: all questions equally hard, and with difficulty spread (1.5 logits)."
        ),
        tables=[
            TableOf(
                title="Right among the answered",
                columns=("questions", *(f"{100 * x:.0f} % deferred" for x in DEFERRED)),
                rows=rows,
            )
        ],
        figures=[
            Figure(
                title="Accuracy on what is answered, by what is deferred",
                x_title="deferred, percent of the questions",
                y_title="right among the answered",
                curves=curves,
            )
        ],
        claims=[
            Claim(
                text="Where difficulty differs, deferring 45 % raises accuracy on the rest",
                seen=f"{100 * spread_all[0]:.1f} % of all, {100 * spread_45[0]:.1f} % of the surest 55 %",
                holds=_settled(spread_45[1] > spread_all[2], spread_45[0] > spread_all[0]),
            ),
            Claim(
                text="Agreement ranks spread questions better than equally hard ones",
                seen=(
                    f"gain at 45 %: {100 * (spread_45[0] - spread_all[0]):.1f} points spread, "
                    f"{100 * (shares[0.0][3][0] - shares[0.0][0][0]):.1f} points equally hard"
                ),
                holds=spread_45[0] - spread_all[0] > shares[0.0][3][0] - shares[0.0][0][0] or None,
            ),
        ],
        limits="Who is deferred matters: look at the deferred cases by subgroup before this is used on people.",
    )


def _settled(apart: bool, above: bool) -> bool | None:
    """True where the intervals are apart, None where this many questions only point that way."""
    return True if apart else (None if above else False)


def _kept(right: list[bool], deferred: float) -> tuple[float, float, float]:
    """Share right of the surest 1 - ``deferred`` of the cases, with its interval."""
    n = max(1, round(len(right) * (1 - deferred)))
    k = sum(right[:n])
    ends, _ = interval_of_proportion(k, n)
    return k / n, ends.low, ends.high
