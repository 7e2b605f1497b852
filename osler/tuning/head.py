"""A trained classification head on a frozen encoder: multinomial logistic regression whose weights are in the spec."""

from __future__ import annotations

import asyncio
import base64
import binascii
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from osler.core.block import block, canonical, digest, replace
from osler.core.errors import DataError, ModelError, SpecError, nearest
from osler.core.types import Message, Model, Prompt, Reply
from osler.models.asked import Asked, read_asked
from osler.models.blas import one_blas_thread
from osler.models.embedding import embed_with
from osler.models.encoder import Encoder, need_choices, scored, writes_nothing
from osler.tuning.features import PARTS, Doubles, features, texts_of, width
from osler.tuning.logistic import choose_l2, fit, log_shares

MOST_LABELS = 64
_UNSEEN = -13.8  # log-odds of a label that training never allowed: about one in a million


@block
class Head:
    """Learns to tell the labels apart from features of the question and of the evidence that matches it best.

    base: gives the vectors and stays as it is. data: the training data where it is not the study's own (a study
    resolves it). l2: penalty, or a grid from which the best by held-out likelihood is taken, with cases that share
    their evidence (a patient) kept together; a fitted head holds the one that was taken. Where prompts have no evidence
    a head cannot know which cases are of one patient, so each stands alone: the penalty that is taken may then be too
    small, for cases of a patient stand on both sides of the held-out likelihood. Nothing else hangs on it, and the
    study's own splits and folds do keep patients apart. features: some of
    question, evidence, product, difference, cosine, lexical. best: how many best-matching sentences make the
    evidence's vector. balanced: weigh rows so that every label counts the same.
    weights: base64 of float32 ``[labels, features]``, little endian; "" before training.
    """

    base: Model = Encoder()
    data: Any = None
    l2: float | tuple[float, ...] = (0.0003, 0.001, 0.003, 0.01)
    folds: int = 3
    features: tuple[str, ...] = PARTS
    best: int = 2
    balanced: bool = False
    labels: tuple[str, ...] = ()
    weights: str = ""

    def check(self) -> None:
        for part in self.features:
            if part not in PARTS:
                raise SpecError(f"head.features has no part {part!r}", hint=nearest(part, PARTS))
        grid = self.l2 if isinstance(self.l2, tuple) else (self.l2,)
        if not grid or min(grid) <= 0:
            raise SpecError(f"head.l2 must be above 0, got {self.l2}", hint="l2 = 0.001, or a grid of such values")
        if not self.features or self.best < 1 or self.folds < 2:
            raise SpecError(
                f"head needs a feature, best >= 1 and folds >= 2, got {len(self.features)}, {self.best}, {self.folds}"
            )

    @property
    def supports(self) -> frozenset[str]:
        return frozenset({"score", "train"})

    async def train(self, pairs: Sequence[tuple[Prompt, str]], *, seed: int) -> Head:
        """A fitted copy. ``pairs``: prompts with the label (of a lettered prompt: the letter) that is right."""
        cases = [_Case.of(prompt, answer) for prompt, answer in pairs]
        labels = _labels(cases)
        texts = list(dict.fromkeys(text for case in cases for text in texts_of(case.asked)))
        vectors = (await embed_with(self.base, texts)).vectors
        rows = {text: row for row, text in enumerate(texts)}
        # The fit takes seconds, so it leaves the event loop free; one BLAS thread gives the same weights every time.
        return await asyncio.to_thread(self._fitted, cases, labels, vectors, rows, seed)

    def _fitted(
        self, cases: Sequence[_Case], labels: tuple[str, ...], vectors: Any, rows: Mapping[str, int], seed: int
    ) -> Head:
        with one_blas_thread():
            x = np.stack(
                [self._features(case.asked, vectors[[rows[t] for t in texts_of(case.asked)]]) for case in cases]
            )
            y = np.array([labels.index(case.answer) for case in cases])
            allowed = np.array([[not case.allowed or label in case.allowed for label in labels] for case in cases])
            weight = _balance(y) if self.balanced else None
            groups = [case.group for case in cases]
            l2 = self.l2 if isinstance(self.l2, float) else self.l2[0]
            if isinstance(self.l2, tuple) and len(self.l2) > 1:
                l2 = choose_l2(x, y, allowed, groups, grid=self.l2, folds=self.folds, seed=seed, weight=weight)
            fitted = fit(x, y, allowed, l2=l2, weight=weight)
        packed = base64.b64encode(fitted.astype("<f4").tobytes()).decode()
        return replace(self, l2=l2, labels=labels, weights=packed)

    async def generate(
        self,
        messages: Sequence[Message],
        *,
        temperature: float = 0.0,
        seed: int = 0,
        max_tokens: int = 512,
        schema: Mapping[str, Any] | None = None,
        tools: Sequence[Mapping[str, Any]] = (),
        n: int = 1,
    ) -> Reply:
        raise writes_nothing("head")

    async def score(self, messages: Sequence[Message], choices: Sequence[str]) -> Reply:
        """Log-probabilities over ``choices`` only. A choice that training never met gets about one in a million."""
        need_choices(choices, "head")
        asked = read_asked(messages)
        places = {label: place for place, label in enumerate(self.labels)}
        known = [places.get(asked.meaning(choice)) for choice in choices]
        if not self.weights:
            raise ModelError("head has not been trained", hint="train it: head.train(pairs, seed=0)", kind="untrained")
        if all(place is None for place in known):
            raise ModelError(
                f"head was trained on other labels: it has {len(self.labels)}, and none of the {len(choices)} choices",
                hint="train it on the labels of this task",
                kind="labels",
            )
        found = await embed_with(self.base, texts_of(asked))
        started = time.perf_counter() - found.seconds
        logits = self._matrix(found.vectors.shape[1]) @ self._features(asked, found.vectors)
        top = max(logits[place] for place in known if place is not None)
        values = np.array([[logits[place] if place is not None else top + _UNSEEN for place in known]])
        return scored(
            choices,
            log_shares(values, np.ones(values.shape, np.bool_))[0],
            tokens_in=int(found.tokens.sum()),
            latency_s=time.perf_counter() - started,
            model="head",
        )

    def _features(self, asked: Asked, vectors: Any) -> Doubles:
        return features(asked, vectors, parts=self.features, best=self.best)

    def _matrix(self, vectors: int) -> Doubles:
        """The weights ``[labels, features]``, unpacked once."""
        held: Doubles | None = self.__dict__.get("_unpacked")
        if held is None:
            try:
                flat = np.frombuffer(base64.b64decode(self.weights, validate=True), "<f4").astype(np.float64)
                held = flat.reshape(len(self.labels), width(self.features, vectors))
            except (binascii.Error, ValueError):
                raise ModelError(
                    f"the head's weights do not fit {len(self.labels)} labels and vectors of width {vectors}",
                    hint="train the head again on this base",
                    kind="weights",
                ) from None
            self.__dict__["_unpacked"] = held  # beside the fields, like the block's id
        return held


@dataclass(frozen=True, slots=True)
class _Case:
    """A training case in the head's terms: of lettered prompts the texts of the options, not the letters."""

    asked: Asked
    answer: str
    allowed: frozenset[str]
    group: str

    @classmethod
    def of(cls, prompt: Prompt, answer: str) -> _Case:
        asked = read_asked(prompt.messages())
        if prompt.labels and answer not in prompt.labels:
            raise DataError(
                f"the case {prompt.id!r} has an answer that is none of its {len(prompt.labels)} labels",
                hint="give the answer as the prompt's labels spell it",
            )
        evidence = list(asked.evidence.values())
        return cls(
            asked,
            asked.meaning(answer),
            frozenset(map(asked.meaning, prompt.labels)),
            digest(canonical(evidence)) if evidence else prompt.id,
        )


def _labels(cases: Sequence[_Case]) -> tuple[str, ...]:
    if not cases:
        raise DataError("a head was given no cases to train on", hint="give the study training data")
    labels = sorted({case.answer for case in cases}.union(*(case.allowed for case in cases)))
    if len(labels) > MOST_LABELS:
        raise DataError(
            f"a head needs labels that cases share, got {len(labels)} different ones in {len(cases)} cases",
            hint=f"use an Encoder for questions with options of their own; a head takes up to {MOST_LABELS} labels",
        )
    return tuple(labels)


def _balance(y: NDArray[np.int64]) -> Doubles:
    counts = np.bincount(y)
    return np.asarray(1.0 / counts[y], np.float64)
