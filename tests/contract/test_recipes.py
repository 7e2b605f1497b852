"""Every recipe: one file of values with its source, and every system answers a lettered and a labelled toy task."""

from __future__ import annotations

import ast
import asyncio
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest
from shapes import EXAM, LABELLED, LETTERED, MESSAGES, ORGANS, Shape, shapes_of, system

from osler import recipes
from osler.core.block import block_id, from_spec, is_block, to_spec
from osler.core.errors import ModelError, OslerError
from osler.core.types import Example, Model, Prediction, Prompt, Strategy, Task
from osler.models.local import Local
from osler.models.recorded import Recorded
from osler.models.simulated import Simulated
from osler.study.dataset import inside
from osler.tasks.template import Template
from osler.tuning.corpora.text_files import TextFiles
from osler.tuning.dialogue.files import ConversationFiles
from osler.tuning.stage import Stage

FOLDERS: tuple[Any, ...] = ("tasks", "models", "systems")
NAMED = [(folder, name) for folder in FOLDERS for name in recipes.names(folder)]
each_recipe = pytest.mark.parametrize(("folder", "name"), NAMED, ids=[f"{folder}/{name}" for folder, name in NAMED])
PROTOCOLS: dict[str, Any] = {"tasks": Task, "models": Model, "systems": Strategy}

STAGED = [name for name in recipes.names("models") if isinstance(recipes.recipe("models", name), Stage)]
TRAINABLE = [
    name
    for name in recipes.names("models")
    if "train" in recipes.recipe("models", name).supports and name not in STAGED
]
TOYS = [(LETTERED, ORGANS), (LABELLED, MESSAGES)]


@each_recipe
def test_a_recipe_is_a_value_of_its_folder(folder: Any, name: str) -> None:
    made = recipes.recipe(folder, name)
    assert is_block(made)
    assert isinstance(made, PROTOCOLS[folder])
    assert from_spec(orjson.loads(orjson.dumps(to_spec(made)))) == made
    assert recipes.recipe(folder, name.replace("_", "-")) is made


@each_recipe
def test_a_recipe_is_values_only_and_says_what_it_is(folder: Any, name: str) -> None:
    module = recipes.module(folder, name)
    tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))
    allowed = (ast.Expr, ast.ImportFrom, ast.Import, ast.Assign, ast.AnnAssign)
    assert all(isinstance(node, allowed) for node in tree.body), "a recipe holds no def, class or if"
    public = {
        target
        for target, value in vars(module).items()
        if target.isupper() and not target.startswith("_") and not isinstance(value, type)
    }
    assert public <= {"RECIPE", "REPORTED", "DIFFERS", "TINY"}
    line = recipes.summary(folder, name)
    assert len(line.split()) >= 4
    assert line.endswith(".")
    if hasattr(module, "REPORTED"):
        assert re.search(r"\b(19|20)\d\d\b", module.__doc__ or ""), "reported figures need their source and its year"


@pytest.mark.parametrize("name", [name for name in recipes.names("models") if name.startswith("recorded")])
def test_a_recorded_model_names_where_its_replies_come_from(name: str) -> None:
    assert re.search(r"et al\. \d{4}", recipes.module("models", name).__doc__ or "")


def test_no_two_recipes_of_a_folder_are_the_same() -> None:
    for folder in FOLDERS:
        ids = [block_id(recipes.recipe(folder, name)) for name in recipes.names(folder)]
        assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("folder", FOLDERS)
def test_an_unknown_recipe_is_refused_with_the_nearest(folder: Any) -> None:
    known = recipes.names(folder)[0]
    with pytest.raises(OslerError, match=f"no recipe in {folder} is named") as caught:
        recipes.recipe(folder, known + "x")
    assert known in caught.value.hint


async def answer(
    system: Strategy, model: Model, task: Template, cases: Sequence[Example], seed: int
) -> list[Prediction]:
    train = [(task.prompt(case), case.target) for case in cases[3:]]
    fitted = await system.fit(train, model)
    assert from_spec(orjson.loads(orjson.dumps(to_spec(fitted)))) == fitted
    return [await fitted.predict(task.prompt(case), model, seed=seed) for case in cases[:3]]


def weights_are_there() -> bool:
    from osler.models import minilm

    try:
        minilm.load()
    except OslerError:
        return False
    return True


PAIRS = [
    pytest.param(name, preset, shape, id=f"{name}/{preset}/{shape.task.title}")
    for name in recipes.names("systems")
    for preset in (("full", "tiny") if hasattr(recipes.module("systems", name), "TINY") else ("full",))
    for shape in shapes_of(name)
]


@pytest.mark.parametrize(("name", "preset", "shape"), PAIRS)
def test_a_system_answers_three_cases_the_same_way_each_time(name: str, preset: str, shape: Shape) -> None:
    if not weights_are_there():
        pytest.skip("no embedded encoder is installed")
    made = system(name, preset)
    model, task, cases = shape.model(), shape.task, shape.cases
    first = asyncio.run(answer(made, model, task, cases, seed=3))
    if shape.right:
        assert [found.answer for found in first] == [case.target for case in cases[:3]]
    assert all(found.answer is not None and found.parsed and not found.failure for found in first)
    assert all(found.replies for found in first) or not made.calls(task.prompt(cases[0]))
    for case, found in zip(cases, first, strict=False):
        assert len(found.replies) <= made.calls(task.prompt(case))
    assert first == asyncio.run(answer(from_spec(to_spec(made)), shape.model(), task, cases, seed=3))


@pytest.mark.parametrize("name", recipes.names("systems"))
def test_a_system_needs_what_it_says(name: str) -> None:
    needs = recipes.recipe("systems", name).needs
    assert needs or name in ("medcpt", "search")  # these ask no model
    assert {part for need in needs for part in need.split("|")} <= {"generate", "score", "tools", "images", "schema"}


@pytest.mark.parametrize("name", [name for name in recipes.names("systems") if EXAM in shapes_of(name)])
def test_a_system_reads_nothing_into_unreadable_replies(name: str) -> None:
    if not weights_are_there():
        pytest.skip("no embedded encoder is installed")
    model = Simulated(skill=1.0, format_failure=1.0).keyed(ORGANS, lettered=True)
    found = asyncio.run(answer(system(name), model, LETTERED, ORGANS, seed=0))
    assert [(one.answer, one.parsed) for one in found] == [(None, False)] * 3


def test_replay_reads_what_was_recorded(tmp_path: Path) -> None:
    file = tmp_path / "outputs.jsonl"
    texts = {"o0": "The answer is (A).", "o1": "I do not know.", "o2": '{"rationale": "r", "answer": "C"}'}
    file.write_text("".join(json.dumps({"id": key, "output": text}) + "\n" for key, text in texts.items()))
    found = asyncio.run(answer(recipes.recipe("systems", "replay"), Recorded(path=str(file)), LETTERED, ORGANS, seed=0))
    assert [one.answer for one in found] == ["A", None, "C"]
    assert [one.replies[0].text for one in found] == list(texts.values())


@pytest.mark.parametrize("name", recipes.names("models"))
def test_a_model_says_what_it_supports(name: str) -> None:
    supports = recipes.recipe("models", name).supports
    if name == "none":
        assert not supports
        return
    assert supports <= {"generate", "score", "tools", "images", "schema", "train"}
    assert supports & {"generate", "score"}


@pytest.mark.parametrize(("task", "cases"), [(LETTERED, ORGANS), (LABELLED, MESSAGES)], ids=["lettered", "labelled"])
@pytest.mark.parametrize("name", TRAINABLE)
def test_a_model_that_can_be_trained_learns_the_toy_tasks(name: str, task: Template, cases: list[Example]) -> None:
    model: Any = recipes.recipe("models", name)
    if hasattr(model, "base") and not weights_are_there():
        pytest.skip("no embedded encoder is installed")
    pairs: list[tuple[Prompt, str]] = [(task.prompt(case), case.target) for case in cases[3:]]

    async def go() -> tuple[Any, list[str]]:
        trained = await model.train(pairs, seed=1)
        prompts = [task.prompt(case) for case in cases[:3]]
        return trained, [(await trained.score(prompt.messages(), prompt.labels)).text for prompt in prompts]

    trained, answers = asyncio.run(go())
    labels = set(task.prompt(cases[0]).labels)
    assert set(answers) <= labels
    assert from_spec(orjson.loads(orjson.dumps(to_spec(trained)))) == trained
    again, same = asyncio.run(go())
    assert block_id(again) == block_id(trained)
    assert same == answers
    assert block_id(trained) != block_id(model)


@pytest.mark.parametrize("name", STAGED)
def test_a_trained_system_has_a_small_form_that_needs_nothing_from_elsewhere(name: str) -> None:
    full, tiny = (recipes.recipe("models", name, preset=preset) for preset in ("full", "tiny"))
    assert type(full) is type(tiny)
    assert block_id(full) != block_id(tiny)
    assert from_spec(orjson.loads(orjson.dumps(to_spec(tiny)))) == tiny
    assert not [held for held in inside(tiny) if isinstance(held, (Local, TextFiles, ConversationFiles))]
    assert not full.weights
    assert not tiny.weights
    assert recipes.module("models", name).DIFFERS, "what differs from the paper is said"


@pytest.mark.parametrize("name", STAGED)
def test_a_trained_system_says_that_it_is_not_trained_yet(name: str) -> None:
    with pytest.raises(ModelError, match="has not been trained"):
        _ = recipes.recipe("models", name).folder
