"""How well a checker finds planted errors: recall by kind, and how much of what it flags is one."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np

from osler.core.statistics.bootstrap import cluster_bootstrap, percentile
from osler.core.statistics.draws import cluster_codes
from osler.evaluation.grounding.finding import Finding, Report, Share
from osler.evaluation.grounding.planted import Item, source_module

Check = Callable[[Item], Report]


@dataclasses.dataclass(frozen=True, slots=True)
class Seen:
    """An item and what a checker made of it; ``worst`` is the finding that a reader would see first."""

    item: Item
    worst: Finding | None

    @property
    def flagged(self) -> bool:
        return self.worst is not None and self.worst.flagged

    @property
    def contradicted(self) -> bool:
        return self.worst is not None and self.worst.verdict == "contradicted"

    @property
    def kind(self) -> str:
        return self.worst.kind if self.worst is not None and self.flagged else ""


_ORDER = {"contradicted": 0, "unsupported": 1, "supported": 3}


def seen(item: Item, report: Report) -> Seen:
    """The worst finding of a report: contradicted before unsupported before a wrong citation."""
    worst = min(
        report.findings,
        key=lambda one: 2 if one.verdict == "supported" and one.flagged else _ORDER[one.verdict],
        default=None,
    )
    return Seen(item, worst)


@dataclasses.dataclass(frozen=True)
class Measured:
    """All items as a checker saw them."""

    seen: Sequence[Seen]

    def recall(self, *kinds: str, form: str = "") -> Share:
        """Planted errors that were flagged, of those planted."""
        held = self._planted(kinds, form)
        return Share(sum(one.flagged for one in held), len(held))

    def named(self, *kinds: str) -> Share:
        """Planted errors that were flagged by their right name (a dose may be called a number)."""
        held = self._planted(kinds, "")
        return Share(sum(one.kind in _NAMES.get(one.item.error, (one.item.error,)) for one in held), len(held))

    def false_alarms(self, form: str = "", kinds: Sequence[str] = ()) -> Share:
        """True sentences that were flagged, of those there are. ``kinds``: beside errors of these kinds alone."""
        held = self._clean(form, kinds)
        return Share(sum(one.flagged for one in held), len(held))

    def precision(self, *kinds: str) -> Share:
        """Of what was flagged the share that is an error, where every error stands beside its twin and its rewording."""
        right = self.recall(*kinds).count
        wrong = self.false_alarms(kinds=kinds).count
        return Share(right, right + wrong)

    def beside_one(self, *kinds: str) -> float:
        """Precision if there were one true sentence for each error: recall / (recall + share of false alarms)."""
        found, alarms = self.recall(*kinds), self.false_alarms(kinds=kinds)
        first = found.count / found.of if found.of else 0.0
        second = alarms.count / alarms.of if alarms.of else 0.0
        return first / (first + second) if first + second else 0.0

    def rare(self, *kinds: str, prevalence: float) -> float:
        """The precision to be sure of where only ``prevalence`` of the claims are wrong, 0 to 1: from the lower end of recall
        and the upper end of the false alarms (95 % each)."""
        found, alarms = self.recall(*kinds).ends[0], self.false_alarms(kinds=kinds).ends[1]
        right, wrong = prevalence * found, (1 - prevalence) * alarms
        return right / (right + wrong) if right + wrong else 0.0

    def by_module(self, *kinds: str, seed: int = 0) -> tuple[float, float]:
        """The 95 % interval of recall where whole modules of the books are drawn again, not single sentences."""
        held = self._planted(kinds, "")
        codes = cluster_codes([source_module(one.item) for one in held], len(held))
        rows = np.array([[one.flagged, 1.0] for one in held])
        found = (
            percentile(cluster_bootstrap(rows, codes, lambda sums: sums[..., 0] / sums[..., 1], seed=seed))
            if held
            else None
        )
        return (found.low, found.high) if found else (0.0, 1.0)

    def removed(self) -> tuple[Share, Share]:
        """True sentences without their passage: flagged at all, and (wrongly) said to be contradicted."""
        held = [one for one in self.seen if one.item.error == "removed"]
        return Share(sum(one.flagged for one in held), len(held)), Share(
            sum(one.contradicted for one in held), len(held)
        )

    def _planted(self, kinds: Sequence[str], form: str) -> list[Seen]:
        return [
            one
            for one in self.seen
            if one.item.error not in ("", "removed")
            and (not kinds or one.item.error in kinds)
            and (not form or one.item.form == form)
        ]

    def _clean(self, form: str, kinds: Sequence[str]) -> list[Seen]:
        return [
            one
            for one in self.seen
            if not one.item.error
            and (not form or one.item.form == form)
            and (not kinds or one.item.id.partition("-")[0] in kinds)
        ]


_NAMES = {
    "dose": ("dose", "number", "unit"),
    "unit": ("unit", "dose", "number"),
    "side": ("side", "direction"),
    "direction": ("direction", "side"),
}


def measured(items: Sequence[Item], check: Check) -> Measured:
    """Every item as ``check`` sees it."""
    return Measured([seen(item, check(item)) for item in items])
