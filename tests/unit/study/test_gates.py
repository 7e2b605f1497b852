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
        "metrics": {
            "accuracy": {"higher_is_better": True},
            "brier": {"higher_is_better": False},
            "macro_f1": {"higher_is_better": True},
        },
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
    assert edges(found)["fine-tuning -> task formulation"] is (not passes)


def brier(name: str, value: float, *, tuned: bool | None = None) -> dict[str, Any]:
    found = {"value": value, "low": value - 0.01, "high": value + 0.01, "n": 300}
    return row(name, 0.8, tuned=tuned, estimates={"brier": found})


@pytest.mark.parametrize(
    ("low", "high", "passes"),
    [(0.02, 0.05, False), (-0.05, -0.02, True), (-0.05, 0.02, False)],
)
def test_where_lower_is_better_the_tuned_model_must_be_lower(low: float, high: float, passes: bool) -> None:
    """Tuned minus prompt: a Brier score that rises is worse, however clear of 0."""
    for comparison in (pair("zero", "tuned", low, high), pair("tuned", "zero", -high, -low)):
        found = results(
            brier("zero", 0.2),
            brier("tuned", 0.15, tuned=True),
            accept={"metric": "brier", "at_most": 0.3},
            comparisons=[{**comparison, "metric": "brier"}],
        )
        found["study"]["primary"] = "brier"
        assert edges(found)["fine-tuning -> deployment"] is passes


@pytest.mark.parametrize(
    ("p", "adjusted", "passes"),
    [(0.25, None, False), (0.25, 0.25, False), (0.02, 0.20, False), (0.02, 0.04, True), (0.02, None, True)],
)
def test_a_tuned_model_does_not_beat_by_an_unsettled_p(p: float, adjusted: float | None, passes: bool) -> None:
    comparison = {**pair("zero", "tuned", 0.02, 0.10), "p": p, "p_adjusted": adjusted}
    found = results(row("zero", 0.78), row("tuned", 0.9, tuned=True), accept=AT_LEAST, comparisons=[comparison])
    assert edges(found)["fine-tuning -> deployment"] is passes


def test_a_comparison_of_another_metric_settles_nothing() -> None:
    accept = {"metric": "macro_f1", "at_least": 0.5}
    both = [row("zero", 0.6), row("tuned", 0.9, tuned=True)]
    for made in both:
        made["estimates"]["macro_f1"] = made["estimates"]["accuracy"]
    found = gates(results(*both, accept=accept, comparisons=[pair("zero", "tuned", 0.2, 0.4)]))
    last = next(gate for gate in found if gate["edge"] == "fine-tuning -> deployment")
    assert last["passed"] is False
    assert "not compared with the best prompt (zero) on the same cases in macro_f1" in last["reason"]


@pytest.mark.parametrize(
    ("changes", "unscored", "why"),
    [
        ({"n": 300, "cases": 300}, 15, ""),
        ({"n": 300, "cases": 300}, 16, "16 of its 300 answers have no brier"),
        ({"n": 300, "cases": 300}, 290, "290 of its 300 answers have no brier"),
        ({"n": 299, "cases": 299}, 0, "it answered 299 of 300 cases"),
        ({"n": 598, "cases": 299}, 0, "it answered 299 of 300 cases"),
        ({"n": 600, "cases": 300}, 0, ""),
    ],
)
def test_nothing_is_accepted_on_the_few_cases_that_could_be_scored(
    changes: dict[str, int], unscored: int, why: str
) -> None:
    accept = {"metric": "brier", "at_most": 0.3}
    made = brier("a", 0.1) | changes
    made["estimates"]["brier"] |= {"n": changes["n"] - unscored, "unscored": unscored}
    assert meets(made, accept, 300) is not bool(why)
    gate = next(g for g in gates(results(made, accept=accept)) if g["edge"] == "prompt engineering -> deployment")
    assert gate["passed"] is not bool(why)
    assert why in gate["reason"]


def test_an_arm_that_was_broken_off_hides_no_whole_one() -> None:
    part = row("part", 0.99, n=40, cases=40)
    whole = row("whole", 0.9, cases=300)
    gate = next(g for g in gates(results(part, whole, accept=AT_LEAST)) if g["edge"].endswith("-> deployment"))
    assert gate["passed"] is True
    assert gate["reason"].startswith("whole: ")


def test_several_seeds_are_told_from_cases() -> None:
    made = row("a", 0.9, n=120, cases=60)
    made["estimates"]["accuracy"]["n"] = 120
    gate = next(g for g in gates(results(made, accept=AT_LEAST, n=60)) if g["edge"].endswith("-> deployment"))
    assert "n = 60 cases x 2 seeds" in gate["reason"]


def test_the_majority_is_no_prompted_system() -> None:
    """95 % of one class: the baseline reaches the value, no system does."""
    found = gates(results(row("majority", 0.95, tuned=False), row("zero", 0.5), accept=AT_LEAST))
    reasons = {gate["edge"]: gate for gate in found}
    assert reasons["prompt engineering -> deployment"]["passed"] is False
    assert reasons["prompt engineering -> deployment"]["reason"].startswith("zero: ")
    assert "1 prompting methods: zero" in reasons["prompt engineering -> fine-tuning"]["reason"]
    assert "majority" not in str(found)
    alone = edges(results(row("majority", 0.95, tuned=False), accept=AT_LEAST))
    assert alone["prompt engineering -> deployment"] is False
    assert alone["model selection -> prompt engineering"] is False


@pytest.mark.parametrize(
    "changes",
    [{"system": "replay"}, {"system": "as_published", "spec": {"model": {}, "system": {"block": "Replay"}}}],
)
def test_a_recorded_answer_is_no_prompting_attempt(changes: dict[str, Any]) -> None:
    found = gates(results(row("gpt-4", 0.5, **changes), accept=AT_LEAST))
    gate = next(gate for gate in found if gate["edge"] == "prompt engineering -> fine-tuning")
    assert gate["passed"] is False
    assert "no prompting attempt is logged" in gate["reason"]


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


def test_simulated_models_do_not_count_and_the_words_say_so() -> None:
    told = row("sim", 0.95, training={"tuned": False})
    said = {gate["edge"]: gate["reason"] for gate in gates(results(told, accept=AT_LEAST))}
    assert "only baselines and simulated models ran" in said["model selection -> prompt engineering"]
    assert "only baselines and simulated models ran" in said["prompt engineering -> deployment"]
    assert "simulated models, baselines and recorded answers do not" in said["prompt engineering -> fine-tuning"]
    recorded = gates(results(row("replay", 0.9, model="GPT-4, recorded"), accept=AT_LEAST))
    assert recorded[1]["reason"] == "1 model passed the filters: GPT-4, recorded"
