"""Cited passages, time, tokens and money."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from osler.core.types import Example, Prediction
from osler.evaluation.estimate import value_on
from osler.evaluation.metrics import (
    Cost,
    EvidenceF1,
    EvidencePrecision,
    EvidenceRecall,
    Latency,
    TableMetric,
    Tokens,
)
from osler.evaluation.metrics.resources import weighted_median
from osler.evaluation.table import Table, tabulate_columns

CITED: list[tuple[str, ...] | None] = [("1", "2"), ("3",), (), None, ("1",)]
GOLD: list[tuple[str, ...] | None] = [("2", "4"), ("3",), ("5",), ("6",), None]


def cited_table() -> Table:
    return tabulate_columns(ids=list("abcde"), targets=["x"] * 5, answers=["x"] * 5, cited=CITED, gold=GOLD)


def value(one: TableMetric, table: Table) -> float | None:
    return value_on(one, table.rows(one.scored(table)))


def test_evidence_is_pooled_over_passages() -> None:
    table = cited_table()
    assert value(EvidencePrecision(), table) == pytest.approx(2 / 3)
    assert value(EvidenceRecall(), table) == pytest.approx(2 / 4)
    assert value(EvidenceF1(), table) == pytest.approx(4 / 7)


def test_what_cannot_be_scored_is_named_and_left_out() -> None:
    table = cited_table()
    assert EvidencePrecision().scored(table).tolist() == [True, True, False, False, False]
    assert EvidenceRecall().scored(table).tolist() == [True, True, True, False, False]
    case = Example(id="a", input={}, target="x", meta={"evidence": ("5",)})
    silent = EvidenceRecall().score(case, Prediction(answer="x", evidence=None))
    assert silent.value is None
    assert "cites no passages" in silent.reason
    assert EvidenceRecall().score(case, Prediction(answer="x", evidence=())).value == 0
    assert EvidencePrecision().score(case, Prediction(answer="x", evidence=())).value is None


def test_a_system_that_never_cites_has_no_value() -> None:
    table = tabulate_columns(ids=["a"], targets=["x"], answers=["x"], gold=[("1",)])
    assert not EvidenceF1().scored(table).any()


@pytest.mark.parametrize("failures", [["", "timeout"], ["", ""]], ids=["failed", "unread"])
def test_what_was_not_read_has_found_nothing(failures: list[str]) -> None:
    table = tabulate_columns(
        ids=["a", "b"],
        targets=["x"] * 2,
        answers=["x", None],
        failures=failures,
        cited=[("1",), None],
        gold=[("1",), ("2", "3", "4")],
    )
    assert value(EvidenceRecall(), table) == pytest.approx(1 / 4)
    assert value(EvidenceF1(), table) == pytest.approx(2 / 5)
    assert value(EvidencePrecision(), table) == 1
    case = Example(id="b", input={}, target="x", meta={"evidence": ("2", "3", "4")})
    made = Prediction(answer=None, parsed=False, failure=failures[1])
    assert EvidenceRecall().score(case, made).value == 0
    assert EvidencePrecision().score(case, made).value is None


def test_failed_calls_do_not_make_a_system_cite() -> None:
    table = tabulate_columns(
        ids=["a", "b"], targets=["x"] * 2, answers=["x", None], failures=["", "timeout"], gold=[("1",), ("2",)]
    )
    assert not EvidenceRecall().scored(table).any()
    assert not EvidenceF1().scored(table).any()


def test_a_case_without_gold_stays_out_when_its_call_failed() -> None:
    table = tabulate_columns(
        ids=["a", "b"],
        targets=["x"] * 2,
        answers=["x", None],
        failures=["", "timeout"],
        cited=[("1",), None],
        gold=[("1",), None],
    )
    assert EvidenceRecall().scored(table).tolist() == [True, False]


def test_time_tokens_and_money() -> None:
    table = tabulate_columns(
        ids=list("abcd"),
        targets=["x"] * 4,
        answers=["x", "x", "x", None],
        failures=["", "", "", "timeout"],
        latency=[1.0, 9.0, 2.0, None],
        tokens_in=[10, 20, 30, None],
        tokens_out=[1, 2, 3, None],
        cost=[0.5, 0.25, 0.0, None],
    )
    assert value(Latency(), table) == 2.0
    assert value(Tokens(), table) == 22.0
    assert value(Cost(), table) == 0.25
    assert Cost().scored(table).tolist() == [True, True, True, False]


@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.integers(0, 4)), min_size=1, max_size=30))
def test_weighted_median_is_the_median_of_repetitions(rows: list[tuple[float, int]]) -> None:
    values = np.array([item for item, _ in rows])
    counts = np.array([count for _, count in rows])
    found = weighted_median(values, counts.astype(np.float64))
    if counts.sum() == 0:
        assert np.isnan(found)
    else:
        assert found == pytest.approx(np.median(np.repeat(values, counts)))
