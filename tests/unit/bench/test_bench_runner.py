"""The benchmark goes through the real runner, and the runner leaves the process as it found it."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

from osler.bench.contender import Contender
from osler.bench.osler_run import STUDY, study_run
from osler.bench.questions import Questions, question
from osler.core.errors import DataError, OslerError
from osler.core.store import Store
from osler.models.stub_server import running
from osler.study.dataset import _unique
from osler.study.resolve import load


def contender(url: str, calls: int) -> Contender:
    return Contender(url=url, calls=calls, width=8, warm_up=0, start_up_cpu_s=0.0, start_up_wall_s=0.0)


def test_the_benchmark_leaves_a_store_like_any_run(tmp_path: Path) -> None:
    before = gc.get_threshold()
    with running() as server:
        made = contender(server.url, 40)
        study_run(tmp_path / "s.toml", 40, made)
        assert server.stats()["requests"] == 40
        assert server.stats()["peak"] <= 8
    assert gc.get_threshold() == before
    (start, cpu), (end, cpu_end) = made.marks
    assert start < end
    assert cpu <= cpu_end
    with Store(tmp_path / "s.sqlite") as store:
        (run,) = store.runs()
        answers = dict(store.predictions(run))
    assert len(answers) == 40
    assert all(answer.answer in "ABCD" and answer.replies[0].key for answer in answers.values() if answer.answer)


def test_a_run_with_failures_gives_no_figures(tmp_path: Path) -> None:
    with running(faults={"400": 1.0}) as server, pytest.raises(OslerError, match="of 4, 4 failed"):
        study_run(tmp_path / "s.toml", 4, contender(server.url, 4))


def test_a_case_that_stands_twice_is_found_among_many(tmp_path: Path) -> None:
    study_file = tmp_path / "s.toml"
    study_file.write_text(STUDY.format(source="bench_questions", n=5, url="http://127.0.0.1:9/v1", width=1))
    study = load(study_file)
    _unique(Questions(range(3000)), study)
    with pytest.raises(DataError, match="'q0000007' stands twice"):
        _unique([*Questions(range(3000)), question(7)], study)
