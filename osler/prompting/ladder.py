"""The ladder: try the simple thing first, and climb only as far as validation cases show that it pays.

The order is that of the guide's figure 4 and of MedPrompt's ablation (Nori et al. 2023, arXiv:2311.16452, figure 4):
direct, few-shot, chain-of-thought, nearest demonstrations, ensemble; then retrieval and tools.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

from osler.core.block import block, replace
from osler.core.errors import SpecError
from osler.core.statistics import holm
from osler.core.types import Model, Prediction, Prompt, Strategy
from osler.prompting.chain_of_thought import ChainOfThought
from osler.prompting.few_shot import FewShot
from osler.prompting.optimise.allowance import Allowance, AllowanceSpent
from osler.prompting.optimise.optimiser import frozen
from osler.prompting.optimise.paired import Paired, paired
from osler.prompting.optimise.trials import Search, Trial, calls_of, fitting_of, spent_in
from osler.prompting.zero_shot import ZeroShot


@block
class Rung:
    """A step of the ladder: a strategy under the name that the report uses."""

    name: str = "direct"
    strategy: Strategy = ZeroShot()


RUNGS = (
    Rung(name="direct", strategy=ZeroShot()),
    Rung(name="few-shot", strategy=FewShot(k=5)),
    Rung(name="chain-of-thought", strategy=FewShot(k=5, inner=ChainOfThought())),
)


@block
class Ladder:
    """Climb ``rungs`` in their order, then ``retrieval`` and ``tools`` where they are given.

    The rule. Every rung learns from the training cases alone (one that searches takes its own validation cases from
    them) and answers the same validation cases (``most_valid`` of them, 0: all). The first rung that can be judged is the best so far. Each later one is held against the best so far, case
    by case, by a paired test (exact McNemar, or a bootstrap of patients). It is taken only if it is better and its p,
    adjusted by Holm over all comparisons that the ladder may make, is at most ``alpha``. Comparisons not yet made count
    as p = 1, so what is taken on the way stays settled at the end. A rung that is not settled better is not taken,
    whatever its mean: it costs more and the cases do not show that it gains. After ``patience`` rungs in a row that were
    not taken the climb ends; so it does before a rung that could pass ``budget`` (in calls; tokens and US dollars end it
    once they are used up, and a rung broken off so is not taken). A rung that the model or the task cannot do is
    skipped, which counts neither way. Every rung, its cost and its reason go to the log. The best so far is then
    frozen: the fitted ladder asks it and nothing else.

    What the rule can see, by simulation (five rungs, difficulty of cases with a spread of 2 logits): where all rungs are
    equal one is taken in 1 % of climbs, at 50, 100 and 300 validation cases alike. A second rung that is 20 points better
    is passed by in 41, 4 and 0 % of climbs, one 10 points better in 88, 66 and 11 %. Many small steps need ``patience``:
    on the five rungs of MedPrompt as published the climb stays at the bottom in 64 % with 300 cases and a patience of 2,
    in 11 % with 4.
    """

    rungs: tuple[Rung, ...] = RUNGS
    retrieval: Strategy | None = None
    tools: Strategy | None = None
    alpha: float = 0.05
    patience: int = 2
    most_valid: int = 0
    budget: Allowance = Allowance()
    winner: Strategy | None = None
    chosen: str = ""

    validates: ClassVar[bool] = True

    def check(self) -> None:
        names = [rung.name for rung in self.climb]
        if not self.rungs or len(set(names)) < len(names):
            raise SpecError(
                f"ladder.rungs must be rungs of different names, got {', '.join(names) or 'none'}",
                hint='rungs = (Rung(name="direct", strategy=ZeroShot()), ...)',
            )
        if not 0 < self.alpha < 1 or self.patience < 1:
            raise SpecError(
                f"the ladder needs alpha between 0 and 1 and patience of at least 1, got {self.alpha} and {self.patience}"
            )

    @property
    def climb(self) -> tuple[Rung, ...]:
        """All rungs in the order in which they are tried."""
        last = [("retrieval", self.retrieval), ("tools", self.tools)]
        return (*self.rungs, *(Rung(name=name, strategy=held) for name, held in last if held is not None))

    @property
    def needs(self) -> frozenset[str]:
        """What the first rung needs; a later one that the model cannot do is skipped."""
        return self.winner.needs if self.winner is not None else self.rungs[0].strategy.needs

    def calls(self, prompt: Prompt) -> int:
        if self.winner is not None:
            return self.winner.calls(prompt)
        return max(_bounded(rung.strategy, prompt) for rung in self.climb)

    def fitting(self, cases: int) -> int:
        """Every rung fitted, and asked on the validation cases."""
        valid = min(cases, self.most_valid or cases)
        return sum(fitting_of(rung.strategy, cases) + valid * calls_of(rung.strategy) for rung in self.climb)

    async def predict(self, prompt: Prompt, model: Model, *, seed: int) -> Prediction:
        return await frozen(self).predict(prompt, model, seed=seed)

    async def fit(self, train: Sequence[tuple[Prompt, str]], model: Model) -> Self:
        search = Search(train, model, by=self, most_valid=self.most_valid)
        climb = _Climb(self, search)
        reason = "every rung was tried"
        for step, rung in enumerate(self.climb):
            ended = await climb.step(step, rung)
            if ended:
                reason = ended
                break
        if climb.best is None:
            raise SpecError(
                f"no rung of the ladder could be judged: {'; '.join(climb.reasons)}",
                hint="give it a first rung that the model and the task can do, and a budget that holds it",
            )
        search.chosen(climb.best, reason=reason)
        fitted: Self = replace(self, winner=climb.best.strategy, chosen=climb.best.change)
        return fitted


class _Climb:
    """Where a climb stands: the best so far, the p of every comparison made, the rungs in a row that were not taken."""

    def __init__(self, ladder: Ladder, search: Search) -> None:
        self._ladder, self._search = ladder, search
        self._planned = len(ladder.climb) - 1
        # A rung that looked for its best variant on the cases of the test would pass the test by that alone.
        self._taught = dataclasses.replace(search.cases, valid=())
        self._p: list[float] = []
        self._idle = 0
        self.best: Trial | None = None
        self.reasons: list[str] = []

    async def step(self, step: int, rung: Rung) -> str:
        """Try one rung; gives why the climb ends, "" if it goes on."""
        blank = Trial(strategy=rung.strategy, step=step, change=rung.name, parent=self.best.id if self.best else "")
        unable = self._unable(rung.strategy)
        if unable:
            self._note(blank, unable, skipped=True)
            return ""
        fitting = fitting_of(rung.strategy, len(self._taught))
        try:
            short = self._search.lacks(rung.strategy, more=fitting)
        except SpecError as error:
            self._note(blank, f"it refuses these cases: {error.message}", skipped=True)
            return ""
        if short:
            self._note(blank, short, skipped=True)
            return short
        before = self._search.model.used
        try:
            made = await rung.strategy.fit(self._taught, self._search.model)
        except (AllowanceSpent, BaseExceptionGroup) as end:
            self._note(dataclasses.replace(blank, broken=spent_in(end)), spent_in(end))
            return spent_in(end)
        except SpecError as error:
            self._note(blank, f"it cannot learn here: {error.message}", skipped=True)
            return ""
        spent = self._search.model.used - before
        try:
            trial = await self._search.tried(made, step=step, change=rung.name, parent=self.best, fitting=spent)
        except SpecError as error:  # a method for labels refuses free text, and the other way round
            self._note(blank, f"it refuses these cases: {error.message}", skipped=True)
            return ""
        return self._judge(trial)

    def _unable(self, strategy: Strategy) -> str:
        can = self._search.model.supports
        lacking = [need for need in sorted(strategy.needs) if not set(need.split("|")) & can]
        return f"the model cannot {' and '.join(need.replace('|', ' or ') for need in lacking)}" if lacking else ""

    def _judge(self, trial: Trial) -> str:
        if trial.fault:
            self._note(trial, trial.fault)
            return trial.broken or self._out_of_patience()
        if self.best is None:
            self.best = trial
            self._search.log(trial, kept=True, reason="the first rung", **_test(None, None))
            return ""
        found = paired(self.best.scores, trial.scores, self._search.cases.cluster)
        adjusted = self._adjusted(found)
        rise = (found.difference or 0.0) * (1 if self._search.cases.higher_is_better else -1)
        taken = rise > 0 and adjusted is not None and adjusted <= self._ladder.alpha
        said = _said(found, adjusted, rise, taken, self.best.change)
        self._search.log(trial, kept=taken, reason=said, against=self.best.change, **_test(found, adjusted))
        self.reasons.append(f"{trial.change}: {said}")
        if taken:
            self.best, self._idle = trial, 0
            return ""
        self._idle += 1
        return self._out_of_patience()

    def _adjusted(self, found: Paired) -> float | None:
        """The p of the newest comparison after Holm over all that the ladder may make, those to come counted as 1."""
        if found.p is None:
            return None
        self._p.append(found.p)
        return in_sequence(self._p, self._planned)[-1]

    def _out_of_patience(self) -> str:
        if self._idle < self._ladder.patience:
            return ""
        return f"{self._idle} rungs in a row were not settled better"

    def _note(self, trial: Trial, reason: str, *, skipped: bool = False) -> None:
        self.reasons.append(f"{trial.change}: {reason}")
        self._idle += not skipped
        self._search.log(trial, kept=False, reason=reason, skipped=skipped, **_test(None, None))


def in_sequence(p: Sequence[float], planned: int) -> list[float]:
    """Holm's adjusted p of the comparisons made so far among ``planned``, those to come counted as 1.

    Whatever they turn out to be, none of these values can rise, so a decision taken now holds at the end.
    """
    return [float(value) for value in holm([*p, *[1.0] * max(0, planned - len(p))])[: len(p)]]


def _said(found: Paired, adjusted: float | None, rise: float, taken: bool, best: str) -> str:
    if adjusted is None:
        return f"not tested against {best}: {found.method}"
    if rise <= 0:
        return f"no gain over {best}"
    return f"{'' if taken else 'not '}settled better than {best}: p {adjusted:.2g} after Holm"


def _test(found: Paired | None, adjusted: float | None) -> dict[str, Any]:
    held: Mapping[str, Any] = found._asdict() if found is not None else dict.fromkeys(Paired._fields)
    names = {"difference": "difference", "low": "difference_low", "high": "difference_high", "p": "p"}
    out = {new: held[old] for old, new in names.items()}
    return {**out, "p_adjusted": adjusted, "test": held["method"] or "", "detectable": held["detectable"]}


def _bounded(strategy: Strategy, prompt: Prompt) -> int:
    """The calls of a rung, 0 where it refuses the prompt and will be skipped."""
    try:
        return strategy.calls(prompt)
    except SpecError:
        return 0
