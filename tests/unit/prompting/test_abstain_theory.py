"""Agreement of samples and of a panel against what theory says of a model of known skill."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from scipy.stats import binom, binomtest

from osler.core.types import Prediction, Prompt, Strategy
from osler.models.simulated import Simulated
from osler.prompting.abstain import Abstain
from osler.prompting.role_panel import RolePanel
from osler.prompting.self_consistency import SelfConsistency
from osler.prompting.zero_shot import ZeroShot

CASES = [Prompt(id=f"c{at}", question=f"Case {at}?", choices=("yes", "no")) for at in range(1500)]
SAMPLED = ZeroShot(by="generate", temperature=0.7)


def answered(system: Strategy, skill: float) -> list[Prediction]:
    model = Simulated(skill=skill, key={prompt.id: "yes" for prompt in CASES}, verbosity=0)

    async def go() -> list[Prediction]:
        return [await system.predict(prompt, model, seed=0) for prompt in CASES]

    return asyncio.run(go())


def holds(found: Sequence[bool], expected: float) -> bool:
    """Whether the exact 99.9 % interval of a share holds what theory says."""
    interval = binomtest(sum(found), len(found)).proportion_ci(0.999, "exact")
    return bool(interval.low <= expected <= interval.high)


@pytest.mark.parametrize("skill", [0.55, 0.7, 0.85])
def test_agreement_of_five_samples_bounds_the_risk_as_the_binomial_says(skill: float) -> None:
    system = Abstain(threshold=0.8, inner=SelfConsistency(k=5, temperature=0.7, inner=SAMPLED))
    found = answered(system, skill)
    right, wrong = binom.sf(3, 5, skill), binom.cdf(1, 5, skill)
    kept = [one for one in found if one.answer != "abstain"]
    assert holds([one.answer != "abstain" for one in found], right + wrong)
    assert holds([one.answer == "yes" for one in kept], right / (right + wrong))


def test_a_panel_of_equals_gains_nothing_from_a_moderator_who_is_one_of_them() -> None:
    """Five independent members of skill p: agreed answers stand, else an equal decides; p^5 + P(disagree) p in all."""
    skill = 0.7
    system = RolePanel(rounds=0, moderated="disagreement", inner=SAMPLED, moderator=SAMPLED)
    found = answered(system, skill)
    disagree = 1 - skill**5 - (1 - skill) ** 5
    assert holds([len(one.votes) == 2 for one in found], disagree)
    assert holds([one.answer == "yes" for one in found], skill**5 + disagree * skill)
