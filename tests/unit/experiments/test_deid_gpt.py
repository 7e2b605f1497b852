"""The experiment on DeID-GPT: its claims in a quick run, its made-up notes, the published measure and the formula."""

from __future__ import annotations

import itertools

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from osler.experiments import experiment
from osler.experiments.deid_gpt import LEAKS, PER_NOTE, STANDING, any_left, published, written


def test_the_quick_run_holds() -> None:
    outcome = experiment("deid_gpt", quick=True)
    assert not outcome.failed, outcome.failed
    assert len(outcome.claims) == 6
    rows = {row[0]: row[1:] for row in outcome.tables[0].rows}
    assert rows["nothing done"] == ["75.0 %", "100.0 %", "100.0 %", "100.0 %", "100.0 %"]
    assert rows["everything masked"] == ["100.0 %", "0.0 %", "0.0 %", "0.0 %", "0.0 %"]
    assert len(outcome.figures) == 2


@given(st.integers(0, 1000))
def test_notes_hold_their_identifiers_where_they_say(seed: int) -> None:
    for note in written(3, seed):
        text = str(note.input["text"])
        items = orjson.loads(note.target)["entities"]
        assert len(items) == PER_NOTE
        assert all(text[item["start"] : item["end"]] == item["text"] for item in items)
        assert all(a["end"] <= b["start"] for a, b in itertools.pairwise(items))
        names = [item["text"] for item in items]
        assert published(names, text) == (STANDING, PER_NOTE)


@pytest.mark.parametrize(
    ("text", "leaked"),
    [
        ("Ann Lee of Rome", 1),  # a name of two words is no single piece
        ("seen in Rome.", 0),  # nor is a town before a full stop
        ("Rome and Rome", 1),  # identifiers are counted once
        ("[redacted]", 0),
    ],
)
def test_the_published_measure_by_hand(text: str, leaked: int) -> None:
    assert published(["Ann Lee", "Rome"], text) == (leaked, 2)


def test_the_formula_counts_every_way_to_miss_one() -> None:
    for leak in LEAKS:
        counted = sum(
            leak ** sum(missed) * (1 - leak) ** (PER_NOTE - sum(missed))
            for missed in itertools.product((0, 1), repeat=PER_NOTE)
            if any(missed)
        )
        assert any_left(leak) == pytest.approx(counted)
