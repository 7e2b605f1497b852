"""The content of files and folders as a short hash, quick even for weights of many gigabytes."""

from __future__ import annotations

import hashlib
from pathlib import Path

_ENDS = 1 << 20  # of a large file its first and last mebibyte stand for the rest, together with its size


def content_hash_of(path: Path) -> str:
    """BLAKE2b (32 hex characters) over the files of ``path``: names, sizes, and all bytes of files up to 2 MiB; of
    larger files the first and the last mebibyte."""
    found = hashlib.blake2b(digest_size=16)
    files = sorted(item for item in path.rglob("*") if item.is_file()) if path.is_dir() else [path]
    for file in files:
        size = file.stat().st_size
        found.update(f"{file.relative_to(path) if path.is_dir() else ''}\0{size}\0".encode())
        with file.open("rb") as opened:
            found.update(opened.read(_ENDS))
            if size > _ENDS:
                opened.seek(max(_ENDS, size - _ENDS))
                found.update(opened.read(_ENDS))
    return found.hexdigest()
