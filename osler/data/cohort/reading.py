"""The reading rule: what a note decides about a criterion, and by which sentences.

Only what the note states counts; what it leaves out is unknown. Precisely:

- Conditions, drugs, allergies, operations and diseases of relatives are there when stated. They are absent when denied
  by name or by their group ("no liver disease"), when the list is stated to be complete without them ("no other medical
  problems"), or, for diabetes and bowel disease, when the other type is stated. A drug or a laboratory value states no
  diagnosis; an infarction states coronary disease, and diabetic damage states diabetes.
- The newest dated value of a laboratory test decides. A stated year of onset gives years by plain difference. A stated
  month gives months by plain difference.
- A part of "A and B" that fails decides it, as does a part of "A or B" that holds; otherwise both are needed.
- Pregnancy, menopause and contraception are not applicable to men, contraception also not to women known to be past
  menopause (stated, or stated age of 60 and over); these are not pregnant. A criterion about patients with a condition
  is not applicable to those stated not to have it, one about men not to women.

So a missing mention is "not enough information" on both sides. TrialGPT's experts, for one, often call an unmentioned
condition "not excluded" as a note would have told it; here a denial or a complete list must say so.
Evidence is every sentence that states a deciding fact: none without a decision.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from osler.data.cohort.criteria import LABELS, Criterion
from osler.data.cohort.groups import GROUPS, IMPLIED_BY, RULED_OUT_BY
from osler.data.cohort.note import Fact, Note
from osler.data.cohort.treatments import MEMBERS

POSTMENOPAUSAL_AGE = 60


class Finding(NamedTuple):
    """``holds`` None: the note does not say. ``applies`` False: the criterion does not concern this patient."""

    holds: bool | None
    evidence: frozenset[str] = frozenset()
    applies: bool = True


UNKNOWN = Finding(None)


def decide(criterion: Criterion, note: Reading) -> tuple[str, tuple[str, ...]]:
    """The label of ``criterion`` and the ids of the sentences that decide it, in the order of the note."""
    finding = note.find(criterion)
    met, unmet, unknown, not_applicable = LABELS[criterion.type]
    evidence = tuple(sorted(finding.evidence, key=int))
    if not finding.applies:
        return not_applicable, evidence
    if finding.holds is None:
        return unknown, ()
    return (met if finding.holds else unmet), evidence


class Reading:
    """The facts that a note states, by kind."""

    def __init__(self, note: Note, year: int) -> None:
        """``year``: that of the visit, from which years of onset are counted."""
        self.year = year
        self._facts: dict[tuple[str, str], list[tuple[Fact, str]]] = {}
        self._kinds: dict[str, list[tuple[Fact, str]]] = {}
        for sentence in note.sentences:
            for fact in sentence.facts:
                self._facts.setdefault((fact.kind, fact.code), []).append((fact, sentence.id))
                self._kinds.setdefault(fact.kind, []).append((fact, sentence.id))

    def find(self, criterion: Criterion) -> Finding:
        kind, code = criterion.kind, criterion.code
        if kind in ("condition", "medication", "allergy", "family"):
            return self._listed(kind, code)
        if kind in ("measure", "age"):
            return self._number(criterion)
        found: Finding = getattr(self, f"_{kind}")(criterion)
        return found

    def _of(self, kind: str, code: str = "", present: bool | None = None) -> list[tuple[Fact, str]]:
        held = self._facts.get((kind, code), [])
        return held if present is None else [item for item in held if item[0].present == present]

    def _closed(self, kind: str) -> frozenset[str]:
        return _ids(self._of("closed", kind))

    def _listed(self, kind: str, code: str) -> Finding:
        """A thing of a list, or a group of them."""
        members = GROUPS[code].members if code in GROUPS else MEMBERS.get(code)
        if members is None:
            return self._item(kind, code)
        implied = [item for other in IMPLIED_BY.get(code, ()) for item in self._of(kind, other, True)]
        findings = [self._listed(kind, member) for member in members]
        if implied:
            findings.append(Finding(True, _ids(implied)))
        return either(findings)

    def _item(self, kind: str, code: str) -> Finding:
        stating = [item for other in (code, *IMPLIED_BY.get(code, ())) for item in self._of(kind, other, True)]
        if stating:
            return Finding(True, _ids(stating))
        denying = _ids(self._of(kind, code, False)) | self._closed(kind)
        for rival in RULED_OUT_BY.get(code, ()):
            denying |= _ids(self._of(kind, rival, True))
        return Finding(False, denying) if denying else UNKNOWN

    def _number(self, criterion: Criterion) -> Finding:
        stated = self._of(criterion.kind, criterion.code)
        if not stated:
            return UNKNOWN
        newest = max(fact.day for fact, _ in stated)
        deciding = [item for item in stated if item[0].day == newest]
        return Finding(criterion.accepts(deciding[0][0].value), _ids(deciding))

    def _sex(self, criterion: Criterion) -> Finding:
        ids = _ids(self._of("sex", "F") + self._of("sex", "M"))
        return Finding(bool(self._of("sex", criterion.code)) or criterion.code == "", ids) if ids else UNKNOWN

    def _duration(self, criterion: Criterion) -> Finding:
        """A condition for at least ``low`` years."""
        there = self._item("condition", criterion.code)
        if not there.holds:
            return there
        dated = [item for item in self._of("condition", criterion.code, True) if item[0].value]
        if not dated:
            return UNKNOWN
        return Finding(self.year - dated[0][0].value >= criterion.low, _ids(dated))

    def _dose(self, criterion: Criterion) -> Finding:
        """A drug at a daily dose that the criterion accepts."""
        there = self._item("medication", criterion.code)
        if not there.holds:
            return there
        dosed = [item for item in self._of("medication", criterion.code, True) if item[0].value]
        return Finding(criterion.accepts(dosed[0][0].value), _ids(dosed)) if dosed else UNKNOWN

    def _smoking(self, criterion: Criterion) -> Finding:
        """``code``: current, ever, or packs (pack-years that the criterion accepts)."""
        stated = self._kinds.get("smoking", [])
        if not stated:
            return UNKNOWN
        fact = stated[0][0]
        if criterion.code != "packs":
            return Finding(fact.code == "current" or (criterion.code == "ever" and fact.code == "former"), _ids(stated))
        if fact.code != "never" and not fact.value:
            return UNKNOWN
        return Finding(criterion.accepts(fact.value), _ids(stated))

    def _drinks(self, criterion: Criterion) -> Finding:
        return self._number(criterion)

    def _surgery(self, criterion: Criterion) -> Finding:
        """Any operation in the last ``low`` months, or the one that ``code`` names at any time."""
        if criterion.code:
            return self._item("surgery", criterion.code)
        return self._recent(criterion, "surgery")

    def _admission(self, criterion: Criterion) -> Finding:
        return self._recent(criterion, "admission")

    def _recent(self, criterion: Criterion, kind: str) -> Finding:
        recent = [item for item in self._kinds.get(kind, []) if item[0].value <= criterion.low]
        if recent:
            return Finding(True, _ids(recent))
        closed = self._closed(kind)
        return Finding(False, closed) if closed else UNKNOWN

    def _men(self) -> frozenset[str]:
        return _ids(self._of("sex", "M"))

    def _past_menopause(self) -> frozenset[str]:
        old = [item for item in self._of("age") if item[0].value >= POSTMENOPAUSAL_AGE]
        return _ids(old + self._of("menopause", "", True))

    def _pregnancy(self, criterion: Criterion) -> Finding:
        """Pregnant or breastfeeding."""
        if men := self._men():
            return Finding(None, men, applies=False)
        there = self._of("pregnancy", "pregnant") + self._of("pregnancy", "breastfeeding")
        if there:
            return Finding(True, _ids(there))
        ids = _ids(self._of("pregnancy", "no")) | self._past_menopause()
        return Finding(False, ids) if ids else UNKNOWN

    def _menopause(self, criterion: Criterion) -> Finding:
        if men := self._men():
            return Finding(None, men, applies=False)
        if past := self._past_menopause():
            return Finding(True, past)
        before = self._of("menopause", "", False) + self._of("pregnancy", "pregnant")
        return Finding(False, _ids(before)) if before else UNKNOWN

    def _contraception(self, criterion: Criterion) -> Finding:
        if other := self._men() or self._past_menopause():
            return Finding(None, other, applies=False)
        stated = self._of("contraception")
        return Finding(stated[0][0].present, _ids(stated)) if stated else UNKNOWN

    def _consent(self, criterion: Criterion) -> Finding:
        stated = self._of("consent")
        return Finding(stated[0][0].present, _ids(stated)) if stated else UNKNOWN

    def _language(self, criterion: Criterion) -> Finding:
        stated = self._kinds.get("language", [])
        return Finding(stated[0][0].code == criterion.code, _ids(stated)) if stated else UNKNOWN

    def _conditional(self, criterion: Criterion) -> Finding:
        """The second part, for patients of whom the first holds."""
        first = self.find(criterion.parts[0])
        if first.holds is None:
            return UNKNOWN
        if not first.holds:
            return Finding(None, first.evidence, applies=False)
        second = self.find(criterion.parts[1])
        return UNKNOWN if second.holds is None else Finding(second.holds, first.evidence | second.evidence)

    def _both(self, criterion: Criterion) -> Finding:
        return opposite(either([opposite(self.find(part)) for part in criterion.parts]))

    def _either(self, criterion: Criterion) -> Finding:
        return either([self.find(part) for part in criterion.parts])

    def _without(self, criterion: Criterion) -> Finding:
        """The negation of the only part ("no history of ...")."""
        return opposite(self.find(criterion.parts[0]))


def either(findings: Iterable[Finding]) -> Finding:
    """Holds when one does, by the evidence of those that do; fails when all fail, by all evidence."""
    held = list(findings)
    true = [finding for finding in held if finding.holds]
    if true:
        return Finding(True, frozenset().union(*(finding.evidence for finding in true)))
    if any(finding.holds is None for finding in held):
        return UNKNOWN
    return Finding(False, frozenset().union(*(finding.evidence for finding in held)))


def opposite(finding: Finding) -> Finding:
    return finding if finding.holds is None else finding._replace(holds=not finding.holds)


def _ids(items: Iterable[tuple[Fact, str]]) -> frozenset[str]:
    return frozenset(sentence for _, sentence in items)
