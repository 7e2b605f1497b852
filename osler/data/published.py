"""Published data that Osler does not ship: a folder named by the environment variable OSLER_DATA.

One subfolder per collection, holding gzipped JSON lines as described in docs/data.md. Sources read them from here,
so that a missing folder, a missing file and a broken line are reported in one way.
"""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from osler.core.errors import DataError

VARIABLE = "OSLER_DATA"


def locate(name: str, *, what: str) -> Path:
    """The file ``name`` (``folder/file``) under the folder of OSLER_DATA. DataError when either is missing."""
    folder = os.environ.get(VARIABLE, "")
    if not folder:
        raise DataError(
            f"{what} is not shipped with Osler and {VARIABLE} is not set",
            hint=f"set {VARIABLE} to the folder that holds {name}",
        )
    path = Path(folder) / name
    if not path.is_file():
        raise DataError(f"{what} needs {name}, which is not in the folder of {VARIABLE}", hint=f"put {name} there")
    return path


def resolved(path: str, *, what: str, folder: bool = False) -> Path:
    """The file (or, with ``folder``, also folder) that ``path`` names; "$OSLER_DATA/..." from that variable's folder.

    DataError where there is none.
    """
    marker = f"${VARIABLE}/"
    if path.startswith(marker):
        return locate(path.removeprefix(marker), what=what)
    found = Path(path)
    if not (found.is_file() or (folder and found.is_dir())):
        raise DataError(f"{what} needs {path}, which does not exist", hint="check path")
    return found


def rows(path: Path, *, what: str) -> list[dict[str, Any]]:
    """All rows of a JSON-lines file, gzipped when its name ends in .gz. DataError names the broken line."""
    try:
        raw = path.read_bytes()
        text = gzip.decompress(raw) if path.suffix == ".gz" else raw
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(
            f"{what}: {path.name} cannot be read ({type(error).__name__})", hint="fetch the file again"
        ) from error
    held: list[dict[str, Any]] = []
    for number, line in enumerate(text.split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise DataError(f"{what}: line {number} of {path.name} is no JSON", hint="fetch the file again") from error
        if not isinstance(row, dict):
            raise DataError(f"{what}: line {number} of {path.name} is no object", hint="one JSON object per line")
        held.append(row)
    return held


def require(row: Mapping[str, Any], columns: tuple[str, ...], *, what: str, number: int) -> None:
    """DataError when a row lacks one of ``columns``."""
    missing = [name for name in columns if name not in row]
    if missing:
        raise DataError(f"{what}: row {number} has no column {missing[0]!r}", hint="the file has another layout")
