"""The cases that ``fit`` gets, and what an optimiser needs beside them: validation cases, a metric, a log.

A study hands ``Cases`` to every strategy; one that only reads pairs sees a sequence of (prompt, answer). There is no way
from here to a test case.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, overload

from osler.core.errors import SpecError
from osler.core.types import Prediction, Prompt, Score

Pair = tuple[Prompt, str]


def exact(gold: str, prediction: Prediction) -> Score:
    """1 where the answer is the gold answer, letter by letter, else 0."""
    return Score(value=float(prediction.answer == gold))


@dataclasses.dataclass(frozen=True)
class Cases(Sequence[Pair]):
    """``train``: what may be shown and learnt from. ``valid``: what variants are compared on; empty: ``parted`` takes
    it from ``train``. ``judge``: prompt id and prediction to a score. ``log``: gets every variant that is tried.
    ``cluster``: prompt id to what cases are drawn by (the patient). ``explanation``: prompt id to why the gold answer
    is right, "" where the data do not say.
    """

    train: tuple[Pair, ...]
    valid: tuple[Pair, ...] = ()
    judge: Callable[[str, Prediction], Score] | None = None
    metric: str = "accuracy"
    higher_is_better: bool = True
    seed: int = 0
    log: Callable[[Mapping[str, Any]], None] = lambda row: None
    cluster: Callable[[str], str] = lambda name: name
    explanation: Callable[[str], str] = lambda name: ""

    @staticmethod
    def of(train: Sequence[Pair]) -> Cases:
        """``train`` itself where it is already ``Cases``."""
        return train if isinstance(train, Cases) else Cases(train=tuple(train))

    @overload
    def __getitem__(self, at: int) -> Pair: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Pair]: ...
    def __getitem__(self, at: int | slice) -> Pair | Sequence[Pair]:
        return self.train[at]

    def __len__(self) -> int:
        return len(self.train)

    def score(self, prompt: Prompt, gold: str, prediction: Prediction) -> Score:
        """The study's metric on one case of train or valid; without one, 1 for the gold answer and 0 for another."""
        return exact(gold, prediction) if self.judge is None else self.judge(prompt.id, prediction)

    def parted(self, share: float = 0.5) -> Cases:
        """With validation cases: a seeded ``share`` of the training clusters where the task gives none of its own."""
        if self.valid:
            return self
        import random

        groups = sorted({self.cluster(prompt.id) for prompt, _ in self.train})
        if len(groups) < 2:
            raise SpecError(
                f"choosing between variants needs validation cases and there are {len(self.train)} cases in all",
                hint="give the task a valid split, or more training cases",
            )
        random.Random(f"valid/{self.seed}").shuffle(groups)
        held = set(groups[: max(1, min(len(groups) - 1, round(share * len(groups))))])
        return dataclasses.replace(
            self,
            train=tuple(pair for pair in self.train if self.cluster(pair[0].id) not in held),
            valid=tuple(pair for pair in self.train if self.cluster(pair[0].id) in held),
        )
