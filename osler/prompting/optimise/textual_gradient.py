"""Textual gradients: an instruction that is improved by criticism of the answers it leads to.

TextGrad (Yuksekgonul et al. 2024, arXiv:2406.07496, sections 2 and 3.3) as AutoMedPrompt uses it for medical
questions (Wu et al. 2025): loss in words, backward to the instruction, an edit, and a gate on validation cases.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Literal, Self

from osler.core.block import block, replace
from osler.core.errors import SpecError
from osler.core.types import Model, Prediction, Prompt, Strategy
from osler.models.view import beside
from osler.prompting.cases import Pair
from osler.prompting.optimise import feedback
from osler.prompting.optimise.allowance import Allowance, AllowanceSpent
from osler.prompting.optimise.concurrency import each
from osler.prompting.optimise.instructed import Instructed
from osler.prompting.optimise.optimiser import Optimiser, need_writer
from osler.prompting.optimise.trials import Search, Trial, calls_of, fitting_of, spent_in
from osler.prompting.zero_shot import ZeroShot

START = "You are a helpful, creative, and smart assistant."


@block
class TextualGradient(Optimiser):
    """Each step: answers to ``minibatch`` training cases, a critique of each against the gold answer and its
    explanation, what the instruction should change for each, one edit; then the new instruction is tried on
    ``most_valid`` validation cases. It is kept only if its mean score there is higher than that of the best so far and
    reverted otherwise, so the score on these cases never falls. The search ends after ``patience`` steps in a row
    that improve nothing, after ``steps``, or with ``budget``.

    ``backward``: the model that criticises and edits, behind the same guards; None is the model that answers.
    ``mode`` says whether the instruction stands before the task's own or in its place.
    """

    inner: Strategy = ZeroShot(by="generate", max_tokens=1024)
    instruction: str = START
    mode: Literal["extend", "replace"] = "extend"
    backward: Model | None = None
    minibatch: int = 5
    steps: int = 12
    patience: int = 3
    most_valid: int = 50
    temperature: float = 0.0
    max_tokens: int = 1024
    budget: Allowance = Allowance()
    winner: Strategy | None = None

    def check(self) -> None:
        for name in ("minibatch", "steps", "patience"):
            if getattr(self, name) < 1:
                raise SpecError(f"textual_gradient.{name} must be at least 1, got {getattr(self, name)}")
        need_writer("textual_gradient.backward", self.backward)

    @property
    def needs(self) -> frozenset[str]:
        return self.inner.needs | ({"generate"} if self.backward is None else frozenset())

    def fitting(self, cases: int) -> int:
        """What ``inner`` learns, the start on the validation cases, then the steps: a minibatch with two calls about each
        case, the edit, and the validation cases again."""
        each_case = calls_of(self.inner)
        valid = min(cases, self.most_valid or cases) * each_case
        batch = min(self.minibatch, cases) * (each_case + 2)
        return fitting_of(self.inner, cases) + valid + self.steps * (batch + 1 + valid)

    async def fit(self, train: Sequence[tuple[Prompt, str]], model: Model) -> Self:
        search = Search(train, model, by=self, most_valid=self.most_valid)
        inner = await self.inner.fit(search.cases, search.model)
        best = await search.tried(self._with(self.instruction, inner), step=0, change="the start")
        search.log(best, kept=True, reason="the start of the search")
        idle, reason = 0, f"{self.steps} steps were taken"
        batches = _batches(search.cases.train, self.minibatch, self.steps, search.cases.seed)
        for step, batch in enumerate(batches, start=1):
            short = search.lacks(best.strategy, more=len(batch) * (calls_of(inner) + 2) + 1)
            if short:
                reason = short
                break
            best, improved, ended = await self._step(search, best, step, batch)
            idle = 0 if improved else idle + 1
            if ended or idle >= self.patience:
                reason = ended or f"{idle} steps in a row improved nothing"
                break
        search.chosen(best, reason=reason)
        fitted: Self = replace(self, winner=best.strategy)
        return fitted

    async def _step(self, search: Search, best: Trial, step: int, batch: Sequence[Pair]) -> tuple[Trial, bool, str]:
        """The best trial after one step, whether the step improved it, and why the search ends ("" if it goes on)."""
        try:
            text = await self._edited(search, best.strategy, batch)
        except (AllowanceSpent, BaseExceptionGroup) as end:
            return best, False, spent_in(end)
        if not text or text == best.strategy.instruction:
            fault = "the edit held no instruction" if not text else "the edit changed nothing"
            same = Trial(strategy=best.strategy, step=step, change=fault, parent=best.id)
            search.log(same, kept=False, reason=fault)
            return best, False, ""
        new = await search.tried(self._with(text, best.strategy.inner), step=step, change=text, parent=best)
        gain = search.gain(new, best)
        kept = not new.fault and (bool(best.fault) or gain > 0)
        reason = new.fault or (f"better by {gain:+.4f}" if kept else f"reverted: not better ({gain:+.4f})")
        search.log(new, kept=kept, reason=reason)
        return (new if kept else best), kept, new.broken

    async def _edited(self, search: Search, strategy: Instructed, batch: Sequence[Pair]) -> str:
        """The instruction that the criticism of a minibatch leads to; "" where none can be read."""
        found = await search.predictions(strategy, batch)
        critic = beside(search.model, self.backward)

        async def say(messages: object) -> str:
            reply = await critic.generate(
                messages, temperature=self.temperature, seed=search.cases.seed, max_tokens=self.max_tokens
            )
            return str(reply.text)

        async def criticised(item: tuple[Pair, Prediction]) -> str:
            (prompt, gold), one = item
            said = one.replies[-1].text if one.replies else (one.answer or "")
            why = search.cases.explanation(prompt.id)
            evaluation = await say(feedback.loss(prompt=prompt, response=said, gold=gold, explanation=why))
            return await say(
                feedback.backward(instruction=strategy.instruction, prompt=prompt, response=said, evaluation=evaluation)
            )

        answered = [item for item in zip(batch, found, strict=True) if not item[1].failure]
        if not answered:
            return ""
        gradients = await each(answered, criticised)
        prompts = [prompt for (prompt, _), _ in answered]
        written = await say(feedback.edit(instruction=strategy.instruction, prompts=prompts, gradients=gradients))
        return feedback.instruction_in(written)

    def _with(self, instruction: str, inner: Strategy) -> Instructed:
        return Instructed(instruction=instruction, inner=inner, mode=self.mode)


def _batches(train: Sequence[Pair], size: int, steps: int, seed: int) -> list[list[Pair]]:
    """A minibatch for each step: the training cases in a new seeded order each time round."""
    out: list[list[Pair]] = []
    rest: list[Pair] = []
    rng = random.Random(f"minibatches/{seed}")
    for _ in range(steps):
        if len(rest) < min(size, len(train)):
            rest = list(train)
            rng.shuffle(rest)
        out.append(rest[:size])
        rest = rest[size:]
    return out
