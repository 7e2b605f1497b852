"""Our calculators on MedCalc-Bench's gold entities: what they reproduce, and what is wrong with the labels they do not."""

from __future__ import annotations

from osler.core.statistics.proportion import interval_of_proportion
from osler.experiments.outcome import Claim, Curve, Figure, Outcome, Point, Setting, TableOf

TITLE = "The calculators against MedCalc-Bench v1.0, from the gold entities"
SOURCE = "Khandekar et al. 2024, arXiv:2406.12036, test set of v1.0 (1,047 rows; needs OSLER_DATA)"
WANTED = 0.98


async def run(setting: Setting) -> Outcome:
    from osler.tools.calculators.medcalc_bench import reproduce
    from osler.tools.calculators.medcalc_disagreements import IMPOSSIBLE

    found = reproduce()
    explained = [one for one in found.disagreements if one.outcome == "label error" and one.reason != IMPOSSIBLE]
    impossible = [one for one in found.disagreements if one.reason == IMPOSSIBLE]
    left = [one for one in found.disagreements if one.outcome == "open"]
    reproduced = found.agreed + len(explained)
    rows = sorted(found.by_calculator().items(), key=lambda item: (item[1][1] / item[1][0], item[0]))
    reasons: dict[str, int] = {}
    for one in found.disagreements:
        told = f"{one.calculator}: {one.reason}"
        reasons[told] = reasons.get(told, 0) + 1
    agreed, _ = interval_of_proportion(found.agreed, found.n)
    return Outcome(
        setup=(
            f"{found.n:,} rows, {len(rows)} calculators. Each calculator is its published formula, with the entities that the "
            "benchmark marks as gold. A label within 5 % (numbers) or equal (scores, dates) is reproduced. Where it is not, "
            "one named slip per calculator is applied to the same entities: if it gives the label exactly, on every row of "
            "that calculator, the label is wrong in a known way."
        ),
        tables=[
            TableOf(
                title="Rows",
                columns=("what", "rows", "share"),
                rows=[
                    ["the published formula gives the label", str(found.agreed), _share(found.agreed, found.n)],
                    [
                        "a named slip of v1.0 gives the label exactly",
                        str(len(explained)),
                        _share(len(explained), found.n),
                    ],
                    [
                        "a value that no patient can have, and is refused",
                        str(len(impossible)),
                        _share(len(impossible), found.n),
                    ],
                    ["not explained", str(len(left)), _share(len(left), found.n)],
                ],
            ),
            TableOf(
                title="Why labels differ",
                columns=("calculator and reason", "rows"),
                rows=[[reason, str(count)] for reason, count in sorted(reasons.items(), key=lambda item: -item[1])],
            ),
            TableOf(
                title="Every row that is not reproduced",
                columns=("row", "calculator", "label", "published formula"),
                rows=[[str(one.row), one.calculator, one.label, one.ours or "refused"] for one in found.disagreements],
            ),
        ],
        figures=[
            Figure(
                title="Rows reproduced, calculator by calculator",
                x_title="calculators, worst first",
                y_title="rows reproduced",
                curves=[
                    Curve(
                        title="published formula",
                        joined=False,
                        points=[Point(x=at + 1, y=agrees / n) for at, (_, (n, agrees, _)) in enumerate(rows)],
                    ),
                    Curve(
                        title="with the slips of v1.0",
                        points=[
                            Point(x=at + 1, y=(agrees + errors) / n) for at, (_, (n, agrees, errors)) in enumerate(rows)
                        ],
                        theory=True,
                    ),
                ],
            )
        ],
        claims=[
            Claim(
                text=f"The published formulas alone stay below {100 * WANTED:.0f} %: that many labels of v1.0 are wrong",
                seen=f"{found.agreed} of {found.n}: {100 * found.agreed / found.n:.1f} % ({100 * agreed.low:.1f} to {100 * agreed.high:.1f})",
                holds=found.agreed / found.n < WANTED,
            ),
            Claim(
                text=f"At least {100 * WANTED:.0f} % by the formulas as v1.0 applied them, slips named",
                seen=f"{reproduced} of {found.n}: {100 * reproduced / found.n:.1f} %",
                holds=reproduced / found.n >= WANTED,
            ),
            Claim(
                text="Every other row has a reason",
                seen=f"{len(left)} rows without one",
                holds=not left,
            ),
        ],
        limits=(
            "The published formulas do not reach 98 % of the labels of v1.0, because the program that made the labels slips in "
            "the ways listed; later versions of the benchmark corrected labels. We did not bend a formula to a label. This is "
            "arithmetic on entities that people marked: it says nothing of whether a model finds them in a note."
        ),
    )


def _share(count: int, n: int) -> str:
    return f"{100 * count / n:.1f} %"
