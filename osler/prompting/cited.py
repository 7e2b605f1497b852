"""Cited: every statement of an answer carries the id of a passage that was shown and bears it out.

The demand of Almanac (Zakka et al. 2024, NEJM AI 1:AIoa2300068, arXiv:2303.01229) and Clinfo.ai (Lozano et al. 2023,
arXiv:2310.16146). Attribution as support of each statement by what it cites: Rashkin et al. 2021, arXiv:2112.12870.
Where passages come from a knowledge store their ids are spans of versions, so that a citation opens the exact text.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Literal

from osler.core.block import block
from osler.core.errors import SpecError
from osler.core.types import Message, Model, Part, Passage, Prediction, Prompt, Strategy
from osler.evaluation.grounding.checker import ClaimChecker
from osler.evaluation.metrics.faithfulness.support import Checker
from osler.prompting.around import Around, parts, refuse_shuffled
from osler.prompting.material import with_material
from osler.prompting.reading import read
from osler.prompting.shown import Shown
from osler.prompting.statements import Statement, statements
from osler.prompting.turns import quoted, with_parts
from osler.prompting.zero_shot import ZeroShot

TOLD = (
    "After each statement write, in square brackets, the id of the passage on which it stands, as it stands before the "
    "passage. Cite only passages that are shown here."
)
ALONE = "Say nothing that none of them bears out; if they do not answer the question, answer only: {says}"
REPAIR = (
    "Your answer follows as one quoted line, then the statements in it that no passage shown bears out, each with what is "
    "wrong. Write the whole answer again: leave these out or put them right, and cite a passage after each statement."
)


@block
class Cited(Around):
    """``inner`` is told to cite, and its citations are read, resolved and held against the passages.

    A citation resolves if its passage was shown to the model, whether it stands in the case or a strategy inside has
    found it. Others are invented: they are never evidence; they stay where they are in the text that is kept, and are
    counted in the rationale. checker: says whether the passages that a statement cites bear it out, more strictly here
    than in a report; None only asks that it cites one. A statement that cites nothing has no support.

    unsupported: such statements are left out (``remove``), the model may once mend its answer before that (``repair``), or
    they stay and are counted (``keep``). Where no statement is left, and where the model says so itself, the answer is
    ``says``, an abstention. Evidence are the ids that the kept statements cite, in their order. It stands outside of what
    searches (cited with inner = retrieve). Texts only: of a case with labels the citations in the rationale are resolved
    and the label stays; JSON is refused.
    """

    inner: Strategy = ZeroShot(by="generate", max_tokens=512)
    checker: Checker | None = ClaimChecker(threshold=0.6)
    unsupported: Literal["remove", "repair", "keep"] = "remove"
    says: str = "not enough information"
    max_tokens: int = 512

    def check(self) -> None:
        if not self.says.strip():
            raise SpecError("cited.says must be a word", hint='says = "not enough information"')
        refuse_shuffled("cited", self.inner)
        if any(getattr(part, "marks", "ids") == "numbers" for part in parts(self.inner)):
            raise SpecError(
                "cited reads ids, and a strategy inside shows the model numbers in their place",
                hint='set marks = "ids" there, or put cited inside of it',
            )

    @property
    def needs(self) -> frozenset[str]:
        return self.inner.needs | ({"generate"} if self.unsupported == "repair" else frozenset())

    def calls(self, prompt: Prompt) -> int:
        return self.inner.calls(prompt) + (self.unsupported == "repair" and not prompt.labels)

    async def predict(self, prompt: Prompt, model: Model, *, seed: int) -> Prediction:
        if prompt.schema is not None and not prompt.labels:
            raise SpecError(
                f"cited puts citations into a text, and the case {prompt.id!r} asks for JSON",
                hint="use it for a task whose answer is a text",
            )
        held: dict[str, Passage] = {item.id: item for item in prompt.evidence}
        said = await self.inner.predict(self._told(prompt), Shown(model, held), seed=seed)
        if not said.parsed or said.answer is None:
            return said
        if prompt.labels:
            return self._resolved(said, held)
        found = self._judged(said.answer, held)
        if self.unsupported == "repair" and found.wrong and not self._silent(said.answer):
            said = await self._repaired(prompt, said, found, held, model, seed)
            found = self._judged(said.answer or "", held)
        if self._silent(said.answer):
            return dataclasses.replace(said, answer=self.says, evidence=())
        return self._kept(said, found)

    def _told(self, prompt: Prompt) -> Prompt:
        told = TOLD if prompt.labels else f"{TOLD} {ALONE.format(says=self.says)}"
        return prompt.replace(instruction=f"{prompt.instruction}\n\n{told}".strip())

    def _silent(self, answer: str | None) -> bool:
        return (answer or "").strip(" .\"'\n").casefold() == self.says.strip(" .").casefold()

    def _judged(self, answer: str, held: Mapping[str, Passage]) -> _Judged:
        every = statements(answer, held)
        return _Judged(every, tuple(self._fault(one, held) for one in every))

    def _fault(self, one: Statement, held: Mapping[str, Passage]) -> str:
        """Why a statement has no support; "" where it has."""
        if not one.cited:
            return "it cites a passage that was never shown" if one.invented else "it cites nothing"
        if self.checker is None:
            return ""
        verdict = self.checker.check_fact(one.plain, "\n".join(held[name].text for name in one.cited))
        return "" if verdict.status == "supported" else f"{verdict.status} by what it cites"

    async def _repaired(
        self, prompt: Prompt, said: Prediction, found: _Judged, held: dict[str, Passage], model: Model, seed: int
    ) -> Prediction:
        shown = with_material(self._told(prompt).replace(evidence=()), tuple(held.values()))
        faults = (
            Part(f"- {quoted(one.text)}: {fault}", name="finding")
            for one, fault in zip(found.statements, found.faults, strict=True)
            if fault
        )
        asking = (
            Part(REPAIR, name="critique"),
            Part(f"Answer: {quoted(said.answer or '')}", name="draft"),
            *faults,
        )
        messages: Sequence[Message] = with_parts(shown.messages(), asking)
        reply = await model.generate(messages, temperature=0.0, seed=seed, max_tokens=self.max_tokens)
        again = read(reply, prompt)
        replies = (*said.replies, reply)
        better = again.parsed and again.answer is not None
        return dataclasses.replace(
            again if better else said, replies=replies
        )  # else the first answer is cut to what holds

    def _kept(self, said: Prediction, found: _Judged) -> Prediction:
        keep = [
            one
            for one, fault in zip(found.statements, found.faults, strict=True)
            if not fault or self.unsupported == "keep"
        ]
        evidence = tuple(dict.fromkeys(name for one in keep for name in one.cited))
        text = (said.answer or "") if len(keep) == len(found.statements) else " ".join(one.text for one in keep)
        rationale = f"{said.rationale}\n{found.told(self.unsupported)}".strip()
        return dataclasses.replace(said, answer=text or self.says, evidence=evidence, rationale=rationale)

    def _resolved(self, said: Prediction, held: Mapping[str, Passage]) -> Prediction:
        """A label with the citations of its rationale and of its own list, those that were shown."""
        every = statements(said.rationale, held)
        listed = [name for name in said.evidence or () if name in held]
        cited = dict.fromkeys([*listed, *(name for one in every for name in one.cited)])
        invented = [name for one in every for name in one.invented]
        invented += [name for name in said.evidence or () if name not in held]
        told = f"\ninvented citations: {', '.join(f'[{name}]' for name in invented)}" if invented else ""
        evidence = tuple(cited) if cited or said.evidence is not None or every else None
        return dataclasses.replace(said, evidence=evidence, rationale=f"{said.rationale}{told}")


@dataclasses.dataclass(frozen=True)
class _Judged:
    """The statements of an answer, each with why it has no support ("": it has)."""

    statements: tuple[Statement, ...]
    faults: tuple[str, ...]

    @property
    def wrong(self) -> bool:
        return any(self.faults)

    def told(self, unsupported: str) -> str:
        """What was found, in lines for the rationale: counts first, then each statement without support."""
        cited = {name for one in self.statements for name in one.cited}
        invented = dict.fromkeys(name for one in self.statements for name in one.invented)
        faulty = [(one, fault) for one, fault in zip(self.statements, self.faults, strict=True) if fault]
        counts = f"{len(self.statements)} statements, {len(faulty)} without support; {len(cited)} passages cited"
        lines = [counts]
        if invented:
            lines.append("invented citations: " + ", ".join(f"[{name}]" for name in invented))
        what = "kept" if unsupported == "keep" else "removed"
        return "\n".join([*lines, *(f"{what} ({fault}): {one.text}" for one, fault in faulty)])
