"""Many small pieces of work at the same time, a bounded number of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")
WIDTH = 64  # calls that wait for a model at once; its own limits decide how many of them it gets


async def each(items: Sequence[A], work: Callable[[A], Awaitable[B]], *, width: int = WIDTH) -> list[B]:
    """``work`` on every item, in the order of the items. The first error ends the others and is raised as it is."""
    found: dict[int, B] = {}
    rest = iter(enumerate(items))

    async def worker() -> None:
        for place, item in rest:
            found[place] = await work(item)

    tasks = [asyncio.create_task(worker()) for _ in range(min(width, len(items)))]
    try:
        await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
    return [found[place] for place in range(len(items))]
