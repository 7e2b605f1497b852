"""The engine benchmark: contenders send the same requests, figures are summed up as told, absent peers are named."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator

import orjson
import pytest

from osler.bench import BENCHMARKS, bench
from osler.bench.engine import ENTRANTS, Entrant, measure, paired, summary
from osler.bench.machine import machine, peak_mb
from osler.core.errors import OslerError, SpecError
from osler.models.stub_server import Running, running

INSTALLED = [entrant for entrant in ENTRANTS if not entrant.lacking]


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running() as started:
        yield started


@pytest.mark.parametrize("entrant", INSTALLED, ids=lambda entrant: entrant.name)
def test_each_contender_makes_its_calls_and_gives_all_figures(entrant: Entrant, server: Running) -> None:
    before = server.stats()["requests"]
    figures = measure(entrant, server, 96, 32)
    assert server.stats()["requests"] - before == 128
    assert set(figures) == {"calls_per_s", "cpu_ms_per_call", "peak_mb", "start_up_cpu_s", "start_up_wall_s"}
    assert all(value > 0 for value in figures.values())
    assert figures["start_up_wall_s"] < 60
    assert 10 < figures["peak_mb"] < 2000


def test_osler_and_the_bare_loop_send_the_same_body() -> None:
    bodies = []
    for entrant in ENTRANTS[:2]:
        with running() as server:
            measure(entrant, server, 1, 0)
            bodies.append(orjson.loads(server.last()["body"]))
    ours, floor = bodies
    assert ours == floor
    assert "Case 0." in ours["messages"][1]["content"]


def test_a_contender_that_fails_is_named(server: Running) -> None:
    with pytest.raises(OslerError, match="the contender nobody failed") as told:
        measure(Entrant("nobody", "no_such_module", 1, 1), server, 1, 1)
    assert "by hand" in told.value.hint


def test_the_peak_is_that_of_the_process_and_not_of_its_parent() -> None:
    held = bytearray(200 * 2**20)
    held[::4096] = b"x" * len(held[::4096])
    code = "from osler.bench.machine import peak_mb; print(peak_mb())"
    child = float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
    if sys.platform == "linux":
        assert child < 150 < peak_mb()
    assert len(held) == 200 * 2**20


def test_summaries_are_medians_and_ratios_go_round_by_round() -> None:
    assert summary("x", "s", [3.0, 1.0, 2.0]) == {
        "name": "x",
        "value": 2.0,
        "unit": "s",
        "n": 3,
        "low": 1.0,
        "high": 3.0,
    }
    assert paired({"a": [1.0, 4.0]}, {"a": [2.0, 2.0]}, "a") == [0.5, 2.0]


def test_the_machine_is_told_without_its_name() -> None:
    told = machine()
    assert set(told) == {"cpu", "cores", "memory_gb", "python", "platform", "load"}
    assert told["cores"] >= 1
    assert told["memory_gb"] > 0
    assert orjson.dumps(told)


def test_benchmarks_are_found_by_name_and_import_nothing_heavy() -> None:
    assert list(BENCHMARKS) == ["engine", "score", "retrieval", "train"]
    with pytest.raises(SpecError, match="no benchmark is named 'engin'") as told:
        bench("engin")
    assert "engine" in told.value.hint
    start = time.perf_counter()
    code = "import osler.bench, sys; assert 'aiohttp' not in sys.modules and 'osler.study' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert time.perf_counter() - start < 30
