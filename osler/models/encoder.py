"""A sentence encoder as a discriminative model: it scores choices by nearness and writes nothing."""

from __future__ import annotations

import functools
import math
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from osler.core.block import block, digest
from osler.core.content import content_hash_of
from osler.core.errors import ModelError, SpecError, nearest
from osler.core.types import Message, Reply
from osler.models.asked import Asked, read_asked, read_demos
from osler.models.bert_graph import Precision
from osler.models.embedding import NAMES, Embedded, Embeds, embedding
from osler.models.minilm import Floats, model_folder

_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+|(?<=[。！？])")
_SHORTEST = 20  # characters: less is a heading or a number


@block
class Encoder:
    """The embedded encoder (MiniLM-L6-v2) as a Model that supports ``score``.

    Without demonstrations the probability of a choice is the softmax of its cosine with the question, where the
    question's vector is moved towards its best evidence. Demonstrations vote by nearness, as in nearest-neighbour
    classification, with the zero-shot probabilities as the prior.

    temperature: of both softmaxes, in cosine. evidence: how many of the best-matching evidence sentences count.
    evidence_weight: their weight beside the question (1: equal). reading: with "option" evidence is read otherwise: a choice
    counts by how near any sentence of the evidence comes to the question with this choice after it. neighbours: nearest demonstrations that vote.
    prior: the zero-shot probabilities' weight, in demonstrations. precision: ``int8`` is at least twice as fast with the
    extra ``search`` and loses nothing in retrieval (docs/benchmarks.md); its vectors are others, so they are not mixed.
    """

    name: str = "minilm"
    temperature: float = 0.05
    evidence: int = 2
    evidence_weight: float = 0.5
    neighbours: int = 8
    prior: float = 1.0
    precision: Precision = "float32"
    reading: Literal["question", "option"] = "question"

    def check(self) -> None:
        if self.name not in NAMES:
            raise SpecError(f"no embedded encoder is named {self.name!r}", hint=nearest(self.name, NAMES))
        for field in ("temperature", "prior"):
            if getattr(self, field) <= 0:
                raise SpecError(f"encoder.{field} must be above 0, got {getattr(self, field)}")

    @property
    def supports(self) -> frozenset[str]:
        return frozenset({"score"})

    @property
    def space(self) -> str:
        """The space of its vectors (see ``embedding.space_of``): the weights alone, not how choices are scored."""
        return digest(f"{self.name} {self.precision} {_weights_hash()}".encode())

    async def embed(self, texts: Sequence[str]) -> Floats:
        """Vectors ``[n, 384]`` of length one, for retrieval and nearest neighbours."""
        return (await self.embedded(texts)).vectors

    async def embedded(self, texts: Sequence[str]) -> Embedded:
        """``embed`` with the number of tokens of each text."""
        return await embedding(self.name, self.precision).embed(texts)

    def forget(self, texts: Sequence[str]) -> None:
        """Drop what this process remembers of ``texts``: they were deleted somewhere."""
        embedding(self.name, self.precision).forget(texts)

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
        raise writes_nothing("encoder")

    def content_hash(self) -> str:
        """Hash of the weights and the tokenizer (quick: see ``core.content``)."""
        return _weights_hash()

    async def score(self, messages: Sequence[Message], choices: Sequence[str]) -> Reply:
        """Log-probabilities of ``choices`` (letters of a lettered prompt, else labels)."""
        need_choices(choices, self.name)
        return await similarity(self, self, messages, choices, self.name)

    def _query(self, vectors: Floats) -> Floats:
        """The question's vector (first row) moved towards the mean of its best evidence (the other rows)."""
        question: Floats = vectors[0]
        evidence: Floats = vectors[1:]
        if not len(evidence) or not self.evidence:
            return question
        best = np.argsort(-(evidence @ question), kind="stable")[: self.evidence]
        query = question + np.float32(self.evidence_weight) * evidence[best].mean(axis=0)
        return np.asarray(query / np.linalg.norm(query), np.float32)

    def _vote(self, prior: Floats, queries: Sequence[Floats], votes: Sequence[int | None]) -> Floats | None:
        """Shares of the choices after the demonstrations' vote; None where none of them may vote."""
        voters = [row for row, vote in enumerate(votes) if vote is not None]
        if not voters or not self.neighbours:
            return None
        near = np.array([queries[1 + row] @ queries[0] for row in voters], np.float64)
        kept = np.argsort(-near, kind="stable")[: self.neighbours]
        weights = np.exp(log_softmax(near[kept] / self.temperature)) * len(kept)
        shares = self.prior * prior.astype(np.float64)
        for weight, voter in zip(weights, kept, strict=True):
            shares[votes[voters[voter]]] += weight
        return np.asarray(shares / shares.sum())


async def similarity(
    source: Embeds, settings: Encoder, messages: Sequence[Message], choices: Sequence[str], model: str
) -> Reply:
    """The reply of ``score`` from the vectors of ``source``; ``settings`` say how evidence and demonstrations count."""
    demos = read_demos(messages)
    cases = [read_asked(messages), *(demo for demo, _ in demos)]
    meanings = [cases[0].meaning(choice) for choice in choices]
    read = _read_for(cases[0], meanings) if settings.reading == "option" else []
    texts = [text for case in cases for text in (case.question, *case.evidence.values())] + meanings + read
    found = await source.embedded(texts)
    started = time.perf_counter() - found.seconds
    queries, row = [], 0
    for case in cases:
        stop = row + 1 + len(case.evidence)
        queries.append(settings._query(found.vectors[row:stop]))
        row = stop
    near = found.vectors[row : row + len(choices)] @ queries[0]
    if read:
        asked = found.vectors[row + len(choices) : row + 2 * len(choices)]
        near = (asked @ found.vectors[row + 2 * len(choices) :].T).max(axis=1)
    zero_shot = log_softmax(near / settings.temperature)
    votes = _votes(cases, [answer for _, answer in demos], choices)
    shares = settings._vote(np.exp(zero_shot), queries, votes)
    return scored(
        choices,
        np.log(shares) if shares is not None else zero_shot,
        tokens_in=int(found.tokens.sum()),
        latency_s=time.perf_counter() - started,
        model=model,
    )


def _read_for(asked: Asked, meanings: Sequence[str]) -> list[str]:
    """The question with each choice after it, then the sentences of the evidence; [] without evidence."""
    lines = dict.fromkeys(line.strip() for text in asked.evidence.values() for line in _SENTENCE.split(text))
    sentences = [line for line in lines if len(line) >= _SHORTEST]
    return [f"{asked.question} {meaning}" for meaning in meanings] + sentences if sentences else []


def _votes(cases: Sequence[Asked], answers: Sequence[str], choices: Sequence[str]) -> list[int | None]:
    """Which of ``choices`` each demonstration stands for. A letter votes for the option of the same text only."""
    places = {choice: place for place, choice in enumerate(choices)}
    votes: list[int | None] = []
    for demo, answer in zip(cases[1:], answers, strict=True):
        choice = cases[0].choice(demo.meaning(answer)) if cases[0].options else answer
        votes.append(places.get(choice) if choice is not None else None)
    return votes


def log_softmax(values: Any) -> Any:
    """Log-probabilities from scores ``[n]``, in float64."""
    shifted = np.asarray(values, np.float64)
    shifted = shifted - shifted.max(initial=-math.inf)
    return shifted - np.log(np.exp(shifted).sum())


def scored(choices: Sequence[str], logprobs: Any, *, tokens_in: int, latency_s: float, model: str) -> Reply:
    """The Reply of ``score``. Of equally likely choices the first is taken."""
    return Reply(
        text=choices[int(np.argmax(logprobs))],
        logprobs={choice: float(value) for choice, value in zip(choices, logprobs, strict=True)},
        tokens_in=tokens_in,
        latency_s=latency_s,
        model=model,
    )


@functools.cache
def _weights_hash() -> str:
    return content_hash_of(model_folder())


def need_choices(choices: Sequence[str], model: str) -> None:
    """Refuse a call of ``score`` without choices."""
    if not choices:
        raise ModelError(f"{model} was given no choices to score", hint="pass the labels of the prompt", kind="choices")


def writes_nothing(model: str) -> ModelError:
    """The error of a model that only scores when it is asked to write."""
    return ModelError(
        f"{model} scores choices and cannot generate text",
        hint="use a generative model here, or a strategy that scores the choices",
        kind="unsupported",
    )
