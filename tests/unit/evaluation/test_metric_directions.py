"""Of every metric: which end is better, in which unit, and that what cannot be scored is never 0."""

from __future__ import annotations

from typing import Any

import pytest

from osler import recipes
from osler.core.types import Example, Prediction
from osler.evaluation.metrics.kinds import Summed

METRICS: dict[str, Any] = recipes.named_blocks("metric")
LOWER = {
    "brier", "calibration_error", "classwise_calibration_error", "contradicted_claims", "contradiction_rate", "cost", "early_answer", "harmful_compliance_rate", "over_refusal_rate", "stated_brier", "stated_calibration_error",
    "fabrication_rate", "failure_rate", "flip_rate", "invalid_id_rate", "invented_citation_rate", "invented_citations",
    "invented_reference_rate", "laterality_errors", "latency", "leak_per_document", "log_loss", "omission_rate",
    "patient_contradiction_rate", "patient_leak_rate", "perplexity", "repeated_questions", "risk_coverage_area",
    "role_break_rate", "stale_answers", "tokens", "unsafe_actions", "unsupported_claims", "withheld_rate",
}  # fmt: skip
NEITHER = {
    "abstain_rate", "ask_rate", "calibration_intercept", "calibration_slope", "doctor_turns", "flesch_kincaid_grade",
    "flesch_reading_ease", "gunning_fog", "longest_common_run", "questions_asked", "refusal_rate", "smog",
    "states_confidence", "unverifiable_reference_rate", "verbatim_share", "words_per_turn",
}  # fmt: skip
UNITS = {
    "brier": "", "calibration_intercept": "", "calibration_slope": "", "cost": "USD", "doctor_turns": "",
    "flesch_kincaid_grade": "grades", "flesch_reading_ease": "points", "grade_delta": "grades",
    "gunning_fog": "grades", "latency": "s", "longest_common_run": "words", "stated_brier": "", "log_loss": "", "matthews_correlation": "", "perplexity": "",
    "questions_asked": "", "smog": "grades", "tokens": "tokens", "unsafe_actions": "", "words_per_turn": "",
}  # fmt: skip

# Metrics that need no gold answer, or take an empty one for what it says.
ANSWERED_ANYHOW: set[str] = {"json_parses", "longest_common_run", "sql_match"}


@pytest.mark.parametrize("name", sorted(METRICS))
def test_direction_unit_and_definition(name: str) -> None:
    metric = METRICS[name]()
    wanted = False if name in LOWER else None if name in NEITHER else True
    assert metric.higher_is_better is wanted
    assert metric.unit == UNITS.get(name, "share")
    assert metric.definition[0].isupper() or metric.definition[0] in "(2abe"
    assert metric.definition.rstrip().endswith(".")
    assert metric.title


@pytest.mark.parametrize("name", sorted(name for name, kind in METRICS.items() if issubclass(kind, Summed)))
def test_a_case_without_what_the_metric_needs_has_a_reason_and_no_value(name: str) -> None:
    nothing = Example(id="a", input={}, target="")
    if name in ANSWERED_ANYHOW:
        return
    for answer in (Prediction(answer=None, parsed=False), Prediction(answer=None, failure="timeout")):
        found = METRICS[name]().score(nothing, answer)
        assert found.value is None, found
        assert found.reason


def test_every_name_of_the_tables_is_a_metric() -> None:
    assert set(METRICS) >= LOWER | NEITHER | UNITS.keys()
