"""Runs: each case once, what is there is not asked again, and every way to stop keeps what was finished."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from osler.core.block import block, block_id, replace
from osler.core.errors import ModelError, PrivacyError
from osler.core.store import Store
from osler.core.types import Message, Prompt, Reply
from osler.study.names import Entry
from osler.study.plan import plan
from osler.study.resolve import Study, load
from osler.study.run import run
from osler.study.work import Outcome


@block
class Flaky:
    """Answers ``routine``; fails in a way that depends on the case. ``asked`` counts calls of all copies."""

    fails: tuple[str, ...] = ()
    error: str = "model"
    always: bool = False
    asked: ClassVar[list[str]] = []
    closed: ClassVar[list[str]] = []

    @property
    def supports(self) -> frozenset[str]:
        return frozenset({"generate"})

    async def generate(self, messages: Sequence[Message], **settings: Any) -> Reply:
        case = next(part.id for part in messages[-1].parts if part.name == "question")
        Flaky.asked.append(case)
        await asyncio.sleep(0)
        if self.always or case in self.fails:
            kinds: Mapping[str, Exception] = {
                "model": ModelError(f"no answer for {case}", kind="timeout"),
                "privacy": PrivacyError("a name was about to leave"),
                "bug": ValueError("the text of the CANARY patient"),
            }
            raise kinds[self.error]
        return Reply(text="Answer: routine", tokens_in=10, tokens_out=2, cost_usd=0.01)

    async def score(self, messages: Sequence[Message], choices: Sequence[str]) -> Reply:
        raise NotImplementedError

    async def aclose(self) -> None:
        Flaky.closed.append(block_id(self))


@block
class Commonest:
    """Learns the commonest answer."""

    answer: str = ""
    seen: ClassVar[list[list[str]]] = []

    @property
    def supports(self) -> frozenset[str]:
        return frozenset({"score", "train"})

    async def train(self, pairs: Sequence[tuple[Prompt, str]], *, seed: int) -> Commonest:
        Commonest.seen.append([prompt.id for prompt, _ in pairs])
        answers = [answer for _, answer in pairs]
        return replace(self, answer=max(sorted(set(answers)), key=answers.count))

    async def generate(self, messages: Sequence[Message], **settings: Any) -> Reply:
        raise NotImplementedError

    async def score(self, messages: Sequence[Message], choices: Sequence[str]) -> Reply:
        return Reply(text=self.answer, logprobs={choice: 0.0 if choice == self.answer else -9.0 for choice in choices})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    Flaky.asked.clear()
    Flaky.closed.clear()
    Commonest.seen.clear()
    with Store(tmp_path / "s.sqlite") as store:
        yield store


def go(study: Study, store: Store, **settings: Any) -> Outcome:
    return asyncio.run(run(plan(study, store), store, **settings))


def with_models(study: Study, **models: Any) -> Study:
    return dataclasses.replace(study, models=tuple(Entry(name, made) for name, made in models.items()))


def test_a_run_asks_every_case_once_and_a_second_run_asks_nothing(workplace: Any, store: Store) -> None:
    study = with_models(load(workplace.study(seeds=[0, 1])), flaky=Flaky())
    first = go(study, store)
    assert (first.done, first.failed, first.left, first.stopped) == (60, 0, 0, "")
    assert first.calls == 60
    assert first.usd == pytest.approx(0.6)
    assert sorted(Flaky.asked) == sorted([f"m{i:02d}" for i in range(30)] * 2)
    second = go(study, store)
    assert (second.done, second.calls, second.left) == (0, 0, 0)
    assert len(Flaky.asked) == 60
    assert [e["kind"] for e in store.events("toy")][-2:] == ["run started", "run ended"]
    assert store.spent("toy").calls == 60


def test_arms_that_ask_the_same_share_the_answer(workplace: Any, store: Store) -> None:
    systems = ["zero_shot", {"use": "few_shot", "k": 3, "name": "few"}]
    study = with_models(load(workplace.study(systems=systems)), flaky=Flaky())
    go(study, store)
    again = dataclasses.replace(study, systems=(*study.systems, Entry("replay", load_system("replay"))))
    found = go(again, store)
    assert (found.done, found.calls, found.cached) == (30, 0, 30)


def test_a_failure_is_kept_as_that_cases_outcome_and_asked_again_later(workplace: Any, store: Store) -> None:
    study = with_models(load(workplace.study()), flaky=Flaky(fails=("m03", "m07")))
    found = go(study, store)
    assert (found.done, found.failed, found.stopped) == (30, 2, "")
    (note,) = found.notes
    assert "timeout" in note
    cell = plan(study).rows[0].cell.id
    failures = {name: p.failure for name, p in store.predictions(cell) if p.failure}
    assert failures == {"m03": "timeout", "m07": "timeout"}
    assert go(study, store, retry_failed=False).done == 0
    Flaky.asked.clear()
    assert go(study, store).done == 2
    assert sorted(Flaky.asked) == ["m03", "m07"]
    assert store.attempts(cell)["m03"] == (1, True)
    assert [e["failure"] for e in store.events("toy", "failure")] == ["timeout", "timeout"]


def test_a_bug_in_a_method_is_told_without_the_text_of_the_case(workplace: Any, store: Store) -> None:
    study = with_models(load(workplace.study()), flaky=Flaky(fails=("m03",), error="bug"))
    found = go(study, store)
    assert (found.done, found.failed) == (30, 1)
    kept = str(found.notes) + str(store.events("toy"))
    assert "ValueError" in kept
    assert "test_run.py:" in kept
    assert "CANARY" not in kept


def test_a_privacy_error_is_never_swallowed(workplace: Any, store: Store) -> None:
    study = with_models(load(workplace.study()), flaky=Flaky(fails=("m03",), error="privacy"))
    with pytest.raises(PrivacyError, match="about to leave"):
        go(study, store)


def test_a_dead_endpoint_is_given_up_and_the_other_models_go_on(workplace: Any, store: Store) -> None:
    rows = [{"id": f"c{i}", "text": f"text {i}", "label": "urgent", "split": "test"} for i in range(900)]
    workplace.write_cases("cases.jsonl", rows)
    data = {
        "source": "file",
        "path": "cases.jsonl",
        "target": "label",
        "split": "split",
        "choices": ["urgent", "routine"],
    }
    systems = ["zero_shot", "replay"]
    study = load(workplace.study(data=data, systems=systems))
    study = with_models(study, dead=Flaky(always=True), good=Flaky())
    found = go(study, store)
    assert "cases in a row failed in dead + zero_shot (last: timeout)" in found.stopped
    answered = {row.cell.model.name: 0 for row in plan(study).rows}
    for row in plan(study).rows:
        answered[row.cell.model.name] += len(store.attempts(row.cell.id))
    assert answered["good"] == 1800
    assert answered["dead"] < 900
    assert found.left == 3600 - 1800 - answered["dead"]


def test_the_budget_stops_the_run_and_a_larger_one_goes_on(workplace: Any, store: Store) -> None:
    study = with_models(load(workplace.study(budget_calls=12)), flaky=Flaky())
    found = go(study, store)
    assert found.stopped.startswith("the next call could pass the budget of 12 calls")
    assert len(Flaky.asked) == store.spent("toy").calls == 12
    assert found.done + found.left == 30
    again = go(study, store)
    assert len(Flaky.asked) == 12, "what was spent before counts"
    assert again.stopped
    more = go(dataclasses.replace(study, budget={"calls": 30}), store)
    assert (more.stopped, more.left) == ("", 0)
    assert sorted(Flaky.asked) == [f"m{i:02d}" for i in range(30)]


def test_a_trained_model_learns_from_the_other_folds_only(workplace: Any, store: Store) -> None:
    task = {"from": "labelled_text", "cluster": "patient"}
    data = {
        "source": "file", "path": "cases.jsonl", "target": "label", "cluster": "patient", "split": "split",
        "choices": ["urgent", "routine"], "folds": 3,
    }  # fmt: skip
    study = with_models(load(workplace.study(task=task, data=data)), learner=Commonest())
    found = go(study, store)
    assert (found.done, found.failed) == (54, 0)
    folds = plan(study).data.folds
    assert Commonest.seen == [[e.id for e in fold.train] for fold in folds]
    trained = store.events("toy", "trained")
    assert [e["n"] for e in trained] == [len(fold.train) for fold in folds]
    assert go(study, store).done == 0
    assert len(Commonest.seen) == 3, "a finished cell is not trained again"


def test_models_are_closed_even_when_the_run_stops(workplace: Any, store: Store) -> None:
    go(with_models(load(workplace.study(budget_calls=2)), flaky=Flaky()), store)
    assert len(Flaky.closed) == 1


def test_the_same_seed_gives_the_same_answers_in_another_store(workplace: Any, store: Store, tmp_path: Path) -> None:
    models = [{"use": "simulated", "skill": 0.6, "name": "sim"}]
    study = load(workplace.study(models=models, systems=["few_shot"]))
    cell = plan(study).rows[0].cell.id
    go(study, store)
    with Store(tmp_path / "other.sqlite") as other:
        go(study, other)
        answers = {name: p.answer for name, p in other.predictions(cell)}
    assert answers == {name: p.answer for name, p in store.predictions(cell)}
    assert len(answers) == 30


def load_system(name: str) -> Any:
    from osler.study.names import resolve

    return resolve("system", name)
