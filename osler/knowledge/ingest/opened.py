"""Files as bytes, lines and text: gzip taken off, sizes bounded, the character set found."""

from __future__ import annotations

import codecs
import gzip
import re
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from osler.core.errors import DataError

MOST = 256 << 20  # bytes of a file that holds one document; more is a mistake or a bomb
_DECLARED = re.compile(
    rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.-]+)|^\s*<\?xml[^>]{0,200}?encoding=[\"']([A-Za-z0-9_.:-]+)",
    re.I,
)
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def stream(path: Path) -> gzip.GzipFile | IO[bytes]:
    """The file, unpacked when its name ends in .gz. DataError where it cannot be opened."""
    if not path.is_file():  # a link to nothing; a pipe would be waited for without end
        raise DataError("cannot be opened: it is no file")
    try:
        return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")
    except OSError as error:
        raise DataError(f"cannot be opened ({error.strerror or type(error).__name__})") from error


def parts(path: Path, told: Callable[[int], None] | None = None, size: int = 1 << 20) -> Iterator[bytes]:
    """The bytes of the file in pieces. DataError where it breaks off. ``told`` hears how many bytes of the disk were read."""
    with stream(path) as file:
        while piece := _got(lambda: file.read(size)):
            yield piece
            if told is not None:
                told(_place(file))


def lines(path: Path, told: Callable[[int], None] | None = None) -> Iterator[tuple[int, bytes]]:
    """The lines that hold something, each with its number from 1. ``told`` as in ``parts``, now and then."""
    with stream(path) as file:
        number = 0
        while line := _got(file.readline):
            number += 1
            if told is not None and number % 500 == 0:
                told(_place(file))
            if line.strip():
                yield number, line.lstrip(codecs.BOM_UTF8) if number == 1 else line


def _place(file: Any) -> int:
    """How far into the file on the disk the reading is, packed or not."""
    packed: Any = getattr(file, "fileobj", file)
    return int(packed.tell())


def whole(path: Path) -> bytes:
    """All bytes of a file that holds one document. DataError beyond ``MOST`` of them."""
    with stream(path) as file:
        data = _got(lambda: file.read(MOST + 1))
    if len(data) > MOST:
        raise DataError(f"is larger than {MOST >> 20} MB", hint="split it, or write its documents as JSON lines")
    return data


def _got(read: Callable[[], bytes]) -> bytes:
    try:
        return read()
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"breaks off in the middle ({type(error).__name__})", hint="fetch the file again") from error


def decoded(data: bytes) -> tuple[str, str]:
    """The text, and the name of the character set where it had to be guessed ("" where it was said, or is UTF-8)."""
    if b"\x00" in data[:1024] and not data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise DataError("is no text but binary data", hint="its ending says another format than it has")
    for mark, name in _MARKS:
        if data.startswith(mark):
            return _plain(data.decode(name, "replace")), ""
    said = _DECLARED.search(data[:2048])
    for name in ("utf-8", *([(said[1] or said[2]).decode("ascii")] if said else [])):
        try:
            return _plain(data.decode(name)), ""
        except (LookupError, UnicodeDecodeError):
            continue
    return _plain(data.decode("windows-1252", "replace")), "windows-1252"


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
