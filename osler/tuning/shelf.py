"""Where trained models stand on this machine: one folder each, named by what the training is, whole or not there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from osler.core.block import canonical, digest
from osler.core.content import content_hash_of
from osler.core.errors import DataError

MANIFEST = "training.json"
_WEIGHTS = ("*.safetensors", "*.json", "*.txt", "*.model", "*.jinja")
_BESIDE = {MANIFEST, "curve.json"}


def default_shelf() -> Path:
    """OSLER_MODELS, else the models of the user's cache as the XDG base directory specification names it."""
    named = os.environ.get("OSLER_MODELS", "")
    if named:
        return Path(named)
    held = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(held) if os.path.isabs(held) else Path.home() / ".cache") / "osler" / "models"


def weights_hash(folder: Path) -> str:
    """Hash of all that decides what the model in ``folder`` answers: weights, configuration, tokenizer, adapter."""
    files = sorted({file for pattern in _WEIGHTS for file in folder.rglob(pattern)} - {folder / n for n in _BESIDE})
    return digest(canonical([[file.relative_to(folder).as_posix(), content_hash_of(file)] for file in files]), size=8)


class Held(NamedTuple):
    """A model on the shelf: its folder and what ``training.json`` says."""

    folder: Path
    manifest: Mapping[str, Any]


class Shelf:
    """Trained models in ``folder``. A training has a key, the hash of its identity; it is made once."""

    def __init__(self, folder: str | Path = "") -> None:
        self.folder = Path(folder) if folder else default_shelf()

    def place(self, key: str) -> Path:
        return self.folder / key

    def state(self, key: str) -> Path:
        """Where the checkpoints of a training in progress are."""
        return self.folder / f"{key}.state"

    def find(self, key: str) -> Held | None:
        """The whole model of ``key``; None where there is none yet. DataError where its files were changed."""
        place = self.place(key)
        if not (place / MANIFEST).is_file():
            return None
        manifest: Mapping[str, Any] = orjson.loads((place / MANIFEST).read_bytes())
        if manifest.get("weights") != weights_hash(place):
            raise DataError(
                f"the files of the trained model {key} are not those that training wrote",
                hint=f"remove the folder {key} of the models to train it again",
            )
        return Held(place, manifest)

    def listed(self) -> list[dict[str, Any]]:
        """All whole models on the shelf: key, stage, data, seed, size and time; the newest last."""
        found = sorted(self.folder.glob(f"*/{MANIFEST}"), key=lambda file: file.stat().st_mtime)
        return [_row(file) for file in found]

    @contextmanager
    def lock(self, key: str) -> Iterator[int | None]:
        """In here no other process or thread makes the model of ``key``: this one waits for it. Gives the handle, which
        holds on in child processes that get it; None where the system has no such locks."""
        try:
            import fcntl
        except ImportError:
            yield None
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self.folder / f".{key}.lock"
        handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield handle
        finally:
            os.close(handle)  # the file stays: to remove it could give the same lock to two

    def sweep(self, key: str) -> None:
        """Remove what killed trainings of ``key`` left half written. Only under its ``lock``."""
        for left in self.folder.glob(f".{key}.*.part"):
            shutil.rmtree(left, ignore_errors=True)

    def begin(self, key: str) -> Path:
        """A fresh folder to write the model of ``key`` to, invisible until ``finish``."""
        part = self.folder / f".{key}.{os.getpid()}.part"
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        return part

    def finish(self, key: str, part: Path, manifest: Mapping[str, Any]) -> Held:
        """Make what was written to ``part`` the model of ``key``, at once; its checkpoints go."""
        whole = {**manifest, "weights": weights_hash(part)}
        (part / MANIFEST).write_bytes(orjson.dumps(whole, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS))
        for file in (file for file in part.rglob("*") if file.is_file()):
            with file.open("rb") as opened:
                os.fsync(opened.fileno())
        place = self.place(key)
        if not (place / MANIFEST).is_file():  # another process may have made the same in the meantime
            shutil.rmtree(place, ignore_errors=True)
            part.rename(place)
        shutil.rmtree(part, ignore_errors=True)
        shutil.rmtree(self.state(key), ignore_errors=True)
        held = self.find(key)
        assert held is not None
        return held


def _row(file: Path) -> dict[str, Any]:
    manifest = orjson.loads(file.read_bytes())
    return {
        "key": file.parent.name,
        "stage": manifest.get("stage", ""),
        "data": manifest.get("data", ""),
        "seed": manifest.get("seed", 0),
        "weights": manifest.get("weights", ""),
        "megabytes": sum(item.stat().st_size for item in file.parent.iterdir() if item.is_file()) / 1e6,
        "cpu_seconds": manifest.get("record", {}).get("cpu_seconds", 0.0),
    }
