"""Ids for documents out of file names and out of ids that are not legal here."""

from __future__ import annotations

import re
import unicodedata

from osler.core.block import digest
from osler.knowledge.citation import NAME

_ILLEGAL = re.compile(r"[^A-Za-z0-9._:-]+")
LONGEST = 120


def from_file(name: str) -> str:
    """``guidelines/Asthma 2024.pdf`` becomes ``guidelines:Asthma-2024``.

    Accents are dropped; a name with letters of another script, or one that is too long, ends in 8 characters of its hash.
    """
    whole = name.replace("\\", "/")
    stem = re.sub(r"(?i)(\.(jsonl?|ndjson|csv|tsv|md|markdown|html?|xhtml|pdf|xml|nxml|txt))?(\.gz)?$", "", whole)
    plain = "".join(c for c in unicodedata.normalize("NFKD", stem) if not unicodedata.combining(c))
    legal = _legal(plain.replace("/", ":"))
    lost = any(c.isalnum() and not c.isascii() for c in plain)
    return _short(legal, whole) if lost or len(legal) > LONGEST or not legal else legal


def from_id(said: str) -> str:
    """``said`` where it is legal, else a legal id of its own: what can be kept of it and 8 characters of its hash."""
    return said if NAME.fullmatch(said) else _short(_legal(said), said)


def part(whole: str, piece: str) -> str:
    """The id of one piece of a file: ``leaflets:0f3a``."""
    return from_id(f"{whole}:{piece}")


def _legal(text: str) -> str:
    return _ILLEGAL.sub("-", text).strip("-._:")


def _short(legal: str, whole: str) -> str:
    marked = digest(whole.encode("utf-8", "surrogatepass"), size=4)
    return f"{legal[: LONGEST - 9].rstrip('-._:') or 'document'}-{marked}"
