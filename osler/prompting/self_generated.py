"""Chains of thought that a model writes for training cases, kept only where they end in the gold answer (Nori et al. 2023,
arXiv:2311.16452, self-generated chain of thought; STaR, Zelikman et al. 2022, arXiv:2203.14465, without its training)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from osler.core.errors import ModelError
from osler.core.types import Model, Prediction, Prompt, Strategy
from osler.evaluation.parsing.texts import structure
from osler.prompting.cases import Pair
from osler.prompting.optimise.trials import MOST_FAILURES, outage

AT_ONCE = 64  # training cases in flight: enough to fill a local batch, few enough to hold in memory


async def right_chains(strategy: Strategy, cases: Sequence[Pair], model: Model, *, seed: int) -> dict[str, str]:
    """Prompt id to rationale, for the cases that ``strategy`` answers as ``cases`` say. Wrong, unreadable and bare answers
    leave nothing behind.

    A case whose call fails (ModelError) is left out; when every one fails, or more than 10 % for want of a server, the
    error is raised: what is learnt is kept for good, and an outage is nothing to learn. All other errors end the fitting,
    an exhausted budget and a privacy fault first of all.
    """
    kept: dict[str, str] = {}
    failed: list[ModelError] = []
    for start in range(0, len(cases), AT_ONCE):
        batch = cases[start : start + AT_ONCE]
        asked = [strategy.predict(prompt.replace(demos=()), model, seed=seed) for prompt, _ in batch]
        for (prompt, gold), found in zip(batch, await asyncio.gather(*asked, return_exceptions=True), strict=True):
            if isinstance(found, ModelError):
                failed.append(found)
            elif isinstance(found, BaseException):
                raise found
            elif found.rationale and is_gold(found, prompt, gold):
                kept[prompt.id] = found.rationale
    gone = [error for error in failed if outage(error)]
    if failed and (len(failed) == len(cases) or len(gone) > MOST_FAILURES * len(cases)):
        raise (gone or failed)[0]
    return kept


def is_gold(found: Prediction, prompt: Prompt, gold: str) -> bool:
    """Whether the answer is the gold answer: letter by letter, JSON after its keys are sorted."""
    if prompt.schema is not None and not prompt.labels:
        return found.answer is not None and found.answer == structure(gold)
    return found.answer == gold
