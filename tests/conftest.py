"""What every test stands on: one thread a process, no network but loopback, and a small study to work with."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):  # read once, when numpy is imported
    os.environ.setdefault(_name, "1")
# What tests train and embed goes into a folder of the run, never into the user's own.
if "OSLER_TESTS_MADE" not in os.environ:  # the processes of one run share it
    os.environ["OSLER_TESTS_MADE"] = tempfile.mkdtemp(prefix="osler-tests-")
    atexit.register(shutil.rmtree, os.environ["OSLER_TESTS_MADE"], ignore_errors=True)
os.environ["XDG_CACHE_HOME"] = os.environ["OSLER_TESTS_MADE"]
os.environ["OSLER_MODELS"] = str(Path(os.environ["OSLER_TESTS_MADE"]) / "models")
DATA = os.environ.get("OSLER_DATA", "")
LOOPBACK = ("localhost", "::1", "0.0.0.0", "::")
settings.register_profile("osler", deadline=None)  # shared machines are slow at times; slow is no fault of a test
settings.load_profile("osler")


class NetworkBlocked(RuntimeError):
    """A test reached for a machine other than this one."""


def _guard(event: str, arguments: tuple[Any, ...]) -> None:
    if event in ("socket.connect", "socket.sendto", "socket.bind"):
        address = arguments[1]
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        address = (arguments[0],)
    else:
        return
    host = address[0] if isinstance(address, tuple) and address else None  # Unix sockets have a path, not a tuple
    if isinstance(host, bytes):
        host = host.decode(errors="replace")
    if isinstance(host, str) and host and host not in LOOPBACK and not host.startswith("127."):
        raise NetworkBlocked(f"tests stay on this machine, got {event} to {host!r}")


sys.addaudithook(_guard)  # a hook, not a patch: it sees sockets made in C as well, and nothing can take it off


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    if DATA:
        return
    skip = pytest.mark.skip(reason="OSLER_DATA is not set: it names the folder of the public data")
    for item in items:
        if item.get_closest_marker("real"):
            item.add_marker(skip)


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of the public data; the test is skipped without it."""
    if not DATA:
        pytest.skip("OSLER_DATA is not set: it names the folder of the public data")
    return Path(DATA)


@dataclass(frozen=True)
class Said:
    """What one command answered."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Workplace:
    """A folder with 30 test and 24 training cases, a study over them, and the command line to run it."""

    def __init__(self, path: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.path = path
        self._capture = capture
        self.write_cases("cases.jsonl", cases())

    def write_cases(self, name: str, rows: Sequence[dict[str, Any]]) -> Path:
        file = self.path / name
        file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return file

    def study(self, name: str = "toy.toml", *, drop: Sequence[str] = (), **changes: Any) -> Path:
        """Write the study file ``name``: the base study with ``changes``, less the keys of ``drop``."""
        table = {key: value for key, value in {**BASE, **changes}.items() if key not in drop}
        file = self.path / name
        file.write_text("".join(f"{key} = {toml(value)}\n" for key, value in table.items()), encoding="utf-8")
        return file

    def osler(self, *arguments: str | Path) -> Said:
        from osler.cli import main

        self._capture.readouterr()
        status = main([str(argument) for argument in arguments])
        told = self._capture.readouterr()
        return Said(status, told.out, told.err)

    def files(self) -> set[str]:
        return {str(file.relative_to(self.path)) for file in self.path.rglob("*")}


BASE: dict[str, Any] = {
    "question": "Which messages are urgent?",
    "task": "labelled_text",
    "data": {
        "source": "file",
        "path": "cases.jsonl",
        "target": "label",
        "cluster": "patient",
        "split": "split",
        "choices": ["urgent", "routine"],
    },
    "models": [{"use": "simulated", "skill": 0.8, "name": "sim"}],
    "systems": ["zero_shot"],
    "metrics": ["accuracy", "parse_rate"],
    "sensitivity": "synthetic",
}


def cases() -> list[dict[str, Any]]:
    """Made-up messages; two of a patient at a time, every third one urgent."""
    signs = ("sudden chest pain", "a rash that itches", "a repeat of tablets", "trouble to breathe", "a sore knee")
    rows = []
    for i in range(54):
        urgent = i % 3 == 0
        rows.append(
            {
                "id": f"m{i:02d}",
                "patient": f"p{i // 2:02d}",
                "sex": "f" if i % 4 < 2 else "m",
                "text": f"Message {i}: I have {signs[i % 5]} since day {i + 1}{', please hurry' if urgent else ''}.",
                "label": "urgent" if urgent else "routine",
                "split": "test" if i < 30 else "train",
            }
        )
    return rows


def toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {toml(item)}" for key, item in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(toml(item) for item in value) + "]"
    return json.dumps(value)


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Workplace:
    """A Workplace in a fresh folder, which is the working directory of the test."""
    monkeypatch.chdir(tmp_path)
    return Workplace(tmp_path, capsys)


@pytest.fixture
def make_rows() -> Callable[[], list[dict[str, Any]]]:
    return cases
