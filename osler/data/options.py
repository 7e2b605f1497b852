"""The options of a question in a file, and which of them its target names: by its text or by its letter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from osler.core.errors import DataError
from osler.core.types import LETTERS
from osler.data.readers import Row, cell_text

HINT = 'write them as ["yes", "no"], as yes|no or as {"A": "yes", "B": "no"}'
_COLUMNS = ("choices", "options", "answer_choices", "answer_options")


class Options(NamedTuple):
    """``texts``, and the names by which a target may call them: letters in their order, or the keys of an object."""

    texts: tuple[str, ...]
    names: tuple[str, ...] = ()

    def places(self, target: str) -> tuple[int, int]:
        """Where the target stands among the texts and among the names; -1 where it does not."""
        text = self.texts.index(target) if target in self.texts else -1
        named = next((name for name in (target, target.upper()) if name in self.names), None)
        return text, -1 if named is None else self.names.index(named)


def named_by_letters(texts: Sequence[str]) -> Options:
    return _options(zip(_letters(len(texts)), texts, strict=True))


def options_of(held: Any) -> Options | None:
    """Options from a list, an object, their JSON text, or text with ``|`` between them; None where it holds no two
    different ones. Empty ones are left out and the others keep their letters."""
    if isinstance(held, str) and held.lstrip()[:1] in ("[", "{"):
        try:
            held = orjson.loads(held)
        except orjson.JSONDecodeError:
            return None
    elif isinstance(held, str):
        held = held.split("|")
    if isinstance(held, Mapping):
        found = _options(held.items() if not set(held) <= set(LETTERS) else sorted(held.items()))
    elif isinstance(held, (list, tuple)):
        found = named_by_letters([cell_text(text) for text in held])
    else:
        return None
    return found if 1 < len(found.texts) == len(set(found.texts)) else None


def unused(row: Row, used: Sequence[str]) -> str:
    """A column of that row that looks like the options of a question and is not read as such; "" for none."""
    for name in row:
        if name.lower() in _COLUMNS and name not in used and options_of(row[name]) is not None:
            return name
    return ""


def chosen(options: Sequence[Options], targets: Sequence[str], ids: Sequence[str], title: str) -> list[int]:
    """The place of each target among its options, -1 where it is none of them.

    A target such as A that is the text of one option and the letter of another is read as the others of the file
    are; DataError where those do not decide.
    """
    found = [held.places(target) for held, target in zip(options, targets, strict=True)]
    texts = any(text >= 0 > name for text, name in found)
    names = any(name >= 0 > text for text, name in found)
    for (text, name), case in zip(found, ids, strict=True):
        if min(text, name) >= 0 and text != name and texts == names:
            raise DataError(
                f"the target of case {case!r} of {title} is the text of one option and the letter of another",
                hint="write all targets as letters, or all as texts",
            )
    return [(text if texts else name) if min(text, name) >= 0 else max(text, name) for text, name in found]


def _letters(count: int) -> tuple[str, ...]:
    """A, B, C, ...; an option beyond Z has no letter."""
    return (*LETTERS[:count], *[""] * (count - len(LETTERS)))


def _options(pairs: Iterable[tuple[str, Any]]) -> Options:
    kept = [(str(name), cell_text(text)) for name, text in pairs]
    kept = [(name, text) for name, text in kept if text]
    return Options(tuple(text for _, text in kept), tuple(name for name, _ in kept))
