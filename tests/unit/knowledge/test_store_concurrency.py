"""Many threads, tasks and processes at one knowledge store."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from osler.core.errors import DataError
from osler.knowledge.document import Document
from osler.knowledge.store import KnowledgeStore

WRITER = """
import sys
from osler.knowledge.document import Document
from osler.knowledge.store import KnowledgeStore
with KnowledgeStore(sys.argv[1], create=True, by=sys.argv[2]) as store:
    for i in range(20):
        with store.transaction():
            store.create(Document(id=f"{sys.argv[2]}-{i}", text="x"))
            store.put([Document(id="shared", text=f"{sys.argv[2]} {i}")])
"""


@pytest.fixture
def store(tmp_path: Path) -> KnowledgeStore:
    return KnowledgeStore(tmp_path / "kb", create=True)


def test_processes_open_a_new_store_and_write_at_the_same_time(tmp_path: Path) -> None:
    folder = tmp_path / "kb"
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(folder), f"p{i}"]) for i in range(3)]
    assert [writer.wait(timeout=120) for writer in writers] == [0, 0, 0]
    with KnowledgeStore(folder) as store:
        assert store.generation() == 60
        assert len(store.history("shared")) == 60
        assert sum(1 for _ in store.versions()) == 61
        assert {version.by for version in store.versions()} == {"p0", "p1", "p2"}
        assert store.verify().sound


def test_readers_see_whole_transactions_only(store: KnowledgeStore) -> None:
    """Two documents always change together; whoever reads finds them alike."""
    ids, stop, torn, looked = ("a", "b"), threading.Event(), [], [0]

    def write(text: str) -> None:
        with store.transaction():
            store.put([Document(id=id, text=text) for id in ids])

    def watch() -> None:
        while not stop.is_set():
            texts = {version.document.text for version in store.versions() if version.document}
            generation, touched = store.changed(1)
            alike = {store.read(id, as_of=f"#{generation}").number for id in ids}
            torn.extend([1] * (len(texts) != 1 or len(alike) != 1 or len(touched) not in (0, 2)))
            looked[0] += 1

    write("0")
    with ThreadPoolExecutor(3) as pool:
        watching = [pool.submit(watch) for _ in range(3)]
        for i in range(1, 60):
            write(str(i))
        stop.set()
        for one in watching:
            one.result()
    assert not torn
    assert looked[0] > 3
    assert store.read("a").number == 60


def test_threads_write_through_one_handle(store: KnowledgeStore) -> None:
    def write(number: int) -> None:
        store.create(Document(id=f"d{number}", text="x"))
        store.put([Document(id="shared", text=f"from {number}")])

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(write, range(60)))
    assert len(store.history("shared")) == 60
    assert sum(1 for _ in store.versions()) == 61
    assert store.verify().sound


def test_readers_do_not_wait_for_a_writer(store: KnowledgeStore, tmp_path: Path) -> None:
    store.create(Document(id="a", text="old"))
    with KnowledgeStore(tmp_path / "kb") as other, store.transaction():
        store.update(Document(id="a", text="new"))
        with ThreadPoolExecutor(1) as pool:
            seen = pool.submit(lambda: (store.read("a").number, other.read("a").number, store.generation()))
            assert seen.result(timeout=20) == (1, 1, 1)
        assert store.read("a").number == 2


def test_a_task_does_not_fall_into_the_transaction_of_another(store: KnowledgeStore) -> None:
    store.create(Document(id="a", text="x"))

    async def long(begun: asyncio.Event, go_on: asyncio.Event) -> None:
        with store.transaction():
            store.create(Document(id="mine", text="x"))
            begun.set()
            await go_on.wait()

    async def scenario() -> None:
        begun, go_on = asyncio.Event(), asyncio.Event()
        task = asyncio.create_task(long(begun, go_on))
        await begun.wait()
        assert [version.id for version in store.versions()] == ["a"]
        with pytest.raises(DataError, match="another task"):
            store.create(Document(id="other", text="x"))
        go_on.set()
        await task

    asyncio.run(scenario())
    assert [version.id for version in store.versions()] == ["a", "mine"]


def test_a_part_that_fails_leaves_the_rest_of_its_transaction(store: KnowledgeStore) -> None:

    def fail() -> None:
        with store.transaction():
            store.create(Document(id="gone", text="x"))
            raise RuntimeError

    with store.transaction():
        with pytest.raises(RuntimeError):
            fail()
        store.create(Document(id="kept", text="x"))
    assert [version.id for version in store.versions()] == ["kept"]
    assert store.verify() == (True, store.head(), 1, 1, 0, "")


def test_a_forked_process_opens_its_own_connections(store: KnowledgeStore) -> None:
    store.create(Document(id="a", text="x"))
    child = os.fork()
    if child == 0:
        try:
            store.create(Document(id="b", text="from the child"))
            store.close()
        finally:
            os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    store.create(Document(id="c", text="x"))
    assert [version.id for version in store.versions()] == ["a", "b", "c"]
    assert store.verify().sound


def test_connections_end_with_their_threads(store: KnowledgeStore) -> None:
    for _ in range(20):
        thread = threading.Thread(target=store.generation)
        thread.start()
        thread.join()
    assert len(store._held._pairs) <= 2
