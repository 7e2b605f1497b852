"""Is what an answer says borne out by the passages behind it? Shares of its claims, and of its citations.

The passages are those of the case (``input[evidence]``, [id, text] each), and those that the answer cites and that are found
in ``collection``: a retriever's passages do not stand in the case, but their ids stand in the prediction and its marks. A
passage of a knowledge store is opened at the version that its id names. Without any passage a case is not scored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol, runtime_checkable

from osler.core.block import block
from osler.core.errors import DataError
from osler.core.types import Example, Passage, Prediction
from osler.evaluation.grounding.checker import ClaimChecker
from osler.evaluation.grounding.finding import Report
from osler.evaluation.metrics.faithfulness.citations import placed, spelled
from osler.evaluation.metrics.kinds import Summed, ratio, said
from osler.evaluation.table import Floats
from osler.knowledge.citation import Span
from osler.knowledge.passages import Collection, Live

NO_PASSAGES = "no passage is known that the answer could rest on"
NO_CLAIM = "the answer makes no claim"


@runtime_checkable
class Opens(Protocol):
    """A knowledge store: gives the text of a span at its version."""

    def open_span(self, span: Span) -> str: ...


class _Grounding(Summed):
    """Sums of one case: claims, supported, contradicted, unsupported; citations, invented."""

    collection: Collection | None = None
    evidence: str = "evidence"
    checker: ClaimChecker = ClaimChecker()
    empty: ClassVar[str] = NO_CLAIM
    below: ClassVar[int] = 0

    def sums(self, example: Example, prediction: Prediction) -> Sequence[float] | str:
        answer = said(prediction)
        if not answer.strip():
            return "no answer was read"
        passages = self._passages(example, prediction, answer)
        if not passages:
            return NO_PASSAGES
        counts = counted(self.checker.report(answer, passages), listed=prediction.evidence or ())
        return counts if counts[self.below] else self.empty

    def _passages(self, example: Example, prediction: Prediction, answer: str) -> tuple[Passage, ...]:
        shown = given(example, self.evidence)
        if self.collection is None:
            return shown
        held = self._known(self.collection)
        there = {spelled(item.id) for item in shown}
        wanted = [
            *(prediction.evidence or ()),
            *(name for mark in placed(answer, frozenset(held)) for name in mark.ids),
        ]
        found = (self._opened(name, held) for name in dict.fromkeys(wanted) if spelled(name) not in there)
        return (*shown, *(item for item in found if item is not None))

    def _known(self, collection: Collection) -> Mapping[str, Passage]:
        """The passages by id; read again after every change, so that nothing deleted is kept."""
        now = collection.generation() if isinstance(collection, Live) else 0
        held: tuple[int, Mapping[str, Passage]] | None = self.__dict__.get("_held")
        if held is None or held[0] != now:
            held = self.__dict__["_held"] = now, {spelled(item.id): item for item in collection.passages()}
        return held[1]

    def _opened(self, name: str, held: Mapping[str, Passage]) -> Passage | None:
        """The passage with this id, or the text of a span of a store at its version; None where there is none."""
        passage, span = held.get(spelled(name)), Span.maybe(name)
        if passage is not None or span is None:
            return passage
        store = getattr(self.collection, "store", None)
        if not isinstance(store, Opens):
            return None
        try:
            return Passage(id=name, text=store.open_span(span))
        except DataError:  # deleted, or never there: the citation cannot be opened, which is what is counted
            return None


def given(example: Example, field: str) -> tuple[Passage, ...]:
    """The passages of a case: ``input[field]``, [id, text] or {"id", "text"} each; else ``meta["source"]`` as one."""
    out = []
    for item in example.input.get(field) or ():
        if isinstance(item, Mapping) and item.get("text"):
            out.append(Passage(id=str(item.get("id", "")), text=str(item["text"])))
        elif isinstance(item, (list, tuple)) and len(item) == 2:
            out.append(Passage(id=str(item[0]), text=str(item[1])))
    source: Any = example.meta.get("source")
    if not out and isinstance(source, str) and source.strip():
        out.append(Passage(id="source", text=source))
    return tuple(out)


def counted(report: Report, listed: Sequence[str] = ()) -> tuple[float, ...]:
    """Claims, supported, contradicted, unsupported; ids cited (in marks and ``listed``), those that no passage has."""
    known = {spelled(name) for name in report.passages}
    cited = {spelled(one.id) for item in report.findings for one in item.citations} | {spelled(name) for name in listed}
    sizes = (len(report.findings), *(len(report.of(one)) for one in ("supported", "contradicted", "unsupported")))
    return (*map(float, sizes), float(len(cited)), float(len(cited - known)))


@block
class Grounded(_Grounding):
    """Share of the answer's claims that the passages support, by rule."""

    title: ClassVar[str] = "Grounded claims"
    definition: ClassVar[str] = (
        "Claims of the answer that a sentence of the passages supports (enough of its words, and no other number, unit, "
        "denial, side or drug) / claims of the answer, pooled; passages are those of the case and those cited."
    )
    collection: Collection | None = None
    evidence: str = "evidence"
    checker: ClaimChecker = ClaimChecker()

    def value(self, totals: Floats) -> Floats:
        return ratio(totals[..., 1], totals[..., 0])


@block
class ContradictedClaims(_Grounding):
    """Share of the answer's claims that the passages contradict: intrinsic hallucination."""

    title: ClassVar[str] = "Contradicted claims"
    definition: ClassVar[str] = (
        "Claims of the answer that differ from the sentence nearest to them in a number, unit, denial, side, direction or "
        "drug / claims of the answer, pooled (intrinsic hallucination)."
    )
    higher_is_better: ClassVar[bool | None] = False
    collection: Collection | None = None
    evidence: str = "evidence"
    checker: ClaimChecker = ClaimChecker()

    def value(self, totals: Floats) -> Floats:
        return ratio(totals[..., 2], totals[..., 0])


@block
class UnsupportedClaims(_Grounding):
    """Share of the answer's claims that the passages neither support nor contradict: extrinsic hallucination."""

    title: ClassVar[str] = "Unsupported claims"
    definition: ClassVar[str] = (
        "Claims of the answer that the passages neither support nor contradict, by rule / claims of the answer, pooled "
        "(extrinsic hallucination)."
    )
    higher_is_better: ClassVar[bool | None] = False
    collection: Collection | None = None
    evidence: str = "evidence"
    checker: ClaimChecker = ClaimChecker()

    def value(self, totals: Floats) -> Floats:
        return ratio(totals[..., 3], totals[..., 0])


@block
class InventedCitations(_Grounding):
    """Share of the citations that lead nowhere: no passage of the case or the collection has their id."""

    title: ClassVar[str] = "Citations that lead nowhere"
    definition: ClassVar[str] = (
        "Ids cited, in the text or beside it, that neither a passage of the case nor one of the collection has / ids cited, "
        "pooled; an id of a knowledge store counts as found where its version and characters can be opened."
    )
    higher_is_better: ClassVar[bool | None] = False
    empty: ClassVar[str] = "nothing is cited"
    below: ClassVar[int] = 4
    collection: Collection | None = None
    evidence: str = "evidence"
    checker: ClaimChecker = ClaimChecker()

    def value(self, totals: Floats) -> Floats:
        return ratio(totals[..., 5], totals[..., 4])
