"""Search among the passages that meet conditions on what is known of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osler.core.block import block
from osler.core.errors import SpecError, nearest
from osler.core.types import Passage
from osler.knowledge.bm25 import BM25
from osler.knowledge.passages import Described, Index

_TESTS = ("from", "to", "starts", "language")
_MORE = 4


@block
class Filtered:
    """The ``k`` best passages of ``inner`` that meet every condition of ``where``, asking for more until there are ``k``
    or ``inner`` has no more.

    ``where`` holds, by the name of what is known (document, source, language, valid_from, ... or a key of the meta):
    a value that must be equal, a list of values of which one must be, or a table with ``from`` and ``to`` (from the
    first on and before the last; numbers, or ISO days as texts), ``starts`` (the text begins so) and ``language`` ("zh"
    holds "zh-Hant", too). Where the known value is a list, one of its entries must meet the condition; a passage of which
    it is not known does not meet any. ``missing`` lets such passages through.
    ``about``: the collection that knows the passages; left out, it is that of ``inner`` (``inner.collection``).
    """

    inner: Index = BM25()
    where: Mapping[str, Any] = {}
    missing: bool = False
    about: Described | None = None

    def check(self) -> None:
        for name, wanted in self.where.items():
            if isinstance(wanted, Mapping):
                for key in wanted:
                    if key not in _TESTS:
                        raise SpecError(f"filtered.where.{name} cannot be tested by {key!r}", hint=nearest(key, _TESTS))
                if not wanted:
                    raise SpecError(f"filtered.where.{name} is an empty table", hint='write { from = "2020-01-01" }')
        if self.where and not isinstance(self._described, Described):
            raise SpecError(
                "filtered needs a collection that knows more of a passage than its text",
                hint="search in a knowledge store, or set about to one",
            )

    async def search(self, query: str, k: int) -> list[tuple[Passage, float]]:
        """The best ``k`` that pass, in the order and with the scores of ``inner``."""
        if k < 1:
            return []
        asked, seen = k, 0
        passed: dict[str, bool] = {}
        while True:
            hits = await self.inner.search(query, asked)
            for passage, _ in hits:
                if passage.id not in passed:
                    passed[passage.id] = self.passes(passage.id)
            found = [hit for hit in hits if passed[hit[0].id]]
            # An index may give fewer than asked for without being at its end: it is when asking for more gives no more.
            if len(found) >= k or len(hits) <= seen:
                return found[:k]
            asked, seen = asked * _MORE, len(hits)

    def passes(self, passage: str) -> bool:
        """Whether the passage with this id meets every condition."""
        known = self._described.about(passage)
        return all(meets(known.get(name), wanted, self.missing) for name, wanted in self.where.items())

    @property
    def _described(self) -> Any:
        return self.about or collection_of(self.inner)


def collection_of(index: Any) -> Any:
    """The collection under an index and what stands around it; None where there is none or are several kinds."""
    if hasattr(index, "collection"):
        return index.collection
    inner = getattr(index, "inner", None) or getattr(index, "index", None)
    if inner is not None:
        return collection_of(inner)
    parts = [collection_of(part) for part in getattr(index, "indexes", ())]
    return parts[0] if parts and all(part == parts[0] for part in parts) else None


def meets(known: Any, wanted: Any, missing: bool = False) -> bool:
    """Whether a known value meets a condition; None and "" are not known."""
    if known is None or known == "":
        return missing
    if isinstance(known, (list, tuple)):
        return any(meets(one, wanted, missing) for one in known) if known else missing
    if isinstance(wanted, Mapping):
        return all(_tested(known, test, value) for test, value in wanted.items())
    if isinstance(wanted, (list, tuple)):
        return any(_equal(known, one) for one in wanted)
    return _equal(known, wanted)


def _tested(known: Any, test: str, value: Any) -> bool:
    if test == "starts":
        return isinstance(known, str) and known.startswith(str(value))
    if test == "language":
        said = (value,) if isinstance(value, str) else value
        return any(f"{known}-".casefold().startswith(f"{one}-".casefold()) for one in said)
    numbers = isinstance(known, (int, float)) and isinstance(value, (int, float))
    if not numbers and not (isinstance(known, str) and isinstance(value, str)):
        return False
    return bool(known >= value) if test == "from" else bool(known < value)


def _equal(known: Any, wanted: Any) -> bool:
    """As JSON has it: true is not 1."""
    return bool(known == wanted) and isinstance(known, bool) == isinstance(wanted, bool)
