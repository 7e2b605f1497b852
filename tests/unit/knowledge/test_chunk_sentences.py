"""Sentences of medical texts: what ends one, and what only looks so."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osler.knowledge.chunking.sentence_bounds import sentences


def split(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


ONE = [
    "Dr. Smith gave 0.5 mg of lorazepam.",
    "Give 500 mg. twice daily with meals.",
    "Improved (see Fig. 2 and Table 3.1), e.g. less pain, i.e. none.",
    "Cultures grew E. coli and S. aureus.",
    "St. John's wort vs. placebo (P < 0.05).",
    "Reported by J. R. Smith et al. (2004) in the U.S. Food and Drug Administration's label.",
    "Take 1 tab. p.o. q.i.d. for 5 days.",
    "See sec. 3.2.1 and No. 5 of vol. 3.",
    "Approx. 3 wks. after surgery.",
    "Is it safe (!) in pregnancy?",
    "La dosis, p.ej. 5 mg, según el Dr. Ruiz.",
    "糖尿病患者应每日服用0.5mg二甲双胍。",
    "1. Aspirin 100 mg daily.",
    "His BP was 120/80 mmHg at 5 p.m. on Monday.",
    "Wait... and then it stopped.",
]


@pytest.mark.parametrize("text", ONE)
def test_one_sentence_stays_one(text: str) -> None:
    assert split(text) == [text]


MANY = [
    ["The heart is a pump.", "It has four chambers."],
    ["He lacks vitamin D.", "Patients with hepatitis C.", "The virus persists."],
    ["Given 5 mg.", "Aspirin was stopped at 5 p.m.", "The patient slept."],
    ["Is it safe?", "Yes!", "It is."],
    ["pt stable.", "will follow up."],
    ["糖尿病是慢性病。", "患者应注意！", "“好吗？”", "他问。"],
    ["It helps.[12]", "Others disagree."],
    ['He said "stop."', "Then he left."],
    ["Born in the U.S.", "The patient moved."],
]


@pytest.mark.parametrize("parts", MANY)
def test_several_sentences_are_parted(parts: list[str]) -> None:
    joined = ("" if "。" in parts[0] else " ").join(parts)
    assert split(joined) == parts


def test_a_missing_space_after_a_full_stop_is_seen() -> None:
    assert split("It is in the blood.If given early, it helps.") == ["It is in the blood.", "If given early, it helps."]


def test_lists_and_notes_are_parted_by_lines() -> None:
    text = "Plan:\n1. Aspirin 100 mg\n2. Metformin 500 mg b.i.d.\n- no NSAIDs\nAllergies: none\nSee cardiology"
    assert split(text) == [
        "Plan:",
        "1. Aspirin 100 mg",
        "2. Metformin 500 mg b.i.d.",
        "- no NSAIDs",
        "Allergies: none",
        "See cardiology",
    ]


def test_lines_of_a_layout_part_nothing() -> None:
    text = (
        "This is a line of a layout that was broken\nby the page and goes on with Metformin and\n"
        "Aspirin, which were stopped on Monday. The\npatient was well."
    )
    assert split(text) == [text[: text.index(" The\n")], "The\npatient was well."]


def test_a_blank_line_always_parts() -> None:
    assert split("Dosage\n\nforty mg once daily") == ["Dosage", "forty mg once daily"]


def test_an_abbreviation_at_the_end_of_a_line_goes_on() -> None:
    assert split("He was seen by Dr.\nSmith today.") == ["He was seen by Dr.\nSmith today."]


@given(st.text(alphabet='aB .!?\n\t。，1-)("e.g', max_size=80))
def test_sentences_hold_everything_in_order_and_nothing_blank(text: str) -> None:
    found = sentences(text)
    assert "".join("".join(text[a:b].split()) for a, b in found) == "".join(text.split())
    assert all(text[a:b] and text[a:b] == text[a:b].strip() for a, b in found)
    assert all(a[1] <= b[0] for a, b in pairwise(found))


@given(st.text(max_size=200))
def test_any_text_can_be_parted(text: str) -> None:
    assert "".join("".join(text[a:b].split()) for a, b in sentences(text)) == "".join(text.split())


@pytest.mark.parametrize(
    "text",
    [
        "Do not give\n10 mL of potassium chloride as a bolus.",
        "Do not give\nPotassium chloride as a bolus.",
        "Never exceed a dose of\n4 g of paracetamol a day.",
        "Contraindicated in patients who take\nWarfarin or aspirin.",
        "Do not give intravenous\nPotassium chloride undiluted.",
        "- Avoid together with\nMetformin.",
        "Maximum daily dose\n4 g",
        "Do not\ngive undiluted\nPotassium chloride.",
    ],
)
def test_a_warning_is_not_cut_at_a_line_break(text: str) -> None:
    assert split(text) == [text]


def test_headings_rows_and_plain_lists_are_parted_by_lines() -> None:
    assert split("Dosage\nAdults take 40 mg.") == ["Dosage", "Adults take 40 mg."]
    assert split("Aspirin 100 mg daily\nMetformin 500 mg") == ["Aspirin 100 mg daily", "Metformin 500 mg"]
    assert split("Drug\tDose\nAspirin\t100\n5-ASA\t800") == ["Drug\tDose", "Aspirin\t100", "5-ASA\t800"]
    assert split("| a | b |\n| 1 | 2 |") == ["| a | b |", "| 1 | 2 |"]
