"""The retrieval benchmark at small sizes: its data are the same each time, its engines find, and what is missing is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from osler.bench import BENCHMARKS
from osler.bench.retrieval import Found, Sizes, _beside, _there, lacking, retrieval
from osler.bench.retrieval_data import passages, questions, vectors
from osler.bench.retrieval_lexical import LEXICAL, Fts5, osler_bm25
from osler.bench.retrieval_timing import timed
from osler.bench.retrieval_vectors import VECTORS, Brute, osler_exact, osler_graph
from osler.bench.score import side
from osler.core.errors import OslerError
from osler.knowledge.vectors import graph_installed


@pytest.fixture
def texts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.delenv("OSLER_DATA", raising=False)
    return passages(300)[0]


def unit(count: int, seed: int) -> Any:
    made = np.random.default_rng(seed).normal(size=(count, 384)).astype(np.float32)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


def test_passages_questions_and_vectors_are_the_same_each_time(texts: list[str]) -> None:
    assert passages(300) == (texts, "made-up passages")
    asked = questions(texts, 20)
    assert asked == questions(texts, 20)
    assert len(asked) == 20
    assert all(set(query.split()) <= set(texts[number].replace(".", " ").split()) for query, number in asked)
    real = unit(50, 0)
    made = vectors(real, 200)
    assert np.array_equal(made, vectors(real, 200))
    assert np.allclose(np.linalg.norm(made, axis=1), 1, atol=1e-5)
    assert np.allclose(made[:50], real, atol=1e-6)


@pytest.mark.real
def test_passages_of_the_data_folder_are_used_where_there_are_enough(data_folder: Path) -> None:
    found, source = passages(1000)
    assert "MedQuAD" in source
    assert len(set(found)) == 1000


@pytest.mark.parametrize("make", [osler_bm25, Fts5])
def test_engines_of_words_find_and_change(texts: list[str], make: Any) -> None:
    asked = questions(texts, 20)
    figures = timed(make(), texts, [query for query, _ in asked], [("Osleromycin is new.", "osleromycin")])
    hits = [number in found for (_, number), found in zip(asked, figures["found"], strict=True)]
    assert sum(hits) >= 18
    assert figures["insert_ms"] > 0 < figures["delete_ms"]
    assert figures["queries_per_cpu_s"] > 0


def test_engines_of_vectors_agree_with_one_product() -> None:
    rows, queries = unit(300, 1), unit(30, 2)
    wanted = timed(Brute(), rows, list(queries), [])["found"]
    new = unit(1, 3)[0]
    assert timed(osler_exact(), rows, list(queries), [(new, new)])["found"] == wanted
    if graph_installed():
        found = timed(osler_graph(), rows, list(queries), [(new, new)])["found"]
        assert np.mean([len({*a} & {*b}) / 10 for a, b in zip(found, wanted, strict=True)]) > 0.95


def test_an_engine_that_does_not_show_a_change_stops_the_benchmark(texts: list[str]) -> None:
    class Forgetful(Fts5):
        def insert(self, number: int, row: Any) -> None:
            """Does nothing."""

    with pytest.raises(OslerError, match="row 300 is not found after it came"):
        timed(Forgetful(), texts, ["taing"], [("Osleromycin is new.", "osleromycin")])


def test_ratios_say_how_ours_stands_and_what_is_missing_is_noted() -> None:
    found = Found()
    own = {"queries_per_cpu_s": 100.0, "insert_ms": 2.0, "build_s": 9.0}
    _beside("osler BM25", {"osler BM25": own, "other": {"queries_per_cpu_s": 50.0, "build_s": 4.0}}, found)
    assert [ratio["value"] for ratio in found.ratios] == [2.0, 2000.0]  # it has no insert, so a build counts
    assert lacking(("numpy", "no_such_package")) == ["no_such_package"]
    assert _there({"a": ((),), "b": (("no_such_package",),)}, found) == ["a"]
    assert found.notes == ["b was left out: no_such_package is not installed"]
    assert {"SQLite FTS5", "osler BM25"} <= set(LEXICAL)
    assert {"NumPy", "osler exact"} <= set(VECTORS)


def test_an_update_of_a_store_is_found_by_the_next_search(texts: list[str], tmp_path: Path) -> None:
    (tmp_path / "passages.json").write_bytes(orjson.dumps(texts))
    figures = side("retrieval_update", tmp_path, 12, 2, OMP_NUM_THREADS="1")
    assert figures["words_p50_ms"] > 0 < figures["vectors_p50_ms"]


@pytest.mark.slow
def test_the_whole_benchmark_at_its_smallest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OSLER_DATA", raising=False)
    found = retrieval(sizes=Sizes(rows=200, asked=10, real=30, rounds=1, embed=8, documents=8, updates=2))
    assert found["bench"] == "retrieval"
    names = [measure["name"] for measure in found["measures"]]
    assert "osler BM25: hit@10" in names
    assert "osler exact: recall@10 of the exact nearest" in names
    assert {measure["value"] for measure in found["measures"] if measure["name"] == names[0]} != {0}
    assert any("update until found by vectors" in ratio["name"] for ratio in found["ratios"])
    assert "retrieval" in BENCHMARKS
