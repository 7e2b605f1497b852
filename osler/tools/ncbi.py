"""NCBI's web interfaces for genes: Entrez Programming Utilities and BLAST, read only.

Rules of the service: at most 3 requests a second; BLAST results are asked for at most once a minute (NCBI,
"Entrez Programming Utilities Help", NBK25497; "BLAST URL API", usage guidelines).
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlencode, urlsplit

from osler.core.block import block
from osler.core.errors import SpecError, ToolError

HOSTS: Mapping[str, re.Pattern[str]] = {
    "eutils.ncbi.nlm.nih.gov": re.compile(
        r"/entrez/eutils/(?:esearch|esummary|efetch|einfo|elink|espell|egquery|ecitmatch)\.(?:fcgi|cgi)"
    ),
    "blast.ncbi.nlm.nih.gov": re.compile(r"(?:/blast)?/Blast\.cgi"),
}
LONGEST_URL = 8_000
_RID = re.compile(r"^\s*RID\s*=\s*([A-Z0-9-]+)", re.MULTILINE)
_STATUS = re.compile(r"Status=(WAITING|FAILED|UNKNOWN)")


def address(url: str) -> tuple[str, str, list[tuple[str, str]]]:
    """Host, path and arguments of an allowed address. ToolError for every other one, before anything is sent.

    The request is then built anew from these three, so that nothing else of what a model wrote can reach the wire:
    no other host, scheme, port, user, password or fragment.
    """
    url = url.strip().replace(" ", "+")
    if len(url) > LONGEST_URL:
        raise ToolError(f"the address has {len(url)} characters", hint=f"at most {LONGEST_URL}")
    if not url.isascii() or not url.isprintable() or "\\" in url:
        raise ToolError("the address holds characters that no address has", hint="write them as %XX")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ToolError("that is no address", hint="it starts with https://eutils.ncbi.nlm.nih.gov/") from None
    host = parts.netloc.lower()
    if parts.scheme not in ("https", "http") or host not in HOSTS:
        raise ToolError(
            "only addresses of " + " and ".join(HOSTS) + " can be called", hint="without user, password and port"
        )
    if not HOSTS[host].fullmatch(parts.path):
        raise ToolError(f"{host} has no page {parts.path[:80]} that can be read here", hint="for example esearch.fcgi")
    query = parse_qsl(parts.query, keep_blank_values=True)
    commands = [value for name, value in query if name.upper() == "CMD"]
    if host.startswith("blast") and (commands not in (["Put"], ["Get"]) or "CMD" not in dict(query)):
        raise ToolError(
            "BLAST is called with one CMD=Put or CMD=Get", hint="CMD=Put&PROGRAM=blastn&DATABASE=nt&QUERY=..."
        )
    return host, parts.path, query


@block
class Ncbi:
    """Call an NCBI address and give back what it answers.

    online: may reach NCBI itself; off by default, since the arguments then leave this machine. base_url: asks this
    server instead, with the same paths. max_bytes: more of an answer is not read. per_second: requests a second at
    most. wait_s, poll_s: how long a BLAST result is waited for, and the time between two looks. email: told to NCBI
    with each request, as it asks. Redirects are refused.
    """

    online: bool = False
    base_url: str = ""
    email: str = ""
    timeout_s: float = 30.0
    max_bytes: int = 500_000
    per_second: float = 3.0
    wait_s: float = 240.0
    poll_s: float = 60.0

    operational: ClassVar[frozenset[str]] = frozenset({"email", "timeout_s", "per_second", "wait_s", "poll_s"})

    def check(self) -> None:
        parts = urlsplit(self.base_url)
        if self.base_url and (parts.scheme not in ("http", "https") or not parts.hostname or parts.username):
            raise SpecError("ncbi.base_url must be an http or https address without user", hint="http://127.0.0.1:8000")
        if min(self.timeout_s, self.per_second, self.poll_s) <= 0 or self.max_bytes < 1 or self.wait_s < 0:
            raise SpecError("ncbi: timeout_s, per_second, poll_s and max_bytes must be positive, wait_s not negative")

    @property
    def name(self) -> str:
        return "ncbi"

    @property
    def description(self) -> str:
        return "Calls an address of NCBI's E-utilities or BLAST and returns the result."

    @property
    def parameters(self) -> Mapping[str, Any]:
        url = {"type": "string", "description": "the whole address, with its arguments"}
        return {"type": "object", "properties": {"url": url}, "required": ["url"], "additionalProperties": False}

    @property
    def sends_to(self) -> tuple[str, ...]:
        """The machines that arguments are sent to: what a model writes into a call leaves by them."""
        return (self.base_url,) if self.base_url else tuple(HOSTS) if self.online else ()

    async def use(self, arguments: Mapping[str, Any]) -> str:
        host, path, query = address(str(arguments["url"]))
        if not self.sends_to:
            raise ToolError("NCBI cannot be reached from here", hint="answer without it")
        text = await self._get(host, path, query)
        if not host.startswith("blast"):
            return text
        if dict(query)["CMD"] == "Put":
            found = _RID.search(text)
            if found is None:
                raise ToolError("BLAST took no query", hint="check PROGRAM, DATABASE and QUERY")
            return f"RID = {found[1]}"
        return await self._result(host, path, query, text)

    async def _result(self, host: str, path: str, query: list[tuple[str, str]], text: str) -> str:
        waited = 0.0
        while (status := _STATUS.search(text)) is not None:
            if status[1] != "WAITING":
                raise ToolError("BLAST has no result for this RID", hint="send the query again with CMD=Put")
            if waited + self.poll_s > self.wait_s:
                raise ToolError(f"BLAST had no result within {self.wait_s:g} s", hint="ask for this RID once more")
            await asyncio.sleep(self.poll_s)
            waited += self.poll_s
            text = await self._get(host, path, query)
        return text

    async def _get(self, host: str, path: str, query: list[tuple[str, str]]) -> str:
        import aiohttp  # takes a third of a second to import
        from yarl import URL

        await self._turn()
        known = [("tool", "osler"), ("email", self.email)] if self.email else []
        origin = self.base_url.rstrip("/") or f"https://{host}"
        target = URL(f"{origin}{path}?{urlencode(query + known)}", encoded=True)
        limit = aiohttp.ClientTimeout(total=self.timeout_s)
        try:
            async with (
                aiohttp.ClientSession(timeout=limit, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False) as session,
                session.get(target, allow_redirects=False) as answer,
            ):
                if answer.status != 200:
                    what = "a redirect" if 300 <= answer.status < 400 else f"status {answer.status}"
                    raise ToolError(f"{host} answered with {what}", hint="check the address and its arguments")
                body = bytearray()
                async for piece in answer.content.iter_chunked(16_384):
                    body += piece
                    if len(body) > self.max_bytes:
                        break
                return bytes(body[: self.max_bytes]).decode("utf-8", "replace")
        except aiohttp.ClientError as error:
            raise ToolError(f"{host} did not answer ({type(error).__name__})", hint="call it once more") from None
        except TimeoutError:
            raise ToolError(f"{host} did not answer within {self.timeout_s:g} s", hint="call it once more") from None

    async def _turn(self) -> None:
        """Wait until this request keeps to ``per_second``. The next free moment stands beside the fields."""
        now = time.monotonic()
        start = max(now, self.__dict__.get("_free", 0.0))
        self.__dict__["_free"] = start + 1.0 / self.per_second
        if start > now:
            await asyncio.sleep(start - now)
