"""Experiments: each runs, its claims hold, theory agrees with counting, and the page says what was found."""

from __future__ import annotations

import asyncio
import html
import itertools
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osler import experiments
from osler.cli import main
from osler.core.errors import SpecError
from osler.core.types import Example, Prediction
from osler.experiments.exam import EXAM, exam, words_of
from osler.experiments.figure import legend, picture
from osler.experiments.measure import Right, ask, gain, unchanged
from osler.experiments.outcome import Claim, Curve, Figure, Outcome, Point, Setting, TableOf
from osler.experiments.page import render
from osler.experiments.self_consistency import of_plurality, partitions
from osler.models.simulated import Simulated
from osler.prompting.zero_shot import ZeroShot

MINE = (
    "alpacare",
    "baize",
    "bentsao",
    "choice_shuffle",
    "codex_few_shot",
    "few_shot_knn",
    "knowledge_crud",
    "med_palm",
    "med_palm_2",
    "medprompt",
    "self_consistency",
    "trialgpt",
)


@pytest.mark.parametrize("name", MINE)
def test_an_experiment_shows_its_point(name: str) -> None:
    outcome = experiments.experiment(name, quick=True)
    assert outcome.tables
    assert outcome.figures
    assert len(outcome.claims) >= 2
    assert not outcome.failed, [claim.seen for claim in outcome.failed]
    page = render(outcome)
    assert outcome.title in html.unescape(page)
    assert "http://" not in page.replace("http://www.w3.org", "")


def test_every_experiment_is_listed_with_its_source(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "experiments", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in rows] == list(experiments.names())
    for name in experiments.names():
        found = experiments.module(name)
        assert any(
            year.isdigit() and len(year) == 4 for year in found.SOURCE.replace(",", " ").replace(":", " ").split()
        )
        assert (found.__doc__ or "").strip()
    assert set(MINE) <= set(experiments.names())


def test_an_unknown_experiment_is_refused_with_the_nearest() -> None:
    with pytest.raises(SpecError) as caught:
        experiments.experiment("medpromt")
    assert "medprompt" in caught.value.hint


def test_the_command_writes_page_and_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["experiment", "baize", "--quick", "--out", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "holds" in out
    assert (tmp_path / "report.html").stat().st_size > 5000
    kept = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert [claim["holds"] for claim in kept["claims"]] == [True, True]


@pytest.mark.parametrize(("p", "k"), [(0.2, 3), (0.5, 5), (0.7, 4), (0.35, 6)])
def test_the_multinomial_formula_equals_counting_every_draw(p: float, k: int) -> None:
    total = 0.0
    for draws in itertools.product(range(3), repeat=k):
        counts = [draws.count(option) for option in range(3)]
        best = max(counts)
        chance = p ** counts[0] * ((1 - p) / 2) ** (k - counts[0])
        if counts[0] == best:
            total += chance / counts.count(best)
    assert of_plurality(p, 3, k) == pytest.approx(total)


@settings(max_examples=30)
@given(st.integers(0, 12), st.integers(1, 4), st.integers(0, 12))
def test_partitions_are_all_of_them_once(total: int, parts: int, most: int) -> None:
    found = list(partitions(total, parts, most))
    every = itertools.product(range(most + 1), repeat=parts)
    wanted = {tuple(sorted(one, reverse=True)) for one in every if sum(one) == total}
    assert set(found) == wanted
    assert len(found) == len(wanted)


def test_topics_of_the_exam_share_no_word_and_answers_are_even() -> None:
    seen: set[str] = set()
    for topic in range(300):
        words = set(words_of(topic).split())
        assert not words & seen
        seen |= words
    targets = [case.target for case in exam(2000)]
    assert all(420 < targets.count(letter) < 580 for letter in "ABCD")
    assert exam(5, seed=1) == exam(5, seed=1) != exam(5, seed=2)


def test_a_gain_is_paired() -> None:
    first, second = Right((True, False, False, True), 4), Right((True, True, False, True), 4)
    found = gain(first, second)
    assert found.value == 0.25
    assert found.p == 1.0
    assert found.none
    assert "+25.0 points" in found.told()


def test_asking_counts_calls_and_uses_the_judge() -> None:
    cases = exam(20)
    model = Simulated(skill=1.0).keyed(cases, lettered=True)

    def never(case: Example, prediction: Prediction) -> bool:
        return False

    found = asyncio.run(ask(ZeroShot(by="generate"), model, EXAM, cases))
    assert (found.share, found.calls, found.n) == (1.0, 20, 20)
    assert asyncio.run(ask(ZeroShot(by="generate"), model, EXAM, cases, correct=never)).share == 0.0


def test_a_figure_says_its_values_in_words_and_marks_theory() -> None:
    figure = Figure(
        title="T",
        x_title="x",
        y_title="y",
        curves=[
            Curve(title="seen", points=[Point(x=1, y=0.5, low=0.4, high=0.6), Point(x=2, y=0.7)]),
            Curve(title="theory", points=[Point(x=1, y=0.5), Point(x=2, y=0.7)], theory=True),
        ],
    )
    drawn = str(picture(figure))
    assert "1: 50.0 % (40.0 % to 60.0 %)" in drawn
    assert "theory" in drawn
    assert [title for _, title in legend(figure)] == ["seen", "theory"]
    assert legend(Figure(title="T", x_title="", y_title="", curves=figure.curves[:1])) == []


def test_what_is_said_on_the_page_is_escaped() -> None:
    outcome = Outcome(
        setup="<script>alert(1)</script>",
        tables=[TableOf(title="t", columns=("a",), rows=[["<b>"]])],
        figures=[],
        claims=[Claim(text="<i>", seen="x", holds=None)],
    )
    page = render(outcome)
    assert "<script>alert" not in page
    assert "&lt;b&gt;" in page
    assert "not settled" in page
    assert Setting(quick=True).cases(800) == 100


@pytest.mark.parametrize(
    ("same", "of", "told", "borne"),
    [
        (240, 240, "no change among 240", "by the count, but not by the interval"),
        (400, 400, "no change among 400", "0.99 is borne out by the interval"),
        (90, 100, "10 changed among 100", "0.99 is not reached"),
    ],
)
def test_locality_is_said_with_what_bears_it_out(same: int, of: int, told: str, borne: str) -> None:
    said = unchanged(same, of)
    assert said.startswith(told)
    assert borne in said
