"""Compression on real notes: of the sentences that experts name as evidence, how many are left at half the length."""

from __future__ import annotations

import asyncio
import os
import random

import pytest
from scipy.stats import binomtest

from osler import recipes
from osler.core.types import Passage, Prompt
from osler.data.trialgpt import TrialGPT
from osler.models.simulated import Simulated
from osler.prompting.compress import Compress

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not os.environ.get("OSLER_DATA"), reason="OSLER_DATA is not set"),
]
MODEL = Simulated()


async def tokens(prompt: Prompt) -> int:
    return await MODEL.count(prompt.messages())


async def drawn(prompt: Prompt, budget: int, order: list[Passage]) -> set[str]:
    """Ids of the sentences that fit when they are taken in ``order``."""
    taken: list[Passage] = []
    for passage in order:
        if await tokens(prompt.replace(evidence=(*taken, passage))) > budget:
            break
        taken.append(passage)
    return {passage.id for passage in taken}


def test_the_evidence_of_experts_is_kept_more_often_than_by_chance() -> None:
    task = recipes.recipe("tasks", "trial_matching")
    cases = [case for case in TrialGPT().examples("test") if case.meta.get("evidence")]
    random.Random(0).shuffle(cases)

    async def go() -> tuple[int, int, int, int]:
        gold, kept, only_kept, only_drawn = 0, 0, 0, 0
        for case in cases[:100]:
            prompt = task.prompt(case)
            base = await tokens(prompt.replace(evidence=()))
            budget = base + (await tokens(prompt) - base) // 2
            cut = await Compress(keep_tokens=budget).fitted(prompt, MODEL)
            assert await tokens(cut) <= budget
            found = {passage.id for passage in cut.evidence}
            order = list(prompt.evidence)
            random.Random(case.id).shuffle(order)
            chance = await drawn(prompt, budget, order)
            wanted = set(map(str, case.meta["evidence"]))
            gold += len(wanted)
            kept += len(wanted & found)
            only_kept += len((wanted & found) - chance)
            only_drawn += len((wanted & chance) - found)
        return gold, kept, only_kept, only_drawn

    gold, kept, only_kept, only_drawn = asyncio.run(go())
    assert kept / gold > 0.6
    assert binomtest(only_kept, only_kept + only_drawn).pvalue < 0.001
    assert only_kept > only_drawn
