"""Vectors and triples that are kept with their document."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from osler.core.errors import DataError
from osler.knowledge.document import Document
from osler.knowledge.store import KnowledgeStore


@pytest.fixture
def store(tmp_path: Path) -> KnowledgeStore:
    store = KnowledgeStore(tmp_path / "kb", create=True)
    store.put([Document(id=f"d{i}", text="some text") for i in range(5)])
    return store


def test_vectors_come_back_exactly_by_encoder(store: KnowledgeStore) -> None:
    vectors = np.random.default_rng(0).normal(size=(5, 384)).astype(np.float32)
    keys = [f"d{i}/v1/0-4" for i in range(5)]
    generation = store.generation()
    assert store.put_vectors("minilm", zip(keys, vectors, strict=True)) == 5
    assert store.put_vectors("minilm", zip(keys, vectors + 1, strict=True)) == 0
    assert store.put_vectors("other", [(keys[0], [1.0, 2.0])]) == 1
    held = store.vectors("minilm", [*keys, "d9/v1/0-4", "not a span"])
    assert held.keys() == set(keys)
    assert all((held[key] == vector).all() for key, vector in zip(keys, vectors, strict=True))
    assert store.vectors("other", keys)[keys[0]].tolist() == [1.0, 2.0]
    assert store.vectors("nobody", keys) == {}
    assert store.generation() == generation
    assert store.changed(generation) == (generation, ())


def test_many_keys_are_looked_up_in_one_call(store: KnowledgeStore) -> None:
    keys = [f"d{i % 5}/v1/{i}-{i + 1}" for i in range(4500)]
    store.put_vectors("e", ((key, [float(i)]) for i, key in enumerate(keys)))
    held = store.vectors("e", iter(keys))
    assert [held[key][0] for key in keys] == list(range(4500))


@pytest.mark.parametrize("rows", [[[1.0], [1.0, 2.0]], [[[1.0]]], [[]], [[float("nan")]]])
def test_vectors_that_do_not_fit_are_refused_together(store: KnowledgeStore, rows: list[list[float]]) -> None:
    with pytest.raises(DataError, match="the vector of d"):
        store.put_vectors("e", [(f"d{i}/v1/0-4", row) for i, row in enumerate(rows)])
    assert store.vectors("e", ["d0/v1/0-4"]) == {}


def test_a_key_must_be_the_id_of_a_passage(store: KnowledgeStore) -> None:
    with pytest.raises(DataError, match="not the id of a passage"):
        store.put_vectors("e", [("d0", [1.0])])


def test_triples_are_those_of_the_current_versions(store: KnowledgeStore) -> None:
    assert store.put_triples("rules", [("d0/v1/0-4", [("a", "treats", "b"), ("a", "is", "c", "drug")])]) == 1
    assert store.put_triples("rules", [("d1/v1/0-4", []), ("d0/v1/0-4", [("x", "y", "z")])]) == 1
    assert dict(store.triples("rules")) == {
        "d0/v1/0-4": (("a", "treats", "b"), ("a", "is", "c", "drug")),
        "d1/v1/0-4": (),
    }
    store.update(Document(id="d0", text="another text"))
    assert [key for key, _ in store.triples("rules")] == ["d1/v1/0-4"]
    assert [key for key, _ in store.triples("rules", as_of="#1")] == ["d0/v1/0-4", "d1/v1/0-4"]
    assert list(store.triples("nobody")) == []
    for wrong in (("a", "b"), ("a", "b", 3), ("a", "b", "\ud800")):
        with pytest.raises(DataError, match="triple of d2"):
            store.put_triples("rules", [("d2/v1/0-4", [wrong])])  # type: ignore[list-item]


def test_an_error_while_embedding_keeps_nothing_half(store: KnowledgeStore) -> None:
    def rows() -> object:
        yield "d0/v1/0-4", [1.0]
        raise RuntimeError

    with pytest.raises(RuntimeError):
        store.put_vectors("e", rows())  # type: ignore[arg-type]
    assert store.vectors("e", ["d0/v1/0-4"]) == {}
