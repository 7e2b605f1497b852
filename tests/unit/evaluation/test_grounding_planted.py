"""Planted errors: each planter changes one thing, twins stay true, halves do not mix, and the measure counts right."""

from __future__ import annotations

import asyncio
import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osler.core.types import Passage
from osler.evaluation.grounding.checker import ClaimChecker
from osler.evaluation.grounding.measure import measured
from osler.evaluation.grounding.planted import half, module, planted, statements
from osler.evaluation.grounding.planting import ERRORS, PLANTERS, other_drug
from osler.evaluation.grounding.rewording import reworded
from osler.knowledge.bm25 import BM25
from osler.knowledge.passages import PassageList


@pytest.mark.parametrize(
    ("kind", "text", "wanted"),
    [
        ("dose", "Adults take 2.5 mg at night.", "Adults take 25 mg at night."),
        ("dose", "Give 250–500 mg of it.", "Give 2,500–5,000 mg of it."),
        ("dose", "It lasts for 5 days.", None),
        ("unit", "Give 5 mg of it.", "Give 5 mcg of it."),
        ("unit", "Wait 30 minutes.", "Wait 30 hours."),
        ("negation", "It does not cross it.", "It does cross it."),
        ("negation", "It is not only safe.", None),
        ("negation", "It is not here and does not go.", None),
        ("side", "The left atrium is thin.", "The right atrium is thin."),
        ("side", "Left and right differ.", None),
        ("side", "They left the right to it.", None),
        ("direction", "It increases the rate.", "It decreases the rate."),
    ],
)
def test_one_error_is_planted_or_none(kind: str, text: str, wanted: str | None) -> None:
    assert PLANTERS[kind](text, random.Random(0)) == wanted


def test_a_drug_is_swapped_wherever_it_stands() -> None:
    names = frozenset(("aspirin", "warfarin"))
    found = other_drug("Aspirin is old; give aspirin daily.", random.Random(0), names, ["warfarin"])
    assert found == "Warfarin is old; give warfarin daily."
    assert other_drug("Rest is best.", random.Random(0), names, ["warfarin"]) is None
    assert other_drug("Aspirin and warfarin.", random.Random(0), names, ["warfarin"]) is None


@given(st.integers(0, 50))
def test_a_rewording_is_supported_by_its_sentence(seed: int) -> None:
    rng = random.Random(seed)
    for text in (
        "If clients with hypertension cannot take tablets, 500 mg of the syrup is administered twice daily.",
        "Clients should not stand for 60 minutes after administration of the drug.",
        "The kidneys typically filter about 150 mL of plasma per minute.",
    ):
        other = reworded(text, rng)
        report = ClaimChecker().report(other, (Passage(id="a", text=text),))
        assert {item.verdict for item in report.findings} == {"supported"}, other


DRUGS = ("atenolol", "lisinopril", "warfarin", "metformin", "digoxin", "heparin")


def book() -> tuple[Passage, ...]:
    out = []
    for number in range(60):
        name = DRUGS[number % len(DRUGS)]
        text = (
            f"Adults of group {number} take {name} at a dose of {number + 2} mg once daily in the clinic. "
            f"In group {number} the drug {name} does not cross the barrier of the brain in animals. "
            f"The left ventricle of hearts in group {number} grows when {name} is stopped too early. "
            f"Giving {name} in group {number} increases the filling pressure of the chamber after {number + 3} hours."
        )
        out.append(Passage(id=f"book:m{number // 2}:{number}", text=text))
    return tuple(out)


def test_items_hold_the_error_its_twin_and_both_kinds_of_shown_passages() -> None:
    passages = book()
    index = BM25(collection=PassageList(items=passages))
    names = frozenset(DRUGS)

    def make(seed: int) -> list[str]:
        return [
            repr(item)
            for item in asyncio.run(
                planted(passages, index, which="reported", each=dict.fromkeys(ERRORS, 3), names=names, seed=seed)
            )
        ]

    items = asyncio.run(planted(passages, index, which="reported", each=dict.fromkeys(ERRORS, 3), names=names, seed=1))
    assert make(1) == [repr(item) for item in items] != make(2)
    for kind in set(ERRORS) - {"citation"}:
        assert sum(item.error == kind for item in items) == 3
    for item in items:
        marks = re.findall(r"\[([^\]]+)\]", item.answer)
        plain = re.sub(r" \[[^\]]+\]\.$", ".", item.answer)
        source = [passage for passage in item.passages if item.twin in passage.text]
        assert len(item.passages) == 4
        assert len(marks) == 1
        assert len(source) == (item.error != "removed")
        assert all(half(passage.id) == "reported" for passage in source)
        if item.error in ("", "removed") and item.form == "verbatim":
            assert plain == item.twin
        elif item.error not in ("", "removed", "citation"):
            assert plain != item.twin
        if item.error == "citation":
            assert marks[0] not in {passage.id for passage in source}
    assert len({item.id for item in items}) == len(items)


def test_halves_part_modules() -> None:
    passages = book()
    assert module("book:m1:7") == "book:m1"
    sides = [{module(one.source.id) for one in statements(passages, which)} for which in ("made on", "reported")]
    assert sides[0]
    assert sides[1]
    assert not sides[0] & sides[1]


def test_the_measure_counts_errors_twins_and_what_was_removed() -> None:
    passages = book()
    index = BM25(collection=PassageList(items=passages))
    each = {"dose": 4, "negation": 4}
    items = asyncio.run(planted(passages, index, which="reported", each=each, names=frozenset(DRUGS)))
    found = measured(items, lambda item: ClaimChecker().report(item.answer, item.passages))
    assert found.recall().of == 8
    assert found.recall("dose").count == 4
    assert found.named("negation").of == 4
    assert found.false_alarms().count == 0
    assert found.false_alarms(kinds=("dose",)).of < found.false_alarms().of
    assert found.precision().count == found.precision().of == found.recall().count
    assert found.beside_one() == 1.0
    flagged, contradicted = found.removed()
    assert flagged.of == 8
    assert contradicted.count <= flagged.count
