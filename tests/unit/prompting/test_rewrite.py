"""A rewritten note read back into spans: leak and retention of systems that rewrite."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import QUESTION, Scripted, predict

from osler.core.errors import SpecError
from osler.core.types import Example, Prediction, Prompt
from osler.evaluation.metrics.structure.deidentification import LeakPerDocument, PhiTokenPrecision, PhiTokenRecall
from osler.prompting.rewrite import Rewrite, covered, kept_share

NOTE = "John A. Smith, 54, was seen on 03/04/2021 by Dr. Lee. He has a cough. John will return."
MARK = "[redacted]"
CLEAN = f"{MARK}, 54, was seen on {MARK} by Dr. {MARK}. He has a cough. {MARK} will return."
ASK = Rewrite(instruction="Replace every identifier with [redacted].")
PROMPT = Prompt(id="n", question=NOTE, instruction="Mark the identifiers as JSON.", schema={"type": "object"})
GOLD = ("John A. Smith", "03/04/2021", "Lee", "John will"[:4])


def gold() -> list[dict[str, object]]:
    out: list[dict[str, object]] = []
    at = 0
    for text in GOLD:
        at = NOTE.index(text, at)
        out.append({"start": at, "end": at + len(text), "text": text, "type": "PERSON"})
        at += len(text)
    return out


def scores(found: Prediction) -> tuple[float | None, float, float]:
    example = Example(id="n", input={"text": NOTE}, target=orjson.dumps({"entities": gold()}).decode())
    tokens = []
    for metric in (PhiTokenRecall(), PhiTokenPrecision()):
        value = metric.score(example, found).value
        tokens.append(value if value is not None else float("nan"))
    return LeakPerDocument().score(example, found).value, tokens[0], tokens[1]


def test_a_clean_rewriting_leaks_nothing_and_keeps_the_rest() -> None:
    found = predict(ASK, Scripted(CLEAN), PROMPT)
    assert scores(found) == (0.0, 1.0, 1.0)
    said = orjson.loads(found.answer or "")["entities"]
    assert [item["text"] for item in said] == ["John A. Smith", "03/04/2021", "Lee", "John"]
    assert all(NOTE[item["start"] : item["end"]] == item["text"] for item in said)
    assert found.rationale == CLEAN


def test_identity_leaks_and_delete_all_keeps_nothing() -> None:
    leak, recall, _ = scores(predict(ASK, Scripted(NOTE), PROMPT))
    assert (leak, recall) == (1.0, 0.0)
    leak, recall, precision = scores(predict(ASK, Scripted(MARK), PROMPT))
    assert (leak, recall) == (0.0, 1.0)
    assert precision < 0.6


def test_a_name_that_is_moved_or_left_once_has_leaked() -> None:
    moved = CLEAN.replace("He has", "The patient John Smith has")
    assert scores(predict(ASK, Scripted(moved), PROMPT))[0] == 1.0
    once = CLEAN[: CLEAN.rindex(MARK)] + "John will return."
    assert scores(predict(ASK, Scripted(once), PROMPT))[0] == 1.0


@pytest.mark.parametrize("text", ["I cannot help with that.", "", "The patient coughs and comes back some other day."])
def test_what_is_no_rewriting_is_unread(text: str) -> None:
    found = predict(ASK, Scripted(text), PROMPT)
    assert (found.answer, found.parsed, len(found.replies)) == (None, False, 1)


def test_the_messages_are_those_of_the_paper() -> None:
    model = Scripted(CLEAN)
    predict(ASK, model, PROMPT)
    assert model.said() == [("system", ASK.instruction), ("user", NOTE)]
    assert (model.asked[0][1]["temperature"], model.asked[0][1]["max_tokens"], model.asked[0][1]["schema"]) == (
        0.05,
        4000,
        None,
    )


def test_free_text_gets_the_text_and_choices_are_refused() -> None:
    assert predict(ASK, Scripted(CLEAN), PROMPT.replace(schema=None)).answer == CLEAN
    with pytest.raises(SpecError, match="choices"):
        predict(ASK, Scripted(CLEAN), QUESTION)


words = st.lists(st.text("abcxyz", min_size=1, max_size=4), min_size=1, max_size=20)


@given(words, st.data())
def test_masked_words_are_covered_and_no_others(text: list[str], data: st.DataObject) -> None:
    """Words differ, so that none that is masked is left elsewhere: then spans are exactly the masked words."""
    text = [f"{word}{at}" for at, word in enumerate(text)]
    masked = data.draw(st.sets(st.integers(0, len(text) - 1)))
    rewritten = " ".join(MARK if at in masked else word for at, word in enumerate(text))
    original = " ".join(text)
    hidden = {place for start, end in covered(original, rewritten, MARK) for place in range(start, end)}
    at = 0
    for number, word in enumerate(text):
        assert all((place in hidden) == (number in masked) for place in range(at, at + len(word)))
        at += len(word) + 1
    assert kept_share(original, rewritten, MARK) == 1.0
