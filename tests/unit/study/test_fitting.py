"""Fitting in a study: validation cases, the metric, the log, the budget, and a winner frozen before test."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from osler.core.block import block, block_id, from_spec
from osler.core.errors import DataError, ModelError
from osler.core.store import Store
from osler.core.types import Message, Reply
from osler.models.endpoint import Endpoint
from osler.models.simulated import Simulated
from osler.models.simulated_features import SimulatedCritic, SimulatedFeatures
from osler.prompting.few_shot import FewShot
from osler.prompting.ladder import Ladder, Rung
from osler.prompting.optimise.textual_gradient import TextualGradient
from osler.prompting.zero_shot import ZeroShot
from osler.study.dataset import dataset, fits_by_calls, has_pool, inside, learns
from osler.study.file import StudyError
from osler.study.names import Entry
from osler.study.plan import Plan, plan
from osler.study.progress import Silent
from osler.study.resolve import Study, load
from osler.study.run import run
from osler.study.status import picture, status
from osler.study.work import Outcome

SEARCH = TextualGradient(backward=SimulatedCritic(), most_valid=20, steps=4)


@block
class Order:
    """Keeps the cases that it is asked, in their order; ``down``: cases whose first call fails."""

    skill: float = 0.5
    asked: ClassVar[list[str]] = []
    down: ClassVar[set[str]] = set()

    @property
    def supports(self) -> frozenset[str]:
        return frozenset({"generate"})

    async def generate(self, messages: Sequence[Message], **settings: Any) -> Reply:
        case = next(part.id for part in messages[-1].parts if part.name == "question")
        Order.asked.append(case)
        await asyncio.sleep(0)
        if case in Order.down:
            raise ModelError("no answer", kind="timeout")
        system = messages[0].text.lower()
        answer = "urgent" if "cite the guideline" in system and int(case[1:]) % 3 == 0 else "routine"
        return Reply(text=f"Answer: {answer}", tokens_in=10, tokens_out=2, cost_usd=0.01)

    async def score(self, messages: Sequence[Message], choices: Sequence[str]) -> Reply:
        raise NotImplementedError


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    Order.asked.clear()
    Order.down.clear()
    with Store(tmp_path / "s.sqlite") as store:
        yield store


def rows(*, valid: bool = True) -> list[dict[str, Any]]:
    """90 messages: 30 to test, 30 to learn from, 30 to validate on."""
    out = []
    for i in range(90):
        split = ("test", "train", "valid" if valid else "train")[i // 30]
        urgent = i % 3 == 0
        text = f"Message {i}: pain since day {i + 1}{', please hurry' if urgent else ''}."
        row = {"id": f"m{i:02d}", "patient": f"p{i // 2:02d}", "text": text, "split": split}
        out.append({**row, "label": "urgent" if urgent else "routine"})
    return out


def made(workplace: Any, *systems: Any, models: Any = None, valid: bool = True, **changes: Any) -> Study:
    workplace.write_cases("cases.jsonl", rows(valid=valid))
    study = load(workplace.study(**changes))
    return dataclasses.replace(
        study,
        systems=tuple(Entry(f"s{i}", system) for i, system in enumerate(systems)),
        models=(Entry("sim", models or SimulatedFeatures(skill=0.4)),),
    )


def go(study: Study, store: Store, **settings: Any) -> tuple[Outcome, Plan]:
    held = plan(study, store)
    return asyncio.run(run(held, store, **settings)), held


def test_a_search_gets_validation_cases_and_a_plain_system_none(workplace: Any) -> None:
    (fold,) = dataset(made(workplace, SEARCH)).folds
    assert (len(fold.test), len(fold.train), len(fold.valid)) == (30, 30, 30)
    (plain,) = dataset(made(workplace, FewShot())).folds
    assert (len(plain.train), len(plain.valid)) == (30, 0)


@pytest.mark.parametrize(
    ("system", "learning", "searching"),
    [
        (ZeroShot(), False, False),
        (FewShot(), True, False),
        (SEARCH, True, True),
        (Ladder(rungs=(Rung(name="a", strategy=ZeroShot()), Rung(name="b", strategy=FewShot()))), True, True),
    ],
)
def test_learning_is_seen_however_deep_it_stands(system: Any, learning: bool, searching: bool) -> None:
    assert has_pool(system) is learning
    assert fits_by_calls(system) is searching


def test_blocks_are_found_in_lists_and_tables() -> None:
    ladder = Ladder(rungs=(Rung(name="a", strategy=FewShot()),), tools=SEARCH)
    kinds = [type(item).__name__ for item in inside(ladder)]
    assert {"Rung", "FewShot", "Encoder", "TextualGradient", "SimulatedCritic"} <= set(kinds)
    assert kinds[0] == "Ladder"


def test_a_patient_in_valid_and_test_is_refused(workplace: Any) -> None:
    study = made(workplace, SEARCH)
    cases = rows()
    cases[60]["patient"] = "p00"
    workplace.write_cases("cases.jsonl", cases)
    with pytest.raises((StudyError, DataError), match="in train or valid and test"):
        plan(study)


def test_a_patient_in_valid_and_train_is_refused(workplace: Any) -> None:
    study = made(workplace, SEARCH)
    cases = rows()
    cases[60]["patient"] = cases[40]["patient"]
    workplace.write_cases("cases.jsonl", cases)
    with pytest.raises((StudyError, DataError), match="stand in train and valid"):
        plan(study)


def test_a_validation_case_word_for_word_in_test_is_told(workplace: Any) -> None:
    study = made(workplace, SEARCH)
    cases = rows()
    cases[60]["text"] = cases[0]["text"]
    workplace.write_cases("cases.jsonl", cases)
    held = plan(study)
    assert "30 training and 30 validation" in held.data.overlap["note"]
    assert any("1 test cases stand word for word" in warning for warning in held.warnings)


def test_the_winner_is_frozen_before_the_first_test_case_is_asked(workplace: Any, store: Store) -> None:
    study = made(workplace, SEARCH, models=Order())
    outcome, held = go(study, store)
    assert outcome.done == 30
    test = {example.id for example in held.data.test}
    first = next(place for place, case in enumerate(Order.asked) if case in test)
    assert not test & set(Order.asked[:first])
    assert set(Order.asked[first:]) == test
    events = store.events("toy")
    kinds = [event["kind"] for event in events]
    assert kinds.index("variant") < kinds.index("fitted")
    (fitted,) = [event for event in events if event["kind"] == "fitted"]
    chosen = next(event for event in events if "chosen" in event)
    winner = from_spec(fitted["spec"])
    assert block_id(winner) == fitted["system"]
    assert block_id(winner.winner) == chosen["chosen"]
    assert "cite the guideline" in winner.winner.instruction.lower()
    keys = [reply.key for _, one in store.predictions(held.rows[0].cell.id) for reply in one.replies]
    query = f"SELECT MIN(at) FROM replies WHERE key IN ({','.join('?' * len(keys))})"
    assert store._db.execute(query, keys).fetchone()[0] >= fitted["at"]


def test_a_second_run_asks_nothing_and_a_frozen_winner_is_not_searched_again(workplace: Any, store: Store) -> None:
    study = made(workplace, SEARCH, models=Order())
    Order.down.update({"m03"})
    first, _held = go(study, store)
    assert (first.done, first.failed) == (30, 1)
    found = len(store.events("toy", "variant"))
    Order.asked.clear()
    Order.down.clear()
    second, _ = go(study, store)
    assert (second.done, second.failed) == (1, 0)
    assert Order.asked == ["m03"]
    assert len(store.events("toy", "variant")) == found
    assert len(store.events("toy", "fitted")) == 1
    assert plan(study, store).json()["totals"]["calls"] == 0


def test_a_search_broken_off_goes_on_without_asking_anything_twice(
    workplace: Any, store: Store, tmp_path: Path
) -> None:
    study = made(workplace, SEARCH, models=Order(), budget_calls=75)
    cut, _ = go(study, store)
    assert cut.done == 0
    assert "budget" in cut.stopped
    before = len(Order.asked)
    assert not store.events("toy", "fitted")
    again = made(workplace, SEARCH, models=Order(), budget_calls=100_000)
    whole, held = go(again, store)
    assert whole.done == 30
    replies = store._db.execute("SELECT COUNT(*) FROM replies WHERE model = ''").fetchone()[0]
    assert len(Order.asked) == replies  # every call made was kept, and none was made twice
    assert before < len(Order.asked)
    with Store(tmp_path / "other.sqlite") as fresh:
        go(again, fresh)
        cell = held.rows[0].cell.id
        assert dict(fresh.predictions(cell)).keys() == dict(store.predictions(cell)).keys()
        one, other = (next(e for e in s.events("toy", "fitted")) for s in (fresh, store))
        assert one["system"] == other["system"]


def test_calls_of_a_fit_are_planned_counted_and_paid(workplace: Any, store: Store) -> None:
    study = made(workplace, SEARCH, models=Order())
    outcome, held = go(study, store)
    (row,) = held.rows
    assert row.fitting == SEARCH.fitting(60)
    assert row.calls == 30 + row.fitting
    spent = store.spent("toy")
    assert outcome.calls == spent.calls
    assert outcome.usd == pytest.approx(spent.usd)
    assert spent.calls <= row.calls
    assert held.json()["cells"][0]["fitting"] == row.fitting


def test_the_critic_is_asked_behind_the_guards_of_the_study(workplace: Any, store: Store) -> None:
    study = made(workplace, dataclasses.replace(SEARCH, backward=SimulatedCritic(cost_usd=0.5)), models=Order())
    go(study, store)
    asked = store._db.execute("SELECT COUNT(*) FROM replies WHERE model = 'simulated_critic'").fetchone()[0]
    assert asked >= 11
    limited = made(
        workplace, dataclasses.replace(SEARCH, backward=SimulatedCritic(cost_usd=0.5)), models=Order(), budget_usd=1.0
    )
    with Store(store.path.with_name("limited.sqlite")) as other:
        outcome, _ = go(limited, other)
        assert "budget" in outcome.stopped
        assert other.spent("toy").usd <= 1.0 + 0.5 * 20


def test_a_critic_without_its_key_is_told_before_the_first_call(workplace: Any, store: Store) -> None:
    far = Endpoint(model="m", base_url="http://127.0.0.1:9/v1", api_key_env="OSLER_NO_SUCH_KEY")
    study = made(workplace, dataclasses.replace(SEARCH, backward=far), models=Order())
    assert any("OSLER_NO_SUCH_KEY" in warning for warning in plan(study).warnings)
    with pytest.raises(Exception, match="OSLER_NO_SUCH_KEY"):
        go(study, store)
    assert Order.asked == []


def test_a_critic_elsewhere_may_not_read_identifiable_text(workplace: Any) -> None:
    far = Endpoint(model="m", base_url="https://llm.example.org/v1", api_key_env="")
    study = made(workplace, dataclasses.replace(SEARCH, backward=far), sensitivity="identifiable")
    with pytest.raises(StudyError, match="counts as identifiable"):
        plan(study)


def test_other_validation_cases_or_another_metric_make_another_cell(workplace: Any) -> None:
    def cell(system: Any = SEARCH, **changes: Any) -> str:
        return plan(made(workplace, system, **changes)).rows[0].cell.id

    before, plain = cell(), cell(ZeroShot())
    assert cell(metrics=["macro_f1", "accuracy"]) != before
    assert cell(ZeroShot(), metrics=["macro_f1", "accuracy"]) == plain
    study = made(workplace, SEARCH)
    changed = rows()
    changed[75]["text"] += " It is worse now."
    workplace.write_cases("cases.jsonl", changed)
    assert plan(study).rows[0].cell.id != before


def test_keys_of_training_cases_change_no_answer_that_was_there(workplace: Any, store: Store) -> None:
    system = Ladder(rungs=(Rung(name="direct", strategy=ZeroShot()),))
    study = made(workplace, ZeroShot(), system, models=Simulated(skill=0.6))
    _, held = go(study, store)
    plain, climbed = ({k: p.answer for k, p in store.predictions(row.cell.id)} for row in held.rows)
    assert plain == climbed


@pytest.mark.parametrize("folds", [2, 3])
def test_folds_validate_on_other_patients_of_the_other_folds(workplace: Any, store: Store, folds: int) -> None:
    task = {"from": "labelled_text", "cluster": "patient"}
    data = {
        "source": "file",
        "path": "cases.jsonl",
        "target": "label",
        "choices": ["urgent", "routine"],
        "folds": folds,
    }
    study = made(workplace, SEARCH, models=Order(), task=task, data={**data, "cluster": "patient"})
    outcome, _held = go(study, store)
    assert outcome.done == 90
    events = store.events("toy", "fitted")
    assert [event["fold"] for event in events] == list(range(folds))
    assert {event["fold"] for event in store.events("toy", "variant")} == set(range(folds))


class Told(Silent):
    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


def test_progress_shows_the_search_and_status_counts_its_variants(workplace: Any, store: Store) -> None:
    told = Told()
    study = made(workplace, SEARCH, models=Order())
    _, held = go(study, store, progress=told)
    assert told.notes[0] == "fitting s0 for sim"
    assert any(note.startswith("textual_gradient step 0: accuracy 0.") for note in told.notes)
    assert "the winner is frozen" in told.notes[-1]
    found = status(held, store)
    assert found["variants"] == 3
    assert "3 variants were tried on validation cases" in picture(found)


def test_a_system_without_search_says_nothing_of_variants(workplace: Any, store: Store) -> None:
    study = made(workplace, ZeroShot())
    assert not learns(study)
    _, held = go(study, store)
    assert status(held, store)["variants"] == 0
    assert "variants" not in picture(status(held, store))


def test_a_study_file_can_say_all_of_a_ladder_and_of_an_optimiser(workplace: Any, store: Store) -> None:
    rungs = [
        {"use": "rung", "name": "direct", "strategy": "zero_shot"},
        {"use": "rung", "name": "few", "strategy": {"use": "few_shot", "k": 2}},
    ]
    systems = [
        {"use": "ladder", "rungs": rungs, "patience": 1, "budget": {"use": "allowance", "calls": 500}, "name": "climb"},
        {"use": "textual_gradient", "backward": {"use": "simulated_critic", "harm": 0.5}, "steps": 2, "name": "words"},
    ]
    workplace.write_cases("cases.jsonl", rows())
    study = load(workplace.study(systems=systems, models=[{"use": "simulated_features", "skill": 0.4, "name": "sim"}]))
    outcome, held = go(study, store)
    assert (outcome.done, outcome.failed) == (60, 0)
    assert [row.cell.system.name for row in held.rows] == ["climb", "words"]
    assert [rung.name for rung in held.rows[0].cell.system.block.climb] == ["direct", "few"]
    assert held.rows[0].cell.system.block.budget.calls == 500
