"""Making conversations with a model: calls counted and kept, bad rows counted by reason, test cases kept out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Protocol, runtime_checkable

import orjson

from osler.core.block import block_id, is_block, snake, to_spec
from osler.core.errors import ModelError
from osler.core.store import Store
from osler.core.types import Message, Model, Reply
from osler.data.overlap import overlap
from osler.models.cache import Cached
from osler.tuning.dialogue.conversation import Conversation
from osler.tuning.dialogue.files import write

ROWS, ABOUT, CALLS = "conversations.jsonl", "production.json", "calls.db"
MET = "it stands in the test data"


@dataclass(slots=True)
class Made:
    """What a method made, without tags; ``rejected`` counts rows that were thrown away, by reason."""

    conversations: list[Conversation] = field(default_factory=list)
    rejected: Counter[str] = field(default_factory=Counter)


@runtime_checkable
class Method(Protocol):
    """A block that makes conversations with a model. ``title`` goes into the tag of every row."""

    title: ClassVar[str]

    async def make(self, model: Model, *, seed: int) -> Made: ...


@dataclass(slots=True)
class Produced:
    """``conversations`` are tagged. ``met``: rows left out because they repeat a test case. Costs are those of calls
    that were made now; a call kept from before costs nothing again."""

    conversations: tuple[Conversation, ...]
    rejected: Mapping[str, int]
    met: int
    calls: int
    new_calls: int
    cost_usd: float
    tokens_in: int
    tokens_out: int

    def told(self) -> dict[str, Any]:
        return {
            "conversations": len(self.conversations),
            "rejected": dict(sorted(self.rejected.items())),
            "met_test_cases": self.met,
            "calls": self.calls,
            "new_calls": self.new_calls,
            "cost_usd": round(self.cost_usd, 6),
            "tokens_in": self.tokens_in,
            "tokens_out": self.tokens_out,
        }


class Counted:
    """A Model around a model that counts calls and what they cost."""

    def __init__(self, inner: Model) -> None:
        self.inner = inner
        self.calls = self.new = self.tokens_in = self.tokens_out = 0
        self.cost_usd = 0.0
        self.names: Counter[str] = Counter()

    @property
    def supports(self) -> frozenset[str]:
        return self.inner.supports

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
        reply = await self.inner.generate(
            messages, temperature=temperature, seed=seed, max_tokens=max_tokens, schema=schema, tools=tools, n=n
        )
        return self._count(reply)

    async def score(self, messages: Sequence[Message], choices: Sequence[str]) -> Reply:
        return self._count(await self.inner.score(messages, choices))

    def _count(self, reply: Reply) -> Reply:
        self.calls += 1
        self.names[reply.model] += 1
        if not reply.cached:
            self.new += 1
            self.cost_usd += reply.cost_usd
            self.tokens_in += reply.tokens_in
            self.tokens_out += reply.tokens_out
        return reply


async def produce(
    method: Method, model: Model, *, seed: int = 0, folder: Path | None = None, against: Sequence[str] = ()
) -> Produced:
    """Conversations that ``method`` makes with ``model``, each tagged with both.

    folder: keeps every finished call, so that a cut run goes on where it was and a second one asks nothing; gets the
    rows as a file that ``ConversationFiles`` reads, and an account of the production. against: texts of test cases; a
    row with a turn that repeats one of them, exactly or nearly, is left out and counted. ModelError where the model
    answers no call at all.
    """
    if folder is None:
        return await _produced(method, Counted(model), model, seed, against)
    folder.mkdir(parents=True, exist_ok=True)
    with Store(folder / CALLS) as store:
        kept = Cached(model, store, study=method.title)
        found = await _produced(method, Counted(kept), model, seed, against)
    write(found.conversations, folder / ROWS)
    spec = to_spec(model) if is_block(model) else type(model).__name__
    about = {"method": to_spec(method), "model": spec, "seed": seed, **found.told()}
    (folder / ABOUT).write_bytes(orjson.dumps(about, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS))
    return found


async def _produced(method: Method, counted: Counted, model: Model, seed: int, against: Sequence[str]) -> Produced:
    made = await method.make(counted, seed=seed)
    if counted.calls == 0 and not made.conversations:
        raise ModelError(f"the model answered no call of {method.title}", hint="check the model with osler ask")
    tag = f"{_name(counted, model)}: {method.title}"
    rows = [one._replace(made=tag) for one in made.conversations]
    apart = met_tests(rows, against)
    kept = tuple(row for row in rows if row.id not in apart)
    rejected = +Counter(made.rejected)
    if apart:
        rejected[MET] += len(rows) - len(kept)
    return Produced(
        kept,
        rejected,
        len(rows) - len(kept),
        counted.calls,
        counted.new,
        counted.cost_usd,
        counted.tokens_in,
        counted.tokens_out,
    )


def _name(counted: Counted, model: Model) -> str:
    """The model as its replies name it, with the hash of its settings, which the name alone does not tell."""
    said = next((name for name, _ in counted.names.most_common() if name), snake(type(model).__name__))
    return f"{said} ({block_id(model)[:8]})" if is_block(model) else said


def met_tests(rows: Sequence[Conversation], against: Sequence[str]) -> frozenset[str]:
    """Ids of conversations with a turn that repeats a text of ``against``, exactly or nearly."""
    if not against:
        return frozenset()
    turns = [(row.id, turn.text) for row in rows for turn in row.turns if turn.role != "system"]
    found = overlap(list(against), [text for _, text in turns])
    return frozenset(turns[pair.test][0] for pair in found.pairs)


async def answered(model: Model, messages: Sequence[Message], **settings: Any) -> Reply | None:
    """The reply, or None where the model gave none: one lost call must not lose a harvest."""
    try:
        return await model.generate(messages, **settings)
    except ModelError:
        return None
