"""Votes over k samples where questions differ in difficulty: accuracy, and whether the share of votes can be believed."""

from __future__ import annotations

from osler.evaluation.metrics.calibration import CalibrationError, top_label
from osler.evaluation.table import tabulate
from osler.experiments.exam import EXAM, exam
from osler.experiments.measure import Right, ask, gain
from osler.experiments.outcome import Claim, Curve, Figure, Outcome, Point, Setting, TableOf
from osler.models.simulated import Simulated
from osler.prompting.self_consistency import SelfConsistency

TITLE = "More samples raise accuracy, and the share of votes becomes a confidence that is too low"
SOURCE = "Lievin et al. 2022, arXiv:2207.08143 (k = 100 at temperatures .50 to .54; calibration of the vote)"
PLAIN = (
    "Asking a model many times and taking the commonest answer makes it better, but the share of votes must "
    "not be read as the chance that the answer is right."
)
SAMPLES = (1, 5, 20, 100)
HEAT = (0.50, 0.51, 0.52, 0.53, 0.54)


async def run(setting: Setting) -> Outcome:
    cases = exam(setting.cases(600), options=4, seed=setting.seed)
    model = Simulated(skill=0.5, spread=1.2, seed=setting.seed, verbosity=1).keyed(cases, lettered=True)
    samples = SAMPLES[:3] if setting.quick else SAMPLES
    found = [await ask(_voted(k), model, EXAM, cases, seed=setting.seed) for k in samples]
    errors: list[float] = []
    stated: list[float] = []
    metric = CalibrationError()
    for right in found:
        table = tabulate(cases, right.predictions)
        errors.append(float(metric.value(metric.statistics(table).sum(axis=0))))
        stated.append(float(top_label(table)[0].mean()))
    first, last = gain(found[0], found[1]), gain(found[-2], found[-1])
    return Outcome(
        setup=(
            f"{len(cases):,} questions with four options whose difficulty is spread (standard deviation 1.2 logits around "
            "a skill of 50 %). Samples of one question are independent draws; the confidence is the share of votes."
        ),
        tables=[
            TableOf(
                title="Accuracy and calibration by samples",
                columns=("k", "right", "mean share of the winner", "calibration error"),
                rows=[
                    [str(k), right.told(), f"{100 * share:.1f} %", f"{100 * error:.1f} points"]
                    for k, right, share, error in zip(samples, found, stated, errors, strict=True)
                ],
            )
        ],
        figures=[
            Figure(
                title="Accuracy and stated confidence by samples",
                x_title="samples k (log scale)",
                y_title="share",
                scale="log",
                curves=[
                    Curve(title="questions right", points=_points(samples, found)),
                    Curve(
                        title="mean share of the winner",
                        points=[Point(x=k, y=share) for k, share in zip(samples, stated, strict=True)],
                    ),
                ],
            )
        ],
        claims=[
            Claim(
                text="Accuracy rises with k and each further sample adds less",
                seen=f"{samples[0]} to {samples[1]}: {first.told()}; {samples[-2]} to {samples[-1]}: {last.told()}",
                holds=first.positive and last.value < first.value,
            ),
            Claim(
                text="One sample states certainty: its calibration error is its error rate",
                seen=f"error {100 * errors[0]:.1f} points, {100 * (1 - found[0].share):.1f} % wrong",
                holds=abs(errors[0] - (1 - found[0].share)) < 1e-9,
            ),
            Claim(
                text="With many independent samples the share of votes understates how often the vote is right",
                seen=f"k = {samples[-1]}: {100 * stated[-1]:.1f} % stated, {100 * found[-1].share:.1f} % right",
                holds=stated[-1] < found[-1].ends[0],
            ),
        ],
        limits=(
            "Chains of a real model on one question share its beliefs: its votes are less spread, and the paper finds them "
            "not so far from calibrated. Recalibrate on validation cases before a share is shown as a probability."
        ),
    )


def _voted(k: int) -> SelfConsistency:
    return SelfConsistency(k=k, temperatures=HEAT) if k % len(HEAT) == 0 else SelfConsistency(k=k, temperature=0.5)


def _points(samples: tuple[int, ...], found: list[Right]) -> list[Point]:
    return [Point(x=k, y=one.share, low=one.ends[0], high=one.ends[1]) for k, one in zip(samples, found, strict=True)]
