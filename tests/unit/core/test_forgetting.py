"""A store of answers forgets a document: what showed it goes from every file, the rest stays as it was."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import orjson
import pytest

from osler.core.store import Store
from osler.core.types import Message, Passage, Prediction, Prompt, Reply
from osler.models.cache import _sent

SECRET = "Zyxoril is given as five milligrams twice a day"
SPAN = "zyx-label/v2/0-47"


def ask(store: Store, key: str, messages: tuple[Message, ...], text: str) -> Reply:
    reply = Reply(text=text, key=key, model="m", tokens_in=1)
    request = orjson.dumps(("generate", "model", _sent(messages)))
    asyncio.run(store.put_reply(key, request, reply, study="s"))
    return reply


def prompt(question: str, *passages: Passage) -> tuple[Message, ...]:
    return Prompt(id="q", question=question, evidence=passages).messages()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "runs.sqlite"
    with Store(path) as store:
        shown = Passage(id=SPAN, text=SECRET)
        other = Passage(id="zyx-label-2/v1/0-9", text="Another drug")
        shared = ask(store, "shared", prompt("Rewrite"), "a query")
        own = ask(store, "own", prompt("Rewrite it again"), "another query")
        saw = ask(store, "saw", prompt("Dose?", shown), "The label says: " + SECRET)
        clean = ask(store, "clean", prompt("Dose?", other), "none")
        judged = ask(store, "judge", prompt("Is this right? The label says: " + SECRET), "yes")
        ask(store, "judge-2", prompt("Is this right? none"), "no")
        store.put_run("r1", study="s", cell={})
        store.put_run("r2", study="s", cell={})
        store.put_prediction("r1", "a", Prediction(answer="5", replies=(shared, own, saw), evidence=(SPAN,)))
        store.put_prediction("r1", "b", Prediction(answer="0", replies=(shared, clean), evidence=(other.id,)))
        store.put_prediction("r2", "a", Prediction(answer=None, failure="timeout", parsed=False))
        store.put_prediction("r2", "a", Prediction(answer="5", rationale=SECRET, evidence=(SPAN,)), attempt=1)
        store.put_scores([("r1", "a", "accuracy", 1.0, SECRET), ("r1", "b", "accuracy", 0.0, "")], by="judge:x")
        store.event("s", "fitted", spec={"demos": [{"evidence": [{"id": SPAN, "text": SECRET}]}]})
        store.event("s", "run started", toml="x")
        assert judged.text == "yes"
    return path


def raw(path: Path) -> bytes:
    return b"".join(file.read_bytes() for file in path.parent.iterdir())


def test_what_showed_the_document_goes_and_the_rest_stays(path: Path) -> None:
    with Store(path) as store:
        assert SECRET.encode() in raw(path)
        found = store.forget("zyx-label")
        assert (found.replies, found.predictions, found.scores, found.events) == (3, 3, 1, 1)
        assert found.scrubbed
        assert [store.reply(key) is None for key in ("saw", "judge", "own", "shared", "clean", "judge-2")] == (
            [True] * 3 + [False] * 3
        )
        assert [example for example, _ in store.predictions("r1")] == ["b"]
        assert list(store.predictions("r2")) == []
        assert store.attempts("r2") == {}
        assert [row[0] for row in store.scores("r1", "accuracy")] == ["b"]
        assert [event["kind"] for event in store.events("s")] == ["run started", "forgotten"]
        told = store.events("s", "forgotten")[0]
        assert (told["document"], told["replies"], told["predictions"]) == ("zyx-label", 3, 2)
    assert SECRET.encode() not in raw(path)
    assert b"Another drug" in raw(path)


def test_forgetting_twice_finds_nothing_more(path: Path) -> None:
    with Store(path) as store:
        store.forget("zyx-label")
        again = store.forget("zyx-label")
        assert (again.replies, again.predictions, again.scores, again.events) == (0, 0, 0, 0)
        assert len(store.events("s", "forgotten")) == 1


def test_a_name_that_only_begins_alike_is_another_document(path: Path) -> None:
    with Store(path) as store:
        for name in ("zyx", "label", "zyx-label-", "x-label"):
            assert store.forget(name).replies == 0
        found = store.forget("zyx-label-2")
        assert (found.replies, found.predictions) == (1, 1)
        assert store.reply("saw") is not None


def test_the_store_is_append_only_afterwards_too(path: Path) -> None:
    with Store(path) as store:
        store.forget("zyx-label")
        store.put_prediction("r1", "a", Prediction(answer="6"))
        for table in ("predictions", "scores", "events", "runs"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                store._db.execute(f"DELETE FROM {table}")


def test_a_reader_in_the_way_is_told(path: Path) -> None:
    with Store(path) as store:
        store._db.execute("PRAGMA busy_timeout=50")
        reader = sqlite3.connect(path, isolation_level=None)
        reader.execute("BEGIN")
        reader.execute("SELECT COUNT(*) FROM replies").fetchone()
        assert not store.forget("zyx-label").scrubbed
        reader.close()
        assert store.forget("zyx-label").scrubbed
    assert SECRET.encode() not in raw(path)
