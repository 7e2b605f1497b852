"""Replies read as a published source read them, so that its numbers can be met and each difference explained.

MIRAGE (Xiong et al. 2024) reads a letter from what follows the last ``"answer_choice": "`` and answers A when none of
its patterns fits: refusals, "A/B" and empty outputs are thereby counted as an answer. Ours leaves them unread.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import ClassVar

from osler.core.block import block
from osler.core.types import LETTERS, Example, Prediction, Score
from osler.evaluation.parsing import (
    CUT,
    EMPTY,
    NOTHING,
    OUTSIDE,
    REFUSAL,
    SEVERAL,
    Parsed,
    parse,
)

# Percent right, of the leaderboard; the order of the sets is that of MIRAGE_SETS.
MIRAGE_SETS = ("mmlu", "medqa", "medmcqa", "pubmedqa", "bioasq")
MIRAGE_LEADERBOARD: Mapping[tuple[str, str], tuple[float, ...]] = {
    ("gpt-35-turbo-16k", "cot"): (72.91, 65.04, 55.25, 36.0, 74.27),
    ("gpt-35-turbo-16k", "medrag32"): (75.48, 66.61, 58.04, 67.4, 90.29),
    ("gpt-4-32k", "cot"): (89.44, 83.97, 69.88, 39.6, 84.3),
    ("gpt-4-32k", "medrag32"): (87.24, 82.80, 66.65, 70.6, 92.56),
}

_MARK = '"answer_choice": "'
_DEFAULT = "no pattern fits, answered A"
_COLON = "after a colon"
_OPTION = "after the word option"
# (name, where the letter must stand, what comes before it, what comes after it), tried in this order
_PATTERNS: tuple[tuple[str, bool, str, str], ...] = (
    ("that is the whole text", True, "", "$"),
    ("before or", True, "", " or"),
    ("before and", True, "", " and"),
    ("before a slash", True, "", "/"),
    ("before a comma", True, "", ","),
    (_OPTION, False, "[oO]ption ", ""),
    (_COLON, False, r":\s*", ""),
    ("before a full stop", True, "", r"\."),
    ("before a quotation mark", True, "", '"'),
    ("before a colon", True, "", ":"),
)
_SERVICE = re.compile(r"'content'$|Error communicating with|Request timed out|The response was filtered")
_WHY = {
    EMPTY: "empty output",
    REFUSAL: "no answer is given (refusal or not enough information)",
    SEVERAL: "several answers",
    OUTSIDE: "an answer that is not among the options",
    CUT: "the output breaks off before its answer",
    NOTHING: "no answer in the text",
}


@lru_cache(maxsize=1)
def _compiled() -> tuple[tuple[str, re.Pattern[str]], ...]:
    made = []
    for name, at_start, before, after in _PATTERNS:
        made.append((name, re.compile((r"^\s*" if at_start else "") + before + "(?P<letter>[A-D])" + after)))
    return tuple(made)


def mirage_reading(text: str) -> str:
    """The letter by MIRAGE's rule, as its numbers were computed. It always gives one of A to D."""
    return _by_pattern(text)[0]


def _by_pattern(text: str) -> tuple[str, str]:
    answer = text.rsplit(_MARK, 1)[-1].strip()
    for name, pattern in _compiled():
        match = pattern.search(answer)
        if match:
            whole_word = not answer[match.end("letter") : match.end("letter") + 1].isalpha()
            return match["letter"], name if whole_word else f"{name}, the first letter of a word"
    return "A", _DEFAULT


def our_reading(example: Example, text: str) -> Parsed:
    """The tolerant reading of ``text`` for a question with lettered options."""
    return parse(text, tuple(LETTERS[: len(example.choices)]), choices=example.choices, lettered=True)


def differences(example: Example, text: str) -> dict[str, str] | None:
    """None where both readings agree; else id, published_reading, our_reading ("" for unread), target, reason."""
    published, pattern = _by_pattern(text)
    ours = our_reading(example, text)
    if ours.answer == published:
        return None
    return {
        "id": example.id,
        "published_reading": published,
        "our_reading": ours.answer or "",
        "target": example.target,
        "reason": _reason(ours, text, pattern),
    }


def _reason(ours: Parsed, text: str, pattern: str) -> str:
    if ours.answer is None:
        what = "the service's error or filter message" if _SERVICE.match(text) else _WHY[ours.rule]
        how = "answers A by default" if pattern == _DEFAULT else f"takes a letter {pattern}"
        return f"{what}; the published rule {how}"
    if pattern == _DEFAULT:
        return f"answered in prose ({ours.rule}); the published rule answers A by default"
    if pattern.startswith(_OPTION):
        return "letter after 'option' in running text"
    if pattern.startswith(_COLON):
        return "letter after a colon in running text"
    return "the option's own text begins with another letter"


@block
class MirageAccuracy:
    """Share of right answers when the first reply is read by MIRAGE's published rule.

    Kept beside ``Accuracy`` to meet the published numbers; it is no measure of ours, since it counts unread replies
    as the answer A. It needs the text of the reply, so it has no form over columns.
    """

    title: ClassVar[str] = "Accuracy (MIRAGE's reading)"
    definition: ClassVar[str] = "Right answers / cases, replies read by the rule of the published table."
    unit: ClassVar[str] = "share"
    higher_is_better: ClassVar[bool | None] = True

    def score(self, example: Example, prediction: Prediction) -> Score:
        """1 or 0; no value where a call failed and there is no reply to read."""
        if not prediction.replies:
            return Score(value=None, reason=prediction.failure or "no reply")
        return Score(value=float(mirage_reading(prediction.replies[0].text) == example.target))
