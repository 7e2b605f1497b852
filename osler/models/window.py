"""A Model around a model that refuses, before the call, what cannot fit into the model's context."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from osler.core.errors import ModelError
from osler.core.types import Message, Model, Reply

# No tokenizer in use packs running text this densely (English has 4 to 5 bytes a token, Chinese 3 to 5), so that bytes
# over this are fewer than the tokens: what does not fit by this count fits by no count.
MOST_BYTES_PER_TOKEN = 10
# What a template adds: to a message (its frame, a default system text), to tools (how to call them).
MESSAGE_TOKENS = 64
TEMPLATE_TOKENS = 512


@dataclass(frozen=True, slots=True)
class Size:
    """Tokens of a prompt as the model reads it. ``exact`` False: a lower bound, from the length of the text."""

    tokens: int
    exact: bool


class Window:
    """Counts prompt and answer tokens before each call; ModelError of the kind ``context`` where they cannot fit.

    A model may have ``context`` (tokens, 0: unknown) and ``count(messages, schema=..., tools=...)``. With a count of
    its own tokenizer, prompt + ``max_tokens`` must fit; a model that ends its answers at the context instead
    (``shortens``) needs room for one token. Without one, only what cannot fit by a lower bound is refused, and the
    message says that the count is an estimate.
    """

    def __init__(self, inner: Model) -> None:
        self.inner = inner

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
        heart = measured(self.inner)
        answer = 1 if getattr(heart, "shortens", False) else max_tokens
        await need_room(heart, messages, answer, schema=schema, tools=tools)
        return await self.inner.generate(
            messages, temperature=temperature, seed=seed, max_tokens=max_tokens, schema=schema, tools=tools, n=n
        )

    async def score(self, messages: Sequence[Message], choices: Sequence[str]) -> Reply:
        await need_room(measured(self.inner), messages, 1)
        return await self.inner.score(messages, choices)

    async def aclose(self) -> None:
        """Close the model inside, where it can be closed."""
        close = getattr(self.inner, "aclose", None)
        if close is not None:
            await close()


def measured(model: Any) -> Any:
    """The model that a chain of wrappers and views (``inner``, ``model``) ends in: the one that knows its context."""
    while not hasattr(model, "count") and not isinstance(getattr(model, "context", None), int):
        inside = getattr(model, "inner", None) or getattr(model, "model", None)
        if inside is None or isinstance(inside, str):
            return model
        model = inside
    return model


def context_of(model: Any) -> int:
    """The context of the model at the heart of ``model``, in tokens; 0 where it is not known."""
    heart = measured(model)
    return int(getattr(heart, "found_context", 0) or getattr(heart, "context", 0) or 0)


async def size_of(
    model: Any,
    messages: Sequence[Message],
    *,
    schema: Mapping[str, Any] | None = None,
    tools: Sequence[Mapping[str, Any]] = (),
) -> Size:
    """Tokens of a prompt by the model's own tokenizer, or a lower bound where it has none."""
    heart = measured(model)
    if getattr(heart, "counts", hasattr(heart, "count")):
        return Size(int(await heart.count(messages, schema=schema, tools=tools)), True)
    text = "".join(" ".join(part.text.split()) for message in messages for part in message.parts)
    if tools:
        text += orjson.dumps(list(map(dict, tools))).decode()
    return Size(len(text.encode(errors="replace")) // MOST_BYTES_PER_TOKEN, False)


def most_tokens(
    messages: Sequence[Message], schema: Mapping[str, Any] | None, tools: Sequence[Mapping[str, Any]]
) -> int:
    """An upper bound for any tokenizer: a token for each byte, and room for what chat templates add."""
    size = sum(len(part.text.encode(errors="replace")) + 1 for message in messages for part in message.parts)
    size += len(orjson.dumps(dict(schema))) if schema is not None else 0
    size += len(orjson.dumps(list(map(dict, tools)))) + TEMPLATE_TOKENS if tools else 0
    return size + MESSAGE_TOKENS * (len(messages) + 1)


async def widest(model: Any, prompts: Sequence[Sequence[Message]]) -> tuple[int, Size]:
    """The number and size of the longest of ``prompts``, for a plan: no server is asked, so that it may be an estimate.

    Raises ValueError without prompts.
    """
    heart = measured(model)
    offline = None if getattr(heart, "tokenizer", "") == "server" else heart
    sizes = [await size_of(offline, messages) for messages in prompts]
    at = max(range(len(sizes)), key=lambda number: sizes[number].tokens)
    return at, sizes[at]


async def need_room(
    model: Any,
    messages: Sequence[Message],
    answer: int,
    *,
    schema: Mapping[str, Any] | None = None,
    tools: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Refuse a prompt that leaves no room for ``answer`` tokens in the context of ``model``."""
    context = context_of(model)
    if not context and not getattr(model, "tells_context", False):
        return
    if context and most_tokens(messages, schema, tools) + answer <= context:
        return  # it fits by any count, so that none is made
    size = await size_of(model, messages, schema=schema, tools=tools)
    context = context_of(model)
    if not context or size.tokens + answer <= context:
        return
    how = "" if size.exact else " (an estimate from below: the model has no tokenizer here)"
    raise ModelError(
        f"the prompt has {'' if size.exact else 'at least '}{size.tokens:,} tokens{how} and its answer may have "
        f"{answer:,}; the context of the model is {context:,}",
        hint="lower max_tokens, show less (fewer demonstrations, compress), or use a model with a longer context",
        kind="context",
    )
