"""Vectors by number: the exact form finds what sorting finds, whatever was put and removed; the graph nearly so."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from osler.knowledge.vectors import Exact, Graph, graph_installed

needs_graph = pytest.mark.skipif(not graph_installed(), reason="usearch is not installed")


def unit(count: int, width: int, seed: int) -> Any:
    made = np.random.default_rng(seed).normal(size=(count, width)).astype(np.float32)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 40), st.integers(1, 7)), max_size=25),
    st.integers(1, 12),
    st.integers(0, 5),
)
def test_exact_is_what_sorting_finds(steps: list[tuple[bool, int, int]], k: int, seed: int) -> None:
    held: dict[int, Any] = {}
    made, number = Exact(6, rows=3), 0
    for put, at, count in steps:
        if put:
            keys = list(range(number, number + count))
            vectors = unit(count, 6, seed * 1000 + number)
            number += count
            made.add(keys, vectors)
            held.update(zip(keys, vectors, strict=True))
        elif held:
            gone = sorted(held)[at % len(held) :][:count]
            made.remove(gone)
            for key in gone:
                del held[key]
    assert len(made) == len(held)
    queries = unit(3, 6, 99)
    for query, near in zip(queries, made.near(queries, k), strict=True):
        wanted = sorted(((float(held[key].astype(float) @ query.astype(float)), key) for key in held), reverse=True)[:k]
        assert sorted(near.keys[:k].tolist()) == sorted(key for _, key in wanted)
        assert np.allclose(near.scores[:k], [score for score, _ in wanted])
    keys, vectors = made.all()
    assert keys == sorted(held)
    assert all(np.array_equal(vector, held[key]) for key, vector in zip(keys, vectors, strict=True))


def test_all_that_tie_with_the_last_are_given_and_bits_do_not_depend_on_company() -> None:
    made = Exact(8)
    one, other = unit(2, 8, 1)
    made.add(range(10), np.array([one] * 6 + [other] * 4))
    assert sorted(made.near(one[None], 3)[0].keys.tolist()) == list(range(6))
    many = Exact(384)
    many.add(range(500), unit(500, 384, 2))
    queries = unit(33, 384, 3)
    together = many.near(queries, 10)
    for query, near in zip(queries, together, strict=True):
        alone = many.near(query[None], 10)[0]
        assert np.array_equal(alone.keys, near.keys)
        assert np.array_equal(alone.scores, near.scores)


def test_removed_vectors_leave_nothing_in_the_matrix() -> None:
    made = Exact(4)
    made.add([1, 2, 3], unit(3, 4, 0))
    made.remove([1, 3, 2])
    assert not any(block.any() for block in made._blocks)
    assert made.near(unit(1, 4, 1), 5)[0].keys.tolist() == []


@needs_graph
def test_the_graph_is_near_the_exact_form_and_the_same_each_time() -> None:
    vectors, queries = unit(3000, 32, 0), unit(50, 32, 1)
    exact = Exact(32)
    exact.add(range(3000), vectors)
    graphs = [Graph(32), Graph(32)]
    for graph in graphs:
        graph.add(range(3000), vectors)
    wanted, found, again = exact.near(queries, 10), graphs[0].near(queries, 10), graphs[1].near(queries, 10)
    share = np.mean([len({*a.keys.tolist()} & {*b.keys.tolist()}) / 10 for a, b in zip(wanted, found, strict=True)])
    assert share >= 0.95
    assert all(np.array_equal(a.keys, b.keys) for a, b in zip(found, again, strict=True))
    assert np.allclose(found[0].scores, wanted[0].scores, atol=0.01)


@needs_graph
def test_what_leaves_the_graph_is_not_found_again() -> None:
    vectors = unit(400, 16, 5)
    graph = Graph(16)
    graph.add(range(400), vectors)
    graph.remove(range(0, 400, 2))
    assert len(graph) == 200
    found = graph.near(vectors[:40], 20)
    assert all(key % 2 for near in found for key in near.keys.tolist())
    graph.add(range(1000, 1050), vectors[:50])
    assert graph.near(vectors[:1], 1)[0].keys.tolist() == [1000]
    assert graph.all()[0] == [*range(1, 400, 2), *range(1000, 1050)]
    assert Graph(4).near(unit(1, 4, 0), 3)[0].keys.tolist() == []


@needs_graph
def test_a_graph_looks_as_broadly_as_its_vectors_ask_for() -> None:
    easy, hard = Graph(8), Graph(96)
    easy.add(range(2000), unit(2000, 8, 0))
    vectors = unit(4000, 96, 1)  # without any structure: the hardest case
    hard.add(range(4000), vectors)
    assert easy._breadth < hard._breadth
    exact = Exact(96)
    exact.add(range(4000), vectors)
    queries = unit(60, 96, 2)
    pairs = zip(exact.near(queries, 10), hard.near(queries, 10), strict=True)
    assert np.mean([len({*a.keys[:10].tolist()} & {*b.keys.tolist()}) / 10 for a, b in pairs]) >= 0.96


@needs_graph
def test_onnx_runtime_can_be_loaded_after_a_graph() -> None:
    code = (
        "import importlib.util; from osler.knowledge.vectors import Graph; Graph(4);"
        "importlib.util.find_spec('onnxruntime') and __import__('onnxruntime'); print('alive')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "alive"
