"""Metrics: golden values, scikit-learn on random answers, and the one-case rule."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score, precision_score, recall_score

from osler.core.block import block_id, from_spec, is_block, to_spec
from osler.core.errors import DataError, SpecError
from osler.core.types import Example, Prediction, Reply
from osler.evaluation.estimate import value_on
from osler.evaluation.metrics import (
    METRICS,
    Accuracy,
    Additive,
    FailureRate,
    MacroF1,
    MacroPrecision,
    MacroRecall,
    MicroF1,
    ParseRate,
    TableMetric,
    Weighted,
    WeightedF1,
    metric,
)
from osler.evaluation.table import Table, tabulate, tabulate_columns

ANSWERS = st.lists(
    st.tuples(st.sampled_from("abcd"), st.sampled_from(["a", "b", "c", "d", "e", None])), min_size=1, max_size=60
)
FULL = {"sentences": ("s1", "s2", "s3")}


def of(targets: str | list[str], answers: str | list[str | None]) -> Table:
    rows = [str(row) for row in range(len(targets))]
    return tabulate_columns(ids=rows, targets=list(targets), answers=list(answers))


def value(one: TableMetric, table: Table) -> float:
    found = value_on(one, table.rows(one.scored(table)))
    assert found is not None
    return found


def test_golden_values() -> None:
    table = of("AABBBCCCCA", "ABBBCCCCAA")
    assert value(Accuracy(), table) == pytest.approx(0.7)
    assert value(MacroF1(), table) == pytest.approx(0.694444, abs=1e-6)
    assert value(WeightedF1(), table) == pytest.approx(0.7)
    assert value(MicroF1(), table) == pytest.approx(0.7)


@settings(deadline=None)
@given(ANSWERS)
def test_classification_equals_sklearn_over_gold_classes(rows: list[tuple[str, str | None]]) -> None:
    gold = [target for target, _ in rows]
    said = ["unparsed" if answer is None else answer for _, answer in rows]
    table = of(gold, [answer for _, answer in rows])
    labels = sorted(set(gold))
    assert value(Accuracy(), table) == pytest.approx(accuracy_score(gold, said))
    for one, average in ((MacroF1(), "macro"), (MicroF1(), "micro"), (WeightedF1(), "weighted")):
        expected = f1_score(gold, said, labels=labels, average=average, zero_division=0)
        assert value(one, table) == pytest.approx(expected)
    shared = {"labels": labels, "average": "macro", "zero_division": 0}
    assert value(MacroPrecision(), table) == pytest.approx(precision_score(gold, said, **shared))
    assert value(MacroRecall(), table) == pytest.approx(recall_score(gold, said, **shared))


def test_unread_and_failed_answers_are_wrong_and_no_class() -> None:
    table = tabulate_columns(
        ids=list("1234"),
        targets=["a", "a", "b", "b"],
        answers=["a", None, "b", "b"],
        failures=["", "", "", "timeout"],
    )
    assert value(Accuracy(), table) == 0.5
    assert value(MacroF1(), table) == pytest.approx(2 / 3)
    assert value(ParseRate(), table) == pytest.approx(2 / 3)
    assert value(FailureRate(), table) == 0.25
    assert ParseRate().scored(table).tolist() == [True, True, True, False]


def test_a_class_that_is_never_gold_adds_nothing_to_the_mean() -> None:
    assert value(MacroF1(), of("aabb", "aacc")) == pytest.approx(0.5)


def test_too_many_classes_are_refused() -> None:
    names = [str(row) for row in range(20_000)]
    with pytest.raises(DataError, match="gold classes"):
        MacroF1().statistics(of(names, list(names)))


def random_case(rng: np.random.Generator, number: int) -> tuple[Example, Prediction]:
    """A case in any of the states a run can leave it in."""
    labels = ("yes", "no", "unsure")
    meta = {"evidence": tuple(rng.choice(FULL["sentences"], rng.integers(0, 4), False))} if rng.random() < 0.7 else {}
    case = Example(id=f"c{number}", input={}, target=str(rng.choice(labels)), choices=labels, meta=meta)
    state = rng.random()
    reply = Reply(text="x", tokens_in=int(rng.integers(1, 90)), latency_s=float(rng.random()), cost_usd=0.25)
    if state < 0.15:
        return case, Prediction(answer=None, failure="timeout", parsed=False)
    if state < 0.3:
        return case, Prediction(answer=None, parsed=False, replies=(reply,))
    shares = rng.dirichlet([1, 1, 1])
    votes = dict(zip(labels, map(float, shares), strict=True)) if rng.random() < 0.7 else {}
    answer = labels[int(shares.argmax())]
    cited = tuple(rng.choice(FULL["sentences"], rng.integers(0, 4), False)) if rng.random() < 0.7 else None
    return case, Prediction(answer=answer, votes=votes, evidence=cited, replies=(reply,) * int(rng.integers(0, 3)))


@pytest.mark.parametrize("name", sorted(METRICS))
def test_a_score_is_the_metric_of_the_table_of_one_case(name: str) -> None:
    rng = np.random.default_rng(11)
    one = metric(name)
    cases = [random_case(rng, number) for number in range(120)]
    whole = tabulate([case for case, _ in cases], [made for _, made in cases])
    scored = one.scored(whole)
    for row, (case, made) in enumerate(cases):
        score = one.score(case, made)
        table = tabulate([case], [made])
        if score.value is None:
            assert score.reason
            assert name == "auroc" or not scored[row]
            assert name == "auroc" or not one.scored(table)[0]
        else:
            assert bool(scored[row])
            assert score.value == pytest.approx(value(one, table), abs=1e-12)


@pytest.mark.parametrize("name", sorted(METRICS))
def test_every_metric_describes_itself_and_is_a_block(name: str) -> None:
    one = metric(name)
    assert is_block(one)
    assert from_spec(to_spec(one)) == one
    assert block_id(one) == block_id(metric(name))
    assert one.title
    assert one.definition.endswith((".", ")."))
    assert one.unit in ("share", "s", "USD", "tokens", "")
    assert one.higher_is_better in (True, False, None)
    assert isinstance(one, Additive) != isinstance(one, Weighted)


def test_unknown_metrics_are_refused_with_the_nearest_name() -> None:
    with pytest.raises(SpecError, match="macro_f1"):
        metric("makro_f1")


@settings(deadline=None, max_examples=30)
@given(ANSWERS)
def test_sums_over_parts_are_sums_over_the_whole(rows: list[tuple[str, str | None]]) -> None:
    table = of([target for target, _ in rows], [answer for _, answer in rows])
    one = MacroF1()
    sums = one.statistics(table).astype(np.float64)
    stacked = np.stack([sums.sum(axis=0), 3 * sums.sum(axis=0)])
    assert one.value(stacked) == pytest.approx([value(one, table)] * 2)
