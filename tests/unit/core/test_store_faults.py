"""The store under fault: nothing acknowledged is lost to a killed process or a full disk; each fault is one clear error."""

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
from osler.core.types import Prediction, Reply

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


def put(store: Store, *keys: str, study: str = "s", usd: float = 0.0) -> None:
    async def all_of_them() -> None:
        replies = [Reply(text=key, tokens_in=2, tokens_out=1, cost_usd=usd, model="m", key=key) for key in keys]
        await asyncio.gather(*(store.put_reply(reply.key, b"[1]", reply, study=study) for reply in replies))

    asyncio.run(all_of_them())


def writer(path: Path, *numbers: int, last: str = "asyncio.run(main(path, first, count, width))") -> list[str]:
    return [sys.executable, "-c", WRITER + textwrap.dedent(last), str(path), *map(str, numbers)]


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
