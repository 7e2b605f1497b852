"""What is found of a claim, and the report on an answer: its claims, counted as intrinsic and extrinsic hallucination.

Intrinsic: the claim contradicts its source. Extrinsic: it cannot be verified from it (Ji et al. 2023, "Survey of
Hallucination in Natural Language Generation", section 2); a citation of what was never shown is extrinsic too.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal

from osler.core.statistics.proportion import interval_of_proportion
from osler.evaluation.grounding.claims import Claim
from osler.evaluation.grounding.lines import Kind
from osler.evaluation.metrics.faithfulness.support import Status
from osler.knowledge.citation import Span

Cited = Literal["supports", "partly", "silent", "contradicts", "not shown", "outdated"]


@dataclasses.dataclass(frozen=True, slots=True)
class Evidence:
    """Characters ``start`` to ``end`` of the passage ``passage``, end exclusive, and what stands there.

    ``span``: where the passage's id is that of a knowledge store, the same characters in that version of the document.
    """

    passage: str
    start: int
    end: int
    text: str

    @property
    def span(self) -> str:
        held = Span.maybe(self.passage)
        if held is None:
            return ""
        return str(Span(held.document, held.version, held.start + self.start, held.start + self.end))


@dataclasses.dataclass(frozen=True, slots=True)
class Citation:
    """A passage that a claim cites. ``status``: what the passage makes of it; ``not shown`` where there is no such passage,
    ``silent`` where it says nothing of the claim, ``outdated`` where it is another version of its document than the one that holds."""

    id: str
    status: Cited

    @property
    def wrong(self) -> bool:
        return self.status in ("not shown", "silent", "contradicts", "outdated")


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """A claim with its verdict. ``kind`` says what is wrong ("" where nothing is), ``reason`` in plain words.

    ``degree``: how much of the claim's words the evidence has, 0 to 1, or the model's probability. ``by``: a rule or a model.
    """

    claim: Claim
    verdict: Status
    kind: Kind = ""
    reason: str = ""
    degree: float = 0.0
    by: Literal["rule", "model"] = "rule"
    evidence: Evidence | None = None
    citations: tuple[Citation, ...] = ()

    @property
    def wrong_citations(self) -> tuple[Citation, ...]:
        return tuple(item for item in self.citations if item.wrong)

    @property
    def flagged(self) -> bool:
        """Whether a reader should look: the claim is not supported, or cites what does not bear it out."""
        return self.verdict != "supported" or bool(self.wrong_citations)


@dataclasses.dataclass(frozen=True)
class Share:
    """``count`` of ``of`` claims, with the 95 % interval of the share (Wilson, or exact where few); 0 to 1 of nothing."""

    count: int
    of: int

    @property
    def ends(self) -> tuple[float, float]:
        if not self.of:
            return 0.0, 1.0
        found, _ = interval_of_proportion(self.count, self.of)
        return found.low, found.high


@dataclasses.dataclass(frozen=True)
class Report:
    """An answer, what is found of each of its claims, and the passages that it was held against.

    ``evasive``: sentences that say nothing that a source could bear out (refusals, referrals); they are not counted.
    """

    answer: str
    findings: tuple[Finding, ...]
    passages: Mapping[str, str]
    evasive: tuple[Claim, ...] = ()

    def of(self, verdict: Status) -> tuple[Finding, ...]:
        return tuple(item for item in self.findings if item.verdict == verdict)

    @property
    def supported(self) -> Share:
        """Claims that a passage bears out, and whose citations are right: with the other two shares these are all."""
        return self._share([item for item in self.findings if not item.flagged])

    @property
    def intrinsic(self) -> Share:
        """Claims that contradict the source, or themselves by a sum that does not come out."""
        return self._share(self.of("contradicted"))

    @property
    def extrinsic(self) -> Share:
        """Claims that cannot be verified: nothing supports them, or what they cite does not exist or says nothing of it."""
        return self._share([item for item in self.findings if self.extrinsically(item)])

    def extrinsically(self, item: Finding) -> bool:
        """Whether a claim is an extrinsic hallucination; a contradicted one is intrinsic alone."""
        return item.verdict == "unsupported" or (item.verdict == "supported" and item.flagged)

    @property
    def invented(self) -> tuple[str, ...]:
        """Ids that are cited and were never shown, each once."""
        found = (one.id for item in self.findings for one in item.citations if one.status == "not shown")
        return tuple(dict.fromkeys(found))

    def json(self) -> dict[str, Any]:
        """All of it as plain JSON."""
        return {
            "answer": self.answer,
            "claims": [_told(item, self.extrinsically(item)) for item in self.findings],
            "evasive": [{"start": item.start, "end": item.end, "text": item.text} for item in self.evasive],
            "counts": {
                name: {"count": share.count, "of": share.of, "low": share.ends[0], "high": share.ends[1]}
                for name, share in (
                    ("supported", self.supported),
                    ("intrinsic", self.intrinsic),
                    ("extrinsic", self.extrinsic),
                )
            },
            "invented_citations": list(self.invented),
            "decided_by_rule": sum(item.by == "rule" for item in self.findings),
            "decided_by_model": sum(item.by == "model" for item in self.findings),
            "passages": dict(self.passages),
        }

    def _share(self, held: Sequence[Finding]) -> Share:
        return Share(len(held), len(self.findings))


def with_outdated(report: Report, names: Collection[str]) -> Report:
    """The report with the citations ``names``, which lead to versions that do not hold any more, told from invented ones."""
    return dataclasses.replace(report, findings=tuple(_outdated(item, names) for item in report.findings))


def _outdated(item: Finding, names: Collection[str]) -> Finding:
    old = [one.id for one in item.citations if one.status == "not shown" and one.id in names]
    if not old:
        return item
    cited = tuple(Citation(one.id, "outdated") if one.id in old else one for one in item.citations)
    reason = f"the passage cited as {old[0]} is another version than the one that holds"
    reason = reason if item.verdict == "supported" else item.reason
    return dataclasses.replace(item, citations=cited, reason=reason)


def _told(item: Finding, extrinsic: bool) -> dict[str, Any]:
    held = item.evidence
    return {
        "text": item.claim.text,
        "start": item.claim.start,
        "end": item.claim.end,
        "verdict": item.verdict,
        "hallucination": "intrinsic" if item.verdict == "contradicted" else "extrinsic" if extrinsic else "",
        "kind": item.kind,
        "reason": item.reason,
        "degree": item.degree,
        "by": item.by,
        "evidence": None if held is None else dataclasses.asdict(held) | {"span": held.span},
        "citations": [{"id": one.id, "status": one.status} for one in item.citations],
    }
