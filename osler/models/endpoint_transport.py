"""The connections of one endpoint in one event loop, over aiohttp.

What makes it fast: one session, a URL and headers made once, no cookies, one timer a call. Redirects and proxies of
the environment are not followed, so no prompt reaches a host that the endpoint does not name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import aiohttp
from yarl import URL

from osler.core.errors import ModelError
from osler.models.wire_stream import StreamAssembly

# Servers on uvicorn (vLLM) close idle connections after 5 s: letting go before that avoids a request on a dead one.
KEEP_ALIVE_S = 4.0
CONNECT_S = 15.0
DNS_S = 300


class Answer(NamedTuple):
    """What came back: ``payload`` is set instead of ``raw`` when the answer was streamed."""

    status: int
    headers: Mapping[str, str]
    raw: bytes
    payload: dict[str, Any] | None = None


class Transport:
    """Posts bodies to one URL. Its messages hold the host and the model's name, nothing of a request or answer."""

    def __init__(self, url: str, *, model: str, timeout_s: float, azure: bool) -> None:
        self._url = URL(url, encoded=True)
        self.host = self._url.authority
        self._where = f"{self.host} (model {model})"
        self._timeout_s = timeout_s
        self._key_header, self._key_prefix = ("api-key", "") if azure else ("Authorization", "Bearer ")
        self._key = ""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=DNS_S, keepalive_timeout=KEEP_ALIVE_S),
            timeout=aiohttp.ClientTimeout(total=timeout_s, sock_connect=CONNECT_S),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": "osler", "Content-Type": "application/json"},
            auto_decompress=True,
        )

    async def aclose(self) -> None:
        await self._session.close()

    async def post(self, body: bytes, key: str, stream: bool) -> Answer:
        """Send ``body``. Raises ModelError: timeout, connect, reset, truncated, tls, broken_http, broken_json."""
        if key != self._key:
            self._key = key
            self._session.headers[self._key_header] = self._key_prefix + key
        try:
            async with self._session.post(self._url, data=body, allow_redirects=False) as response:
                if stream and response.status == 200 and "event-stream" in response.headers.get("Content-Type", ""):
                    return await self._assembled(response)
                return Answer(response.status, response.headers, await response.read())
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            failed = self._failure(error)
        raise failed  # outside of the handler: the library's error holds the request with its key

    async def _assembled(self, response: aiohttp.ClientResponse) -> Answer:
        assembly = StreamAssembly()
        async for chunk in response.content.iter_any():
            assembly.feed(chunk)
        assembly.close()
        if not assembly.done and "error" not in assembly.payload:
            raise aiohttp.ClientPayloadError
        return Answer(200, response.headers, b"", assembly.payload)

    def _failure(self, error: Exception) -> ModelError:
        where = self._where
        if isinstance(error, TimeoutError) and not isinstance(error, aiohttp.ServerTimeoutError):
            return ModelError(
                f"{where} did not answer within {self._timeout_s:g} s",
                hint="raise timeout_s, or lower concurrency",
                retryable=True,
                kind="timeout",
            )
        if isinstance(error, aiohttp.ClientPayloadError):
            return ModelError(f"{where} cut its answer short", retryable=True, kind="truncated")
        if isinstance(error, aiohttp.ClientSSLError):
            return ModelError(
                f"{where} could not be trusted: its certificate failed", hint="check base_url", kind="tls"
            )
        if isinstance(error, (aiohttp.ClientConnectorError, aiohttp.ServerTimeoutError)):
            return ModelError(
                f"{where} cannot be reached",
                hint="is the server up, and base_url right?",
                retryable=True,
                kind="connect",
            )
        if isinstance(error, aiohttp.ClientResponseError):
            return ModelError(
                f"{where} did not answer in HTTP", hint="check base_url", retryable=True, kind="broken_http"
            )
        if isinstance(error, ValueError):
            return ModelError(f"{where} streamed an event that is no JSON", retryable=True, kind="broken_json")
        return ModelError(f"{where} cut the connection", retryable=True, kind="reset")
