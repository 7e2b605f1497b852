"""What a model replies to the beginnings of conversations."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from osler.core.types import Message, Model, Part
from osler.tuning.dialogue.conversation import Turn


async def replies(
    model: Model, beginnings: Sequence[Sequence[Turn]], *, temperature: float = 0.0, seed: int = 0, max_tokens: int = 48
) -> list[str]:
    """One reply to each beginning, in order; sampled ones get seeds of their own."""
    found = await asyncio.gather(
        *(
            model.generate(
                [Message(turn.role, (Part(turn.text),)) for turn in turns],
                temperature=temperature,
                seed=seed * 1_000_003 + number,
                max_tokens=max_tokens,
            )
            for number, turns in enumerate(beginnings)
        )
    )
    return [reply.text for reply in found]
