"""Recorded outputs are replayed by id, and what was not recorded is refused."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from osler.core.block import block_id, from_spec, to_spec
from osler.core.errors import DataError, ModelError
from osler.core.types import Demo, Message, Model, Part, Prompt, Reply
from osler.models.recorded import Recorded

ROWS: tuple[dict[str, Any], ...] = (
    {"set": "x", "id": "1", "model": "small", "output": "Answer: A"},
    {"set": "x", "id": "1", "model": "large", "output": "Answer: B"},
    {"set": "x", "id": "2", "model": "large", "output": []},
    {"set": "y", "id": "1", "model": "large", "output": "", "label": "included", "why": "He is 60.", "ids": [0, 2]},
)


def written(folder: Path, rows: Sequence[Mapping[str, Any]] = ROWS, name: str = "outputs.jsonl.gz") -> str:
    path = folder / name
    text = "\n".join(map(json.dumps, rows)).encode()
    path.write_bytes(gzip.compress(text, mtime=0) if name.endswith(".gz") else text)
    return str(path)


def asked(model: Recorded, case: str) -> Reply:
    prompt = Prompt(id=case, question="Which one?", choices=("no", "yes"), lettered=True, instruction="Answer.")
    return asyncio.run(model.generate(prompt.messages()))


def large(path: str) -> Recorded:
    return Recorded(path=path, id="{set}/{id}", where={"model": "large"}, name="large-1")


def test_replays_the_row_of_the_case_and_the_model(tmp_path: Path) -> None:
    path = written(tmp_path)
    reply = asked(large(path), "x/1")
    assert (reply.text, reply.texts, reply.finish, reply.cost_usd) == ("Answer: B", ("Answer: B",), "stop", 0.0)
    assert reply.model == "large-1"
    assert reply.tokens_out == 3  # nine characters / 4, rounded up
    assert reply.tokens_in > 0
    small = Recorded(path=path, where={"model": "small"})
    assert asked(small, "1").text == "Answer: A"
    assert asked(small, "1").model == "outputs.jsonl.gz"


@pytest.mark.parametrize("case", ["x/2", "y/1"])
def test_an_empty_output_is_an_empty_reply(tmp_path: Path, case: str) -> None:
    reply = asked(large(written(tmp_path)), case)
    assert (reply.text, reply.finish, reply.tokens_out) == ("", "empty", 0)


def test_columns_become_one_json_text_in_the_order_given(tmp_path: Path) -> None:
    columns = {"rationale": "why", "evidence": "ids", "answer": "label"}
    model = Recorded(path=written(tmp_path), id="{set}/{id}", output=columns, where={"set": "y"})
    assert asked(model, "y/1").text == '{"rationale":"He is 60.","evidence":[0,2],"answer":"included"}'


def test_the_case_is_the_question_of_the_last_user_message(tmp_path: Path) -> None:
    model = large(written(tmp_path))
    demo = Demo(question="Another?", answer="A", id="x/2")
    prompt = Prompt(id="x/1", question="Which one?", choices=("no", "yes"), lettered=True, demos=(demo,))
    assert asyncio.run(model.generate(prompt.messages())).text == "Answer: B"


def test_what_was_not_recorded_is_refused_by_id(tmp_path: Path) -> None:
    model = large(written(tmp_path))
    with pytest.raises(ModelError, match=r"large-1 has no output for 'x/9'") as caught:
        asked(model, "x/9")
    assert (caught.value.kind, caught.value.retryable) == ("not_recorded", False)
    with pytest.raises(ModelError) as caught:
        asyncio.run(model.generate((Message("user", (Part("Which one?"),)),)))
    assert caught.value.kind == "not_recorded"
    with pytest.raises(ModelError) as caught:
        asyncio.run(model.generate(Prompt(id="x/1", question="q").messages(), n=3))
    assert caught.value.kind == "not_recorded"
    with pytest.raises(ModelError) as caught:
        asyncio.run(model.score(Prompt(id="x/1", question="q").messages(), ("A", "B")))
    assert caught.value.retryable is False


def test_is_a_model_that_generates_and_a_block(tmp_path: Path) -> None:
    model = large(written(tmp_path))
    assert isinstance(model, Model)
    assert model.supports == {"generate"}
    before = block_id(model)
    asked(model, "x/1")
    assert model.content_hash()
    again = from_spec(to_spec(model))
    assert again == model
    assert block_id(again) == before


def test_content_hash_is_that_of_the_bytes(tmp_path: Path) -> None:
    first = Recorded(path=written(tmp_path))
    same = Recorded(path=written(tmp_path, name="copy.jsonl.gz"))
    other = Recorded(path=written(tmp_path, ROWS[:1], name="other.jsonl"))
    assert first.content_hash() == same.content_hash() != other.content_hash()
    assert len(first.content_hash()) == 32


def test_the_folder_of_published_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path)
    model = large("$OSLER_DATA/outputs.jsonl.gz")
    monkeypatch.setenv("OSLER_DATA", str(tmp_path))
    assert asked(model, "x/1").text == "Answer: B"
    fresh = large("$OSLER_DATA/outputs.jsonl.gz")
    monkeypatch.delenv("OSLER_DATA")
    with pytest.raises(DataError, match="OSLER_DATA is not set") as caught:
        asked(fresh, "x/1")
    assert caught.value.hint
    monkeypatch.setenv("OSLER_DATA", str(tmp_path / "elsewhere"))
    with pytest.raises(DataError, match=r"outputs\.jsonl\.gz"):
        asked(fresh, "x/1")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"where": {}, "id": "id"}, "two outputs for '1'"),
        ({"where": {"model": "huge"}}, "no row left"),
        ({"id": "case"}, "no column 'case'"),
        ({"id": "{set}/{case}"}, "does not fit row"),
        ({"output": "text"}, "no column 'text'"),
        ({"where": {"size": 3}}, "no column 'size'"),
    ],
)
def test_a_file_that_does_not_fit_is_named(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    settings: dict[str, Any] = {"path": written(tmp_path), "id": "{set}/{id}", "where": {"model": "large"}, **changes}
    with pytest.raises(DataError, match=said):
        asked(Recorded(**settings), "x/1")


def test_a_broken_file_is_named_without_its_text(tmp_path: Path) -> None:
    path = tmp_path / "broken.jsonl"
    path.write_text('{"id": "1", "output": "A"}\n{"id": "2", "output": canary\n')
    with pytest.raises(DataError, match=r"line 2 of broken\.jsonl is no JSON") as caught:
        asked(Recorded(path=str(path)), "1")
    assert "canary" not in str(caught.value)
    (tmp_path / "broken.jsonl.gz").write_bytes(b"no gzip")
    with pytest.raises(DataError, match="cannot be read"):
        asked(Recorded(path=str(tmp_path / "broken.jsonl.gz")), "1")
    with pytest.raises(DataError, match="does not exist"):
        asked(Recorded(path=str(tmp_path / "none.jsonl")), "1")
