"""How many tokens an endpoint's model will read: by a tokenizer file, or asked of the server itself.

vLLM answers ``POST /tokenize`` with the count of a whole chat, template and all, and with the length of its context;
llama.cpp fills the template at ``POST /apply-template`` and counts text at ``POST /tokenize`` (their server docs).
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from osler.core.errors import ModelError, SpecError
from osler.core.types import Message
from osler.models.wire import tool_fields, wire_messages
from osler.models.wire_errors import error_words, http_error, read_json

if TYPE_CHECKING:
    from osler.models.endpoint_transport import Transport

# Tokens that a chat template puts around a message and before the answer: Llama 3 has 5 and 5, ChatML 5 and 3, OpenAI 4
# and 3. A few too many refuse nothing that matters; too few let a prompt through that the server then refuses.
FRAME = 5

Post = Callable[[str, bytes], Awaitable[Mapping[str, Any]]]


class CountsTokens:
    """What an endpoint knows of its context. ``tokenizer``: a tokenizer.json, "server", or "" for no count."""

    model: str
    base_url: str
    context: int
    tokenizer: str

    def _connected(self, url: str = "") -> Transport:
        raise NotImplementedError

    def _key(self) -> str:
        raise NotImplementedError

    @property
    def counts(self) -> bool:
        """Whether ``count`` can count: by a tokenizer of its own."""
        return bool(self.tokenizer)

    @property
    def found_context(self) -> int:
        """``context``, or what the server told with a count; 0 where not known."""
        return self.context or int(self.__dict__.get("_context", 0))

    @property
    def tells_context(self) -> bool:
        """Whether a count may still tell the context: a server that has not been asked yet."""
        return self.tokenizer == "server" and not self.context and "_context" not in self.__dict__

    async def count(
        self,
        messages: Sequence[Message],
        *,
        schema: Mapping[str, Any] | None = None,
        tools: Sequence[Mapping[str, Any]] = (),
    ) -> int:
        """Tokens of a prompt by the model's own tokenizer. SpecError without ``tokenizer``, ModelError of a server."""
        if not self.tokenizer:
            raise SpecError(
                f"endpoint {self.model} has no tokenizer to count with", hint='set tokenizer = "server" or a file'
            )
        if self.tokenizer != "server":
            return count_by_file(self.tokenizer, messages, schema=schema, tools=tools)
        tokens, context = await count_at_server(self._look_up, self.model, messages, tools=tools)
        self.__dict__["_context"] = context
        return tokens

    async def _look_up(self, path: str, body: bytes) -> Mapping[str, Any]:
        """What the server answers at ``path``, which stands beside the version in its address."""
        transport = self._connected(self.base_url.rstrip("/").removesuffix("/v1") + path)
        answer = await transport.post(body, self._key(), False)
        if answer.status != 200:
            words = error_words(answer.raw)
            raise http_error(answer.status, answer.headers, words, host=transport.host, model=self.model)
        return read_json(answer.raw, host=transport.host, model=self.model)


def count_by_file(
    path: str, messages: Sequence[Message], *, schema: Mapping[str, Any] | None, tools: Sequence[Mapping[str, Any]]
) -> int:
    """Tokens of ``messages``, schema and tools by the ``tokenizer.json`` at ``path``, with a frame for each message."""
    tokenizer = _tokenizer(path)
    texts = [message.text for message in messages]
    if schema is not None:
        texts.append(orjson.dumps(dict(schema)).decode())
    texts += [orjson.dumps(tool).decode() for tool in tool_fields(tools)]
    found = tokenizer.encode_batch(texts, add_special_tokens=False)
    return sum(len(item.ids) for item in found) + FRAME * (len(messages) + len(tools) + 1)


async def count_at_server(
    post: Post,
    model: str,
    messages: Sequence[Message],
    *,
    tools: Sequence[Mapping[str, Any]],
) -> tuple[int, int]:
    """(tokens, context or 0) that the server gives for a chat. ``post(path, body)`` asks it.

    A schema steers the decoding of such servers and is not read as a prompt, so it costs nothing.
    """
    asked: dict[str, Any] = {"model": model, "messages": wire_messages(messages), "add_generation_prompt": True}
    if tools:
        asked["tools"] = tool_fields(tools)
    found = await post("/tokenize", orjson.dumps(asked))
    if isinstance(found.get("count"), int):
        context = found.get("max_model_len")
        return int(found["count"]), context if isinstance(context, int) else 0
    filled = await post("/apply-template", orjson.dumps(asked))
    found = await post("/tokenize", orjson.dumps({"content": filled.get("prompt"), "add_special": True}))
    tokens = found.get("tokens")
    if not isinstance(filled.get("prompt"), str) or not isinstance(tokens, list):
        raise ModelError(
            f"the server of {model} counts no tokens: it has no /tokenize as vLLM or llama.cpp have it",
            hint="set tokenizer to a tokenizer.json, or leave it out",
            kind="unsupported",
        )
    return len(tokens), 0


@functools.lru_cache(maxsize=8)
def _tokenizer(path: str) -> Any:
    from tokenizers import Tokenizer

    file = Path(path).expanduser()
    file = file / "tokenizer.json" if file.is_dir() else file
    try:
        return Tokenizer.from_file(str(file))
    except Exception as error:  # noqa: BLE001 - the library raises plain Exception for every fault of a file
        raise SpecError(
            f"endpoint.tokenizer: {file.name!r} cannot be read as a tokenizer ({type(error).__name__})",
            hint='give the path of a tokenizer.json, or "server"',
        ) from None
