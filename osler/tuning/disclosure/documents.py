"""The documents that a trained model learnt from, kept beside its weights, so that a deletion can name it.

A list holds hashes of ids, never ids or texts. A hash of an id is a pseudonym and not more: who has a list of possible
ids can try each of them.
"""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from osler.core.block import canonical, digest, is_block
from osler.core.errors import DataError
from osler.core.types import Prompt
from osler.knowledge.citation import Span

if TYPE_CHECKING:
    from osler.tuning.trainer.work import Pairs

FILE = "documents.json.gz"
FORMAT = 1
_LOOKED = frozenset({"valid", "test", "held_out"})  # fields of stages whose rows are looked at, not learnt from
_GIVES = ("texts", "conversations", "preferences", "matches", "world", "examples")
_COPY = re.compile(r"(.+)#\d+")  # the second copy of a text in a mixture
_MIXED = re.compile(r"\d+/(.+?)(?:/\d+)?")  # a conversation of a mixture, by its part


class Documents(NamedTuple):
    """Hashes of ids (see ``hashed``). learnt: of the stage's own rows. looked: of rows that only chose or tested the
    weights. inherited: what the models that it stands on learnt or looked at. foreign: names of models below it that keep
    no such list."""

    learnt: frozenset[str] = frozenset()
    looked: frozenset[str] = frozenset()
    inherited: frozenset[str] = frozenset()
    foreign: tuple[str, ...] = ()

    def how(self, document: str) -> str:
        """ "learnt", "inherited", "looked" (the strongest that holds), or "" where the document is none of them."""
        mark = hashed(document)
        for name in ("learnt", "inherited", "looked"):
            if mark in getattr(self, name):
                return name
        return ""


def hashed(document: str) -> str:
    """16 hex characters of an id's BLAKE2b, the same on every machine."""
    data = document.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(data, digest_size=8, person=b"osler-document").hexdigest()


def documents_of(stage: Any, pairs: Pairs) -> Documents:
    """What ``stage`` learns from: rows of all data in its fields, the study's cases where it reads them, and the lists
    of the models that it stands on.

    A row counts by its id, the ids in its ``of``, and the documents of its passages; what a stage holds out of its own
    data counts as learnt, since it chose the weights or may have. A vocabulary is learnt from its texts.
    """
    ids: dict[str, set[str]] = {"learnt": set(), "looked": set()}
    models: list[Any] = []
    if stage.reads_pairs:
        ids["learnt"].update(name for prompt, _ in pairs for name in _of_prompt(prompt))
    for field in dataclasses.fields(stage):
        into = ids["looked" if field.name in _LOOKED else "learnt"]
        _collect(getattr(stage, field.name), into, models)
    inherited, foreign = _below(models)
    learnt, looked = (
        frozenset(hashed(name) for id in ids[role] for name in _names(id)) for role in ("learnt", "looked")
    )
    return Documents(learnt, looked - learnt, inherited, foreign)


def write(folder: Path, documents: Documents) -> dict[str, Any]:
    """Put the list into a trained folder; gives its counts and hash for ``training.json``. Equal lists make equal files."""
    lists = {name: sorted(getattr(documents, name)) for name in ("learnt", "looked", "inherited")}
    body = orjson.dumps({"format": FORMAT, **lists, "foreign": documents.foreign})
    (folder / FILE).write_bytes(gzip.compress(body, mtime=0))
    counts = {name: len(held) for name, held in lists.items()}
    return {**counts, "foreign": list(documents.foreign), "hash": digest(canonical(lists), size=8)}


def read(folder: str | Path) -> Documents | None:
    """The list of a trained folder; None where it has none. DataError for another format."""
    file = Path(folder) / FILE
    if not file.is_file():
        return None
    held = orjson.loads(gzip.decompress(file.read_bytes()))
    if held.get("format") != FORMAT:
        raise DataError(
            f"the documents of the model {Path(folder).name} are in format {held.get('format')!r}, this version reads {FORMAT}",
            hint="use the version that trained it",
        )
    learnt, looked, inherited = (frozenset(held[name]) for name in ("learnt", "looked", "inherited"))
    return Documents(learnt, looked, inherited, tuple(held["foreign"]))


def _collect(value: Any, ids: set[str], models: list[Any]) -> None:
    """Ids of all rows that ``value`` gives, and the models in it: those that wrote its texts are learnt from, too."""
    if isinstance(value, tuple):
        for item in value:
            _collect(item, ids, models)
    elif is_block(value):
        if _is_model(value):
            models.append(value)
            return
        gives = any(_gives(value, name) for name in _GIVES)
        if gives:
            ids.update(_ids(value))
        for field in dataclasses.fields(value):
            _collect(getattr(value, field.name), set() if gives else ids, models)


def _gives(value: Any, name: str) -> bool:
    return callable(getattr(type(value), name, None))  # a field of that name gives no rows


def _is_model(value: Any) -> bool:
    return hasattr(value, "generate") or hasattr(value, "embed")


def _below(models: Iterable[Any]) -> tuple[frozenset[str], tuple[str, ...]]:
    """What these models learnt, and the names of those that do not say."""
    inherited: set[str] = set()
    foreign: set[str] = set()
    for model in models:
        folder = _folder(model)
        held = read(folder) if folder is not None else None
        if held is not None:
            inherited |= held.learnt | held.looked | held.inherited
            foreign.update(held.foreign)
        else:
            foreign.add(_called(model))
    return frozenset(inherited), tuple(sorted(foreign))


def _folder(model: Any) -> Path | None:
    if getattr(model, "weights", ""):
        held: Path = model.folder
        return held
    path = getattr(model, "path", "")
    return Path(path) if path and Path(path).is_dir() else None


def _called(model: Any) -> str:
    """A model by its hub name, or its folder's name without where that is."""
    path = str(getattr(model, "path", "") or getattr(model, "model", ""))
    name = Path(path).name if path and Path(path).is_dir() else path
    return f"{type(model).__name__} {name}".strip()


def _ids(data: Any) -> Iterator[str]:
    own = [name for name in _GIVES[:-1] if _gives(data, name)]
    if not own:
        for example in data.examples("train"):
            yield example.id
            if hasattr(data, "prompt"):
                yield from _of_prompt(data.prompt(example))
        return
    for name in own:
        found = getattr(data, name)()
        for row in found.texts if name == "world" else found:
            yield row.id
            yield from getattr(row, "of", ())


def _of_prompt(prompt: Prompt) -> Iterator[str]:
    yield prompt.id
    yield from (passage.id for passage in prompt.evidence)
    for demo in prompt.demos:
        yield demo.id
        yield from (passage.id for passage in demo.evidence)


def _names(id: str) -> Iterator[str]:
    """All that a row's id stands for: itself, the text that it is a copy of, the document that it is a passage of."""
    if not id:
        return
    yield id
    for found in (_COPY.fullmatch(id), _MIXED.fullmatch(id)):
        if found is not None:
            yield found[1]
    span = Span.maybe(id)
    if span is not None:
        yield span.document
