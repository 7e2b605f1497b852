"""From names to blocks: names, tables, what a study leaves out, and ids that move only when the question does."""

from __future__ import annotations

from typing import Any

import pytest

from osler.core.block import block_id
from osler.core.errors import SpecError
from osler.models.simulated import Simulated
from osler.prompting.chain_of_thought import ChainOfThought
from osler.prompting.few_shot import FewShot
from osler.prompting.zero_shot import ZeroShot
from osler.study.cells import cells
from osler.study.dataset import Dataset, Fold
from osler.study.file import StudyError
from osler.study.names import resolve
from osler.study.resolve import load

HASH = "0" * 32


def test_a_name_is_a_recipe_or_a_block() -> None:
    assert resolve("system", "few_shot") == FewShot(k=5)
    assert resolve("system", "few-shot") == FewShot(k=5)
    assert resolve("system", "few_shot_balanced") == FewShot(k=5, select="balanced")
    assert resolve("model", "simulated") == Simulated(skill=0.7, spread=1.0)
    assert resolve("model", Simulated(skill=0.1)) == Simulated(skill=0.1)


def test_use_builds_a_block_and_from_changes_a_recipe() -> None:
    assert resolve("model", {"use": "simulated", "skill": 0.2}) == Simulated(skill=0.2)
    assert resolve("model", {"from": "simulated", "skill": 0.2}) == Simulated(skill=0.2, spread=1.0)
    assert resolve("system", {"use": "few_shot_balanced", "k": 2}) == FewShot(k=2, select="balanced")


def test_what_stands_inside_may_be_a_name_or_a_table() -> None:
    made = resolve("system", {"use": "few_shot", "k": 3, "inner": {"use": "chain_of_thought", "inner": "zero_shot"}})
    assert made == FewShot(k=3, inner=ChainOfThought(inner=ZeroShot()))


def test_a_file_becomes_a_study(workplace: Any) -> None:
    study = load(workplace.study(name="triage", seeds=[3, 4], budget_calls=9, data={**data(), "folds": 5}))
    assert (study.name, study.seeds, study.folds, study.budget) == ("triage", (3, 4), 5, {"calls": 9})
    assert [entry.name for entry in study.models] == ["sim"]
    assert study.primary == "accuracy"
    assert study.sensitivity == "synthetic"
    assert load(workplace.study(drop=("sensitivity",))).sensitivity == "identifiable"
    assert load(workplace.study("other.toml")).name == "other"


def test_entries_are_named_by_what_they_set(workplace: Any) -> None:
    models = ["simulated", {"use": "simulated", "skill": 0.2}, {"from": "simulated", "seed": 4, "name": "fourth"}]
    study = load(workplace.study(models=models))
    assert [entry.name for entry in study.models] == ["simulated", "simulated(skill=0.2)", "fourth"]


def test_arms_are_labelled_by_what_varies(workplace: Any) -> None:
    two = [{"use": "simulated", "name": "a"}, {"use": "simulated", "skill": 0.1, "name": "b"}]
    one_system = load(workplace.study(models=two))
    one_model = load(workplace.study(systems=["zero_shot", "structured"]))
    both = load(workplace.study(models=two, systems=["zero_shot", "structured"]))
    assert labels(one_system) == ["a", "b"]
    assert labels(one_model) == ["zero_shot", "structured"]
    assert labels(both) == ["a + zero_shot", "a + structured", "b + zero_shot", "b + structured"]


def test_exclude_takes_arms_out(workplace: Any) -> None:
    two = [{"use": "simulated", "name": "a"}, {"use": "simulated", "skill": 0.1, "name": "b"}]
    rules = [{"model": "a", "system": "structured"}, {"system": "few_shot"}]
    study = load(workplace.study(models=two, systems=["zero_shot", "structured", "few_shot"], exclude=rules))
    assert labels(study) == ["a + zero_shot", "b + zero_shot", "b + structured"]


def test_a_cell_is_what_is_asked_and_of_whom(workplace: Any) -> None:
    first = ids(load(workplace.study()))
    same: list[dict[str, Any]] = [
        {"name": "renamed"},
        {"question": "Another wording of the question?"},
        {"metrics": ["accuracy"], "accept": {"metric": "accuracy", "at_least": 0.5}, "budget_usd": 3},
        {"models": [{"use": "simulated", "skill": 0.8, "name": "another name"}]},
        {"subgroups": ["sex"]},
    ]
    for changes in same:
        assert ids(load(workplace.study(**changes))) == first
    others: list[dict[str, Any]] = [
        {"models": [{"use": "simulated", "skill": 0.81}]},
        {"systems": ["structured"]},
        {"seeds": [1]},
        {"limit": 10},
        {"data": {**data(), "folds": 2}},
        {"task": {"from": "labelled_text", "instruction": "Say it."}},
    ]
    found = [ids(load(workplace.study(**changes)))[0] for changes in others]
    assert len({*first, *found}) == 1 + len(others)
    assert [cell.id for cell in cells(load(workplace.study()), empty("1" * 32))] != first


def test_more_seeds_keep_the_cells_that_were_there(workplace: Any) -> None:
    assert ids(load(workplace.study(seeds=[0, 1, 2])))[:1] == ids(load(workplace.study()))


def test_the_published_reading_is_added_to_the_metrics(workplace: Any) -> None:
    study = load(workplace.study(reading="mirage_accuracy"))
    assert list(study.metrics) == ["accuracy", "parse_rate", "mirage_accuracy"]
    with pytest.raises(StudyError, match="reading: no metric is named 'miragee'"):
        load(workplace.study(reading="miragee"))


def test_the_metrics_and_acceptance_of_the_task_are_the_default(workplace: Any) -> None:
    study = load(workplace.study(drop=("metrics",)))
    assert list(study.metrics) == ["accuracy", "macro_f1", "parse_rate"]
    own = {"from": "labelled_text", "accept": {"metric": "accuracy", "at_least": 0.9}}
    assert load(workplace.study(task=own)).accept == {"metric": "accuracy", "at_least": 0.9}


@pytest.mark.parametrize("kind", ["model", "system", "source"])
def test_an_unknown_name_is_refused_with_the_nearest(kind: Any) -> None:
    with pytest.raises(SpecError, match=f"no {kind} is named 'zzz'") as caught:
        resolve(kind, "zzz")
    assert caught.value.hint.startswith("known names")


def data() -> dict[str, Any]:
    return {
        "source": "file",
        "path": "cases.jsonl",
        "target": "label",
        "cluster": "patient",
        "split": "split",
        "choices": ["urgent", "routine"],
    }


def labels(study: Any) -> list[str]:
    return [study.label(model.name, system.name) for model, system in study.arms()]


def ids(study: Any) -> list[str]:
    assert all(len(block_id(entry.block)) == 16 for entry in study.models)
    return [cell.id for cell in cells(study, empty(HASH))]


def empty(hashed: str) -> Dataset:
    return Dataset((), (Fold((), ()),), hashed, {})
