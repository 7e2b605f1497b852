"""The check of grounding: claims with their places, the rules, verdicts with their evidence, and the report."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osler.core.block import block, from_spec, to_spec
from osler.core.errors import DataError, SpecError
from osler.core.types import Passage
from osler.evaluation.grounding.answer import check_answer
from osler.evaluation.grounding.checker import ClaimChecker
from osler.evaluation.grounding.claims import claims
from osler.evaluation.grounding.denials import denied
from osler.evaluation.grounding.drug_names import drugs, is_drug, misnamed
from osler.evaluation.grounding.entailed import EntailmentChecker, Entails
from osler.evaluation.grounding.figures import figures, sums
from osler.evaluation.grounding.finding import Share
from osler.evaluation.grounding.opposites import opposed
from osler.evaluation.metrics.faithfulness.support import Checker
from osler.knowledge.bm25 import BM25
from osler.knowledge.citation import Span
from osler.knowledge.passages import PassageList

LABEL = (
    "Metformin is started at 500 mg twice daily. It does not cause hypoglycemia when used alone. "
    "The tablet dissolves in the left colon (Smith, 2020). Doses above 2,000 mg a day are split."
)
SHOWN = (
    Passage(id="metformin-label/v2/100-400", text=LABEL),
    Passage(id="s2", text="Aspirin reduces fever in adults. It is given with food."),
)


def kinds(answer: str) -> list[tuple[str, str]]:
    return [(item.verdict, item.kind) for item in ClaimChecker().report(answer, SHOWN).findings]


def test_claims_know_their_places_and_citations() -> None:
    answer = "Start metformin 500 mg [s1]. It lowers glucose, but does not cause hypoglycemia. [s2, s3] Is it safe? As an AI, I cannot answer."
    found = claims(answer)
    assert [item.text for item in found] == [
        "Start metformin 500 mg",
        "It lowers glucose",
        "does not cause hypoglycemia",
        "As an AI, I cannot answer",
    ]
    assert [item.citations for item in found] == [("s1",), ("s2", "s3"), ("s2", "s3"), ()]
    assert [item.evasive for item in found] == [False, False, False, True]
    assert found[2].sentence.startswith("It lowers glucose")


@given(
    st.lists(
        st.sampled_from(["Warfarin 5 mg daily.", "No fever, but a cough", "[s1]", "\n- ", "’", "左膝", "?", " "]),
        max_size=8,
    )
)
def test_claims_stand_where_they_say(parts: list[str]) -> None:
    answer = " ".join(parts)
    last = 0
    for item in claims(answer):
        assert last <= item.start < item.end <= len(answer)
        last = item.end
        bare = answer[item.start : item.end].replace("[s1]", " ")
        assert " ".join(bare.split()) == item.text


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ("Metformin is started at 500 mg twice daily.", ("supported", "")),
        ("Twice a day 0.5 g metformin is started.", ("supported", "")),
        ("Metformin is started at 5000 mg twice daily.", ("contradicted", "dose")),
        ("Metformin is started at 500 mcg twice daily.", ("contradicted", "unit")),
        ("Metformin is started at 500 mg three times a day.", ("contradicted", "dose")),
        ("Metformin can cause hypoglycemia when used alone.", ("contradicted", "negation")),
        ("The tablet dissolves in the right colon.", ("contradicted", "side")),
        ("Aspirin increases fever in adults.", ("contradicted", "direction")),
        ("Ibuprofen reduces fever in adults.", ("contradicted", "drug")),
        ("Grapefruit juice was never studied.", ("unsupported", "other")),
        ("70 kg x 5 mg/kg = 400 mg", ("contradicted", "calculation")),
        ("Aspirin reduces fever in adults [s2].", ("supported", "")),
        ("Aspirin reduces fever in adults [s9].", ("supported", "citation")),
        ("Aspirin reduces fever in adults [metformin-label/v2/100-400].", ("supported", "citation")),
    ],
)
def test_a_claim_gets_its_verdict_and_what_is_wrong(answer: str, found: tuple[str, str]) -> None:
    assert kinds(answer) == [found]


def test_evidence_is_the_exact_span_of_the_version() -> None:
    report = ClaimChecker().report(
        "It does not cause hypoglycemia when used alone [metformin-label/v2/100-400].", SHOWN
    )
    (found,) = report.findings
    assert found.evidence is not None
    assert LABEL[found.evidence.start : found.evidence.end] == "It does not cause hypoglycemia when used alone."
    span = Span.read(found.evidence.span)
    assert (span.document, span.version) == ("metformin-label", 2)
    assert (span.start, span.end) == (100 + found.evidence.start, 100 + found.evidence.end)
    assert found.citations[0].status == "supports"
    assert not found.flagged


def test_intrinsic_and_extrinsic_are_apart_and_add_up() -> None:
    answer = (
        "Aspirin reduces fever in adults [s2]. Aspirin increases fever in adults. Grapefruit was studied in 12 men. "
        "Metformin is started at 500 mg twice daily [made-up-7]. Please consult your doctor."
    )
    report = ClaimChecker().report(answer, SHOWN)
    assert (report.supported.count, report.intrinsic.count, report.extrinsic.count) == (1, 1, 2)
    assert report.supported.of == 4
    assert report.invented == ("made-up-7",)
    assert len(report.evasive) == 1
    told = orjson.loads(orjson.dumps(report.json()))
    assert [item["hallucination"] for item in told["claims"]] == ["", "intrinsic", "extrinsic", "extrinsic"]
    low, high = Share(1, 4).ends
    assert 0 < low < 0.25 < high < 1
    assert Share(0, 0).ends == (0.0, 1.0)


def test_a_line_that_agrees_outweighs_one_that_speaks_of_another_group() -> None:
    passages = (
        Passage(
            id="a", text="In adults the dose of amoxicillin is 500 mg. In children the dose of amoxicillin is 250 mg."
        ),
    )
    checker = ClaimChecker()
    assert checker.report("In children the dose of amoxicillin is 250 mg.", passages).findings[0].verdict == "supported"
    assert (
        checker.report("In children the dose of amoxicillin is 500 mg.", passages).findings[0].verdict == "contradicted"
    )


@pytest.mark.parametrize(
    ("claim", "line", "kind"),
    [
        ("Ten drops, 2 mL, on each of two plates", "Ten drops, 0.2 mL, on each of two plates", "dose"),
        (
            "present for 1 month and longer than 3 years on 3 nights",
            "present for 1 month and longer than 3 months on 3 nights",
            "unit",
        ),
        ("Give 5 mg of drug", "Give drug", "dose"),
        ("Give 1 mg", "Give 1000 mcg", ""),
        ("Half of 400 patients", "Half of 200 patients", "number"),
    ],
)
def test_numbers_are_held_against_numbers_of_their_kind(claim: str, line: str, kind: str) -> None:
    found = figures(claim, claim, line, line)
    assert [item.kind for item in found] == ([kind] if kind else [])


@pytest.mark.parametrize(
    ("claim", "line", "turned"),
    [
        ("The drug does cross the barrier", "The drug does not cross the barrier", True),
        ("The drug never crosses the barrier", "The drug crosses the barrier", True),
        ("The drug doesn't cross the barrier", "The drug cannot cross the barrier", False),
        ("Nodes can spread with symptoms", "Nodes can spread without symptoms", True),
        ("No chills", "No fever, chills, or cough", False),
        ("It causes nausea", "It does not cause rash but causes nausea", False),
        ("In the absence of ADH channels are inserted", "In the absence of ADH channels are not inserted", True),
        ("Alcohol should be avoided with it", "Alcohol should not be taken with it", False),
    ],
)
def test_denials_are_compared_over_the_same_matter(claim: str, line: str, turned: bool) -> None:
    assert bool(denied(claim, claim, line)) is turned
    assert denied(line, line, line) == []


@pytest.mark.parametrize(
    ("claim", "line", "kind"),
    [
        ("The left atrium receives blood", "The right atrium receives blood", "side"),
        ("It lies proximal to the wrist", "It lies distal to the wrist", "side"),
        ("Insulin raises glucose", "Insulin lowers glucose", "direction"),
        ("It causes hyperkalemia in adults", "It causes hypokalemia in adults", "direction"),
        ("The left and right lungs differ", "The right and left lungs differ", ""),
        ("Take it after meals", "Take it prior to meals", "direction"),
        ("The left kidney is higher than the right kidney", "The left kidney is higher than the right kidney", ""),
    ],
)
def test_sides_and_directions(claim: str, line: str, kind: str) -> None:
    assert [item.kind for item in opposed(claim, claim, line)] == ([kind] if kind else [])


def test_drugs_are_known_by_ending_list_lexicon_and_place() -> None:
    assert all(map(is_drug, ("atenolol", "simvastatin", "fluconazole", "aspirin", "penicillins")))
    assert not any(map(is_drug, ("vitamin", "cholesterol", "patient", "protocol", "statins")))
    assert list(drugs("Zelvarine (Zelva) and foobarium", frozenset(("foobarium",))).values()) == [
        "Zelvarine",
        "foobarium",
    ]
    swapped = misnamed("Use ropinirole now", "Use ropinirole now", "Use baclofen now", "Use baclofen now")
    assert swapped[0].contradicts
    pronoun = misnamed(
        "Lisinopril causes cough", "Lisinopril causes cough", "It causes cough", "Lisinopril. It causes cough"
    )
    assert pronoun == []
    unknown = misnamed("Lisinopril causes cough", "Lisinopril causes cough", "It causes cough", "It causes cough")
    assert [item.contradicts for item in unknown] == [False]


def test_sums_are_reckoned_again() -> None:
    assert sums("70 kg x 5 mg/kg = 350 mg") == []
    assert sums("10 / 3 = 3.33") == []
    assert sums("1,000 + 500 = 1,500") == []
    assert "350" in sums("70 kg x 5 mg/kg = 450 mg")[0].reason
    assert sums("1 / 0 = 0") == []


PIECES = st.lists(
    st.sampled_from([*LABEL.split(". "), "Aspirin 5 mg.", "No fever.", "左肺", "[s2]", "[", "5/", "= 3", "not"]),
    max_size=6,
).map(". ".join)


@settings(max_examples=60, deadline=None)
@given(PIECES | st.text(max_size=60), PIECES)
def test_any_answer_gets_a_report(answer: str, text: str) -> None:
    report = ClaimChecker().report(answer, (Passage(id="a", text=text),))
    assert report.supported.count + report.intrinsic.count + report.extrinsic.count == len(report.findings)
    orjson.dumps(report.json())
    for item in report.findings:
        if item.evidence is not None:
            assert text[item.evidence.start : item.evidence.end] == item.evidence.text


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.sampled_from(LABEL.split(". ")), min_size=1, max_size=4, unique=True).map(
        lambda parts: ". ".join(parts) + "."
    )
)
def test_what_stands_in_the_passage_is_supported(answer: str) -> None:
    assert {item.verdict for item in ClaimChecker().report(answer, SHOWN).findings} == {"supported"}


@block
class FixedEntailment:
    """An entailment model that gives every pair the same probabilities."""

    chances: tuple[float, float, float] = (0.9, 0.05, 0.05)

    async def verdicts(self, pairs: Sequence[tuple[str, str]]) -> Sequence[Sequence[float]]:
        return [self.chances] * len(pairs)


LAY = "Blood sugar rarely gets too low with this pill when used by itself [metformin-label/v2/100-400]."


def test_the_model_decides_only_what_no_rule_reads() -> None:
    wrong = "Metformin is started at 5000 mg twice daily."
    yes = EntailmentChecker(model=FixedEntailment())
    assert isinstance(FixedEntailment(), Entails)
    assert isinstance(yes, Checker)
    report = asyncio.run(yes.reports(f"{LAY} {wrong}", SHOWN))
    assert [(item.verdict, item.by) for item in report.findings] == [("supported", "model"), ("contradicted", "rule")]
    assert report.findings[0].evidence is not None
    no = EntailmentChecker(model=FixedEntailment(chances=(0.02, 0.95, 0.03)))
    assert asyncio.run(no.reports(LAY, SHOWN)).findings[0].verdict == "contradicted"
    unsure = EntailmentChecker(model=FixedEntailment(chances=(0.3, 0.3, 0.4)))
    assert asyncio.run(unsure.reports(LAY, SHOWN)).findings[0].verdict == "unsupported"
    assert from_spec(to_spec(yes)) == yes
    with pytest.raises(SpecError, match="probabilities"):
        EntailmentChecker(model=FixedEntailment(), supported=0.0)


def test_a_checker_of_facts_may_be_asked_within_a_loop() -> None:
    async def ask() -> str:
        return (
            EntailmentChecker(model=FixedEntailment())
            .check_fact("Blood sugar stays up when used by itself", LABEL)
            .status
        )

    assert asyncio.run(ask()) == "supported"
    assert ClaimChecker().check_fact("Metformin is started at 500 mg", LABEL).status == "supported"
    assert isinstance(ClaimChecker(), Checker)


def test_an_answer_is_checked_against_passages_collections_and_indexes() -> None:
    collection = PassageList(items=SHOWN)
    answer = "Aspirin reduces fever in adults [s2]. Metformin is started at 5000 mg twice daily."
    reports = [asyncio.run(check_answer(answer, held)) for held in (SHOWN, collection, BM25(collection=collection))]
    for report in reports:
        assert [item.verdict for item in report.findings] == ["supported", "contradicted"]
    with pytest.raises(DataError, match="empty"):
        asyncio.run(check_answer(" ", SHOWN))


def test_settings_that_cannot_be_are_refused() -> None:
    with pytest.raises(SpecError, match="between 0 and 1"):
        ClaimChecker(subject=0.0)
