"""The store: nothing acknowledged is lost, nothing written is changed, and every fault is one clear error."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from osler.core import store as store_module
from osler.core.errors import DataError
from osler.core.migrations import MIGRATIONS
from osler.core.store import Store
from osler.core.types import Example, Prediction, Reply, ToolCall

WRITER = """
import asyncio, sys
from osler.core.errors import DataError
from osler.core.store import Store
from osler.core.types import Prediction, Reply

async def one(store, key):
    await store.put_reply(key, b"[]", Reply(text="text of " + key, tokens_in=3, key=key), study="s")
    store.put_prediction("run", key, Prediction(answer=key, replies=(Reply(text="", key=key),)))
    print(key, flush=True)

async def main(path, first, count, width):
    with Store(path) as store:
        for start in range(first, first + count, width):
            await asyncio.gather(*(one(store, f"k{i}") for i in range(start, start + width)))

path, first, count, width = sys.argv[1], *map(int, sys.argv[2:5])
"""


def writer(path: Path, *numbers: int, last: str = "asyncio.run(main(path, first, count, width))") -> list[str]:
    return [sys.executable, "-c", WRITER + textwrap.dedent(last), str(path), *map(str, numbers)]


def put(store: Store, *keys: str, study: str = "s", usd: float = 0.0) -> None:
    async def all_of_them() -> None:
        replies = [Reply(text=key, tokens_in=2, tokens_out=1, cost_usd=usd, model="m", key=key) for key in keys]
        await asyncio.gather(*(store.put_reply(reply.key, b"[1]", reply, study=study) for reply in replies))

    asyncio.run(all_of_them())


def texts(path: Path) -> dict[str, str]:
    with Store(path) as store:
        keys = [row[0] for row in store._db.execute("SELECT key FROM replies")]
        found = {key: store.reply(key) for key in keys}
    return {key: reply.text for key, reply in found.items() if reply is not None}


def test_no_acknowledged_reply_is_lost_when_the_process_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    child = subprocess.Popen(writer(path, 0, 10**6, 16), stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    told = [child.stdout.readline().strip() for _ in range(400)]
    os.kill(child.pid, signal.SIGKILL)
    told += child.stdout.read().split("\n")[:-1]  # a half line at the end was not acknowledged
    child.stdout.close()
    assert child.wait() == -signal.SIGKILL
    kept = texts(path)
    assert len(told) >= 400
    assert {key: kept.get(key) for key in told} == {key: f"text of {key}" for key in told}
    with Store(path) as store:
        assert store._db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        answered = dict(store.predictions("run"))
        assert set(answered) <= set(kept)  # a prediction never stands without its reply
        put(store, "after")
        assert store.reply("after") is not None


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


def test_two_processes_write_at_once(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    children = [
        subprocess.Popen(writer(path, first, 240, 8), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for first in (0, 120)
    ]
    for child in children:
        _, told = child.communicate(timeout=60)
        assert child.returncode == 0, told
    assert texts(path) == {f"k{i}": f"text of k{i}" for i in range(360)}


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


def test_a_migration_that_fails_leaves_the_store_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "s.sqlite"
    with Store(path) as store:
        put(store, "a")
    with monkeypatch.context() as patch:
        patch.setattr(store_module, "MIGRATIONS", (*MIGRATIONS, "CREATE TABLE half (a TEXT);\nno sql at all;\n"))
        with pytest.raises(DataError, match="cannot be opened"):
            Store(path)
    with Store(path) as store:
        assert store._db.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
        assert store._db.execute("SELECT name FROM sqlite_master WHERE name = 'half'").fetchone() is None
        assert store.reply("a") is not None


def test_a_newer_store_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    Store(path).close()
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version=99")
    db.close()
    with pytest.raises(DataError, match=f"has version 99, this Osler knows {len(MIGRATIONS)}") as caught:
        Store(path)
    assert "newer Osler" in caught.value.hint


def test_what_is_no_store_is_refused(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("Not a database, whatever its name. " * 40)
    with pytest.raises(DataError, match="cannot be opened") as caught:
        Store(text)
    assert caught.value.hint == "name another file with --store"
    assert text.read_text().startswith("Not a database")
    with pytest.raises(DataError, match="cannot be opened"):
        Store(tmp_path)
    with pytest.raises(DataError, match="cannot be opened"):
        Store(text / "below.sqlite")


def test_the_database_of_another_program_is_not_written_into(tmp_path: Path) -> None:
    path = tmp_path / "ward.sqlite"
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE beds (id TEXT)")
    db.commit()
    db.close()
    with pytest.raises(DataError, match="another program"):
        Store(path)
    db = sqlite3.connect(path)
    assert db.execute("SELECT name FROM sqlite_master").fetchall() == [("beds",)]
    db.close()


def test_a_folder_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    for folder in (tmp_path, *tmp_path.parents[:3]):
        folder.chmod(0o755)
    locked = tmp_path / "locked"
    locked.mkdir()
    locked.chmod(0o555)
    code = """
    import os, sys
    from osler.core.errors import DataError
    from osler.core.store import Store
    if os.geteuid() == 0:
        os.setgid(65534); os.setuid(65534)  # root may write anywhere, so stop being root
    try:
        Store(sys.argv[1])
    except DataError as error:
        print(error)
    """
    made = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), str(locked / "s.sqlite")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "cannot be opened" in made.stdout
    assert "hint: name another file with --store" in made.stdout
    assert list(locked.iterdir()) == []


def test_a_full_disk_is_one_clear_error_and_loses_nothing_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    last = """
    import resource, signal
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    Store(path).close()
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
    try:
        asyncio.run(main(path, first, count, width))
    except* DataError as errors:
        print("error", errors.exceptions[0], file=sys.stderr)
    """
    flat = last.replace("except* DataError as errors", "except DataError as error").replace(
        "errors.exceptions[0]", "error"
    )
    made = subprocess.run(
        writer(path, 0, 10_000, 16, last=flat), capture_output=True, text=True, timeout=60, check=False
    )
    assert "could not be written" in made.stderr
    assert "hint: free some disk space" in made.stderr
    told = made.stdout.split()
    kept = texts(path)
    assert len(told) > 50
    assert [key for key in told if key not in kept] == []


def test_a_prediction_that_found_the_disk_full_is_kept_until_it_can_be_written(tmp_path: Path) -> None:
    with Store(tmp_path / "s.sqlite") as store:
        pages = store._db.execute("PRAGMA page_count").fetchone()[0]
        store._db.execute(f"PRAGMA max_page_count={pages}")
        heavy = Prediction(answer="x", rationale="r" * 9000)

        async def predict() -> None:
            store.put_prediction("run", "a", heavy)
            await asyncio.sleep(0.05)  # its timer fires, and nobody waits for it

        asyncio.run(predict())
        with pytest.raises(DataError, match="could not be written"):
            store.attempts("run")
        store._db.execute("PRAGMA max_page_count=100000")
        assert store.attempts("run") == {"a": (0, False)}


def test_every_waiter_is_told_when_a_write_fails_and_the_store_goes_on(tmp_path: Path) -> None:
    with Store(tmp_path / "s.sqlite") as store:
        store._db.execute("PRAGMA max_page_count=1")

        async def many() -> list[BaseException | None]:
            reply = Reply(text="r" * 50_000)
            return await asyncio.gather(
                *(store.put_reply(f"k{i}", b"[]", reply, study="s") for i in range(8)), return_exceptions=True
            )

        told = asyncio.run(many())
        assert [type(error) for error in told] == [DataError] * 8
        store._db.execute("PRAGMA max_page_count=100000")
        put(store, "later")
        assert store.spent("s").calls == 1


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
    store._flush()
    store.put_scores([("run", "m1", "accuracy", 1.0, "")], by="machine")
    store.event("s", "note")
