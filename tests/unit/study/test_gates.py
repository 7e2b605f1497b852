"""Gates and loops: what passes is decided on the unsafe side of the interval, and each change is a row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from osler.core.store import Store
from osler.study.gates import STAGES, gates, meets, record, stages

CARD = {"capability": "structurization", "intended_use": "triage", "oversight": "a nurse reads all"}


def row(
    name: str, value: float | None, *, half: float = 0.05, tuned: bool | None = None, **changes: Any
) -> dict[str, Any]:
    interval = {"low": None, "high": None} if value is None else {"low": value - half, "high": value + half}
    made = {
        "name": name,
        "model": "m",
        "system": name,
        "n": 300,
        "failures": {},
        "estimates": {"accuracy": {"value": value, "n": 300, **interval}},
        "training": None if tuned is None else {"tuned": tuned},
    }
    return {**made, **changes}


def results(
    *systems: dict[str, Any], accept: Any = None, comparisons: Any = (), card: Any = None, n: int = 300
) -> dict[str, Any]:
    return {
        "study": {"name": "s", "primary": "accuracy", "accept": accept},
        "task": CARD if card is None else card,
        "data": {"n": n},
        "systems": list(systems),
        "comparisons": list(comparisons),
    }


def edges(found: dict[str, Any]) -> dict[str, bool | None]:
    return {gate["edge"]: gate["passed"] for gate in gates(found)}


AT_LEAST = {"metric": "accuracy", "at_least": 0.8}


@pytest.mark.parametrize(
    ("value", "accept", "passes"),
    [
        (0.86, AT_LEAST, True),
        (0.84, AT_LEAST, False),  # its lower bound is 0.79
        (0.84, {**AT_LEAST, "lower_bound": False}, True),
        (0.79, {**AT_LEAST, "lower_bound": False}, False),
        (0.14, {"metric": "accuracy", "at_most": 0.2}, True),
        (0.16, {"metric": "accuracy", "at_most": 0.2}, False),  # its upper bound is 0.21
        (0.16, {"metric": "accuracy", "at_most": 0.2, "lower_bound": False}, True),
        (None, AT_LEAST, False),
        (0.99, {"metric": "macro_f1", "at_least": 0.1}, False),
    ],
)
def test_acceptance_is_judged_on_the_unsafe_bound(value: float | None, accept: dict[str, Any], passes: bool) -> None:
    assert meets(row("a", value), accept) is passes


def test_a_value_without_an_interval_does_not_pass_a_bound() -> None:
    bare = row("a", 0.9)
    bare["estimates"]["accuracy"] |= {"low": None, "high": None}
    assert not meets(bare, AT_LEAST)
    assert meets(bare, {**AT_LEAST, "lower_bound": False})
    assert edges(results(bare, accept=AT_LEAST))["prompt engineering -> deployment"] is False


def test_without_acceptance_the_gate_is_open() -> None:
    found = edges(results(row("a", 0.9)))
    assert found["prompt engineering -> deployment"] is None
    assert "prompt engineering -> fine-tuning" not in found


def test_a_task_card_must_be_complete() -> None:
    edge = "task formulation -> model selection"
    assert edges(results(row("a", 0.9)))[edge] is True
    for card in ({}, {**CARD, "oversight": ""}, {**CARD, "intended_use": "to be written by whoever runs the study"}):
        assert edges(results(row("a", 0.9), card=card))[edge] is False
    few = gates(results(row("a", 0.9), n=30))[0]
    assert "not to prove small gains" in few["reason"]


def test_a_model_that_never_answers_does_not_pass_selection() -> None:
    dead = row("a", None, failures={"timeout": 300})
    assert edges(results(dead))["model selection -> prompt engineering"] is False
    assert edges(results(dead, row("b", 0.9)))["model selection -> prompt engineering"] is True


def test_tuning_is_for_when_prompting_was_tried_and_missed() -> None:
    edge = "prompt engineering -> fine-tuning"
    assert edges(results(row("a", 0.9), accept=AT_LEAST))[edge] is False
    assert edges(results(row("a", 0.5), accept=AT_LEAST))[edge] is True
    only_tuned = gates(results(row("t", 0.9, tuned=True), accept=AT_LEAST))
    reason = next(gate["reason"] for gate in only_tuned if gate["edge"] == edge)
    assert "no prompting attempt is logged" in reason


def pair(a: str, b: str, low: float, high: float) -> dict[str, Any]:
    return {"a": a, "b": b, "metric": "accuracy", "subgroup": None, "low": low, "high": high}


@pytest.mark.parametrize(
    ("comparison", "passes"),
    [
        (pair("zero", "tuned", 0.02, 0.10), True),
        (pair("tuned", "zero", -0.10, -0.02), True),
        (pair("zero", "tuned", -0.02, 0.10), False),
        (pair("tuned", "zero", -0.10, 0.02), False),
        (pair("zero", "other", 0.02, 0.10), False),
        ({**pair("zero", "tuned", 0.02, 0.10), "low": None, "high": None}, False),
    ],
)
def test_a_tuned_model_must_also_beat_the_best_prompt(comparison: dict[str, Any], passes: bool) -> None:
    found = results(row("zero", 0.78), row("tuned", 0.9, tuned=True), accept=AT_LEAST, comparisons=[comparison])
    assert edges(found)["fine-tuning -> deployment"] is passes
    assert edges(found)["fine-tuning -> task formulation"] is False


def test_a_tuned_model_that_misses_sends_back_to_the_task() -> None:
    found = results(row("zero", 0.5), row("tuned", 0.6, tuned=True), accept=AT_LEAST)
    assert edges(found)["fine-tuning -> task formulation"] is True
    assert edges(found)["fine-tuning -> deployment"] is False


def test_a_tuned_model_without_a_value_does_not_pass() -> None:
    found = edges(results(row("zero", 0.9), row("tuned", None, tuned=True), accept=AT_LEAST))
    assert found["fine-tuning -> deployment"] is False
    assert found["fine-tuning -> task formulation"] is True


def test_a_baseline_that_is_fitted_is_no_tuning() -> None:
    found = results(row("majority", 0.5, tuned=False), accept=AT_LEAST)
    assert "fine-tuning -> deployment" not in edges(found)


@pytest.mark.parametrize(
    ("systems", "states"),
    [
        ([row("a", 0.9)], ["done", "done", "done", "not reached", "open"]),
        ([row("a", 0.5)], ["done", "done", "failed", "not reached", "not reached"]),
        ([row("a", 0.5), row("t", 0.6, tuned=True)], ["done", "done", "failed", "failed", "not reached"]),
    ],
)
def test_stages_show_where_the_study_stands(systems: list[dict[str, Any]], states: list[str]) -> None:
    found = results(*systems, accept=AT_LEAST)
    found["gates"] = gates(found)
    shown = stages(found)
    assert [stage["stage"] for stage in shown] == list(STAGES)
    assert [stage["state"] for stage in shown] == states


def test_gates_are_kept_when_they_change_and_only_then(tmp_path: Path) -> None:
    with Store(tmp_path / "s.sqlite") as store:
        for value in (0.5, 0.5, 0.9, 0.5):
            found = results(row("a", value), accept=AT_LEAST)
            found["gates"] = gates(found)
            record(store, found)
        kept = [e["passed"] for e in store.events("s", "gate") if e["edge"] == "prompt engineering -> deployment"]
    assert kept == [False, True, False]
