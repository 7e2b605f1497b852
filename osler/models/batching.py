"""Dynamic batching: concurrent calls are collected and worked off together in one thread.

While the thread works on a batch, new calls wait and form the next one, so a busy model needs no timer; only the
first call of an idle one waits ``wait_s`` for company. Nothing belongs to an event loop, so one batcher serves
successive ``asyncio.run`` calls and several loops at once.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class _Call(Generic[Item, Result]):
    item: Item
    size: int
    key: Hashable
    future: Future[Result] = field(default_factory=Future)


class Batcher(Generic[Item, Result]):
    """``await submit(item, size=tokens)`` gives ``run([..., item, ...])``'s result for that item."""

    def __init__(
        self,
        run: Callable[[Sequence[Item]], Sequence[Result | BaseException]],
        *,
        budget: int = 8192,
        wait_s: float = 0.002,
    ) -> None:
        """``run`` gets a batch and returns one result per item in order; an exception among them is raised for its
        caller only. Where ``run`` itself raises, its items are tried one at a time, so the others get their results.

        ``budget``: most tokens of a batch counted as padded (items times the longest); a longer item goes alone.
        ``wait_s``: seconds that the first call of an idle batcher waits for others.
        """
        self._run = run
        self._budget = budget
        self._wait_s = wait_s
        self._lock = threading.Lock()
        self._waiting: list[_Call[Item, Result]] = []
        self._working = False

    async def submit(self, item: Item, *, size: int = 1, key: Hashable = None) -> Result:
        """The result for ``item`` of ``size`` tokens. Only calls with an equal ``key`` share a batch.

        Cancelling the awaiting task drops the call if its batch has not begun; others of the batch go on.
        """
        call: _Call[Item, Result] = _Call(item, max(1, size), key)
        with self._lock:
            self._waiting.append(call)
            start, self._working = not self._working, True
        if start:
            # The thread ends when nothing waits any more, so there is nothing to close and no exit to hold up.
            threading.Thread(target=self._work, name="osler-batcher", daemon=True).start()
        return await asyncio.wrap_future(call.future)

    def _work(self) -> None:
        time.sleep(self._wait_s)
        while True:
            with self._lock:
                waiting, self._waiting = self._waiting, []
                if not waiting:
                    self._working = False
                    return
            for batch in batches([(call.size, call.key) for call in waiting], self._budget):
                self._serve([waiting[row] for row in batch])

    def _serve(self, calls: Sequence[_Call[Item, Result]]) -> None:
        alive = [call for call in calls if call.future.set_running_or_notify_cancel()]
        if not alive:
            return
        results = self._attempt(alive)
        if isinstance(results, BaseException):
            results = [results] if len(alive) == 1 else [self._alone(call) for call in alive]
        for call, result in zip(alive, results, strict=True):
            if isinstance(result, BaseException):
                call.future.set_exception(result)
            else:
                call.future.set_result(result)

    def _alone(self, call: _Call[Item, Result]) -> Result | BaseException:
        result = self._attempt([call])
        return result if isinstance(result, BaseException) else result[0]

    def _attempt(self, calls: Sequence[_Call[Item, Result]]) -> Sequence[Result | BaseException] | BaseException:
        try:
            results = self._run([call.item for call in calls])
        except BaseException as error:  # noqa: BLE001 - whatever it is, it belongs to the callers, who wait for it
            return error
        if len(results) != len(calls):
            return RuntimeError(f"a batch of {len(calls)} items came back with {len(results)} results")
        return results


def batches(sizes: Sequence[tuple[int, Hashable]], budget: int) -> list[list[int]]:
    """Rows of ``sizes`` (tokens, key) in batches of equal key and similar length, longest first.

    A batch holds at most ``budget`` tokens counted as padded: its number of rows times its longest.
    """
    keys: dict[Hashable, list[int]] = {}
    for row, (_, key) in enumerate(sizes):
        keys.setdefault(key, []).append(row)
    out: list[list[int]] = []
    for rows in keys.values():
        rows.sort(key=lambda row: -sizes[row][0])  # stable: equal lengths keep their order
        batch: list[int] = []
        for row in rows:
            if batch and (len(batch) + 1) * sizes[batch[0]][0] > budget:
                out.append(batch)
                batch = []
            batch.append(row)
        out.append(batch)
    return out
