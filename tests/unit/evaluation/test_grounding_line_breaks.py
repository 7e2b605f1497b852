"""A line break in the text shown: a warning is held whole against a claim."""

from __future__ import annotations

from osler.core.types import Passage
from osler.evaluation.grounding.checker import ClaimChecker
from osler.evaluation.metrics.faithfulness.negation import sentences


def test_a_warning_with_a_line_break_in_it_never_supports_what_it_forbids() -> None:
    for said, wrong in (
        ("Do not give\n10 mL of potassium chloride as a bolus.", "Give 10 mL of potassium chloride as a bolus."),
        ("Do not give\nPotassium chloride as a bolus.", "Give potassium chloride as a bolus."),
        ("Do not give potassium chloride\nas a bolus.", "Give potassium chloride as a bolus."),
    ):
        passages = (Passage(id="p", text=said),)
        true = " ".join(said.split())
        checker = ClaimChecker()
        assert {item.verdict for item in checker.report(wrong, passages).findings} <= {"contradicted", "unsupported"}, (
            said
        )
        for right in (true, said):
            found = [item.verdict for item in checker.report(right, passages).findings]
            assert set(found) == {"supported"}, (said, found)


def test_lines_of_a_note_or_a_talk_stay_sentences_of_their_own() -> None:
    for text in (
        "No fever\nchest pain",
        "Doctor: do you take\nPatient: No",
        "no cough\n98% on room air",
        "否认发热\n有咳嗽",
    ):
        assert [text[a:b] for a, b in sentences(text)] == text.split("\n")
