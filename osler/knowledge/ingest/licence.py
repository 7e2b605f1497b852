"""Licences as short names, out of addresses and sentences."""

from __future__ import annotations

import re

_CC = re.compile(r"creativecommons\.org/licenses/([a-z-]+)/(\d\.\d)", re.I)
_ZERO = re.compile(r"creativecommons\.org/publicdomain/zero/(\d\.\d)", re.I)
_MARK = re.compile(r"creativecommons\.org/publicdomain/mark", re.I)
LONGEST = 300


def licence(said: str) -> str:
    """``https://creativecommons.org/licenses/by-nc/4.0/`` becomes ``CC BY-NC 4.0``; other words stay, at most 300 characters."""
    found = _CC.search(said)
    if found:
        return f"CC {found[1].upper()} {found[2]}"
    zero = _ZERO.search(said)
    if zero:
        return f"CC0 {zero[1]}"
    if _MARK.search(said):
        return "public domain"
    words = " ".join(said.split())
    return words if len(words) <= LONGEST else words[: LONGEST - 1] + "…"
