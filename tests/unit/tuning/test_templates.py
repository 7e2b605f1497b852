"""Templates, marks and truncation, by themselves and through every collection of conversations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osler.core.errors import DataError, SpecError
from osler.core.types import Prompt
from osler.models.local_text import ANSWER, before_reply
from osler.tuning.dialogue import pairs
from osler.tuning.dialogue.conversation import Conversation, Turn, spoken
from osler.tuning.dialogue.encoded_facts import EncodedFacts
from osler.tuning.dialogue.files import ConversationFiles, write
from osler.tuning.dialogue.invented import InventedDialogues, InventedQuestions
from osler.tuning.dialogue.invented_tasks import InventedTasks
from osler.tuning.dialogue.mixture import MixedConversations
from osler.tuning.dialogue.rows import prompt_text, rows_of, whole_text
from osler.tuning.dialogue.templates import TEMPLATES, give_template
from osler.tuning.dialogue.vocabulary import WordsOfStages
from osler.tuning.sft import SFT

LONG = (
    Turn("system", "be kind"),
    Turn("user", "one two three"),
    Turn("assistant", "four five"),
    Turn("user", "six"),
    Turn("assistant", "seven eight nine"),
)


def _tokenizer(template: str = "vicuna") -> tuple[Any, frozenset[int]]:
    tokenizer = WordsOfStages().trained([turn.text for turn in LONG])
    _, end = give_template(tokenizer, template)
    return tokenizer, frozenset({tokenizer.convert_tokens_to_ids(end)})


def _learnt(turns: tuple[Turn, ...], **asked: Any) -> tuple[list[str], Any]:
    """The learnt words of each row, and all that was counted."""
    tokenizer, ends = _tokenizer()
    chosen = {"learn": "replies", "length": 60, **asked}
    found = rows_of([Conversation("c", turns)], tokenizer, ends=ends, **chosen)
    said = [
        tokenizer.decode([token for token, yes in zip(row.ids, row.learnt, strict=True) if yes]) for row in found.rows
    ]
    return [" ".join(text.replace("<|end|>", " | ").split()) for text in said], found


def test_each_way_of_learning_reads_its_own_turns() -> None:
    assert _learnt(LONG)[0] == ["four five | seven eight nine |"]
    assert _learnt(LONG, learn="last")[0] == ["seven eight nine |"]
    whole = _learnt(LONG, learn="all")[0][0]
    assert "be kind" in whole
    assert "one two three" in whole
    marked = (*LONG[:2], LONG[2]._replace(learnt=False), *LONG[3:])
    assert _learnt(marked)[0] == ["seven eight nine |"]
    asking = (*LONG[:3], LONG[3]._replace(learnt=True), LONG[4]._replace(learnt=False))
    assert "six" in _learnt(asking)[0][0]


def test_a_row_with_nothing_to_learn_is_refused_and_counted() -> None:
    said, found = _learnt(tuple(turn._replace(learnt=False) for turn in LONG))
    assert (said, found.unlearnt) == ([], 1)
    assert _learnt((Turn("user", "one"),), learn="last")[1].unlearnt == 1
    assert _learnt((Turn("user", "one"), Turn("assistant", "  ")))[1].unlearnt == 1


def test_truncation_keeps_whole_turns_and_is_counted() -> None:
    whole = len(_learnt(LONG)[1].rows[0].ids)
    said, found = _learnt(LONG, length=whole - 1)
    assert (said, found.shortened) == (["four five |"], 1)
    said, found = _learnt(LONG, learn="last", length=whole - 1)
    assert (said, found.shortened) == (["seven eight nine |"], 1)
    assert _learnt(LONG, length=5)[1].too_long == 1


def test_what_no_template_can_word_is_refused() -> None:
    with pytest.raises(DataError, match="'c'"):
        _learnt((Turn("assistant", "four"), Turn("user", "one"), Turn("assistant", "five")))
    tokenizer, ends = _tokenizer()
    tokenizer.chat_template = "{% if add_generation_prompt %}reply{% endif %}{{ messages | length }}"
    with pytest.raises(DataError, match="words the beginning"):
        rows_of([Conversation("c", LONG)], tokenizer, learn="replies", length=60, ends=ends)
    with pytest.raises(SpecError, match="no chat template"):
        give_template(tokenizer, "vicunja")


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.text("abc é\n", min_size=1), st.text("abc é\n", min_size=1)), min_size=1, max_size=3),
    st.sampled_from(sorted(TEMPLATES)),
)
def test_every_reply_is_learnt_with_one_end_each(said: list[tuple[str, str]], template: str) -> None:
    turns = [turn for asked, told in said for turn in (Turn("user", asked), Turn("assistant", told))]
    tokenizer = WordsOfStages(words=("a b c é",)).trained(["abc"])
    _, end = give_template(tokenizer, template)
    ends = frozenset({tokenizer.convert_tokens_to_ids(end)})
    found = rows_of([Conversation("c", tuple(turns))], tokenizer, learn="replies", length=10_000, ends=ends)
    stops = sum(yes and token in ends for row in found.rows for token, yes in zip(row.ids, row.learnt, strict=True))
    assert stops == sum(bool(told.strip()) for _, told in said)


@pytest.mark.parametrize("template", sorted(TEMPLATES))
def test_a_scored_answer_goes_on_as_learnt_ones_do(template: str) -> None:
    tokenizer, _ = _tokenizer(template)
    asked, answer = Turn("user", "six"), Turn("assistant", "Answer: seven")
    begun = prompt_text([asked], tokenizer) + before_reply(tokenizer, "auto") + ANSWER
    assert whole_text([asked, answer], tokenizer).startswith(f"{begun} seven")
    assert before_reply(tokenizer, "plain") == ""
    tokenizer.chat_template = None
    assert before_reply(tokenizer, "auto") == ""


def test_the_texts_of_conversations_hold_every_turn() -> None:
    first, second = spoken([Conversation("a", LONG, "made up", "template"), Conversation("b", LONG[1:3])])
    assert (first.id, first.source, first.made, second.id) == ("a", "made up", "template", "b")
    assert [turn.text for turn in LONG] == first.text.split("\n")
    assert second.text == "one two three\nfour five"
    data = InventedTasks(diseases=2)
    assert [one.id for one in SFT(data=data).learnt_texts()] == [one.id for one in data.conversations()]
    prompt = Prompt(id="p", question="six ?", choices=("seven", "nine"))
    (case,) = SFT().learnt_texts([(prompt, "nine")])
    assert (case.id, "six ?" in case.text, case.text.endswith("Answer: nine")) == ("p", True, True)


def test_cases_become_conversations_in_the_words_in_which_they_are_asked() -> None:
    prompt = Prompt(id="p", question="which ?", choices=("yes", "no"), instruction="choose")
    one = pairs.conversation(prompt, "no")
    assert [turn.role for turn in one.turns] == ["system", "user", "assistant"]
    assert one.turns[-1] == Turn("assistant", "Answer: no", True)
    written = pairs.conversation(prompt.replace(choices=(), schema={"type": "object"}), '{"a":1}')
    assert written.turns[-1].text == '{"a":1}'


def test_files_of_three_forms_are_read_and_written_back(tmp_path: Path) -> None:
    rows = [
        {"messages": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a", "learnt": False}]},
        {"instruction": "do", "input": "this", "output": "done"},
        {"instruction": "do", "input": "", "output": "done"},
        {"q": "why", "a": "so", "made": "a model", "of": ["x"]},
    ]
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"\n".join(map(orjson.dumps, rows)))
    found = ConversationFiles(paths=(str(path),)).conversations()
    assert [len(one.turns) for one in found] == [2, 3, 2, 2]
    assert (found[0].turns[1].learnt, found[3].made, found[3].of) == (False, "a model", ("x",))
    write(found, tmp_path / "again.jsonl")
    assert ConversationFiles(paths=(str(tmp_path / "again.jsonl"),)).conversations() == found
    path.write_bytes(b'{"text": "no conversation"}')
    with pytest.raises(DataError, match="row 1"):
        ConversationFiles(paths=(str(path),)).conversations()


def test_made_and_real_rows_do_not_mix_unless_that_is_said(tmp_path: Path) -> None:
    path = tmp_path / "real.jsonl"
    path.write_bytes(b"\n".join(orjson.dumps({"q": f"why {at}", "a": "so"}) for at in range(30)))
    parts = (ConversationFiles(paths=(str(path),)), InventedDialogues(diseases=4, each=10))
    with pytest.raises(DataError, match="40 made conversations would mix with 30"):
        MixedConversations(parts=parts).conversations()
    mixed = MixedConversations(parts=parts, ratios=(3, 1), synthetic="tagged").conversations()
    assert len({one.id for one in mixed}) == len(mixed) == 40
    assert sum(bool(one.made) for one in mixed) == 10
    with pytest.raises(DataError, match="hold 40 rows"):
        MixedConversations(parts=parts, ratios=(3, 1), rows=60, synthetic="tagged").conversations()
    more = MixedConversations(parts=parts, ratios=(3, 1), rows=60, repeats=True, synthetic="tagged").conversations()
    assert len({one.id for one in more}) == len(more) == 60


def test_invented_conversations_are_the_same_every_time_and_as_many_as_asked() -> None:
    for block in (InventedDialogues(diseases=5), InventedQuestions(diseases=5), EncodedFacts(diseases=5)):
        assert block.conversations() == block.conversations()
    assert len(InventedTasks(diseases=5, rows=93).conversations()) == 93
    assert len(InventedTasks(diseases=5, kinds=("found",), rows=93).conversations()) == 93
    some = InventedDialogues(diseases=9, each=40, asks=1.0, advice=0.25).conversations()
    advice = [one.turns[-1].is_learnt for one in some]
    assert 0.15 < sum(advice) / len(advice) < 0.35
    assert all(one.turns[1].is_learnt for one in some)
    part = InventedDialogues(diseases=9, first=3, last=5, each=1).conversations()
    assert [one.of for one in part] == [("disease:d3",), ("disease:d4",)]
