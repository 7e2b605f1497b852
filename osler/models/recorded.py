"""Outputs that a model gave once, replayed by example id: a published run evaluated with no call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from osler.core.block import block, digest
from osler.core.errors import DataError, ModelError, nearest
from osler.core.types import Message, Reply
from osler.data.published import resolved, rows


@block
class Recorded:
    """A model that replays recorded outputs and refuses what was not recorded.

    ``path``: a JSON-lines file (gzipped when it ends in .gz); "$OSLER_DATA/..." is taken from the folder of that
    variable. ``id``: the column of the example id, or a template such as "{dataset}/{id}", in which ``{repeat}`` is 1
    for the first row whose other fields are the same, 2 for the second, and so on. ``output``: the column of the text ("a.b": column b of the column a), or {JSON key: column}, which builds a JSON text. ``where``: only rows with these values, so that one file may
    hold several models.
    The example is known by the ``id`` of the part named "question" in the last user message. An output that is empty
    replays as empty text with finish "empty". Tokens are estimated as characters / 4 (rounded up); the cost is 0.
    """

    path: str
    id: str = "id"
    output: str | Mapping[str, str] = "output"
    where: Mapping[str, Any] = {}
    name: str = ""
    licence: str = ""
    citation: str = ""

    @property
    def supports(self) -> frozenset[str]:
        return frozenset({"generate"})

    async def generate(
        self,
        messages: Sequence[Message],
        *,
        temperature: float = 0.0,
        seed: int = 0,
        max_tokens: int = 512,
        schema: Mapping[str, Any] | None = None,
        tools: Sequence[Mapping[str, Any]] = (),
        n: int = 1,
    ) -> Reply:
        """The recorded text. ModelError (kind ``not_recorded``) without one, or for n > 1: there is one per case."""
        key = _question(messages)
        text = self._outputs().get(key)
        if text is None or n != 1:
            what = f"has no output for {key!r}" if text is None else f"has one output per example, {n} were asked for"
            raise ModelError(
                f"the recorded model {self.name or Path(self.path).name} {what}",
                hint="use the data set that was recorded, and a strategy with one call per case",
                kind="not_recorded",
            )
        return Reply(
            text=text,
            texts=(text,),
            tokens_in=sum(_tokens(message.text) for message in messages),
            tokens_out=_tokens(text),
            model=self.name or Path(self.path).name,
            finish="stop" if text else "empty",
        )

    async def score(self, messages: Sequence[Message], choices: Sequence[str]) -> Reply:
        """Always a ModelError: a recorded text holds no log-probabilities."""
        raise ModelError(
            f"the recorded model {self.name or Path(self.path).name} cannot score choices",
            hint="use a strategy that generates",
            kind="not_supported",
        )

    def ids(self) -> Iterator[str]:
        """The ids that can be replayed, in the order of the file."""
        return iter(self._outputs())

    def content_hash(self) -> str:
        """BLAKE2b of the file's bytes (32 hex characters): what was replayed, whatever the file is called."""
        found: str | None = self.__dict__.get("_content_hash")
        if found is None:
            found = digest(self._file().read_bytes())
            self.__dict__["_content_hash"] = found
        return found

    def _file(self) -> Path:
        return resolved(self.path, what=f"the recorded model {self.name or 'of ' + Path(self.path).name}")

    def _outputs(self) -> Mapping[str, str]:
        held: dict[str, str] | None = self.__dict__.get("_held")
        if held is None:
            held = {}
            repeats: Counter[str] = Counter()
            what = f"the recorded model {self.name or 'of ' + Path(self.path).name}"
            for number, row in enumerate(rows(self._file(), what=what), start=1):
                if any(_column(row, key, number, what) != value for key, value in self.where.items()):
                    continue
                key = self._key(row, number, what, repeats)
                if not self._has_output(row):
                    continue  # a row without this model's part was not recorded, which is not an empty answer
                if key in held:
                    raise DataError(f"{what} has two outputs for {key!r}", hint="choose one of them with where = {...}")
                held[key] = self._text(row, number, what)
            if not held:
                raise DataError(f"{what} has no row left", hint="check the values of where")
            self.__dict__["_held"] = held
        return held

    def _key(self, row: Mapping[str, Any], number: int, what: str, repeats: Counter[str]) -> str:
        if "{" not in self.id:
            return str(_column(row, self.id, number, what))
        try:
            if "{repeat}" not in self.id:
                return self.id.format_map(row)
            same = self.id.format_map({**row, "repeat": ""})
            repeats[same] += 1
            return self.id.format_map({**row, "repeat": repeats[same]})
        except (KeyError, IndexError, ValueError, AttributeError) as error:
            raise DataError(
                f"{what}: the id template {self.id!r} does not fit row {number}", hint=nearest(str(error), row)
            ) from error

    def _has_output(self, row: Mapping[str, Any]) -> bool:
        """Whether the nested column of the output is there ("keywords.gpt-4-turbo"); a plain one is looked up later."""
        if not isinstance(self.output, str) or self.output in row:
            return True
        head, _, rest = self.output.partition(".")
        return not rest or not isinstance(row.get(head), Mapping) or rest in row[head]

    def _text(self, row: Mapping[str, Any], number: int, what: str) -> str:
        if isinstance(self.output, Mapping):
            return _json({key: _column(row, name, number, what) for key, name in self.output.items()})
        value = _column(row, self.output, number, what)
        if isinstance(value, str):
            return value
        return "" if not value else orjson.dumps(value).decode()


def _json(value: Mapping[str, Any]) -> str:
    """Compact JSON that keeps the order of the keys, so that a rationale stays before its answer."""
    return orjson.dumps(value).decode()


def _column(row: Mapping[str, Any], name: str, number: int, what: str) -> Any:
    if name in row:
        return row[name]
    found: Any = row
    for key in name.split("."):  # a column of a column: keywords.gpt-4-turbo
        if not isinstance(found, Mapping) or key not in found:
            raise DataError(f"{what}: row {number} has no column {name!r}", hint=nearest(name, row))
        found = found[key]
    return found


def _question(messages: Sequence[Message]) -> str:
    """The id of the part named "question" in the last user message."""
    for message in reversed(messages):
        if message.role == "user":
            for part in reversed(message.parts):
                if part.name == "question" and part.id:
                    return part.id
            break
    raise ModelError(
        "a recorded model needs to know which case is asked, and the last user message has no question with an id",
        hint="build the messages with Prompt.messages()",
        kind="not_recorded",
    )


def _tokens(text: str) -> int:
    return -(-len(text) // 4)
