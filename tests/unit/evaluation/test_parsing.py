"""Every form of answer that a reply may take, one row each: text -> answer and the rule that read it."""

from __future__ import annotations

import pytest

from osler.core.errors import SpecError
from osler.evaluation.parsing import parse

ABCD = ("A", "B", "C", "D")
SITES = ("Submental lymph nodes", "Parotid gland", "C. difficile", "B cells")
TRIAL = ("included", "not included", "not enough information", "not applicable")
EXCLUSION = ("excluded", "not excluded", "not enough information", "not applicable")
YES_NO = ("yes", "no", "maybe")
GRADES = ("1", "2", "3")

LETTERS: tuple[tuple[str, str | None, str], ...] = (
    # JSON
    ('{"answer": "B"}', "B", "json"),
    ('{"step_by_step_thinking": "A is wrong.", "answer_choice": "B"}', "B", "json"),
    ('{"final_answer": "C", "answer": "C"}', "C", "json"),
    ('{"answer": " b "}', "B", "json"),
    ('{"Answer Choice": "D"}', "D", "json"),
    ('{"answer": "B. Parotid gland"}', "B", "json"),
    ('{"answer": "(B) Parotid gland"}', "B", "json"),
    ('{"answer": "Option B"}', "B", "json"),
    ('{"answer": "Parotid gland"}', "B", "json"),
    ('{"answer": "PAROTID  GLAND."}', "B", "json"),
    ('{"answer": ["B"]}', "B", "json"),
    ('{"answer": {"label": "B"}}', "B", "json"),
    ('{"answer": "C. difficile"}', "C", "json"),
    ('{"answer": "B cells"}', "D", "json"),
    ('{"answer": "D because only they make antibodies"}', "D", "json"),
    ('Here it is:\n```json\n{"rationale": "x", "answer": "B"}\n```\nHope this helps!', "B", "json"),
    ('I think A or C. {"answer": "B"}', "B", "json"),
    ('{"answer": "B"} {"answer": "B"}', "B", "json"),
    ('{"rationale": "a brace } in \\" text", "answer": "B"}', "B", "json"),
    ("{'rationale': \"it's so\", 'answer': 'B'}", "B", "repaired json"),
    ("{'answer': 'B', 'evidence': None, 'sure': True}", "B", "repaired json"),
    ('{"rationale": "x", "answer": "B",}', "B", "repaired json"),
    ('{"rationale": "x" "answer": "B"}', "B", "repaired json"),
    ('{"rationale": "he said "no" twice", "answer": "B"}', "B", "repaired json"),
    ("{answer: B}", "B", "repaired json"),
    ('{"rationale": "x", "answer": "B', "B", "repaired json"),
    ("{“answer”: “B”}", "B", "repaired json"),
    # JSON that holds no single answer
    ('{"answer": "B and C"}', None, "several answers"),
    ('{"answer": "A/B"}', None, "several answers"),
    ('{"answer": "A or D"}', None, "several answers"),
    ('{"answer": "A, B, C"}', None, "several answers"),
    ('{"answer": "ABD"}', None, "several answers"),
    ('{"answer": ["A", "B"]}', None, "several answers"),
    ('{"answer": "A. Submental lymph nodes, B. Parotid gland"}', None, "several answers"),
    ('{"answer": "B. Parotid gland. D. B cells."}', None, "several answers"),
    ('{"answer": "Uncertain (either A or B)"}', None, "several answers"),
    ('{"answer": "A"} no, wait {"answer": "B"}', None, "several answers"),
    ('{"answer": "None of the above"}', None, "refusal"),
    ('{"answer": "N/A"}', None, "refusal"),
    ('{"answer": "Cannot be determined"}', None, "refusal"),
    ('{"answer": "The documents do not provide enough information"}', None, "refusal"),
    ('{"answer": "E. Lymph node biopsy"}', None, "outside the labels"),
    ('{"answer": "Aspirin"}', None, "outside the labels"),
    ('{"answer": ""}', None, "no answer found"),
    ('{"answer": null}', None, "no answer found"),
    ('{"rationale": "B is mentioned here', None, "cut off"),
    # explicit statements
    ("Answer: B", "B", "answer line"),
    ("Some thought.\nAnswer: B", "B", "answer line"),
    ("**Answer:** B", "B", "answer line"),
    ("**Final answer: (B)**", "B", "answer line"),
    ("The final answer is \\boxed{B}.", "B", "answer line"),
    ("<answer>B</answer>", "B", "answer line"),
    ("#### B", "B", "answer line"),
    ("Answer: B. Parotid gland", "B", "answer line"),
    ("Answer: Parotid gland", "B", "answer line"),
    ("Answer: b", "B", "answer line"),
    ("Answer：Ｂ", "B", "answer line"),
    ("答案：B", "B", "answer line"),
    ("分析如下。答案是B。", "B", "answer line"),
    ("因此选B。", "B", "phrase"),
    ("The answer is (B).", "B", "phrase"),
    ("The answer is B because the gland is there.", "B", "phrase"),
    ("Therefore, the correct answer is most likely B, the gland.", "B", "phrase"),
    ("The best option is (D) B cells.", "D", "phrase"),
    ("So the answer is B cells.", "D", "phrase"),
    ("So the answer is C. difficile.", "C", "phrase"),
    ("I would choose option C.", "C", "phrase"),
    ("At first the answer is A. Looking again, therefore the answer is B.", "B", "phrase"),
    ("The answer is B (not A).", "B", "phrase"),
    ("The answer is B, while A and C are wrong.", "B", "phrase"),
    ("I'd go with C.", "C", "phrase"),
    ("Correct answer - B", "B", "answer line"),
    ("应选择B项", "B", "phrase"),
    ("选项B正确", "B", "option"),
    ('"answer": "B"', "B", "repaired json"),
    ("Answer: B\n\nWhy not the others:\n(A) is too high.\n(C) is no gland.", "B", "answer line"),
    ("The answer is B. I repeat, the answer is B.", "B", "phrase"),
    ("The answer is not A. The answer is B.", "B", "phrase"),
    ("It is impossible to determine this with certainty, but the answer is B.", "B", "phrase"),
    ("<think>It may be A. The answer is A.</think>The answer is B.", "B", "phrase"),
    ("The answer is A. The answer is B.", None, "several answers"),
    ("The answer is either A or B.", None, "several answers"),
    ("Answer: B and D", None, "several answers"),
    ("Answer: none of the above", None, "refusal"),
    ("Answer: aspirin", None, "outside the labels"),
    ("<think>The options are A and B", None, "cut off"),
    # the answer alone, and options pointed at
    ("B", "B", "alone"),
    ("b.", "B", "alone"),
    ("(B)", "B", "alone"),
    ("**B**", "B", "alone"),
    ("B. Parotid gland", "B", "alone"),
    ("Parotid gland", "B", "alone"),
    ("It drains the chin.\n\nB", "B", "alone"),
    ("B\n\nIt drains the chin.", "B", "alone"),
    ("Option B fits the findings.", "B", "option"),
    ("Given all this, (B) fits.", "B", "option"),
    ("Option A is incorrect. Option B fits.", "B", "option"),
    ("B is the most likely correct answer.", "B", "phrase"),
    ("The swelling is in the parotid gland.", "B", "mention"),
    ("A. Submental lymph nodes\nB. Parotid gland\nC. C. difficile\nD. B cells", None, "several answers"),
    # the traps: articles, pronouns, words, refusals
    ("A 45-year-old man presents with a lump.", None, "no answer found"),
    ("A lump. A swelling. A pain.", None, "no answer found"),
    ("The answer is a matter of debate.", None, "no answer found"),
    ("The answer is A 45-year-old man's problem.", None, "no answer found"),
    ("I think that more tests are needed.", None, "no answer found"),
    ("C difficult. D dimer. Vitamin D.", None, "no answer found"),
    ("Vitamin D is the best choice for her.", None, "no answer found"),
    ("Hepatitis B is the most likely correct diagnosis.", None, "no answer found"),
    ("Option A is not correct.", None, "no answer found"),
    ("It is not the parotid gland.", None, "no answer found"),
    ("I'm sorry, but I cannot answer this. Option B is a gland.", None, "refusal"),
    ("无法确定。", None, "refusal"),
    ("", None, "empty"),
    (" \n\t", None, "empty"),
)

NAMES: tuple[tuple[str, tuple[str, ...], str | None, str], ...] = (
    ('{"answer": "not included"}', TRIAL, "not included", "json"),
    ('{"eligibility": "Included."}', TRIAL, "included", "json"),
    ('{"answer": "not enough information"}', TRIAL, "not enough information", "json"),
    ('{"0": ["He is 60.", [0, 2], "included"]}', TRIAL, "included", "json"),
    ('{"answer": "included / not included"}', TRIAL, None, "several answers"),
    ('{"answer": "inclu', TRIAL, None, "outside the labels"),
    ('{"answer": "eligible"}', TRIAL, None, "outside the labels"),
    ("The patient is not included.", TRIAL, "not included", "mention"),
    ("The patient is included.", TRIAL, "included", "mention"),
    ("Answer: the patient is not included.", TRIAL, "not included", "answer line"),
    ("He was included in 2010, but the label is not included.", TRIAL, "not included", "phrase"),
    ("Not included. He is too old.", TRIAL, "not included", "alone"),
    ("Decision: **not excluded**", EXCLUSION, "not excluded", "answer line"),
    ("The diagnosis cannot be excluded.", EXCLUSION, None, "no answer found"),
    ("The patient is not yet excluded.", EXCLUSION, None, "no answer found"),
    ("He is neither included nor anything else.", TRIAL, None, "no answer found"),
    ("It could be included or not included.", TRIAL, None, "several answers"),
    ("Label: not applicable", TRIAL, "not applicable", "answer line"),
    ("There is not enough information.", TRIAL, "not enough information", "mention"),
    ("Yes.", YES_NO, "yes", "alone"),
    ("No, the effect was small.", YES_NO, "no", "alone"),
    ("The answer is no.", YES_NO, "no", "phrase"),
    ("The answer is 'maybe'.", YES_NO, "maybe", "phrase"),
    ("There is no evidence of an effect on the eyes.", YES_NO, None, "no answer found"),
    ("No effect on the nose or the knowledge of nobody.", YES_NO, None, "no answer found"),
    ("Yesterday it may be so.", YES_NO, None, "no answer found"),
    ('{"answer": true}', YES_NO, "yes", "json"),
    ("答案：no", YES_NO, "no", "answer line"),
    ("answer: 2.", GRADES, "2", "answer line"),
    ("Answer: 2.5", GRADES, None, "outside the labels"),
    ("Answer: 12", GRADES, None, "outside the labels"),
    ('{"answer": 2}', GRADES, "2", "json"),
    ('{"answer": 2.0}', GRADES, "2", "json"),
    ("The grade is 3.", GRADES, "3", "mention"),
    ("It grew by 2.5 cm in 12 months.", GRADES, None, "no answer found"),
)


@pytest.mark.parametrize(("text", "answer", "rule"), LETTERS)
def test_letters(text: str, answer: str | None, rule: str) -> None:
    read = parse(text, ABCD, choices=SITES, lettered=True)
    assert (read.answer, read.rule) == (answer, rule)


@pytest.mark.parametrize(("text", "labels", "answer", "rule"), NAMES)
def test_names(text: str, labels: tuple[str, ...], answer: str | None, rule: str) -> None:
    read = parse(text, labels, choices=labels)
    assert (read.answer, read.rule) == (answer, rule)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ('{"answer": "B"}', "B"),
        (' {"rationale": "x", "answer": "B"} ', "B"),
        ("Answer: B", "B"),
        ("Some thought.\nAnswer: B.\n", "B"),
        ("The answer is B.", None),
        ('```json\n{"answer": "B"}\n```', None),
        ('{"answer": "B. Parotid gland"}', None),
        ('{"answer": "B", "label": "C"}', None),
        ("Answer: B\nAnswer: C", None),
        ("Answer: B\nor so", None),
        ("Answer: B and C", None),
        ("B", None),
        ("", None),
    ],
)
def test_strict_takes_two_forms_only(text: str, answer: str | None) -> None:
    assert parse(text, ABCD, choices=SITES, lettered=True, mode="strict").answer == answer


def test_letter_beside_another_options_text_is_the_letter() -> None:
    read = parse('{"answer": "B. no"}', ("A", "B"), choices=("no", "yes"), lettered=True)
    assert (read.answer, read.rule) == ("B", "letter/text conflict")


def test_options_with_the_same_text_are_not_told_apart_by_it() -> None:
    read = parse('{"answer": "2 mm"}', ("A", "B", "C"), choices=("2 mm", "2 mm", "3 mm"), lettered=True)
    assert read.answer is None


def test_option_that_names_other_options() -> None:
    choices = ("Fever", "Cough", "Rash", "Both A and B")
    for text in ('{"answer": "D. Both A and B"}', '{"answer": "Both A and B"}', "The answer is D. Both A & B."):
        assert parse(text, ABCD, choices=choices, lettered=True).answer == "D"


def test_fields_of_an_object() -> None:
    text = '{"reasoning": ["He is 60.", "He smokes."], "sentences": [0, "2"], "label": "included", "confidence": "85%"}'
    read = parse(text, TRIAL)
    assert read.rationale == "He is 60.\nHe smokes."
    assert read.evidence == ("0", "2")
    assert read.confidence == 0.85


@pytest.mark.parametrize(
    ("field", "evidence"),
    [("[]", ()), ("[0, 3]", ("0", "3")), ('"0, 3"', ("0", "3")), ("4", ("4",)), ('"as he says"', None), ("null", None)],
)
def test_evidence_is_ids_or_nothing(field: str, evidence: tuple[str, ...] | None) -> None:
    assert parse(f'{{"answer": "included", "evidence": {field}}}', TRIAL).evidence == evidence


@pytest.mark.parametrize(
    ("field", "share"),
    [("0.7", 0.7), ("70", 0.7), ('"70 %"', 0.7), ("1", 1.0), ("true", None), ("170", None), ('"high"', None)],
)
def test_confidence_is_a_share(field: str, share: float | None) -> None:
    assert parse(f'{{"answer": "included", "confidence": {field}}}', TRIAL).confidence == share


def test_rationale_of_prose_stands_before_the_answer() -> None:
    read = parse("He is 60.\nEvidence: 0, 2\nConfidence: 85%\nAnswer: included", TRIAL)
    assert read.answer == "included"
    assert read.rationale.startswith("He is 60.")
    assert parse("He is 60. So the answer is not included.\nEvidence: 0, 2", TRIAL).evidence == ("0", "2")
    assert parse("<think>He is 60.</think>\nincluded", TRIAL).rationale == "He is 60."


def test_labels_are_needed() -> None:
    with pytest.raises(SpecError):
        parse("Answer: B", ())
