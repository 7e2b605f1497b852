"""Recursive retrieval: a question is split into a tree of simpler ones, each searched for and answered below its parent.

The second of the three iterative kinds of retrieval that surveys name (recursive: Gao et al. 2023, arXiv:2312.10997,
section VI). The tree is that of Tree of Clarifications (Kim et al. 2023, arXiv:2310.14696, section 3), "#1" for the answer
of an earlier question that of BREAK (Wolfson et al. 2020, arXiv:2001.11770); both recalled, not re-read. The other meaning
of multi-level, documents first and passages within them, is an index: ``documents_first``.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence

from osler.core.block import block
from osler.core.errors import SpecError
from osler.core.types import Model, Passage, Prediction, Prompt, Reply, Strategy
from osler.prompting.follow_up import need_texts, sub_prompt, told
from osler.prompting.material import MATERIAL
from osler.prompting.queries import NOTHING, Searched, asked, history, listed, missing, one_line, schema_of
from osler.prompting.retrieve import Retrieve, query_of
from osler.prompting.turns import Beside
from osler.prompting.zero_shot import ZeroShot

SPLIT = (
    "You plan how to answer the question below; do not answer it yet. If the passages found answer it, give an empty list. "
    "Else split it into up to {count} simpler questions that together answer it, in the order in which they must be "
    "answered. Each must make sense alone; where one needs the answer of an earlier one of the list, write #1 for the first, "
    '#2 for the second, and so on. Answer with one JSON object: {{"analysis": "...", "questions": ["...", ...]}}.'
)
SCHEMA = schema_of(analysis="text", questions="list")
_HOLE = re.compile(r"#(\d)")
_MARKS = re.compile(r"\s*\[[^\[\]]*\]")


@dataclasses.dataclass
class _Work:
    """What one prediction has done: the case, the model that it asks, and what came of it so far."""

    prompt: Prompt
    model: Model
    seed: int
    searched: Searched = dataclasses.field(default_factory=Searched)
    replies: list[Reply] = dataclasses.field(default_factory=list)
    trace: list[str] = dataclasses.field(default_factory=list)


@block
class RecursiveRetrieve(Retrieve):
    """Split the case's question into at most ``branches`` simpler ones, these again, down to ``depth`` levels below it.

    Every question of the tree is searched for (``k`` passages). Below the case each is answered by ``answering`` from its
    passages and from the answers below it; at last the case is answered by ``inner`` from the passages for its own
    question and the answers to its parts. A question is split only if the model finds that its passages do not answer
    it. "#1" in a question stands for the answer to the first of its list, which is put there before the search; where
    that answer is missing the question is left out. A question that was searched before is not asked again. The model
    does not see the choices while it splits. The rationale holds the tree. ``depth`` = 0 is Retrieve.
    """

    depth: int = 2
    branches: int = 3
    answering: Strategy = ZeroShot(by="generate", max_tokens=512)
    max_tokens: int = 512

    def check(self) -> None:
        super().check()
        if not 0 <= self.depth <= 4 or not 1 <= self.branches <= 9:
            raise SpecError(
                f"recursive_retrieve needs depth from 0 to 4 and branches from 1 to 9, got {self.depth} and {self.branches}",
                hint="depth = 2, branches = 3 asks at most 17 times",
            )
        need_texts("recursive_retrieve.answering", self.answering)

    @property
    def needs(self) -> frozenset[str]:
        return self.inner.needs | self.answering.needs | {"generate"}

    def calls(self, prompt: Prompt) -> int:
        levels: list[int] = [
            self.branches**level for level in range(self.depth + 1)
        ]  # questions at most, the case first
        below = sum(levels[1:]) * self.answering.calls(sub_prompt(prompt, ""))
        return sum(levels[:-1]) + below + self.inner.calls(prompt)

    @property
    def rereads(self) -> int:
        """Answers that a call is shown again at most, for the plan's tokens."""
        return self.branches if self.depth else 0

    async def predict(self, prompt: Prompt, model: Model, *, seed: int) -> Prediction:
        work = _Work(prompt, model, seed)
        query = query_of(prompt, self.query)
        passages = await self._found(work, query, prompt.evidence)
        pairs = await self._below(work, prompt, passages, level=0)
        beside = Beside(model, history(pairs))
        seen = work.searched.passages()
        found = await self.answered(prompt, await self.arranged(passages, model), beside, seed=seed, seen=seen)
        return dataclasses.replace(
            found,
            rationale="\n".join((*work.trace, found.rationale)).strip(),
            replies=(*work.replies, *found.replies),
        )

    async def _found(self, work: _Work, query: str, there: tuple[Passage, ...] = ()) -> tuple[Passage, ...]:
        work.searched.keep(query, await self.searched(query, there))
        return work.searched.of(query)

    async def _below(
        self, work: _Work, prompt: Prompt, passages: tuple[Passage, ...], *, level: int
    ) -> list[tuple[str, str]]:
        """The questions that the one of ``prompt`` was split into, with their answers; [] at the last level."""
        if level >= self.depth:
            return []
        parts = await self._split(work, prompt, passages)
        answers: dict[int, str] = {}
        pairs = []
        for number, part in enumerate(parts, 1):
            query = filled(part, answers)
            if not query or not work.searched.fresh([query]):
                continue
            said = await self._answer(work, query, level=level + 1)
            pairs.append((query, told(said)))
            if said.parsed and not missing(said.answer):
                answers[number] = str(said.answer)
        return pairs

    async def _split(self, work: _Work, prompt: Prompt, passages: tuple[Passage, ...]) -> Sequence[str]:
        shown = await self.arranged(passages, work.model)
        reply = await asked(
            prompt.replace(choices=(), lettered=False, evidence=(*prompt.evidence, *shown)),
            work.model,
            told=f"{SPLIT.format(count=self.branches)}\n\n{MATERIAL}",
            schema=SCHEMA,
            seed=work.seed,
            max_tokens=self.max_tokens,
        )
        work.replies.append(reply)
        return listed(reply.text, "questions")[: self.branches]

    async def _answer(self, work: _Work, query: str, *, level: int) -> Prediction:
        sub = sub_prompt(work.prompt, query)
        passages = await self._found(work, query)
        line = len(work.trace)
        work.trace.append("")  # a question stands above those below it, and its answer is known after theirs
        pairs = await self._below(work, sub, passages, level=level)
        if not passages and not pairs:
            said = Prediction(answer=NOTHING)
        else:
            shown = await self.arranged(passages, work.model)
            beside = Beside(work.model, history(pairs))
            seen = work.searched.passages()
            said = await self.answered(sub, shown, beside, seed=work.seed, by=self.answering, seen=seen)
        work.replies += said.replies
        work.trace[line] = f"{'  ' * (level - 1)}{query} {told(said)}"
        return said


def filled(question: str, answers: Mapping[int, str]) -> str:
    """``question`` with the answers to earlier ones for "#1", "#2", ..., their citations left out; "" where one is missing."""
    if any(int(number) not in answers for number in _HOLE.findall(question)):
        return ""
    return one_line(_HOLE.sub(lambda hole: _MARKS.sub("", answers[int(hole[1])]).strip().rstrip("."), question))
