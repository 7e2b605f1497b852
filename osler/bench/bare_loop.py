"""The floor: workers over one iterator that post and parse, with the HTTP client that Osler uses and nothing else."""

from __future__ import annotations

import asyncio

import aiohttp
import orjson

from osler.bench.contender import INSTRUCTION, Contender, user_text
from osler.core.errors import OslerError
from osler.core.types import Example


async def main(contender: Contender) -> None:
    url = contender.url + "/chat/completions"
    connector = aiohttp.TCPConnector(limit=0)
    headers = {"Content-Type": "application/json"}
    async with aiohttp.ClientSession(
        connector=connector, cookie_jar=aiohttp.DummyCookieJar(), headers=headers
    ) as session:

        async def call(example: Example) -> None:
            body = orjson.dumps(
                {
                    "model": "stub",
                    "temperature": 0.0,
                    "seed": 0,
                    "max_tokens": 256,
                    "messages": [
                        {"role": "system", "content": INSTRUCTION},
                        {"role": "user", "content": user_text(example)},
                    ],
                }
            )
            async with session.post(url, data=body) as response:
                if not orjson.loads(await response.read())["choices"]:
                    raise OslerError("the stub server gave no choice")

        await contender.run_workers(call)()


if __name__ == "__main__":
    made = Contender.ready()
    asyncio.run(main(made))
    made.report()
