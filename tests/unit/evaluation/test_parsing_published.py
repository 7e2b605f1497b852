"""MIRAGE's published reading rule, and the reason given for each reply that it reads otherwise than we do."""

from __future__ import annotations

import pytest

from osler.core.types import Example, Prediction, Reply
from osler.evaluation.published import MirageAccuracy, differences, mirage_reading

CASE = Example(id="medqa/1", input={"question": "q"}, target="B", choices=("liver", "spleen", "lung", "A and B"))


def reply(answer: str) -> str:
    return '{"step_by_step_thinking": "Option C is wrong: D too.", "answer_choice": "' + answer + '"}'


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        (reply("B"), "B"),
        (reply("B. spleen"), "B"),
        (reply("B: spleen"), "B"),
        (reply("B or C"), "B"),
        (reply("C and D"), "C"),
        (reply("D/A"), "D"),
        (reply("C, D"), "C"),
        (reply("Option C"), "C"),
        (reply("either option C"), "C"),
        (reply("None of the above"), "A"),
        (reply("Error: Bad question"), "B"),
        ("C", "C"),
        (" C ", "C"),
        ("", "A"),
        ("C is right", "A"),
        (reply("A") + reply("D"), "D"),
        ("The answer is: C. Or option D.", "D"),
    ],
)
def test_the_published_rule(text: str, letter: str) -> None:
    assert mirage_reading(text) == letter


def test_no_difference_where_both_agree() -> None:
    assert differences(CASE, reply("B")) is None
    assert differences(CASE, reply("B. spleen")) is None


@pytest.mark.parametrize(
    ("text", "ours", "reason"),
    [
        ("", "", "empty output; the published rule answers A by default"),
        (reply("C and D"), "", "several answers; the published rule takes a letter before and"),
        (
            reply("None of the above"),
            "",
            "no answer is given (refusal or not enough information); the published rule answers A by default",
        ),
        (reply("E"), "", "an answer that is not among the options; the published rule answers A by default"),
        (
            reply("Error: All options are equal"),
            "",
            "an answer that is not among the options; "
            "the published rule takes a letter after a colon, the first letter of a word",
        ),
        ("'content'", "", "the service's error or filter message; the published rule answers A by default"),
        (
            '{"step_by_step_thinking": "Liver pains',
            "",
            "the output breaks off before its answer; the published rule answers A by default",
        ),
        ("Option A is out. So the answer is D.", "D", "letter after 'option' in running text"),
        ("The choices: A fits not. The answer is C.", "C", "letter after a colon in running text"),
        ("So the answer is C.", "C", "answered in prose (phrase); the published rule answers A by default"),
        (reply("A and B"), "D", "the option's own text begins with another letter"),
    ],
)
def test_each_difference_has_its_reason(text: str, ours: str, reason: str) -> None:
    found = differences(CASE, text)
    assert found is not None
    assert (found["id"], found["target"], found["our_reading"]) == ("medqa/1", "B", ours)
    assert found["published_reading"] == mirage_reading(text)
    assert found["reason"] == reason


def test_accuracy_by_the_published_rule() -> None:
    metric = MirageAccuracy()
    right = Prediction(answer=None, parsed=False, replies=(Reply(text=reply("B and C")), Reply(text="D")))
    assert metric.score(CASE, right).value == 1.0
    assert metric.score(CASE, Prediction(answer="B", replies=(Reply(text=reply("N/A")),))).value == 0.0
    failed = metric.score(CASE, Prediction(answer=None, parsed=False, failure="timeout"))
    assert (failed.value, failed.reason) == (None, "timeout")
