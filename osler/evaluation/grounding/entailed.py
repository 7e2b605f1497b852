"""Rules first, an entailment model for what they cannot read: the same thing in quite other words."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, runtime_checkable

from osler.core.block import block
from osler.core.errors import SpecError
from osler.core.types import Passage
from osler.evaluation.grounding.checker import ClaimChecker, Held, Weighed, evidence, reported
from osler.evaluation.grounding.finding import Citation, Finding, Report
from osler.evaluation.metrics.faithfulness.citations import spelled
from osler.evaluation.metrics.faithfulness.support import Verdict


@runtime_checkable
class Entails(Protocol):
    """A block that gives for each (claim, passage) the probabilities of supported, contradicted and unsupported."""

    async def verdicts(self, pairs: Sequence[tuple[str, str]]) -> Sequence[Sequence[float]]: ...


@block
class EntailmentChecker:
    """``rules`` decide what they can; ``model`` decides claims that no rule reads.

    The model is asked where the rules found nothing that speaks of the claim (kind "other"), with the ``lines`` nearest
    sentences, each with those beside it. A claim is supported from the probability ``supported`` on, contradicted from
    ``contradicted`` on; what a rule contradicts stays so, and a sentence that differs in a number, a denial, a side or a
    drug supports nothing, whatever the model says.
    """

    model: Entails
    rules: ClaimChecker = ClaimChecker()
    supported: float = 0.7
    contradicted: float = 0.9
    lines: int = 3

    def check(self) -> None:
        if not 0 < self.supported <= 1 or not 0 < self.contradicted <= 1 or self.lines < 1:
            raise SpecError("entailment_checker needs probabilities from 0 to 1 and at least one line")

    async def reports(self, answer: str, passages: Sequence[Passage]) -> Report:
        """Every claim of ``answer`` against ``passages``, those that were shown."""
        held = self.rules.weighed(answer, passages)
        asked = [
            (place, one)
            for place, item in enumerate(held)
            if self._open(item)
            for one in [one for one in item.compared if not one.mismatches][: self.lines]
        ]
        chances = await self.model.verdicts([(held[place].finding.claim.text, one.line.near) for place, one in asked])
        found = [item.finding for item in held]
        for place in dict.fromkeys(place for place, _ in asked):
            told = [
                (one, (float(chance[0]), float(chance[1])))
                for (at, one), chance in zip(asked, chances, strict=True)
                if at == place
            ]
            found[place] = self._decided(found[place], told, passages)
        return reported(answer, passages, found)

    def check_fact(self, fact: str, text: str) -> Verdict:
        """A fact against one text: the protocol ``Checker`` of the metrics of facts. The model is asked in a thread of its
        own, so that it may be called from within a running loop."""
        passages = (Passage(id="text", text=text),)
        with ThreadPoolExecutor(1) as pool:
            report = pool.submit(asyncio.run, self.reports(fact, passages)).result()
        order = ("contradicted", "unsupported", "supported")
        worst = min(report.findings, key=lambda one: order.index(one.verdict), default=None)
        if worst is None:
            return Verdict("unsupported", 0.0)
        return Verdict(worst.verdict, 0.0 if worst.verdict == "contradicted" else worst.degree)

    def _open(self, item: Weighed) -> bool:
        finding = item.finding
        return finding.verdict == "unsupported" and finding.kind == "other" and not finding.claim.evasive

    def _decided(
        self, finding: Finding, told: Sequence[tuple[Held, tuple[float, float]]], passages: Sequence[Passage]
    ) -> Finding:
        best, (supports, _) = max(told, key=lambda pair: pair[1][0])
        if supports >= self.supported:
            where = passages[best.line.passage].id
            cited = tuple(
                Citation(one.id, "supports") if spelled(one.id) == spelled(where) else one for one in finding.citations
            )
            made = dataclasses.replace(finding, verdict="supported", kind="", reason="", degree=supports, by="model")
            made = dataclasses.replace(made, evidence=evidence(best, passages), citations=cited)
            if made.wrong_citations:
                reason = f"the passage cited as {made.wrong_citations[0].id} does not bear this out, another one does"
                made = dataclasses.replace(made, kind="citation", reason=reason)
            return made
        worst, (_, against) = max(told, key=lambda pair: pair[1][1])
        if against >= self.contradicted:
            return dataclasses.replace(
                finding,
                verdict="contradicted",
                reason="the source says otherwise, by the entailment model",
                degree=against,
                by="model",
                evidence=evidence(worst, passages),
            )
        return dataclasses.replace(finding, by="model")
