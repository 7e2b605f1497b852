"""A planted position bias, before and after the options are shuffled."""

from __future__ import annotations

from collections.abc import Sequence

from osler.core.statistics.proportion import interval_of_proportion
from osler.core.types import LETTERS, Example, Strategy
from osler.experiments.exam import EXAM, exam
from osler.experiments.measure import Right, ask, gain
from osler.experiments.outcome import Claim, Curve, Figure, Outcome, Point, Setting, TableOf
from osler.models.simulated import Simulated
from osler.prompting.choice_shuffle import ChoiceShuffle
from osler.prompting.self_consistency import SelfConsistency
from osler.prompting.zero_shot import ZeroShot

TITLE = "Shuffling the options removes a position bias that voting alone makes worse"
SOURCE = "Nori et al. 2023, arXiv:2311.16452 (choice shuffling); Lievin et al. 2022, arXiv:2207.08143 (option bias)"
PLAIN = (
    "A model that likes the first option is not cured by asking it several times; asking it with the options "
    "in different orders cures it."
)
OPTIONS, SKILL, BIAS = 4, 0.6, 0.4


async def run(setting: Setting) -> Outcome:
    cases = exam(setting.cases(2000), options=OPTIONS, seed=setting.seed)
    model = Simulated(skill=SKILL, position_bias=BIAS, seed=setting.seed).keyed(cases, lettered=True)
    once = ZeroShot(by="generate", temperature=0.7)
    arms: dict[str, Strategy] = {
        "one answer": once,
        "8 samples, same order, voted": SelfConsistency(k=8, inner=once),
        "8 shuffled orders, voted": ChoiceShuffle(n=8, inner=once),
    }
    found = {name: await ask(arm, model, EXAM, cases, seed=setting.seed) for name, arm in arms.items()}
    places = {name: [_at(right, cases, letter) for letter in LETTERS[:OPTIONS]] for name, right in found.items()}
    gaps = {name: _gap(right, cases) for name, right in found.items()}
    raw, voted, shuffled = found.values()
    won = gain(voted, shuffled)
    return Outcome(
        setup=(
            f"{len(cases):,} questions, the right option evenly at {OPTIONS} places. With probability {BIAS:g} the simulated "
            f"model takes the first option whatever it says; else it is right with probability {SKILL:g}. Every call "
            "draws anew. Theory of one answer: 76 % right where the right option stands first, 36 % elsewhere."
        ),
        tables=[
            TableOf(
                title="Right answers by where the right option stands",
                columns=("method", *LETTERS[:OPTIONS], "A minus the others"),
                rows=[
                    [name, *(f"{100 * value:.1f} %" for value, _, _ in places[name]), _told(gaps[name])]
                    for name in found
                ],
            )
        ],
        figures=[
            Figure(
                title="Accuracy by place of the right option",
                x_title="place of the right option",
                y_title="questions right",
                names={float(at): LETTERS[at] for at in range(OPTIONS)},
                curves=[
                    Curve(
                        title=name,
                        points=[Point(x=at, y=y, low=low, high=high) for at, (y, low, high) in enumerate(places[name])],
                    )
                    for name in found
                ],
            )
        ],
        claims=[
            Claim(
                text=f"Raw: the bias shows as its size, {100 * BIAS:.0f} points between A and the others",
                seen=_told(gaps["one answer"]),
                holds=gaps["one answer"][1] <= BIAS <= gaps["one answer"][2],
            ),
            Claim(
                text="Voting without shuffling widens the gap, since the same bias votes every time",
                seen=_told(gaps["8 samples, same order, voted"]),
                holds=gaps["8 samples, same order, voted"][1] > BIAS,
            ),
            Claim(
                text="Corrected: after shuffling the interval of the gap holds 0",
                seen=_told(gaps["8 shuffled orders, voted"]),
                holds=gaps["8 shuffled orders, voted"][1] <= 0 <= gaps["8 shuffled orders, voted"][2],
            ),
            Claim(
                text="Shuffling beats as many samples without it",
                seen=f"{raw.told()} alone, {voted.told()} voted, {shuffled.told()} shuffled: {won.told()}, p {won.p_told}",
                holds=won.positive,
            ),
        ],
        limits="A real model's bias may depend on the content, so that shuffling removes only what depends on the place.",
    )


def _of_place(right: Right, cases: Sequence[Example], letters: str) -> tuple[int, int]:
    held = [ok for case, ok in zip(cases, right.right, strict=True) if case.target in letters]
    return sum(held), len(held)


def _at(right: Right, cases: Sequence[Example], letter: str) -> tuple[float, float, float]:
    k, n = _of_place(right, cases, letter)
    ends, _ = interval_of_proportion(k, n)
    return k / n, ends.low, ends.high


def _gap(right: Right, cases: Sequence[Example]) -> tuple[float, float, float]:
    """Share right with the right option first minus elsewhere, with Newcombe's interval of two independent shares."""
    (k, n), (j, m) = _of_place(right, cases, "A"), _of_place(right, cases, LETTERS[1:OPTIONS])
    (first, _), (rest, _) = interval_of_proportion(k, n), interval_of_proportion(j, m)
    a, b = k / n, j / m
    below = ((a - first.low) ** 2 + (rest.high - b) ** 2) ** 0.5
    above = ((first.high - a) ** 2 + (b - rest.low) ** 2) ** 0.5
    return a - b, a - b - below, a - b + above


def _told(gap: tuple[float, float, float]) -> str:
    value, low, high = (f"{100 * part:+.1f}".replace("-", "\u2212") for part in gap)
    return f"{value} points ({low} to {high})"
