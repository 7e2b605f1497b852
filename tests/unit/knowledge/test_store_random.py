"""Random histories against a naive model: every state of the past is read again, also after a restart."""

from __future__ import annotations

import copy
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osler.core.errors import DataError
from osler.knowledge.document import Document
from osler.knowledge.store import KnowledgeStore

IDS = tuple(f"doc-{i}" for i in range(12))
TEXTS = ("five mg", "sechs mg\r\n", "七毫克\x00", "x" * 9000, "\U0001f48a " * 50)


class Naive:
    """What a store should be: dictionaries, and a copy of everything after each transaction."""

    def __init__(self) -> None:
        self.held: dict[str, Document] = {}
        self.gone: set[str] = set()
        self.successors: dict[str, str] = {}
        self.states: list[dict[str, Document]] = [{}]

    def current(self) -> dict[str, Document]:
        return {id: document for id, document in self.held.items() if id not in self.successors}

    def recorded(self) -> None:
        self.states.append(copy.copy(self.current()))

    def past(self, number: int) -> dict[str, Document]:
        return {id: document for id, document in self.states[number].items() if id not in self.gone}

    def _taken(self, id: str) -> bool:
        return id in self.held or id in self.gone

    def do(self, op: str, document: Document, other: str) -> bool:
        """Whether anything changed. KeyError where the store must refuse it."""
        id = document.id
        if op == "create":
            if self._taken(id):
                raise KeyError
            self.held[id] = document
        elif op == "update" or (op == "put" and self._taken(id)):
            if id not in self.held:
                raise KeyError
            if self.held[id] == document:
                return False
            if id in self.successors:
                raise KeyError
            self.held[id] = document
        elif op == "put":
            self.held[id] = document
        elif op == "supersede":
            return self._supersede(id, other)
        elif op == "delete":
            if id not in self.held:
                raise KeyError
            del self.held[id]
            self.gone.add(id)
            self.successors.pop(id, None)
        return True

    def _supersede(self, id: str, other: str) -> bool:
        if id not in self.held or other not in self.held:
            raise KeyError
        trail: str | None = other
        while trail is not None:
            if trail == id:
                raise KeyError
            trail = self.successors.get(trail)
        if self.successors.get(id) == other:
            return False
        self.successors[id] = other
        return True


def apply(store: KnowledgeStore, op: str, document: Document, other: str) -> None:
    if op == "create":
        store.create(document)
    elif op == "update":
        store.update(document)
    elif op == "put":
        store.put([document])
    elif op == "supersede":
        store.supersede(document.id, other)
    else:
        store.delete(document.id, why="test")


def step(store: KnowledgeStore, naive: Naive, op: str, document: Document, other: str) -> None:
    try:
        changed = naive.do(op, document, other)
    except KeyError:
        before = store.generation()
        with pytest.raises(DataError):
            apply(store, op, document, other)
        assert store.generation() == before
        return
    apply(store, op, document, other)
    if changed:
        naive.recorded()
    assert store.generation() == len(naive.states) - 1


def same(store: KnowledgeStore, naive: Naive, number: int) -> None:
    held = {version.id: version.document for version in store.versions(f"#{number}")}
    assert held == naive.past(number)


@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(("create", "update", "put", "put", "supersede", "delete")),
            st.sampled_from(IDS[:4]),
            st.sampled_from(TEXTS),
            st.sampled_from(IDS[:4]),
        ),
        max_size=14,
    )
)
@settings(max_examples=25)
def test_short_histories(tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str, str, str]]) -> None:
    naive = Naive()
    with KnowledgeStore(tmp_path_factory.mktemp("kb"), create=True) as store:
        for op, id, text, other in steps:
            step(store, naive, op, Document(id=id, text=text), other)
        for number in range(len(naive.states)):
            same(store, naive, number)
        assert store.verify().sound


def test_a_thousand_random_operations(tmp_path: Path) -> None:
    rng = random.Random(7)
    naive, ops = Naive(), ("create", "put", "put", "update", "update", "update", "supersede", "delete")
    ids = [f"doc-{i}" for i in range(160)]
    store = KnowledgeStore(tmp_path, create=True)
    for number in range(1000):
        meta: dict[str, Any] = {"n": rng.randrange(3)}
        document = Document(id=rng.choice(ids), text=rng.choice(TEXTS), meta=meta)
        step(store, naive, rng.choice(ops), document, rng.choice(ids))
        if number % 50 == 0:
            same(store, naive, rng.randrange(len(naive.states)))
        if number % 250 == 249:
            store.close()
            store = KnowledgeStore(tmp_path)
    for number in range(len(naive.states)):
        same(store, naive, number)
    assert len(naive.states) > 300
    assert naive.gone
    assert naive.successors
    assert store.verify().sound
    store.close()
