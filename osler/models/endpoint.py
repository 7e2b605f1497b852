"""Any server that speaks chat completions: OpenAI, Azure OpenAI, vLLM, Ollama, llama.cpp.

``Endpoint`` makes one request per call and turns every failure into a ModelError of a stable kind; retries,
concurrency and rate limits are ``osler.models.limit``. The API key is read from the environment at each call: it
stands in no spec and no message.
"""

from __future__ import annotations

import asyncio
import dataclasses
import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from time import perf_counter
from typing import TYPE_CHECKING, Any, ClassVar, Literal
from urllib.parse import quote, urlsplit

from osler.core.block import block
from osler.core.errors import ModelError, SpecError
from osler.core.types import Message, Reply
from osler.models.endpoint_tokens import CountsTokens
from osler.models.wire import chat_body, read_reply, response_format, tool_fields
from osler.models.wire_errors import error_words, http_error, is_filtered, read_json
from osler.models.wire_score import choice_logprobs

if TYPE_CHECKING:
    from osler.models.endpoint_transport import Answer, Transport


@block
class Endpoint(CountsTokens):
    """A model behind an OpenAI-compatible server.

    ``base_url``: what stands before ``/chat/completions`` (for ``kind="azure"`` the resource's address).
    ``api_key_env``: environment variable that holds the key, "" for servers without one.
    ``timeout_s``: seconds one request may take in all. ``usd_per_million_in``/``_out``: price in US dollars per
    million tokens. ``context``: the model's context in tokens, 0 where unknown. ``tokenizer``: how a prompt's
    tokens are counted before a call: the path of a tokenizer.json, "server" (vLLM and llama.cpp count themselves),
    or "" for an estimate.
    ``schema_mode``: how a schema is asked for. ``logprobs``: the server gives log-probabilities, so ``score``
    works (limits: ``osler.models.wire_score``) and replies carry them. ``images``/``tools``: what the model takes.
    ``max_tokens_field``: ``max_completion_tokens`` for OpenAI's reasoning models. ``extra`` is added to each
    request; request fields named in ``omit`` are never sent.
    ``concurrency``, ``requests_per_minute``, ``tokens_per_minute``, ``retries`` and ``backoff_s`` are read by
    ``osler.models.limit.limits_of``; 0 means no limit.

    Wire format: OpenAI API reference, chat completions; Azure OpenAI REST reference.
    """

    model: str
    base_url: str = "https://api.openai.com/v1"
    api_key_env: str = "OPENAI_API_KEY"
    kind: Literal["openai", "azure"] = "openai"
    api_version: str = ""
    concurrency: int = 16
    requests_per_minute: int = 0
    tokens_per_minute: int = 0
    timeout_s: float = 60.0
    retries: int = 6
    backoff_s: float = 0.5
    usd_per_million_in: float = 0.0
    usd_per_million_out: float = 0.0
    context: int = 0
    tokenizer: str = ""
    schema_mode: Literal["json_schema", "json_object", "none"] = "json_schema"
    stream: bool = False
    logprobs: bool = False
    top_logprobs: int = 20
    images: bool = False
    tools: bool = True
    max_tokens_field: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    extra: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    omit: tuple[str, ...] = ()

    # How fast and at what price it is asked, and what is counted before: these change nothing of what it answers.
    operational: ClassVar[frozenset[str]] = frozenset(
        {
            "api_key_env",
            "concurrency",
            "requests_per_minute",
            "tokens_per_minute",
            "timeout_s",
            "retries",
            "backoff_s",
            "usd_per_million_in",
            "usd_per_million_out",
            "context",
            "tokenizer",
        }
    )

    def check(self) -> None:
        address = urlsplit(self.base_url)
        if address.scheme not in ("http", "https") or not address.hostname or address.query or address.username:
            raise SpecError(
                "endpoint.base_url must be an http or https address without user, password and query",
                hint='write base_url = "https://host/v1" and put the key into the environment',
            )
        if self.kind == "azure" and not self.api_version:
            raise SpecError("an azure endpoint needs api_version", hint='set api_version = "2024-10-21" or later')
        taken = {"model", "messages", "stream", "n"} & set(self.extra)
        if taken:
            raise SpecError(f"endpoint.extra may not hold {', '.join(sorted(taken))}", hint="use the setting instead")
        if min(self.concurrency, self.top_logprobs) < 1 or self.timeout_s <= 0 or min(self.retries, self.backoff_s) < 0:
            raise SpecError(
                "endpoint: concurrency, top_logprobs and timeout_s must be positive, retries and backoff_s not negative"
            )

    @cached_property  # asked before every call
    def supports(self) -> frozenset[str]:
        able = {
            "score": self.logprobs,
            "tools": self.tools,
            "images": self.images,
            "schema": self.schema_mode == "json_schema",
        }
        return frozenset(("generate", *(name for name, can in able.items() if can)))

    @property
    def url(self) -> str:
        base = self.base_url.rstrip("/")
        if self.kind == "openai":
            return base + "/chat/completions"
        name, version = quote(self.model, safe=""), quote(self.api_version, safe="")
        return f"{base}/openai/deployments/{name}/chat/completions?api-version={version}"

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
        """One request; a server that gives fewer than ``n`` choices is asked again for the rest.

        A prompt that the server's content filter declines gives a Reply with ``finish="content_filter"`` and no
        text. Raises ModelError.
        """
        fields = self._fields(temperature, seed, max_tokens)
        if schema is not None and self.schema_mode != "none":
            fields["response_format"] = response_format(schema, self.schema_mode)
        if tools:
            fields["tools"] = tool_fields(tools)
        if n > 1:
            fields["n"] = n
        if self.logprobs:
            fields["logprobs"] = True
        reply, _ = await self._ask(fields, messages)
        while len(reply.texts) < n and reply.finish != "content_filter":
            have = len(reply.texts)
            more, _ = await self._ask({**fields, "n": n - have, "seed": seed + have}, messages)
            reply = _joined(reply, more)
        return reply

    async def score(self, messages: Sequence[Message], choices: Sequence[str]) -> Reply:
        """Log-probabilities of ``choices`` from the first token of an answer of one token (see ``wire_score``)."""
        if not self.logprobs:
            raise ModelError(
                f"endpoint {self.model} does not score",
                hint="set logprobs = true if its server can",
                kind="unsupported",
            )
        fields = self._fields(0.0, 0, 1)
        fields.update(logprobs=True, top_logprobs=self.top_logprobs)
        reply, payload = await self._ask(fields, messages)
        if reply.finish == "content_filter":
            raise ModelError(f"endpoint {self.model} declined the prompt by its content filter", kind="content_filter")
        found = choice_logprobs(payload, choices)
        return dataclasses.replace(reply, text=max(found, key=found.__getitem__), logprobs=found)

    async def aclose(self) -> None:
        """Close the connections that the running event loop holds; each loop that made calls should end with this."""
        transports, loop = self._transports(), asyncio.get_running_loop()
        for key in [key for key in transports if key[0] is loop]:
            await transports.pop(key).aclose()

    def _fields(self, temperature: float, seed: int, max_tokens: int) -> dict[str, Any]:
        fields: dict[str, Any] = {
            "model": self.model,
            "temperature": temperature,
            "seed": seed,
            self.max_tokens_field: max_tokens,
        }
        if self.stream:
            fields["stream"] = True
            fields["stream_options"] = {"include_usage": True}
        if self.extra:
            fields.update(self.extra)
        return fields

    async def _ask(self, fields: dict[str, Any], messages: Sequence[Message]) -> tuple[Reply, Mapping[str, Any]]:
        body = chat_body(fields, messages, images=self.images, omit=self.omit)
        transport = self._connected()
        start = perf_counter()
        answer = await transport.post(body, self._key(), self.stream)
        latency = perf_counter() - start
        if answer.status != 200:
            return self._declined(answer, latency), {}
        payload = answer.payload
        if payload is None:
            payload = read_json(answer.raw, host=transport.host, model=self.model)
        try:
            reply = read_reply(
                payload,
                model=self.model,
                sent=len(body),
                latency_s=latency,
                usd_per_million=(self.usd_per_million_in, self.usd_per_million_out),
            )
        except (KeyError, TypeError, AttributeError):
            reply = None
        if reply is None:
            raise self._no_reply(payload, transport.host)
        return reply, payload

    def _connected(self, url: str = "") -> Transport:
        transports = self._transports()
        key = (asyncio.get_running_loop(), url)
        transport = transports.get(key)
        if transport is None:
            from osler.models.endpoint_transport import Transport  # aiohttp takes a third of a second to import

            for over in [other for other in transports if other[0].is_closed()]:
                del transports[over]
            azure = self.kind == "azure"
            transport = Transport(url or self.url, model=self.model, timeout_s=self.timeout_s, azure=azure)
            transports[key] = transport
        return transport

    def _transports(self) -> dict[tuple[asyncio.AbstractEventLoop, str], Transport]:
        """Connections by loop and address, beside the fields: spec, hash and equality do not see them."""
        made: dict[tuple[asyncio.AbstractEventLoop, str], Transport] = self.__dict__.setdefault("_open", {})
        return made

    def _key(self) -> str:
        if not self.api_key_env:
            return ""
        key = os.environ.get(self.api_key_env, "").strip()
        if not key or not key.isprintable():
            raise ModelError(
                f"endpoint {self.model} found no usable key in the environment variable {self.api_key_env}",
                hint=f'export {self.api_key_env}=..., or set api_key_env = "" for a server without a key',
                kind="no_key",
            )
        return key

    def _declined(self, answer: Answer, latency: float) -> Reply:
        words = error_words(answer.raw)
        if is_filtered(answer.status, words):
            return Reply(text="", texts=("",), finish="content_filter", model=self.model, latency_s=latency)
        raise http_error(answer.status, answer.headers, words, host=self._connected().host, model=self.model)

    def _no_reply(self, payload: Mapping[str, Any], host: str) -> ModelError:
        """The error of a body of status 200 without choices. Some routers put another server's error there."""
        error = payload.get("error")
        code = error.get("code") if isinstance(error, Mapping) else None
        if isinstance(code, int) and 400 <= code < 600:
            words = f"{code} {error.get('message') if isinstance(error, Mapping) else ''}".lower()
            return http_error(code, {}, words, host=host, model=self.model)
        return ModelError(f"{host} (model {self.model}) answered without a choice", retryable=True, kind="empty")

    def __getstate__(self) -> dict[str, Any]:
        """Copies and pickles hold the fields, never open connections."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}


def _joined(first: Reply, more: Reply) -> Reply:
    return dataclasses.replace(
        first,
        texts=first.texts + more.texts,
        tokens_in=first.tokens_in + more.tokens_in,
        tokens_out=first.tokens_out + more.tokens_out,
        latency_s=first.latency_s + more.latency_s,
        cost_usd=first.cost_usd + more.cost_usd,
    )
