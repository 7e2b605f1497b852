"""Workers over one iterator that call the openai package."""

from __future__ import annotations

import asyncio

from openai import AsyncOpenAI

from osler.bench.contender import INSTRUCTION, Contender, user_text
from osler.core.types import Example


async def main(contender: Contender) -> None:
    async with AsyncOpenAI(base_url=contender.url, api_key="none", max_retries=0) as client:

        async def call(example: Example) -> None:
            await client.chat.completions.create(
                model="stub",
                temperature=0.0,
                seed=0,
                max_tokens=256,
                messages=[
                    {"role": "system", "content": INSTRUCTION},
                    {"role": "user", "content": user_text(example)},
                ],
            )

        await contender.run_workers(call)()


if __name__ == "__main__":
    made = Contender.ready()
    asyncio.run(main(made))
    made.report()
