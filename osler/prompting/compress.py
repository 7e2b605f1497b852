"""Compression: what a prompt shows is cut to fit, the sentences nearest to the question are kept.

The extractive compressor of RECOMP (Xu et al. 2023, arXiv:2310.04408, section 3.1) chooses sentences by the inner
product of their vectors with the question's; there the encoder is trained for it, here it is the embedded one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Self

from osler.core.block import block, snake
from osler.core.errors import ModelError, SpecError
from osler.core.types import Model, Passage, Prediction, Prompt, Strategy
from osler.evaluation.metrics.text.sentences import sentences
from osler.models.encoder import Encoder
from osler.models.window import context_of, size_of
from osler.prompting.around import Around, parts
from osler.prompting.zero_shot import ZeroShot

GAP = "[...]"
ADDED = 64  # tokens that the strategy inside may add to the prompt
Count = Callable[[Prompt], Awaitable[int]]


@block
class Compress(Around):
    """Fit a prompt into ``keep_tokens``, or (0) into the model's context less ``answer_tokens``; what fits is not touched.
    answer_tokens 0: what the strategy inside may write, and 64 for what it adds to the prompt (a cue, how to finish).

    Counted by the model's own tokenizer, else at three bytes a token, on the safe side. First demonstrations go, the
    farthest from the question first. Then sentences of the evidence and of the question's own text go, those nearest to
    the question's task being kept, in their order; ``[...]`` marks each gap, an emptied passage goes whole. Never cut:
    instruction, cue, choices, schema, and the task in the question: its sentences with a question mark, or its last.
    What does not fit even so is refused with the numbers. Stands inside of what adds demonstrations or evidence.
    """

    keep_tokens: int = 0
    answer_tokens: int = 0
    encoder: Encoder = Encoder()
    inner: Strategy = ZeroShot()

    def check(self) -> None:
        if self.keep_tokens < 0 or self.answer_tokens < 0:
            raise SpecError("compress.keep_tokens and answer_tokens must be 0 or more", hint="keep_tokens = 2000")
        adding = next((part for part in parts(self.inner) if hasattr(part, "pool") or hasattr(part, "index")), None)
        if adding is not None:
            name = snake(type(adding).__name__)
            raise SpecError(
                f"compress stands around {name}, whose additions it would not see",
                hint=f"turn them round: {name} outside",
            )

    async def predict(self, prompt: Prompt, model: Model, *, seed: int) -> Prediction:
        return await self.inner.predict(await self.fitted(prompt, model), model, seed=seed)

    async def fitted(self, prompt: Prompt, model: Model) -> Prompt:
        """``prompt`` in at most the budget; itself where it fits or no context is known. ModelError (context) if it cannot."""

        async def count(put: Prompt) -> int:
            size = await size_of(model, put.messages(), schema=put.schema)
            return size.tokens if size.exact else _safe(put)

        whole = await count(prompt)  # before the context is asked for: some servers tell it with the count
        budget = self.keep_tokens or context_of(model) - (self.answer_tokens or self._written())
        if whole <= budget or not (self.keep_tokens or context_of(model)):
            return prompt
        texts = Texts.of(prompt)
        prompt = await self._fewer_demos(prompt, texts.query, budget, count)
        if await count(prompt) <= budget:
            return prompt
        near = await self._nearness(texts)
        kept = await _most(len(near), budget, lambda n: count(texts.shown(prompt, near[:n])))
        if kept is None:
            least = await count(texts.shown(prompt, ()))
            raise ModelError(
                f"the prompt of the case {prompt.id!r} has {least:,} tokens that may not be cut, and there is room for "
                f"{budget:,}",
                hint="raise keep_tokens, lower answer_tokens, or use a model with a longer context",
                kind="context",
            )
        return texts.shown(prompt, near[:kept])

    def _written(self) -> int:
        return ADDED + max((int(getattr(part, "max_tokens", 0)) for part in parts(self.inner)), default=0)

    async def _fewer_demos(self, prompt: Prompt, query: str, budget: int, count: Count) -> Prompt:
        """As many of the nearest demonstrations as fit, in their order; none where the rest alone is too long."""
        if not prompt.demos:
            return prompt
        vectors = await self.encoder.embed([query, *(demo.question for demo in prompt.demos)])
        order = _by_nearness(vectors)

        def held(n: int) -> Prompt:
            return prompt.replace(demos=tuple(prompt.demos[at] for at in sorted(order[:n])))

        kept = await _most(len(order), budget, lambda n: count(held(n)))
        return held(kept or 0)

    async def _nearness(self, texts: Texts) -> list[int]:
        """Numbers of the sentences that may go, the nearest to the question first."""
        vectors = await self.encoder.embed([texts.query, *(texts.pieces[at].text for at in texts.loose)])
        return [texts.loose[at] for at in _by_nearness(vectors)]


@dataclasses.dataclass(frozen=True, slots=True)
class Piece:
    """A sentence: of which text (-1: the question, else the number of the passage), and whether it may never go."""

    of: int
    text: str
    before: str
    held: bool = False


@dataclasses.dataclass(frozen=True)
class Texts:
    """A prompt's question and evidence as sentences. ``query`` is what they are held against."""

    pieces: tuple[Piece, ...]
    query: str

    @classmethod
    def of(cls, prompt: Prompt) -> Self:
        asked = _cut(-1, prompt.question)
        tasks = [at for at, piece in enumerate(asked) if piece.text.endswith(("?", "？"))] or [len(asked) - 1]
        asked = [dataclasses.replace(piece, held=at in tasks) for at, piece in enumerate(asked)]
        options = prompt.choices if prompt.lettered else ()  # labels such as yes and no say nothing of the matter
        query = " ".join((*(piece.text for piece in asked if piece.held), *options))
        pieces = [piece for at, passage in enumerate(prompt.evidence) for piece in _cut(at, passage.text)]
        return cls((*pieces, *asked), query)

    @property
    def loose(self) -> list[int]:
        return [at for at, piece in enumerate(self.pieces) if not piece.held]

    def shown(self, prompt: Prompt, kept: Sequence[int]) -> Prompt:
        """``prompt`` with these sentences and those that may never go, in their order, gaps marked."""
        wanted = set(kept)
        evidence = []
        for at, passage in enumerate(prompt.evidence):
            text = self._joined(at, wanted)
            if text.replace(GAP, "").strip():
                evidence.append(Passage(id=passage.id, text=text))
        return prompt.replace(evidence=tuple(evidence), question=self._joined(-1, wanted))

    def _joined(self, of: int, wanted: set[int]) -> str:
        out, gap, begun = "", False, False
        for at, piece in enumerate(self.pieces):
            if piece.of != of:
                continue
            if at not in wanted and not piece.held:
                gap = True
                continue
            if gap:
                out += f"{' ' if begun else ''}{GAP}{_space(piece.before)}{piece.text}"
            else:
                out += piece.before + piece.text
            gap, begun = False, True
        return f"{out} {GAP}" if gap and begun else out


def _space(between: str) -> str:
    return between if between.strip("\n") != between else " "


def _cut(of: int, text: str) -> list[Piece]:
    """The sentences of a text with the white space before each; a text without any is one piece."""
    pieces: list[Piece] = []
    end = 0
    for sentence in sentences(text):
        start = text.index(sentence, end)
        pieces.append(Piece(of, sentence, text[end:start]))
        end = start + len(sentence)
    return pieces or [Piece(of, text, "")]


def _by_nearness(vectors: Any) -> list[int]:
    """Rows after the first by falling inner product with the first; equal ones keep their order."""
    near = vectors[1:] @ vectors[0]
    return sorted(range(len(near)), key=lambda at: (-round(float(near[at]), 6), at))


async def _most(whole: int, budget: int, count: Callable[[int], Awaitable[int]]) -> int | None:
    """The largest number up to ``whole`` whose prompt fits, by halving; None where not even 0 does.

    A mark for a gap can cost more than a short sentence, so counts may fall by a few tokens on the way: every number
    that is returned was counted and fits.
    """
    if await count(0) > budget:
        return None
    low, high = 0, whole + 1
    while high - low > 1:
        middle = (low + high) // 2
        if await count(middle) <= budget:
            low = middle
        else:
            high = middle
    return low


def _safe(prompt: Prompt) -> int:
    """An upper guess of a prompt's tokens, with its schema."""
    from osler.models.budget import estimate_tokens

    return estimate_tokens(prompt.messages()) + (len(repr(prompt.schema)) // 3 if prompt.schema else 0)
