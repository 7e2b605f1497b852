"""An answer checked against passages, a collection or an index: what ``osler knowledge ground`` does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from osler.core.errors import DataError
from osler.core.types import Passage
from osler.evaluation.grounding.checker import ClaimChecker
from osler.evaluation.grounding.claims import claims
from osler.evaluation.grounding.finding import Report
from osler.evaluation.metrics.faithfulness.citations import spelled
from osler.knowledge.bm25 import BM25
from osler.knowledge.passages import Collection, Index

Opened = Callable[[str], Passage | None]


@runtime_checkable
class Reports(Protocol):
    """A checker of claims: by rule, or by rule and model."""

    async def reports(self, answer: str, passages: Sequence[Passage]) -> Report: ...


async def check_answer(
    answer: str,
    evidence: Sequence[Passage] | Collection | Index,
    *,
    checker: Reports | None = None,
    k: int = 4,
    opened: Opened | None = None,
) -> Report:
    """The report on ``answer`` held against passages.

    evidence: the passages that were shown; or a collection or an index, in which the ``k`` best passages are looked for with
    each claim (a collection by BM25), beside those that the claim cites. ``opened`` gives the passage of an id that is cited
    and that neither has. DataError where the answer says nothing.
    """
    if not answer.strip():
        raise DataError("the answer to be checked is empty", hint="give a text with at least one sentence")
    passages = await _found(answer, evidence, k, opened) if isinstance(evidence, Collection | Index) else evidence
    return await (checker or ClaimChecker()).reports(answer, passages)


async def _found(answer: str, evidence: Collection | Index, k: int, opened: Opened | None) -> tuple[Passage, ...]:
    """The passages for each claim, each once, in the order in which they are found."""
    cited: dict[str, Passage] = {}
    if isinstance(evidence, Collection):
        cited = {spelled(item.id): item for item in evidence.passages()}
    index = evidence if isinstance(evidence, Index) else BM25(collection=evidence)
    out: dict[str, Passage] = {}
    for claim in claims(answer, frozenset(cited)):
        for name in claim.citations:
            if spelled(name) in cited:
                out.setdefault(name, cited[spelled(name)])
            elif opened is not None and (held := opened(name)) is not None:
                out.setdefault(name, held)
        for passage, _ in await index.search(claim.text, k):
            out.setdefault(passage.id, passage)
    return tuple({item.id: item for item in out.values()}.values())
