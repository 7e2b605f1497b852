"""Dynamic batching: who gets what, in which company."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Hashable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osler.models.batching import Batcher, batches


class Doubler:
    """Doubles numbers, refuses 13, breaks on 666 and remembers its batches."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seen: list[list[int]] = []
        self.threads: set[str] = set()
        self.seconds = seconds

    def __call__(self, items: Sequence[int]) -> list[int | BaseException]:
        self.seen.append(list(items))
        self.threads.add(threading.current_thread().name)
        time.sleep(self.seconds)
        if 666 in items:
            raise ArithmeticError("broken")
        return [ValueError("unlucky") if item == 13 else 2 * item for item in items]


async def _all(batcher: Batcher[int, int], items: Sequence[int], size: int = 1) -> list[int | BaseException]:
    return await asyncio.gather(*(batcher.submit(item, size=size) for item in items), return_exceptions=True)


def test_concurrent_calls_share_a_batch_outside_the_loop_s_thread() -> None:
    run = Doubler()
    assert asyncio.run(_all(Batcher(run, wait_s=0.5), range(20, 70))) == [2 * item for item in range(20, 70)]
    assert len(run.seen) == 1
    assert threading.current_thread().name not in run.threads


def test_calls_that_come_while_it_works_form_the_next_batch() -> None:
    run = Doubler(0.8)
    batcher: Batcher[int, int] = Batcher(run)

    async def go() -> None:
        first = asyncio.create_task(batcher.submit(1))
        await asyncio.sleep(0.4)
        await asyncio.gather(first, *(batcher.submit(item) for item in range(2, 9)))

    asyncio.run(go())
    assert [sorted(batch) for batch in run.seen] == [[1], list(range(2, 9))]


def test_the_loop_stays_free_while_a_batch_runs() -> None:
    async def go() -> int:
        batcher: Batcher[int, int] = Batcher(Doubler(0.2))
        task = asyncio.create_task(batcher.submit(1))
        turns = 0
        while not task.done():
            await asyncio.sleep(0.005)
            turns += 1
        return turns

    assert asyncio.run(go()) > 10


def test_a_refused_item_fails_alone() -> None:
    found = asyncio.run(_all(Batcher(Doubler()), [1, 13, 2]))
    assert found[0] == 2
    assert isinstance(found[1], ValueError)
    assert found[2] == 4


def test_a_batch_that_breaks_is_tried_one_at_a_time() -> None:
    run = Doubler()
    found = asyncio.run(_all(Batcher(run, wait_s=0.5), [1, 666, 2]))
    assert (found[0], found[2]) == (2, 4)
    assert isinstance(found[1], ArithmeticError)
    assert run.seen == [[1, 666, 2], [1], [666], [2]]


def test_a_wrong_number_of_results_is_an_error() -> None:
    def half(items: Sequence[int]) -> list[int]:
        return list(items[: len(items) // 2])

    found = asyncio.run(_all(Batcher(half), [1, 2]))
    assert all(isinstance(item, RuntimeError) for item in found)


def test_it_serves_successive_loops() -> None:
    batcher: Batcher[int, int] = Batcher(Doubler())
    for start in range(3):
        assert asyncio.run(_all(batcher, [start, start + 1])) == [2 * start, 2 * start + 2]


def test_a_cancelled_call_is_dropped_and_the_others_go_on() -> None:
    run = Doubler()
    batcher: Batcher[int, int] = Batcher(run, wait_s=0.5)

    async def go() -> list[int | BaseException]:
        tasks = [asyncio.create_task(batcher.submit(item)) for item in range(4)]
        await asyncio.sleep(0.01)
        tasks[2].cancel()
        return await asyncio.gather(*tasks, return_exceptions=True)

    found = asyncio.run(go())
    assert isinstance(found[2], asyncio.CancelledError)
    assert [found[0], found[1], found[3]] == [0, 2, 6]
    assert run.seen == [[0, 1, 3]]


def test_cancelling_during_a_batch_harms_nobody() -> None:
    async def go() -> list[int | BaseException]:
        batcher: Batcher[int, int] = Batcher(Doubler(0.1))
        tasks = [asyncio.create_task(batcher.submit(item)) for item in range(3)]
        await asyncio.sleep(0.05)
        tasks[0].cancel()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        return [*found, await batcher.submit(9)]

    found = asyncio.run(go())
    assert isinstance(found[0], asyncio.CancelledError)
    assert found[1:] == [2, 4, 18]


def test_keys_are_never_mixed() -> None:
    run = Doubler()
    batcher: Batcher[int, int] = Batcher(run, wait_s=0.5)

    async def go() -> None:
        await asyncio.gather(*(batcher.submit(item, key=item % 2) for item in range(10)))

    asyncio.run(go())
    assert sorted(run.seen) == [[0, 2, 4, 6, 8], [1, 3, 5, 7, 9]]


@given(
    st.lists(st.tuples(st.integers(1, 300), st.sampled_from(["a", "b"])), max_size=60),
    st.integers(1, 1000),
)
def test_batches_hold_every_row_once_within_the_budget(sizes: list[tuple[int, Hashable]], budget: int) -> None:
    made = batches(sizes, budget)
    assert sorted(row for batch in made for row in batch) == list(range(len(sizes)))
    for batch in made:
        lengths = [sizes[row][0] for row in batch]
        assert len(batch) == 1 or len(batch) * max(lengths) <= budget
        assert len({sizes[row][1] for row in batch}) == 1


def test_a_failure_keeps_its_type_and_message() -> None:
    with pytest.raises(ValueError, match="unlucky"):
        asyncio.run(Batcher(Doubler()).submit(13))
