"""kill -9 and full disks while a knowledge store is written: it opens with all or none of each transaction."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from osler.knowledge.document import Document
from osler.knowledge.store import KnowledgeStore

COUNT, SIZE = 5000, 250
PUT = f"""
import sys
from osler.knowledge.document import Document
from osler.knowledge.store import KnowledgeStore
with KnowledgeStore(sys.argv[1], create=True) as store:
    print("open", flush=True)
    store.put((Document(id=f"d{{i}}", text=f"text {{i}} " * 30) for i in range({COUNT})), size={SIZE})
"""
CHANGE = """
import sys
from osler.knowledge.document import Document
from osler.knowledge.store import KnowledgeStore
with KnowledgeStore(sys.argv[1]) as store:
    print("open", flush=True)
    for round in range(1000):
        with store.transaction():
            for id in ("a", "b", "c"):
                store.update(Document(id=id, text=f"round {round} {store.generation()}"))
        name = f"s{store.generation()}"
        store.create(Document(id=name, text="Zyxoril " * 2000))
        print(name, flush=True)
        store.delete(name, why="test")
        print("gone " + name, flush=True)
"""
FULL = f"""
import resource, sys
from osler.core.errors import DataError
from osler.knowledge.document import Document
from osler.knowledge.store import KnowledgeStore
with KnowledgeStore(sys.argv[1]) as store:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
    try:
        store.put((Document(id=f"d{{i}}", text=f"text {{i}} " * 100) for i in range({COUNT})), size={SIZE})
    except DataError as error:
        print(error)
    print(store.generation(), sum(1 for _ in store.versions()))
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    store.create(Document(id="after", text="x"))
"""


def start(program: str, *words: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, words)], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def kill(process: subprocess.Popen[str], after: float) -> str:
    """Wait until the store is open, then ``after`` seconds; what the process had said by then."""
    assert process.stdout is not None
    assert process.stdout.readline() == "open\n"
    time.sleep(after)
    process.send_signal(signal.SIGKILL)
    said, _ = process.communicate(timeout=60)
    return said


@pytest.mark.timeout(300)
def test_killed_while_putting_goes_on_where_it_stood(tmp_path: Path) -> None:
    rng = random.Random(1)
    counts = [0]
    for _ in range(4):
        kill(start(PUT, tmp_path), rng.uniform(0, 0.25))
        with KnowledgeStore(tmp_path) as store:
            count = sum(1 for _ in store.versions())
            assert count % SIZE == 0, "a part of a transaction is there"
            assert count >= counts[-1], "a transaction is lost"
            assert store.verify().sound
            counts.append(count)
    with KnowledgeStore(tmp_path) as store:
        store.put((Document(id=f"d{i}", text=f"text {i} " * 30) for i in range(COUNT)), size=SIZE)
        assert [version.id for version in store.versions()] == [f"d{i}" for i in range(COUNT)]
        assert all(version.number == 1 for version in store.versions())


@pytest.mark.timeout(300)
def test_killed_while_updating_and_deleting(tmp_path: Path) -> None:
    rng = random.Random(2)
    with KnowledgeStore(tmp_path, create=True) as store:
        store.put([Document(id=id, text="first") for id in ("a", "b", "c")])
    for _ in range(6):
        said = kill(start(CHANGE, tmp_path), rng.uniform(0.01, 0.25)).splitlines()
        with KnowledgeStore(tmp_path) as store:
            assert store.verify().sound
            texts = {held.text.split()[1] for id in ("a", "b", "c") if (held := store.read(id).document)}
            assert len(texts) == 1
            assert len({len(store.history(id)) for id in ("a", "b", "c")}) == 1
            for line in said:
                if line.startswith("gone "):
                    assert store.read(line[5:]).action == "delete", "a deletion that was acknowledged is lost"
            left = [version.id for version in store.versions() if version.id.startswith("s")]
            for id in left:
                store.delete(id, why="left over")
            files = b"".join(path.read_bytes() for path in tmp_path.iterdir())
            assert b"Zyxoril" not in files, "a deletion that was cut short was not finished"


@pytest.mark.timeout(120)
@pytest.mark.parametrize("limit", [300_000, 2_000_000])
def test_a_full_disk_is_said_and_leaves_a_sound_store(tmp_path: Path, limit: int) -> None:
    with KnowledgeStore(tmp_path, create=True) as store:
        store.create(Document(id="first", text="x"))
    process = start(FULL, tmp_path, limit)
    said, trouble = process.communicate(timeout=100)
    assert process.returncode == 0, trouble
    assert "could not be used" in said
    assert "free some disk space" in said
    with KnowledgeStore(tmp_path) as store:
        held = [version.id for version in store.versions()]
        assert held[0] == "first"
        assert held[-1] == "after"
        assert (len(held) - 2) % SIZE == 0
        assert len(held) < COUNT
        assert store.verify().sound
