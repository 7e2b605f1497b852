"""What all task heads share: from cases to rows, training, the folder, and reading many calls at once."""

from __future__ import annotations

import asyncio
import functools
import threading
import time
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from osler.core.errors import ModelError, SpecError
from osler.core.types import Message, Reply
from osler.models.batching import Batcher
from osler.tuning.heads.cases import Case, cases_of, divided, hash_of, texts_of
from osler.tuning.heads.learner import HeadLearner, Losses, Row, logits_of
from osler.tuning.heads.network import Loaded, Plan, fresh, read_head, trained, write
from osler.tuning.stage import Pairs, Stage, Work
from osler.tuning.trainer.loop import Record, fit

Logits = Mapping[str, Any]
_LOADING = threading.Lock()


class HeadStage(Stage):
    """A head says what its classes are (``learnt``), how a text becomes rows (``rows``), and what logits mean
    (``answer``); the rest is here. Fields beside those of ``Stage``: data, adapter, tokenizer, length."""

    data: Any
    adapter: Any
    tokenizer: Any
    length: int
    losses_ahead: ClassVar[tuple[str, bool]] = ("loss", False)

    def check(self) -> None:
        if self.length < 8:
            raise SpecError(f"a head reads at least 8 tokens, got length = {self.length}", hint="length = 256")

    def data_hash(self, pairs: Pairs) -> str:
        cases = cases_of(self.data, pairs)
        held = cases_of(self.data, pairs, "valid") if self._looks and self.data is not None else []
        return hash_of([*cases, *held])

    @property
    def _looks(self) -> bool:
        return self.schedule.evaluate_every > 0

    @abstractmethod
    def learnt(self, cases: Sequence[Case]) -> dict[str, Any]:
        """What is read from the cases beside weights, as JSON: labels, scales. It is handed to all that follows."""

    @abstractmethod
    def plan(self, about: Mapping[str, Any]) -> Plan: ...

    @abstractmethod
    def losses(self, about: Mapping[str, Any]) -> Losses: ...

    @abstractmethod
    def rows(self, tokenizer: Any, question: str, evidence: str) -> list[Row]:
        """The rows in which a text is read, without aims."""

    @abstractmethod
    def aims(self, rows: Sequence[Row], tokenizer: Any, case: Case, about: Mapping[str, Any]) -> list[Row]:
        """The rows of a case with what is right."""

    def part_shares(self) -> Mapping[str, float]:
        """The weight of each named loss, 1 where it is not named."""
        return {}

    def figures(
        self, cases: Sequence[Case], answers: Sequence[Sequence[Logits]], loaded: Loaded
    ) -> Mapping[str, float]:
        """Figures on held-out cases beside the loss, from the logits of each case's rows."""
        return {}

    def build(self, work: Work) -> tuple[Record, Mapping[str, Any]]:
        cases, held = divided(self.data, work.pairs, looks=self._looks)
        about = self.learnt(cases)
        plan = self.plan(about)
        texts = [part for case in cases for part in (case.question, case.evidence) if part]
        network, tokenizer = fresh(work.base, self.tokenizer, texts, plan, work.seed, work.folder)
        learner = HeadLearner(
            network,
            self._aimed(cases, tokenizer, about),
            self.losses(about),
            pad=tokenizer.pad_token_id or 0,
            shares=self.part_shares(),
            look=self._look(Loaded(network, tokenizer, about), held) if held else None,
            ahead=self.losses_ahead,
        )
        record = fit(
            learner,
            self.schedule,
            seed=work.seed,
            state=work.state,
            identity=work.identity,
            tell=work.tell,
        )
        write(work.folder, network, tokenizer, plan, about)
        parameters = {"trained": trained(network), "all": sum(weight.numel() for weight in network.parameters())}
        return record, {"cases": len(cases), "rows": len(learner.rows), "parameters": parameters}

    def _aimed(self, cases: Sequence[Case], tokenizer: Any, about: Mapping[str, Any]) -> list[Row]:
        import dataclasses

        out: list[Row] = []
        for at, case in enumerate(cases):
            read = self.rows(tokenizer, case.question, case.evidence)
            out += [dataclasses.replace(row, case=at) for row in self.aims(read, tokenizer, case, about)]
        return out

    def _look(self, loaded: Loaded, cases: Sequence[Case]) -> Callable[[], Mapping[str, float]]:
        network, tokenizer, about = loaded
        pad, losses = tokenizer.pad_token_id or 0, self.losses(about)
        known = [case for case in cases if self.knows(case, about)]
        rows = self._aimed(known, tokenizer, about)

        def look() -> Mapping[str, float]:
            found = logits_of(network, rows, pad)
            by_case: list[list[Logits]] = [[] for _ in known]
            for row, one in zip(rows, found, strict=True):
                by_case[row.case].append(one)
            return {"loss": _loss(losses, rows, found, self.part_shares()), **self.figures(known, by_case, loaded)}

        return look

    def knows(self, case: Case, about: Mapping[str, Any]) -> bool:
        """Whether a held-out case has an answer that training knows, so that it can be looked at."""
        return True

    async def _read(self, messages: Sequence[Message]) -> tuple[list[Logits], Loaded, int, float]:
        """The logits of the rows that messages are read in, the model, tokens and seconds. Concurrent calls share
        forward passes."""
        started = time.perf_counter()
        folder = self.folder
        loaded = await asyncio.to_thread(_once, str(folder))
        _, question, evidence = texts_of(messages)
        rows = self.rows(loaded.tokenizer, question, evidence)
        batcher = _batcher(str(folder))
        found = await asyncio.gather(*(batcher.submit(row, size=len(row.ids)) for row in rows))
        return list(found), loaded, sum(len(row.ids) for row in rows), time.perf_counter() - started

    async def score(self, messages: Sequence[Message], choices: Sequence[str]) -> Reply:
        raise ModelError(
            f"{type(self).__name__} writes its answer and scores no choices",
            hint="use zero_shot, or a Classifier for choices",
            kind="unsupported",
        )


def _loss(losses: Losses, rows: Sequence[Row], found: Sequence[Logits], shares: Mapping[str, float]) -> float:
    """The loss over all rows, each row by itself: logits have their own lengths."""
    import torch

    sums: dict[str, float] = {}
    for row, one in zip(rows, found, strict=True):
        tensors = {name: torch.from_numpy(value)[None] for name, value in one.items()}
        for name, value in losses.sums(tensors, [row]).items():
            sums[name] = sums.get(name, 0.0) + float(value)
    counts = losses.counts(rows)
    return sum(shares.get(name, 1.0) * value / max(counts[name], 1e-9) for name, value in sums.items())


def _once(folder: str) -> Loaded:
    """The head of a folder, read once however many calls ask for it at the same time."""
    with _LOADING:
        return _loaded(folder)


@functools.lru_cache(maxsize=4)
def _loaded(folder: str) -> Loaded:
    import torch

    return read_head(Path(folder), "cuda" if torch.cuda.is_available() else "cpu")


@functools.lru_cache(maxsize=4)
def _batcher(folder: str) -> Batcher[Row, Logits]:
    def run(rows: Sequence[Row]) -> Sequence[Logits]:
        network, tokenizer, _ = _once(folder)
        return logits_of(network, rows, tokenizer.pad_token_id or 0)

    return Batcher(run, budget=16 * 4096, wait_s=0.005)
