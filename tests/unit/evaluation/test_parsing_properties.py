"""What holds for every text: no exception, an answer among the labels, strict readings confirmed by tolerant ones."""

from __future__ import annotations

import json
import time

from hypothesis import given, settings
from hypothesis import strategies as st

from osler.evaluation.parsing import UNREAD, parse

LABELS = ("included", "not included", "not enough information", "not applicable")
ABCD = ("A", "B", "C", "D")
TEXTS = ("Submental lymph nodes", "Parotid gland", "C. difficile", "both A and B")
PIECES = st.sampled_from(
    [
        *ABCD, *LABELS, *TEXTS, "answer", '"answer"', "Answer: ", "the answer is ", "option ", "not ", "final answer",
        "{", "}", "[", "]", "(", ")", '"', "'", ":", ",", ".", "\n", " ", "\\", "**", "```json\n", "and ", "or ", "/",
        "<think>", "</think>", "E", "A 45-year-old man", "\u0000", "\ud800", "答案是", "Ｂ", "1e999", "null", "true",
        '"evidence": [0, 1]', '"rationale": "', "confidence: 90%", "cannot be determined", "{{{{", "\\boxed{",
    ]
)  # fmt: skip
ANY = st.one_of(st.text(max_size=200), st.lists(PIECES, max_size=25).map("".join))


@settings(max_examples=400, deadline=None)
@given(ANY)
def test_any_text_gives_a_label_or_a_reason(text: str) -> None:
    for labels, choices, lettered in ((LABELS, LABELS, False), (ABCD, TEXTS, True), (("1", "2"), (), False)):
        read = parse(text, labels, choices=choices, lettered=lettered)
        if read.answer is None:
            assert read.rule in UNREAD
        else:
            assert read.answer in labels
            assert read.rule not in UNREAD
        assert read.confidence is None or 0 <= read.confidence <= 1


@settings(max_examples=400, deadline=None)
@given(ANY)
def test_what_strict_reads_tolerant_reads_too(text: str) -> None:
    for labels, choices, lettered in ((LABELS, LABELS, False), (ABCD, TEXTS, True)):
        strict = parse(text, labels, choices=choices, lettered=lettered, mode="strict")
        if strict.answer is not None:
            assert parse(text, labels, choices=choices, lettered=lettered).answer == strict.answer


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(LABELS), st.text(max_size=80), st.lists(st.integers(0, 40), max_size=5))
def test_json_that_was_asked_for_comes_back_whole(label: str, rationale: str, evidence: list[int]) -> None:
    reply = json.dumps({"rationale": rationale, "evidence": evidence, "answer": label})
    for text in (reply, f"Here:\n```json\n{reply}\n```", f"{reply}\nI hope this helps."):
        read = parse(text, LABELS)
        assert (read.answer, read.rationale, read.evidence) == (label, rationale, tuple(map(str, evidence)))


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(ABCD), st.sampled_from(ABCD))
def test_two_letters_are_read_only_where_they_agree(one: str, other: str) -> None:
    for text in (f'{{"answer": "{one} and {other}"}}', f"The answer is {one} or {other}.", f"Answer: {one}/{other}"):
        answer = parse(text, ABCD, choices=TEXTS, lettered=True).answer
        # one option's own text is "both A and B", and "A and B" is not that text
        assert answer == (one if one == other else None)


def test_long_and_nested_texts_end_soon() -> None:
    began = time.perf_counter()
    for text in (
        "{" * 50_000,
        '{"a":' * 20_000,
        "the answer is " * 20_000,
        "[(" * 50_000,
        "A, " * 50_000,
        '"' * 50_000,
        ".\n" * 30_000,
        "> \n" * 20_000,
        " " * 50_000 + "x",
        "evidence: " + "a  " * 20_000 + "!",
        '\\"' * 30_000 + '{"a',
    ):
        assert parse(text, ABCD, choices=TEXTS, lettered=True).answer is None
    assert time.perf_counter() - began < 20  # quadratic patterns took a minute
