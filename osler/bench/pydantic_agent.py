"""Workers over one iterator that run a pydantic-ai agent without tools."""

from __future__ import annotations

import asyncio

from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider
from pydantic_ai.settings import ModelSettings

from osler.bench.contender import INSTRUCTION, Contender, user_text
from osler.core.types import Example


async def main(contender: Contender) -> None:
    model = OpenAIChatModel("stub", provider=OpenAIProvider(base_url=contender.url, api_key="none"))
    agent = Agent(model, instructions=INSTRUCTION)
    settings = ModelSettings(temperature=0.0, seed=0, max_tokens=256)

    async def call(example: Example) -> None:
        await agent.run(user_text(example), model_settings=settings)

    await contender.run_workers(call)()


if __name__ == "__main__":
    made = Contender.ready()
    asyncio.run(main(made))
    made.report()
