from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_fixture import results

from osler.evaluation.compare import compare, verdict
from osler.evaluation.metrics.classification import Accuracy
from osler.evaluation.table import tabulate_columns
from osler.study.report import ranking, tables
from osler.study.report.record import complete
from osler.study.report.summary import OVERSIGHT, paired_cases, same_cases, summary


def _study(low: float, high: float, *, n: int = 400, p: float = 0.01, higher: bool = True) -> dict[str, Any]:
    """Two systems, b ahead of a by 3 points, with the given interval of the difference."""
    estimate = {"low": 0.7, "high": 0.9, "n": n, "clusters": n, "unscored": 0, "method": "wilson"}
    return complete(
        {
            "study": {"question": "Which is better?", "primary": "accuracy"},
            "systems": [
                {"name": "one", "n": n, "seeds": [0, 1], "estimates": {"accuracy": {"value": 0.80, **estimate}}},
                {"name": "two", "n": n, "seeds": [0, 1], "estimates": {"accuracy": {"value": 0.83, **estimate}}},
            ],
            "metrics": {"accuracy": {"title": "accuracy", "unit": "share", "higher_is_better": higher}},
            "comparisons": [
                {
                    "a": "one",
                    "b": "two",
                    "metric": "accuracy",
                    "difference": 0.03,
                    "low": low,
                    "high": high,
                    "p": p,
                    "p_adjusted": p,
                    "n": n,
                    "verdict": "b better",
                }
            ],
        }
    )


def _text(record: dict[str, Any]) -> str:
    return "\n".join(sentence for part in summary(record) for sentence in part.sentences)


def test_no_winner_when_the_interval_holds_zero() -> None:
    record = _study(-0.01, 0.07, p=0.2)
    text = _text(record)
    assert "The data do not show whether two is better than one (difference 3.0 points, interval −1.0 to 7.0)." in text
    assert "did better" not in text
    assert not any(cell.bold for _, cells in tables.metric_rows(record) for cell in cells)
    assert tables.verdict(record["comparisons"][0]) == "no difference shown"


def test_a_winner_when_the_interval_excludes_zero() -> None:
    record = _study(0.01, 0.05)
    assert "two did better than the other: no interval of the difference holds 0." in _text(record)
    bold = [name for name, cells in tables.metric_rows(record) for cell in cells if cell.bold]
    assert bold == ["two"]
    assert tables.verdict(record["comparisons"][0]) == "two better"


def test_where_lower_is_better_the_other_system_leads() -> None:
    record = _study(0.01, 0.05, higher=False)
    assert ranking.winner(record["systems"], record["comparisons"], "accuracy", False) == "one"


def test_a_winner_that_does_not_survive_holm_is_said_to_be_open() -> None:
    record = _study(0.001, 0.06, p=0.04)
    record["comparisons"][0]["p_adjusted"] = 0.24
    assert "After adjustment for the number of comparisons this is not settled against one." in _text(record)
    assert "did better" not in _text(record)
    assert ranking.winner(record["systems"], record["comparisons"], "accuracy", True) is None
    assert not any(cell.bold for _, cells in tables.metric_rows(record) for cell in cells)
    assert tables.verdict(record["comparisons"][0]) == "no difference shown"
    record["comparisons"][0]["verdict"] = "not settled: p rises to 0.240 among 6 comparisons"
    assert tables.verdict(record["comparisons"][0]).startswith("not settled: p rises")


@given(st.floats(-0.2, 0.2), st.floats(-0.2, 0.2), st.floats(0, 1), st.booleans())
def test_never_a_winner_across_zero(one: float, two: float, p: float, higher: bool) -> None:
    low, high = sorted((one, two))
    record = _study(low, high, p=p, higher=higher)
    if low <= 0 <= high or p > 0.05:
        assert ranking.winner(record["systems"], record["comparisons"], "accuracy", higher) is None
        assert "did better" not in _text(record)


def _of_other_cases() -> dict[str, Any]:
    """one: 85 % of 400 cases. two: 80 % of the first 100, where one has 40 %."""
    record = _study(0.28, 0.52, n=400)
    one, two = record["systems"]
    one |= {"cases": 400}
    one["estimates"]["accuracy"] |= {"value": 0.85}
    two |= {"cases": 100, "n": 100}
    two["estimates"]["accuracy"] |= {"value": 0.80, "n": 100}
    record["comparisons"][0] |= {"difference": 0.4, "n": 100, "cases": 100}
    record["data"]["n"] = 400
    return record


def test_the_first_in_the_list_is_said_to_lose_on_shared_cases() -> None:
    text = _text(_of_other_cases())
    assert "2 systems answered different cases: one and two." in text
    assert "answered the same cases" not in text
    assert "Cases answered: one 400 and two 100. Two systems are compared on the 100 cases that both answered." in text
    assert (
        "two did better than one on the 100 cases that both answered (difference 40.0 points, interval 28.0 to 52.0)"
    ) in text


@pytest.mark.parametrize(
    ("counts", "everywhere", "same"),
    [
        ((400, 400), None, True),
        ((None, None), None, True),
        ((100, 100), 100, True),
        ((100, 100), 60, False),
        ((400, 100), 100, False),
        ((100, 100), None, False),
    ],
)
def test_systems_of_as_many_cases_may_have_answered_others(
    counts: tuple[int | None, int | None], everywhere: int | None, same: bool
) -> None:
    record = _of_other_cases()
    for system, cases in zip(record["systems"], counts, strict=True):
        system["cases"] = cases
    record["flow"] = [{"step": "asked of every system", "n": everywhere, "note": ""}] if everywhere else []
    assert same_cases(record) is same


@pytest.mark.parametrize(
    ("system", "said"),
    [
        ({"cases": 350}, "one cannot be accepted on these figures, as it answered 350 of 400 cases."),
        ({"training": {"tuned": False}}, "one, a baseline, reaches it, too: the value is set too low."),
    ],
)
def test_what_cannot_be_accepted_is_said(system: dict[str, Any], said: str) -> None:
    record = _of_other_cases()
    record["study"]["accept"] = {"metric": "accuracy", "at_least": 0.6}
    record["systems"][0] |= system
    assert said in _text(record)
    assert "no system meets it." in _text(record)
    plot = tables.primary_plot(record)
    assert plot is not None
    assert plot.lines[0].flag == ("baseline" if "training" in system else "cannot tell")


def test_only_shares_of_cases_are_counted() -> None:
    record = _study(0.01, 0.05)
    record["systems"][0]["estimates"]["accuracy"] |= {"value": 0.0, "low": 0.0, "high": 0.1}
    for binary, shown in ((True, "0 of 400 (at most 0.7 %)"), (False, "0.0 % (0.0 to 10.0)")):
        record["metrics"]["accuracy"]["binary"] = binary
        assert shown in _text(record)
        assert tables.metric_rows(record)[0][1][0].value == shown.partition(" (")[0]


def test_systems_that_were_not_paired_give_no_winner() -> None:
    record = _study(0.01, 0.05)
    record["comparisons"] = []
    assert ranking.winner(record["systems"], record["comparisons"], "accuracy", True) is None
    assert "two was not compared case by case with one: the order is no evidence." in _text(record)


@pytest.mark.parametrize(("n", "said"), [(199, True), (200, False)])
def test_below_200_pairs_it_is_a_development_evaluation(n: int, said: bool) -> None:
    record = _study(0.01, 0.05, n=n)
    assert paired_cases(record) == n
    assert ("development evaluation" in _text(record)) is said


def test_synthetic_data_small_groups_and_oversight_are_said() -> None:
    record = complete(results(n=90, patients=60))
    text = _text(record)
    assert "The cases are synthetic" in text
    assert "too few to judge" in text
    assert text.endswith(OVERSIGHT)
    assert "synthetic" not in _text(complete(results(n=90, patients=60, synthetic=False)))


@pytest.mark.parametrize(
    ("rule", "state"),
    [
        ({"metric": "accuracy", "at_least": 0.75, "lower_bound": True}, "not met"),
        ({"metric": "accuracy", "at_least": 0.75, "lower_bound": False}, "met"),
        ({"metric": "accuracy", "at_least": 0.70}, "met"),
        ({"metric": "accuracy", "at_most": 0.85}, "not met"),
        ({"metric": "accuracy", "at_most": 0.85, "lower_bound": False}, "met"),
        ({"metric": "unknown", "at_least": 0.1}, "cannot tell"),
        (None, ""),
    ],
)
def test_acceptance_uses_the_cautious_end(rule: dict[str, Any] | None, state: str) -> None:
    assert ranking.acceptance(_study(0.0, 0.1)["systems"][0], rule) == state


def test_a_wide_limit_is_drawn_and_named() -> None:
    record = _study(0.0, 0.1)
    record["study"]["accept"] = {"metric": "accuracy", "at_most": 0.95}
    plot = tables.primary_plot(record)
    assert plot is not None
    assert plot.reference == "accepted up to 95.0 %"
    assert [line.flag for line in plot.lines] == ["met", "met"]


def test_matrix_rows_add_up() -> None:
    for system in complete(results())["systems"]:
        found = tables.matrix(system)
        assert found is not None
        assert sum(total for _, total, _ in found.rows) == system["n"]
        for label, total, cells in found.rows:
            assert sum(n for n, _ in cells) == total
            shades = dict(zip(found.answers, (shade for _, shade in cells), strict=True))
            assert shades[label].startswith("hit") or shades[label] == "none"
            assert not shades["unparsed"].startswith("hit")


def test_a_pair_that_could_not_be_compared_keeps_its_reason() -> None:
    found = {**_study(0.0, 0.1)["comparisons"][0], "difference": None, "verdict": "not comparable (no shared case)"}
    assert tables.verdict(found) == "not comparable (no shared case)"


def test_the_first_system_is_told_wherever_it_stands() -> None:
    record = results()
    first = {**record["systems"][0], "name": "baseline"}
    better = [
        {
            **first,
            "name": f"s{i}",
            "estimates": {**first["estimates"], "accuracy": {**first["estimates"]["accuracy"], "value": 0.99}},
        }
        for i in range(8)
    ]
    found = next(p for p in summary(complete({**record, "systems": [first, *better]})) if p.heading == "What was found")
    assert any("of baseline:" in line for line in found.sentences)
    assert sum(" of s" in line for line in found.sentences[:6]) == 5
    assert "The results hold 3 more." in found.sentences


@pytest.mark.parametrize(
    ("named", "said"), [(True, "named before the run"), (False, "the first metric of the study file")]
)
def test_a_primary_metric_that_nobody_named_is_not_called_named(named: bool, said: str) -> None:
    record = results()
    record["study"]["primary_named"] = named
    assert f"The result that counts, {said}, is" in _text(complete(record))


def test_differences_are_told_in_one_unit() -> None:
    table = tabulate_columns(ids=[str(i) for i in range(40)], targets=["a"] * 40, answers=["a", "b"] * 20)
    other = tabulate_columns(ids=[str(i) for i in range(40)], targets=["a"] * 40, answers=["b", "a"] * 20)
    found = compare(Accuracy(), table, other)
    told = verdict(found, "share")
    assert "points" in told
    assert not re.search(r"0\.\d{2}", told)
    assert "points" not in verdict(found)
