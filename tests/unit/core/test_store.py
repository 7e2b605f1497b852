"""The store: what was written comes back, in order, beside and never over what was there."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

from osler.core import store as store_module
from osler.core.migrations import MIGRATIONS
from osler.core.store import Store
from osler.core.types import Example, Prediction, Reply, ToolCall


def put(store: Store, *keys: str, study: str = "s", usd: float = 0.0) -> None:
    async def all_of_them() -> None:
        replies = [Reply(text=key, tokens_in=2, tokens_out=1, cost_usd=usd, model="m", key=key) for key in keys]
        await asyncio.gather(*(store.put_reply(reply.key, b"[1]", reply, study=study) for reply in replies))

    asyncio.run(all_of_them())


def test_concurrent_writers_share_transactions(tmp_path: Path) -> None:
    with Store(tmp_path / "s.sqlite") as store:
        begun: list[str] = []
        store._db.set_trace_callback(lambda sql: begun.append(sql) if sql.startswith("BEGIN") else None)
        put(store, *(f"k{i}" for i in range(64)))
        store._db.set_trace_callback(None)
        assert store.spent("s").calls == 64
    assert len(begun) <= 3


def test_two_event_loops_in_a_row_do_not_wait_for_each_other(tmp_path: Path) -> None:
    with Store(tmp_path / "s.sqlite") as store:

        async def leave_work_behind() -> None:
            store.put_prediction("run", "a", Prediction(answer="x"))

        asyncio.run(leave_work_behind())  # its timer dies with its loop

        async def write() -> None:
            await asyncio.wait_for(store.put_reply("k", b"[]", Reply(text="t"), study="s"), timeout=5)

        asyncio.run(write())
        assert store.attempts("run") == {"a": (0, False)}


def test_a_store_is_made_once_and_opened_many_times(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "down" / "s.sqlite"
    with Store(path) as store:
        put(store, "a")
    with Store(path) as store:
        found = store.reply("a")
        assert found is not None
        assert (found.text, found.cached, found.key) == ("a", True, "a")
        assert store._db.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
        assert store.reply("b") is None
        assert store.request("a") == [1]
        assert store.request("b") is None


def test_an_older_store_is_brought_up_and_keeps_its_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "s.sqlite"
    with Store(path) as store:
        put(store, "a")
    later = (*MIGRATIONS, "CREATE TABLE later (a TEXT);\nINSERT INTO later VALUES ('x;y');\n")
    monkeypatch.setattr(store_module, "MIGRATIONS", later)  # what the next release will hold
    with Store(path) as store:
        assert store._db.execute("PRAGMA user_version").fetchone() == (len(later),)
        assert store._db.execute("SELECT a FROM later").fetchall() == [("x;y",)]
        assert store.reply("a") is not None
    with Store(path) as store:  # and it is done once
        assert store._db.execute("SELECT COUNT(*) FROM later").fetchone() == (1,)


@pytest.mark.parametrize("table", ["replies", "runs", "predictions", "scores", "events"])
def test_rows_cannot_be_changed(tmp_path: Path, table: str) -> None:
    with Store(tmp_path / "s.sqlite") as store:
        _fill(store)
        column = {"replies": "model", "runs": "study", "predictions": "example"}.get(table, "at")
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            store._db.execute(f"UPDATE {table} SET {column} = 'other'")
        if table != "replies":  # texts of replies may be deleted on request; what they led to stays
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                store._db.execute(f"DELETE FROM {table}")


def test_a_deleted_reply_leaves_its_prediction(tmp_path: Path) -> None:
    with Store(tmp_path / "s.sqlite") as store:
        _fill(store)
        store._db.execute("DELETE FROM replies")
        (name, found), *rest = store.predictions("run")
    assert (name, rest, found.answer) == ("m1", [], "yes")
    assert (found.replies[0].text, found.replies[0].finish) == ("", "deleted")


def test_the_first_answer_to_a_call_stays(tmp_path: Path) -> None:
    with Store(tmp_path / "s.sqlite") as store:
        put(store, "k", study="first")

        async def again() -> None:
            await store.put_reply("k", b"[]", Reply(text="other", cost_usd=1.0), study="second")

        asyncio.run(again())
        found = store.reply("k")
        assert found is not None
        assert found.text == "k"
        assert (store.spent("first").calls, store.spent("second").calls) == (1, 0)


def test_spent_adds_up_calls_tokens_and_money_of_one_study(tmp_path: Path) -> None:
    with Store(tmp_path / "s.sqlite") as store:
        put(store, "a", "b", "c", study="one", usd=0.25)
        put(store, "d", study="two", usd=9.0)
        spent = store.spent("one")
        assert (spent.calls, spent.tokens, spent.usd) == (3, 9, 0.75)
        assert store.spent("none").calls == 0


def test_a_prediction_comes_back_whole_with_the_text_of_its_replies(tmp_path: Path) -> None:
    with Store(tmp_path / "s.sqlite") as store:
        call = ToolCall(id="t", name="dose", arguments='{"kg": 70}')
        stored = Reply(text="raw", texts=("raw", "b"), tokens_in=4, tool_calls=(call,), logprobs={"yes": -0.1}, key="k")

        async def keep() -> None:
            await store.put_reply("k", b"[]", stored, study="s")

        asyncio.run(keep())
        given = Prediction(
            answer="yes",
            rationale="because",
            evidence=("1", "2"),
            replies=(stored, Reply(text="not stored", latency_s=0.5)),
            votes={"yes": 0.9, "no": 0.1},
        )
        store.put_prediction("run", "m1", given)
        assert dict(store.predictions("run")) == {"m1": given}
        body = store._db.execute("SELECT prediction FROM predictions").fetchone()[0]
        assert b"raw" not in body  # the text of a stored reply is kept once


def test_the_last_attempt_counts_and_the_earlier_ones_stay(tmp_path: Path) -> None:
    with Store(tmp_path / "s.sqlite") as store:
        store.put_prediction("run", "m1", Prediction(answer=None, parsed=False, failure="timeout"))
        assert store.attempts("run") == {"m1": (0, True)}
        store.put_prediction("run", "m1", Prediction(answer="yes"), attempt=1)
        assert store.attempts("run") == {"m1": (1, False)}
        assert [found.answer for _, found in store.predictions("run")] == ["yes"]
        assert store._db.execute("SELECT COUNT(*) FROM predictions").fetchone() == (2,)


def test_examples_keep_their_order_and_scores_stand_beside_each_other(tmp_path: Path) -> None:
    with Store(tmp_path / "s.sqlite") as store:
        rows = [
            Example(id=f"x{9 - i}", input={"text": "t"}, target="a", choices=("a",), meta={"n": i}) for i in range(5)
        ]
        store.put_examples("d", rows)
        store.put_examples("d", rows)
        assert store.examples("d") == rows
        store.put_scores(
            [("run", "x1", "accuracy", 0.0, ""), ("run", "x2", "accuracy", None, "no label")], by="machine"
        )
        store.put_scores([("run", "x1", "accuracy", 1.0, "")], by="rater:a")
        store.put_scores([("run", "x1", "accuracy", 1.0, "second look")], by="machine")
        assert sorted(store.scores("run", "accuracy"), key=str) == [
            ("x1", "machine", 1.0, "second look"),
            ("x1", "rater:a", 1.0, ""),
            ("x2", "machine", None, "no label"),
        ]


def test_rows_that_cannot_be_written_leave_no_open_transaction(tmp_path: Path) -> None:
    with Store(tmp_path / "s.sqlite") as store:
        with pytest.raises(TypeError):
            store.put_examples("d", [Example(id="x", input={"text": {1, 2}}, target="a")])
        store.event("s", "note", text="goes on")
        assert [event["text"] for event in store.events("s")] == ["goes on"]


def test_events_and_runs_come_back_in_order(tmp_path: Path) -> None:
    with Store(tmp_path / "s.sqlite") as store:
        for n in range(3):
            store.event("s", "gate" if n else "run started", n=n)
            store.put_run(f"r{n}", study="s" if n else "other", cell={"seed": n})
        assert [event["n"] for event in store.events("s")] == [0, 1, 2]
        assert [event["n"] for event in store.events("s", "gate")] == [1, 2]
        assert store.events("s")[0]["kind"] == "run started"
        assert store.runs("s") == ["r1", "r2"]
        assert sorted(store.runs()) == ["r0", "r1", "r2"]
        assert (store.cell("r2"), store.cell("r9")) == ({"seed": 2}, None)


def _fill(store: Store) -> None:
    put(store, "k")
    store.put_run("run", study="s", cell={})
    store.put_prediction("run", "m1", Prediction(answer="yes", replies=(Reply(text="k", key="k"),)))
    store.flush()
    store.put_scores([("run", "m1", "accuracy", 1.0, "")], by="machine")
    store.event("s", "note")
