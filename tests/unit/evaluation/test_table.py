"""Tables: what is read from predictions, coded, selected and refused."""

from __future__ import annotations

import numpy as np
import pytest

from osler.core.errors import DataError
from osler.core.types import Example, Prediction, Reply
from osler.evaluation.table import Table, tabulate, tabulate_columns

CHOICES = ("yes", "no", "unsure")


def example(number: int, target: str, **meta: object) -> Example:
    return Example(id=f"case-{number}", input={}, target=target, choices=CHOICES, meta=meta)


EXAMPLES = [
    example(0, "yes", patient="p1", sex="f", adult=True, evidence=("s1", "s2")),
    example(1, "no", patient="p1", sex="m", adult=True, evidence=("s3",)),
    example(2, "yes", patient="p2", sex="f", adult=False),
    example(3, "no", patient="p3", sex="f"),
]
REPLIES = (
    Reply(text="a", tokens_in=10, tokens_out=2, latency_s=0.5, cost_usd=0.01),
    Reply(text="b", tokens_in=20, tokens_out=3, latency_s=1.0, cost_usd=0.02),
)
PREDICTIONS = [
    Prediction(answer="yes", votes={"yes": 0.75, "no": 0.25}, replies=REPLIES, evidence=("s2", "s9")),
    Prediction(answer="maybe", votes={"maybe": 3.0, "no": 1.0}, evidence=()),
    Prediction(answer=None, parsed=False, replies=REPLIES[:1]),
    Prediction(answer=None, failure="timeout"),
]


def table(cluster: str = "") -> Table:
    return tabulate(EXAMPLES, PREDICTIONS, cluster=cluster)


def test_columns_of_a_table() -> None:
    found = table("patient")
    assert found.ids.tolist() == ["case-0", "case-1", "case-2", "case-3"]
    assert found.clusters.tolist() == [0, 0, 1, 2]
    assert found.labels == ("yes", "no", "unsure", "maybe")
    assert found.targets.tolist() == [0, 1, 0, 1]
    assert found.answers.tolist() == [0, 3, -1, -1]
    assert found.parsed.tolist() == [True, True, False, False]
    assert found.failures.tolist() == ["", "", "", "timeout"]
    assert found.calls.tolist() == [2, 0, 1, 0]
    assert found.evidence.tolist() == [[1, 2, 2], [0, 0, 1], [-1, -1, -1], [-1, -1, -1]]
    assert found.cited[0] == {"s2", "s9"}
    assert found.gold[1] == {"s3"}
    assert found.cited[2] is None


def test_calls_of_a_case_are_added_up_and_failed_ones_unknown() -> None:
    found = table()
    assert found.tokens_in[:3].tolist() == [30, 0, 10]
    assert found.tokens_out[:3].tolist() == [5, 0, 2]
    assert found.latency[:3].tolist() == [1.5, 0, 0.5]
    assert found.cost[:3] == pytest.approx([0.03, 0, 0.01])
    for column in (found.tokens_in, found.tokens_out, found.latency, found.cost):
        assert np.isnan(column[3])


def test_probabilities_are_shares_and_nan_without_votes() -> None:
    shares = table().probabilities
    assert shares is not None
    assert shares[0].tolist() == [0.75, 0.25, 0, 0]
    assert shares[1].tolist() == [0, 0.25, 0, 0.75]
    assert bool(np.isnan(shares[2:]).all())
    assert tabulate(EXAMPLES[2:], PREDICTIONS[2:]).probabilities is None


def test_broken_votes_are_no_probabilities() -> None:
    votes: list[dict[str, float]] = [{"a": -0.1, "b": 0.5}, {"a": float("nan")}, {"a": 0.0}, {"a": 0.6}]
    found = tabulate_columns(ids=list("wxyz"), targets=["a"] * 4, answers=["a"] * 4, votes=votes)
    assert found.probabilities is not None
    assert np.isnan(found.probabilities).all(axis=1).tolist() == [True, True, True, False]
    assert found.probabilities[3].tolist() == [0.6, 0]


def test_clusters_are_the_examples_unless_a_field_is_named() -> None:
    assert table().clusters.tolist() == [0, 1, 2, 3]
    seeds = tabulate(EXAMPLES * 2, PREDICTIONS * 2)
    assert seeds.clusters.tolist() == [0, 1, 2, 3, 0, 1, 2, 3]
    with pytest.raises(DataError, match="case-3"):
        tabulate(EXAMPLES, PREDICTIONS, cluster="adult")


def test_subgroups_and_selection() -> None:
    found = table("patient")
    assert found.subgroups("sex") == {"f": 3, "m": 1}
    assert found.subgroups("adult") == {"": 1, "false": 1, "true": 2}
    assert "evidence" not in found.meta
    women = found.select("sex", "f")
    assert women.ids.tolist() == ["case-0", "case-2", "case-3"]
    assert women.clusters.tolist() == [0, 1, 2]
    assert women.labels == found.labels
    assert women.evidence[0].tolist() == [1, 2, 2]
    assert women.subgroups("patient") == {"p1": 1, "p2": 1, "p3": 1}
    assert found.select("adult", True).ids.tolist() == ["case-0", "case-1"]
    assert len(found.select("sex", "x")) == 0
    with pytest.raises(DataError, match="sexe"):
        found.subgroups("sexe")
    with pytest.raises(DataError, match="mask"):
        found.rows(np.array([True]))


def test_letters_and_free_text_have_their_own_labels() -> None:
    lettered = [Example(id=str(i), input={}, target="B", choices=(f"a{i}", f"b{i}")) for i in range(2)]
    assert tabulate(lettered, [Prediction(answer="A")] * 2).labels == ("B", "A")
    texts = [f"text {i}" for i in range(600)]
    votes = [{text: 1.0} for text in texts]
    free = tabulate_columns(ids=texts, targets=texts, answers=texts, votes=votes)
    assert len(free.labels) == 600
    assert free.probabilities is None


def test_columns_may_be_left_out() -> None:
    found = tabulate_columns(ids=["a", "b"], targets=["x", "y"], answers=["x", None])
    assert found.parsed.tolist() == [True, False]
    assert bool(np.isnan(found.cost).all())
    assert found.meta == {}
    assert len(tabulate_columns(ids=[], targets=[], answers=[])) == 0


def test_columns_equal_the_same_table_from_predictions() -> None:
    built = tabulate_columns(
        ids=[item.id for item in EXAMPLES],
        targets=[item.target for item in EXAMPLES],
        answers=[item.answer for item in PREDICTIONS],
        failures=[item.failure for item in PREDICTIONS],
        meta={"sex": [item.meta["sex"] for item in EXAMPLES]},
        choices=CHOICES,
    )
    found = table()
    assert np.array_equal(built.targets, found.targets)
    assert np.array_equal(built.parsed, found.parsed)
    assert np.array_equal(built.meta["sex"], found.meta["sex"])


def test_columns_of_different_length_are_refused() -> None:
    with pytest.raises(DataError, match="votes"):
        tabulate_columns(ids=["a"], targets=["x"], answers=["x"], votes=[])
    with pytest.raises(DataError, match="4 and 1"):
        tabulate(EXAMPLES, PREDICTIONS[:1])
