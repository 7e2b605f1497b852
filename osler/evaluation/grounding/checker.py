"""Claims held against passages: the sentence that speaks of the same thing, the rules over both, and a verdict."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol, runtime_checkable

from osler.core.block import block
from osler.core.errors import SpecError
from osler.core.types import Passage
from osler.evaluation.grounding.bounds import limited, settled
from osler.evaluation.grounding.claims import Claim, claims
from osler.evaluation.grounding.denials import denied
from osler.evaluation.grounding.drug_names import drugs, misnamed
from osler.evaluation.grounding.figures import figures, sums
from osler.evaluation.grounding.finding import Citation, Cited, Evidence, Finding, Report
from osler.evaluation.grounding.lines import Line, Mismatch, Weights, lines, stems, unreferenced
from osler.evaluation.grounding.opposites import opposed, rerouted
from osler.evaluation.grounding.reach import STRICT, foreign, language, overstated
from osler.evaluation.grounding.stance import turned
from osler.evaluation.grounding.wording import plain
from osler.evaluation.metrics.faithfulness.citations import spelled
from osler.evaluation.metrics.faithfulness.quantities import quantities
from osler.evaluation.metrics.faithfulness.support import Status, Verdict

_FEW = (
    3  # content words below which a clause is looked for with its whole sentence: "which is 5 litres" says too little
)


NOTHING = "no passage shown says this"


@runtime_checkable
class Lexicon(Protocol):
    """A block that knows names of drugs, in small letters."""

    def names(self) -> frozenset[str]: ...


class Held(NamedTuple):
    """A claim against one line: how much of its words the line has, and where the two part.

    ``least``: how much it must have at any rate to be borne out: nearly all where a claim has few words, so that each says
    what it is about, and where the line is not in English, whose drugs and opposites the rules do not know.
    """

    line: Line
    degree: float
    mismatches: tuple[Mismatch, ...]
    least: float = 0.0

    @property
    def contradicts(self) -> bool:
        """Whether the two part, and speak of the same: where the claim is about a drug of which the passage never speaks,
        its other numbers are no contradiction."""
        elsewhere = any(item.kind == "drug" and not item.contradicts for item in self.mismatches)
        return not elsewhere and any(item.contradicts for item in self.mismatches)


class Weighed(NamedTuple):
    """What the rules made of a claim, and the lines that they weighed, best first."""

    finding: Finding
    compared: Sequence[Held]


@block
class ClaimChecker:
    """The rules over claims and passages.

    A sentence of a passage is the claim's source where it has at least ``subject`` of the claim's content words, by weight
    (words that are rare among the sentences shown weigh more). A claim is supported where a sentence has at least
    ``threshold`` of them and no number, denial, side, direction or drug differs; contradicted where the sentence nearest to it
    differs in one of these and has at least ``contradiction`` of the words; else unsupported. ``margin``: how much less of the words a sentence that agrees may have than one
    that contradicts, and still decide. ``lexicon``: names of drugs beyond those known by their endings.
    """

    threshold: float = 0.65
    subject: float = 0.5
    contradiction: float = 0.6
    margin: float = 0.08
    lexicon: Lexicon | None = None

    def check(self) -> None:
        if (
            not 0 < self.subject <= 1
            or not 0 < self.threshold <= 1
            or not 0 < self.contradiction <= 1
            or not 0 <= self.margin <= 1
        ):
            raise SpecError("the settings of claim_checker lie between 0 and 1")

    def report(self, answer: str, passages: Sequence[Passage]) -> Report:
        """Every claim of ``answer`` against ``passages``, those that were shown."""
        found = self.weighed(answer, passages)
        return reported(answer, passages, [one.finding for one in found])

    async def reports(self, answer: str, passages: Sequence[Passage]) -> Report:
        """The same, for callers that may be given a checker that asks a model."""
        return self.report(answer, passages)

    def weighed(self, answer: str, passages: Sequence[Passage]) -> list[Weighed]:
        """Each claim with its finding and the lines that speak of it, best first; evasive sentences have none."""
        held, weights = self._read(passages)
        known = frozenset(spelled(item.id) for item in passages)
        return [
            Weighed(Finding(claim, "unsupported"), [])
            if claim.evasive
            else self._finding(claim, passages, held, weights)
            for claim in claims(answer, known)
        ]

    def check_fact(self, fact: str, text: str) -> Verdict:
        """A fact against one text: the protocol ``Checker`` of the metrics of facts."""
        passages = (Passage(id="text", text=text),)
        claim = Claim(fact, 0, len(fact), fact)
        found = self._finding(claim, passages, *self._read(passages)).finding
        return Verdict(found.verdict, 0.0 if found.verdict == "contradicted" else found.degree)

    def _read(self, passages: Sequence[Passage]) -> tuple[tuple[Line, ...], Weights]:
        held = lines(passages)
        return held, Weights(held)

    def _finding(self, claim: Claim, passages: Sequence[Passage], held: Sequence[Line], weights: Weights) -> Weighed:
        compared = self._compared(claim, passages, held, weights)
        cited = tuple(Citation(name, self._cited(name, passages, compared)) for name in claim.citations)
        wrong_sum = sums(claim.text)
        decided = self._decided(compared)
        if wrong_sum:
            decided = Finding(claim, "contradicted", wrong_sum[0].kind, wrong_sum[0].reason)
        kind, reason = decided.kind, decided.reason
        if reason == NOTHING and held and all(foreign(claim.sentence, item.text) for item in passages):
            reason = f"the claim is in {language(claim.sentence)}, the passages are not: no rule compares them"
        if decided.verdict == "supported" and any(item.wrong for item in cited):
            kind, reason = "citation", _citation_reason(cited)
        shown = self._evidence(compared, decided, passages)
        return Weighed(Finding(claim, decided.verdict, kind, reason, decided.degree, "rule", shown, cited), compared)

    def _compared(
        self, claim: Claim, passages: Sequence[Passage], held: Sequence[Line], weights: Weights
    ) -> list[Held]:
        """The lines that have any word of the claim, best first; those that may be its source with their mismatches."""
        text, sentence = (plain(unreferenced(said)) for said in (claim.text, claim.sentence))
        context = stems(sentence)
        wanted = stems(text) if len(stems(text)) >= _FEW else context
        names = self.lexicon.names() if self.lexicon else frozenset()
        out = []
        for line in held:
            degree = weights.share(wanted, line.stems)
            if not degree or foreign(sentence, passages[line.passage].text):
                continue
            # The subject of a later clause stands in its sentence, so the sentence breaks ties between lines.
            found: tuple[Mismatch, ...] = ()
            literal = _flat(sentence) == _flat(line.text)
            if degree >= self.subject and not literal:
                whole = plain(passages[line.passage].text)
                found = (
                    *figures(text, sentence, line.text, line.near),
                    *denied(text, sentence, line.text),
                    *opposed(text, sentence, line.text),
                    *rerouted(text, line.text),
                    *misnamed(text, sentence, line.text, whole, names),
                    *turned(text, line.text),
                    *overstated(text, line.text),
                )
                found = settled(found, limited(text, line.text))
                told = frozenset().union(*(item.words for item in found))
                degree = weights.share(wanted - told, line.stems) if told < wanted else degree
            few = len(wanted) <= _FEW or language(line.near) not in ("English", "")
            rank = degree + 0.1 * weights.share(context, line.stems)
            out.append((rank, Held(line, degree, found, STRICT if few else 0.0)))
        out.sort(key=lambda pair: -pair[0])
        compared = [one for _, one in out]
        return (
            compared if wanted is not context else [self._continued(one, compared, text, sentence) for one in compared]
        )

    def _continued(self, one: Held, compared: Sequence[Held], text: str, sentence: str) -> Held:
        """A short clause with a number goes with the sentence that says just this, beside one that speaks of the subject:
        "You broke your hip and had an operation on 13 January" is told in two sentences of the source."""
        own = stems(text)
        beside = any(
            other.line.passage == one.line.passage and other.degree >= self.subject and one.line.text in other.line.near
            for other in compared
            if other is not one
        )
        if not (beside and own and own <= one.line.stems and quantities(text)) or drugs(one.line.text).keys() - drugs(
            sentence
        ):
            return one
        found = (*figures(text, text, one.line.text, one.line.text), *denied(text, text, one.line.text))
        return one if found else Held(one.line, 1.0, ())

    def _decided(self, compared: Sequence[Held]) -> Finding:
        """The verdict of the lines: one that agrees with the claim against one that contradicts it."""
        nothing = Claim("", 0, 0, "")
        near = [one for one in compared if one.degree >= self.subject]
        agreeing = max(
            (one for one in near if not one.mismatches and one.degree >= max(self.threshold, one.least)),
            key=lambda one: one.degree,
            default=None,
        )
        against = max((one for one in near if self._against(one)), key=lambda one: one.degree, default=None)
        if agreeing is not None and (against is None or agreeing.degree + self.margin >= against.degree):
            return Finding(nothing, "supported", degree=agreeing.degree)
        if against is not None:
            worst = next(item for item in against.mismatches if item.contradicts)
            return Finding(nothing, "contradicted", worst.kind, worst.reason, against.degree)
        best = max(compared, key=lambda one: one.degree, default=None)
        degree = best.degree if best else 0.0
        missing = best.mismatches[0] if best and best.mismatches else None
        if missing is not None:
            return Finding(nothing, "unsupported", missing.kind, missing.reason, degree)
        return Finding(nothing, "unsupported", "other", NOTHING, degree)

    def _speaks_for(self, verdict: Status, one: Held) -> bool:
        if verdict == "contradicted":
            return self._against(one)
        return one.degree >= self.subject and (verdict == "unsupported" or not one.mismatches)

    def _against(self, one: Held) -> bool:
        return one.contradicts and one.degree >= self.contradiction

    def _evidence(self, compared: Sequence[Held], decided: Finding, passages: Sequence[Passage]) -> Evidence | None:
        """The line that decided; of an unsupported claim the nearest one that speaks of its subject."""
        best = max(
            (one for one in compared if self._speaks_for(decided.verdict, one)),
            key=lambda one: one.degree,
            default=None,
        )
        if best is None:
            return None
        return evidence(best, passages)

    def _cited(self, name: str, passages: Sequence[Passage], compared: Sequence[Held]) -> Cited:
        places = [place for place, item in enumerate(passages) if spelled(item.id) == spelled(name)]
        if not places:
            return "not shown"
        there = [one for one in compared if one.line.passage in places]
        verdict = self._decided(there)
        if verdict.verdict == "supported":
            return "supports"
        if verdict.verdict == "contradicted":
            return "contradicts"
        return "partly" if verdict.degree >= self.subject else "silent"


def _flat(text: str) -> str:
    """A sentence without its case, blanks and stops at the end: what stands in a passage word for word is borne out."""
    return " ".join(text.casefold().split()).rstrip(" .;:")


def evidence(one: Held, passages: Sequence[Passage]) -> Evidence:
    """The characters of a line in its passage."""
    passage, line = passages[one.line.passage], one.line
    return Evidence(passage.id, line.start, line.end, passage.text[line.start : line.end])


def reported(answer: str, passages: Sequence[Passage], found: Sequence[Finding]) -> Report:
    """The report, evasive sentences apart."""
    return Report(
        answer,
        tuple(item for item in found if not item.claim.evasive),
        {item.id: item.text for item in passages},
        tuple(item.claim for item in found if item.claim.evasive),
    )


def _citation_reason(cited: Sequence[Citation]) -> str:
    worst = next(item for item in cited if item.wrong)
    told = {
        "not shown": "was never shown",
        "silent": "says nothing of this",
        "contradicts": "says otherwise",
    }[worst.status]
    return f"the passage cited as {worst.id} {told}"
