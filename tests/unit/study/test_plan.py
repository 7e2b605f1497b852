"""The plan: what will be asked and what it may cost, and what must not happen, all before the first call."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from osler.core.block import block
from osler.core.store import Store
from osler.core.types import Passage, Prediction, Prompt
from osler.knowledge.bm25 import BM25
from osler.knowledge.passages import PassageList
from osler.models.endpoint import Endpoint
from osler.models.simulated import Simulated
from osler.prompting.retrieve import Retrieve
from osler.prompting.zero_shot import ZeroShot
from osler.study.file import StudyError
from osler.study.names import Entry
from osler.study.plan import _tokens, plan
from osler.study.resolve import Study, load

FAR = "https://llm.example.org/v1"


@block
class Around:
    """A model around a model, as guards and trained models are."""

    base: Any = None

    @property
    def supports(self) -> frozenset[str]:
        return frozenset({"generate", "score"})


def test_the_plan_counts_cells_calls_and_tokens(workplace: Any) -> None:
    study = load(workplace.study(systems=["zero_shot", "structured"], seeds=[0, 1]))
    made = plan(study)
    assert [(row.cell.system.name, row.cell.seed, row.todo, row.calls) for row in made.rows] == [
        ("zero_shot", 0, 30, 30),
        ("zero_shot", 1, 30, 30),
        ("structured", 0, 30, 60),
        ("structured", 1, 30, 60),
    ]
    assert all(row.tokens > row.calls * 256 for row in made.rows)
    told = made.json()
    assert told["totals"]["calls"] == 180
    assert told["totals"]["usd"] == 0
    assert told["data"]["n"] == 30
    assert len({row["id"] for row in told["cells"]}) == 4


def test_what_is_answered_is_not_planned_again(workplace: Any, tmp_path: Path) -> None:
    study = load(workplace.study())
    cell = plan(study).rows[0].cell
    with Store(tmp_path / "s.sqlite") as store:
        for i in range(10):
            store.put_prediction(cell.id, f"m{i:02d}", Prediction(answer="urgent", failure="timeout" if i < 2 else ""))
        assert plan(study, store).rows[0].todo == 22  # failed ones are asked again
        for i in range(30):
            store.put_prediction(cell.id, f"m{i:02d}", Prediction(answer="urgent"), attempt=1)
        row = plan(study, store).rows[0]
    assert (row.todo, row.calls, row.tokens, row.usd) == (0, 0, 0, 0.0)


def test_demonstrations_make_prompts_longer(workplace: Any) -> None:
    study = load(workplace.study(systems=["zero_shot", {"use": "few_shot", "k": 5, "name": "five"}]))
    zero, five = plan(study).rows
    assert zero.calls == five.calls
    longer = (five.tokens - zero.tokens) / 30
    assert longer == pytest.approx((zero.tokens / 30 - 256) * 5, rel=0.05)


def test_a_price_becomes_a_cost_and_a_small_budget_a_warning(workplace: Any) -> None:
    far = {
        "use": "endpoint",
        "model": "m",
        "base_url": FAR,
        "usd_per_million_in": 1000.0,
        "usd_per_million_out": 0.0,
        "api_key_env": "OSLER_TEST_KEY",
    }
    made = plan(load(workplace.study(models=[far], budget_usd=0.001, budget_calls=5)))
    row = made.rows[0]
    assert row.usd == pytest.approx((row.tokens - 30 * 256) * 1000 / 1e6, rel=0.01)
    assert any("OSLER_TEST_KEY" in warning for warning in made.warnings)
    assert any("usd, the budget is 0.001" in warning for warning in made.warnings)
    assert any("30 calls, the budget is 5" in warning for warning in made.warnings)


@pytest.mark.parametrize(
    "entry",
    [Around(base=Endpoint(model="m", base_url=FAR)), Around(base=Around(base=Endpoint(model="m", base_url=FAR)))],
)
def test_identifiable_text_does_not_leave_however_deep_the_endpoint_stands(workplace: Any, entry: Any) -> None:
    study = with_model(load(workplace.study(sensitivity="identifiable")), entry)
    with pytest.raises(StudyError, match=r"'far' is an endpoint at llm\.example\.org"):
        plan(study)


@pytest.mark.parametrize(
    ("url", "changes"),
    [
        (FAR, {"sensitivity": "deidentified"}),
        (FAR, {"sensitivity": "synthetic"}),
        (FAR, {"sensitivity": "identifiable", "covered_endpoints": [FAR]}),
        ("http://localhost:8000/v1", {"sensitivity": "identifiable"}),
        ("http://127.0.0.1:8000/v1", {"sensitivity": "identifiable"}),
        ("http://[::1]:8000/v1", {"sensitivity": "identifiable"}),
    ],
)
def test_text_goes_where_it_may(workplace: Any, url: str, changes: dict[str, Any]) -> None:
    study = with_model(load(workplace.study(**changes)), Endpoint(model="m", base_url=url))
    assert plan(study).rows


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1.example.org/v1", "http://localhost.example.org/v1", "http://10.0.0.1/v1"]
)
def test_an_address_that_looks_local_is_not(workplace: Any, url: str) -> None:
    study = with_model(load(workplace.study(sensitivity="identifiable")), Endpoint(model="m", base_url=url))
    with pytest.raises(StudyError, match="the data counts as identifiable"):
        plan(study)


def test_all_problems_of_a_plan_are_told_at_once(workplace: Any) -> None:
    study = load(workplace.study(systems=["structured"], subgroups=["gender"], compare_by="ward"))
    with pytest.raises(StudyError) as caught:
        plan(with_model(study, Simulated(), supports=frozenset({"score"})))
    assert len(caught.value.problems) == 3


def test_a_limit_takes_the_first_cases(workplace: Any) -> None:
    made = plan(load(workplace.study(limit=7)))
    assert [example.id for example in made.data.test] == [f"m{i:02d}" for i in range(7)]
    assert made.rows[0].todo == 7


@dataclasses.dataclass(frozen=True)
class Only:
    """A model block that says it can do less."""

    inner: Any
    supports: frozenset[str]
    __osler_block__ = True


def with_model(study: Study, model: Any, supports: frozenset[str] | None = None) -> Study:
    held = model if supports is None else Only(model, supports)
    return dataclasses.replace(study, models=(Entry("far", held),))


def test_passages_that_a_search_will_show_are_counted() -> None:
    prompt = Prompt(id="q", question="Which organ pumps?", choices=("heart", "liver"), lettered=True)
    index = BM25(collection=PassageList(items=(Passage(id="p", text="The heart pumps."),)))
    closed, few, many = (
        _tokens(prompt, system, [prompt])
        for system in (ZeroShot(), Retrieve(index=index, k=2), Retrieve(index=index, k=32))
    )
    assert closed < few < many
    assert many - closed == 16 * (few - closed)
