"""Vectors on disk: there for the next process, whole after a kill, begun anew when damaged, and without any text."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from osler.models.embedding_cache import EmbeddingCache, user_cache
from osler.models.vector_memory import VectorMemory, text_key

KEYS = [text_key(f"text {n}") for n in range(1200)]
VECTORS = dict(zip(KEYS, np.random.default_rng(0).normal(size=(1200, 16)).astype(np.float32), strict=True))


def test_what_was_put_is_got_and_nothing_else(tmp_path: Path) -> None:
    cache = EmbeddingCache(tmp_path / "deep" / "er", "space")
    assert cache.get(KEYS) == {}
    assert not (tmp_path / "deep").exists()
    cache.put(VECTORS)
    again = EmbeddingCache(tmp_path / "deep" / "er", "space")
    found = again.get([*KEYS[:700], text_key("unknown")])
    assert set(found) == set(KEYS[:700])
    assert all(np.array_equal(found[key], VECTORS[key]) for key in found)
    assert EmbeddingCache(tmp_path / "deep" / "er", "other").get(KEYS) == {}
    cache.put({KEYS[0]: VECTORS[KEYS[1]]})
    assert np.array_equal(cache.get(KEYS[:1])[KEYS[0]], VECTORS[KEYS[1]])
    assert len(cache) == 1200


def test_forgotten_vectors_leave_no_bytes(tmp_path: Path) -> None:
    cache = EmbeddingCache(tmp_path, "space")
    cache.put({key: VECTORS[key] for key in KEYS[:20]})
    cache.forget(KEYS[:10])
    assert set(cache.get(KEYS[:20])) == set(KEYS[10:20])
    with sqlite3.connect(tmp_path / "space.sqlite") as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    held = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert VECTORS[KEYS[3]].tobytes() not in held
    assert VECTORS[KEYS[13]].tobytes() in held
    EmbeddingCache(tmp_path, "none").forget(KEYS)  # nothing to forget


@pytest.mark.parametrize("damage", ["rubbish", "empty", "cut", "header"])
def test_a_damaged_file_is_begun_anew(tmp_path: Path, damage: str) -> None:
    cache = EmbeddingCache(tmp_path, "space")
    cache.put(VECTORS)
    file = tmp_path / "space.sqlite"
    raw = file.read_bytes()
    broken = {"rubbish": b"no database" * 99, "empty": b"", "cut": raw[: len(raw) // 3], "header": b"X" * 40 + raw[40:]}
    file.write_bytes(broken[damage])
    found = cache.get(KEYS)
    assert all(np.array_equal(vector, VECTORS[key]) for key, vector in found.items())
    cache.put(VECTORS)
    cache.put(VECTORS)  # the first may have found the damage only now
    found = cache.get(KEYS)
    assert len(found) == 1200
    assert all(np.array_equal(vector, VECTORS[key]) for key, vector in found.items())


def test_a_vector_with_a_changed_bit_counts_as_missing(tmp_path: Path) -> None:
    cache = EmbeddingCache(tmp_path, "space")
    cache.put({key: VECTORS[key] for key in KEYS[:3]})
    bad = bytearray(VECTORS[KEYS[1]].tobytes())
    bad[7] ^= 1
    with sqlite3.connect(tmp_path / "space.sqlite") as connection:
        connection.execute("UPDATE vectors SET vector = ? WHERE key = ?", (bytes(bad), bytes.fromhex(KEYS[1])))
        connection.execute("UPDATE vectors SET key = ? WHERE key = ?", (b"other" * 3, bytes.fromhex(KEYS[2])))
    assert set(cache.get(KEYS)) == {KEYS[0]}


def test_a_kill_while_writing_leaves_the_file_whole(tmp_path: Path) -> None:
    code = (
        "import sys, numpy as np\nfrom pathlib import Path\n"
        "from osler.models.embedding_cache import EmbeddingCache\nfrom osler.models.vector_memory import text_key\n"
        "cache = EmbeddingCache(Path(sys.argv[1]), 'space')\n"
        "for turn in range(100_000):\n"
        "    cache.put({text_key(f'{turn} {n}'): np.full(16, turn, np.float32) for n in range(50)})\n"
        "    print(turn, flush=True)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for _ in range(4):
        process.stdout.readline()
    time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    found = EmbeddingCache(tmp_path, "space").get([text_key(f"{turn} {n}") for turn in range(4) for n in range(50)])
    assert len(found) == 200
    assert len(EmbeddingCache(tmp_path, "space")) % 50 == 0


def test_the_cache_holds_no_text(tmp_path: Path) -> None:
    EmbeddingCache(tmp_path, "space").put({text_key("canary of a patient"): VECTORS[KEYS[0]]})
    assert all(b"canary" not in file.read_bytes() for file in tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cache = EmbeddingCache(tmp_path / "file", "space")
    cache.put(VECTORS)
    assert cache.get(KEYS) == {}


def test_the_users_folder_follows_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert user_cache() == tmp_path / "osler" / "vectors"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert user_cache() == Path.home() / ".cache" / "osler" / "vectors"


def test_memory_forgets() -> None:
    memory = VectorMemory(10)
    memory.put({key: (VECTORS[key], 3) for key in KEYS[:4]})
    memory.forget([*KEYS[:2], text_key("unknown")])
    assert set(memory.get(KEYS[:4])) == set(KEYS[2:4])
