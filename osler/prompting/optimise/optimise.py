"""The search as a function: ``(strategy, train, valid, metric, budget) -> strategy``."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from osler.core.block import replace
from osler.core.errors import SpecError
from osler.core.types import Model, Prediction, Prompt, Score, Strategy
from osler.prompting.cases import Cases, exact
from osler.prompting.optimise.allowance import Allowance
from osler.prompting.optimise.optimiser import frozen
from osler.prompting.optimise.textual_gradient import TextualGradient

Judged = Callable[[Prompt, str, Prediction], Score]


def gold_answer(prompt: Prompt, gold: str, prediction: Prediction) -> Score:
    """1 for the gold answer, else 0."""
    return exact(gold, prediction)


async def optimise(
    strategy: Strategy,
    train: Sequence[tuple[Prompt, str]],
    valid: Sequence[tuple[Prompt, str]] = (),
    metric: Judged = gold_answer,
    budget: Allowance | None = None,
    *,
    model: Model,
    by: Any = None,
    seed: int = 0,
    higher_is_better: bool = True,
    log: Callable[[Mapping[str, Any]], None] | None = None,
) -> Strategy:
    """The best variant of ``strategy`` that ``by`` (an optimiser; default TextualGradient) finds for ``model``.

    ``metric``: prompt, gold answer and prediction to a score; ``budget``: what the whole search may use; ``log`` gets
    every variant tried. Without ``valid`` half of the training cases are set apart for it. Raises SpecError where a
    case stands in train and valid.
    """
    made = replace(by if by is not None else TextualGradient(), inner=strategy)
    if budget is not None:
        made = replace(made, budget=budget)
    both = {prompt.id for prompt, _ in train} & {prompt.id for prompt, _ in valid}
    if both:
        raise SpecError(
            f"{len(both)} case(s) stand in train and valid, such as {min(both)!r}", hint="give each case to one of them"
        )
    known = {prompt.id: (prompt, gold) for prompt, gold in (*train, *valid)}
    cases = Cases(
        train=tuple(train),
        valid=tuple(valid),
        judge=lambda name, prediction: metric(*known[name], prediction),
        higher_is_better=higher_is_better,
        seed=seed,
    )
    if log is not None:
        cases = dataclasses.replace(cases, log=log)
    return frozen(await made.fit(cases, model))
