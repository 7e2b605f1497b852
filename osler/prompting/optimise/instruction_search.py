"""Instruction search: a model proposes instructions, validation cases score them, the best ones are shown to it again.

OPRO (Yang et al. 2023, arXiv:2309.03409, section 4: earlier instructions with scores, worst first, beside some solved
cases; 8 proposals a step at temperature 1; the best 20 shown; 3 solved cases), which goes on from APE (Zhou et al. 2022,
arXiv:2211.01910). OPRO scores on training cases; here they are the validation cases that every optimiser is held to.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Literal, Self

from osler.core.block import block, replace
from osler.core.errors import SpecError
from osler.core.types import Model, Prompt, Strategy
from osler.models.view import beside
from osler.prompting.optimise import feedback
from osler.prompting.optimise.allowance import Allowance, AllowanceSpent
from osler.prompting.optimise.concurrency import each
from osler.prompting.optimise.instructed import Instructed
from osler.prompting.optimise.optimiser import Optimiser, need_writer
from osler.prompting.optimise.trials import Search, Trial, calls_of, fitting_of, spent_in
from osler.prompting.sampling import SPACING
from osler.prompting.zero_shot import ZeroShot


@block
class InstructionSearch(Optimiser):
    """``steps`` times: ``proposals`` new instructions from ``proposer`` (None: the model that answers), which sees the
    ``shown`` best so far with their scores (0 to 100, worst first) and ``solved`` training cases; each new one is tried
    on ``most_valid`` validation cases. The best instruction of all is the winner; of equals the one tried first, so the
    start (``instruction``, or the task's own for "") stays unless something beats it.
    """

    inner: Strategy = ZeroShot(by="generate", max_tokens=1024)
    instruction: str = ""
    mode: Literal["extend", "replace"] = "extend"
    proposer: Model | None = None
    steps: int = 5
    proposals: int = 8
    shown: int = 20
    solved: int = 3
    most_valid: int = 50
    temperature: float = 1.0
    max_tokens: int = 512
    budget: Allowance = Allowance()
    winner: Strategy | None = None

    def check(self) -> None:
        for name in ("steps", "proposals", "shown", "solved"):
            if getattr(self, name) < 1:
                raise SpecError(f"instruction_search.{name} must be at least 1, got {getattr(self, name)}")
        need_writer("instruction_search.proposer", self.proposer)

    @property
    def needs(self) -> frozenset[str]:
        return self.inner.needs | ({"generate"} if self.proposer is None else frozenset())

    def fitting(self, cases: int) -> int:
        """What ``inner`` learns, the start and every proposal on the validation cases, and a call for each proposal."""
        valid = min(cases, self.most_valid or cases) * calls_of(self.inner)
        return fitting_of(self.inner, cases) + valid + self.steps * self.proposals * (1 + valid)

    async def fit(self, train: Sequence[tuple[Prompt, str]], model: Model) -> Self:
        search = Search(train, model, by=self, most_valid=self.most_valid)
        inner = await self.inner.fit(search.cases, search.model)
        start = Instructed(instruction=self.instruction, inner=inner, mode=self.mode)
        trials = [await search.tried(start, step=0, change=self.instruction or "the task's own instruction")]
        search.log(trials[0], kept=True, reason="the start of the search")
        reason = f"{self.steps} steps were taken"
        for step in range(1, self.steps + 1):
            ended = await self._step(search, trials, step, start)
            if ended:
                reason = ended
                break
        best = max(trials, key=search.worth)  # max keeps the first of equals
        search.chosen(best, reason=reason)
        fitted: Self = replace(self, winner=best.strategy)
        return fitted

    async def _step(self, search: Search, trials: list[Trial], step: int, start: Instructed) -> str:
        """Adds the trials of one step; gives why the search ends, "" if it goes on."""
        short = search.lacks(start, more=self.proposals)
        if short:
            return short
        try:
            texts = await self._proposed(search, trials, step)
        except (AllowanceSpent, BaseExceptionGroup) as end:
            return spent_in(end)
        known = {trial.strategy.instruction for trial in trials}
        fresh = [text for text in dict.fromkeys(texts) if text and text not in known]
        for text in fresh:
            short = search.lacks(start)
            if short:
                return short
            best = max(trials, key=search.worth)
            new = await search.tried(replace(start, instruction=text), step=step, change=text, parent=best)
            kept = search.worth(new) > search.worth(best)
            said = f"better by {search.gain(new, best):+.4f}" if kept else "not better than the best so far"
            search.log(new, kept=kept, reason=new.fault or said)
            trials.append(new)
            if new.broken:
                return new.broken
        return ""

    async def _proposed(self, search: Search, trials: Sequence[Trial], step: int) -> list[str]:
        """The instructions read from one step's proposals, "" for those that hold none."""
        seed, proposer = search.cases.seed, beside(search.model, self.proposer)
        ranked = sorted((trial for trial in trials if not trial.fault), key=search.worth)[-self.shown :]
        scored = [(one.strategy.instruction or "(none)", 100 * search.worth(one)) for one in ranked]
        rng = random.Random(f"solved/{seed}/{step}")

        async def propose(index: int) -> str:
            reply = await proposer.generate(
                asked[index],
                temperature=self.temperature,
                seed=seed * SPACING + step * self.proposals + index,
                max_tokens=self.max_tokens,
            )
            return feedback.instruction_in(reply.text)

        many = min(self.solved, len(search.cases.train))
        asked = [
            feedback.propose(scored=scored, solved=rng.sample(search.cases.train, many)) for _ in range(self.proposals)
        ]
        return await each(range(self.proposals), propose)
