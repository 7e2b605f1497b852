"""Checkpoints of a training: whole or not there, proven by hash, and only ever those of the same training.

A checkpoint is a folder ``step-00000012`` with ``weights.safetensors`` (what learns, and buffers),
``optimizer.safetensors``, ``best.safetensors`` where the best weights are kept, and ``checkpoint.json``, which names the
SHA-256 of each. It is written beside its place, flushed to the disk, and renamed. The newest two are kept; of these the
newest that is whole is gone on from.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from osler.core.block import canonical, digest
from osler.core.errors import DataError

if TYPE_CHECKING:
    import torch

FORMAT = 1
SHEET = "checkpoint.json"
_KEPT = 2
_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A whole checkpoint. ``sheet`` is what its ``checkpoint.json`` says: step, record, identity, memory, files."""

    folder: Path
    sheet: Mapping[str, Any]

    @property
    def step(self) -> int:
        return int(self.sheet["step"])

    def tensors(self, name: str) -> dict[str, torch.Tensor]:
        """The tensors of ``name`` (weights, optimizer, best); {} where this checkpoint has none of that name."""
        from safetensors.torch import load_file

        file = f"{name}.safetensors"
        return dict(load_file(self.folder / file)) if file in self.sheet["files"] else {}


class Checkpoints:
    """The checkpoints in ``folder``. ``passed_over``: what was found there and was not whole, for the record."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.passed_over: list[str] = []

    def newest(self, identity: Mapping[str, Any]) -> Checkpoint | None:
        """The newest whole checkpoint; None where there is none. DataError where it is of another training."""
        for folder in sorted(self.folder.glob("step-*"), reverse=True):
            sheet = _sheet(folder)
            if sheet is None:
                self.passed_over.append(folder.name)
                continue
            refuse_another(sheet["identity"], identity, folder.name)
            return Checkpoint(folder, sheet)
        return None

    def write(
        self, step: int, tensors: Mapping[str, Mapping[str, torch.Tensor]], about: Mapping[str, Any]
    ) -> OSError | None:
        """Write the checkpoint after ``step`` steps; the error where the disk would not take it (the others stay)."""
        place = self.folder / f"step-{step:08d}"
        part = self.folder / f".{place.name}.{os.getpid()}.part"
        try:
            self._clear()
            part.mkdir(parents=True)
            _fill(part, step, tensors, about)
            shutil.rmtree(place, ignore_errors=True)
            part.rename(place)
            _flush(self.folder)
        except OSError as error:
            shutil.rmtree(part, ignore_errors=True)
            return error
        self._prune()
        return None

    def _clear(self) -> None:
        """Remove what a killed process left half written; the lock of a training keeps two from being at it."""
        for left in self.folder.glob(".step-*.part"):
            shutil.rmtree(left, ignore_errors=True)

    def _prune(self) -> None:
        for folder in sorted(self.folder.glob("step-*"), reverse=True)[_KEPT:]:
            shutil.rmtree(folder, ignore_errors=True)


def _fill(part: Path, step: int, tensors: Mapping[str, Mapping[str, torch.Tensor]], about: Mapping[str, Any]) -> None:
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    files: dict[str, str] = {}
    for name, held in tensors.items():
        file = part / f"{name}.safetensors"
        try:
            save_file({key: value.contiguous() for key, value in held.items()}, file)
        except SafetensorError as error:  # the library reports a full disk as an error of its own
            raise OSError(errno.EIO, f"{file.name} could not be written: {error}") from error
        _flush(file)
        files[file.name] = _sha256(file)
    sheet = {"format": FORMAT, "step": step, "files": files, **about}
    sheet = orjson.loads(orjson.dumps(sheet))  # as it will be read: tuples are lists, so that the seal is the same
    sheet["seal"] = digest(canonical(sheet))
    file = part / SHEET
    file.write_bytes(orjson.dumps(sheet))
    _flush(file)
    _flush(part)


def _sheet(folder: Path) -> dict[str, Any] | None:
    """What a checkpoint says of itself; None where anything of it is missing, cut short or changed."""
    try:
        sheet: dict[str, Any] = orjson.loads((folder / SHEET).read_bytes())
        seal = sheet.pop("seal")
        whole = seal == digest(canonical(sheet)) and sheet["format"] == FORMAT
        whole = whole and {"weights.safetensors", "optimizer.safetensors"} <= sheet["files"].keys()
        whole = whole and all(_sha256(folder / name) == known for name, known in sheet["files"].items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return sheet if whole else None


def refuse_another(held: Mapping[str, Any], here: Mapping[str, Any], name: str) -> None:
    """DataError where the checkpoint ``name`` is of a training with another ``identity``, naming what differs."""
    before, now = dict(_leaves(held)), dict(_leaves(orjson.loads(orjson.dumps(here))))
    differing = [_told(key, before.get(key), now.get(key)) for key in sorted({*before, *now})
                 if before.get(key) != now.get(key)]  # fmt: skip
    if differing:
        shown = ", ".join(differing[:6]) + (f" and {len(differing) - 6} more" if len(differing) > 6 else "")
        raise DataError(
            f"the checkpoint {name} is of another training: {shown}",
            hint="train with the same settings and data, or remove its folder to begin anew",
        )


def _told(key: str, before: Any, now: Any) -> str:
    plain = all(value is None or isinstance(value, (bool, int, float)) for value in (before, now))
    return f"{key} ({before} there, {now} here)" if plain else key  # texts may be data, so they are not told


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from _leaves(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and value:
        for at, item in enumerate(value):
            yield from _leaves(item, f"{path}[{at}]")
    else:
        yield path, value


def _sha256(file: Path) -> str:
    found = hashlib.sha256()
    with file.open("rb") as opened:
        while piece := opened.read(_PIECE):
            found.update(piece)
    return found.hexdigest()


def _flush(path: Path) -> None:
    """Wait until a file or folder is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
