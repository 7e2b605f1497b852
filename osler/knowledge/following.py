"""Keeping an index in step with its collection, which may change while it is searched."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Protocol

from osler.core.types import Passage
from osler.knowledge.passages import Collection, Live


class Keeps(Protocol):
    """What an index does with a change: both parts at once, so that no search sees a half of it. It may be asked again for
    the same change after a failure: an id that is not held is passed over, and one that is held is replaced."""

    def change(self, removed: Sequence[str], added: Sequence[Passage]) -> None: ...


class Following:
    """Follows one collection for one index. Safe to ask from several threads: a change is brought in once."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self._live = collection if isinstance(collection, Live) else None
        self._lock = threading.Lock()
        self._begun = False
        self._generation = 0

    @property
    def behind(self) -> bool:
        """Whether the index lacks something of the collection; cheap to ask."""
        if not self._begun:
            return True
        return self._live is not None and self._live.generation() != self._generation

    def catch_up(self, index: Keeps) -> int:
        """Bring all that has changed into ``index``; gives how many passages were touched.

        Where ``index`` raises, nothing counts as brought in, so the next call tries the same changes again.
        """
        with self._lock:
            if not self.behind:  # another thread was faster
                return 0
            if self._live is not None:
                changes = self._live.changes(self._generation if self._begun else 0)
                removed, added, generation = changes.removed, changes.added, changes.generation
            else:
                removed, added, generation = (), tuple(self._collection.passages()), 0
            index.change(removed, added)
            self._generation, self._begun = generation, True
            return len(removed) + len(added)
