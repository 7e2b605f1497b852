"""Every block: it comes back from its spec, is frozen, is told in words, and answers the same for the same seed."""

from __future__ import annotations

import dataclasses
import inspect
import typing
from collections.abc import Callable, Mapping
from typing import Any

import orjson
import pytest

from osler import recipes
from osler.core.block import block_id, blocks, build, canonical, from_spec, snake, to_spec
from osler.core.errors import SpecError
from osler.evaluation.judge.judge import Judge
from osler.evaluation.rubrics.rubric import Criterion, Level
from osler.models.entailment import Entailment
from osler.models.simulated import Simulated
from osler.models.simulated_judge import SimulatedJudge
from osler.prompting.decompose import Step
from osler.tools.molecule_groups import MoleculeFacts
from osler.tuning.networks.shapes import DecoderShape
from osler.tuning.preference.lexicographic import Says
from osler.tuning.preference.preference_files import PreferenceFiles

LEVELS = tuple(Level(id=f"clear-{value}", value=value, text={"en": f"clear to degree {value}"}) for value in (1, 2))
CLEAR = Criterion(id="clear", title={"en": "Clear"}, levels=LEVELS)
JURORS = tuple(Judge(model=SimulatedJudge(family=name)) for name in ("one", "two", "three"))
SAYS = Says(pattern="see a doctor")
LIKED = PreferenceFiles(paths=("liked.jsonl",))
SHAPE = DecoderShape()
# What a block that cannot be built without arguments is built with here. A new one gets a line.
STEP: Any = {"name": "a", "capability": "summarization", "instruction": "Sum it up."}
ARGUMENTS: Mapping[str, Mapping[str, Any]] = {
    "Criterion": {"id": "clear", "title": {"en": "Clear"}, "levels": LEVELS},
    "DPO": {"base": SHAPE, "data": LIKED},
    "Decompose": {"steps": (Step(**STEP),)},
    "Demo": {"question": "Which organ pumps?", "answer": "A"},
    "CrossEncoder": {"path": "folder"},
    "Endpoint": {"model": "m", "base_url": "http://127.0.0.1:9/v1"},
    "Entailment": {"path": "folder"},
    "EntailmentChecker": {"model": Entailment(path="folder")},
    "File": {"path": "cases.jsonl"},
    "Flag": {"id": "harm", "text": {"en": "would harm"}},
    "GRPO": {"base": SHAPE, "reward": SAYS},
    "Judge": {"model": SimulatedJudge()},
    "JudgedPreferences": {"judge": Judge(model=SimulatedJudge()), "data": LIKED},
    "Jury": {"judges": JURORS},
    "Level": {"id": "clear-1", "value": 1, "text": {"en": "not clear"}},
    "Lexicographic": {"rules": (SAYS,)},
    "Local": {"path": "folder"},
    "MixedPreferences": {"human": LIKED, "ai": LIKED},
    "PPO": {"base": SHAPE, "reward": SAYS},
    "Passage": {"text": "The heart is a pump."},
    "PreferenceFiles": {"paths": ("liked.jsonl",)},
    "Recorded": {"path": "outputs.jsonl"},
    "ModelVote": {"models": (Simulated(),)},
    "ReAct": {"tools": (MoleculeFacts(),)},
    "Requested": {"collection": "mednli"},
    "RewardModel": {"base": SHAPE, "data": LIKED},
    "Rewrite": {"instruction": "Replace names."},
    "Role": {"name": "cardiologist"},
    "Rubric": {"name": "r", "version": "1", "title": {"en": "R"}, "criteria": (CLEAR,)},
    "Rule": {"name": "r", "uses": ("a",), "table": {"x": "y"}},
    "RulePreferences": {"rule": SAYS, "data": LIKED},
    "Says": {"pattern": "see a doctor"},
    "SentenceEncoder": {"path": "folder"},
    "Step": STEP,
    "Stored": {"path": "store"},
    "StoredTriples": {"path": "store"},
    "TextFiles": {"path": "texts.jsonl"},
    "Template": {"title": "t", "capability": "structurization", "question": "{text}"},
    "WeightedRewards": {"parts": (SAYS,)},
    "ToolUse": {"tools": (MoleculeFacts(),)},
}

recipes.discover()
KINDS: dict[str, type[Any]] = {
    name: kind for name, kind in sorted(blocks().items()) if kind.__module__.startswith("osler.")
}
each_block = pytest.mark.parametrize("kind", list(KINDS.values()), ids=list(KINDS))


def made(kind: type[Any]) -> Any:
    needed = [
        field.name
        for field in dataclasses.fields(kind)
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    ]
    arguments = ARGUMENTS.get(kind.__name__)
    if needed and arguments is None:
        pytest.fail(
            f"the block {kind.__name__} needs {', '.join(needed)}: add a line for it to ARGUMENTS in "
            "tests/contract/test_blocks.py"
        )
    return build(kind, arguments or {})


@each_block
def test_it_comes_back_from_its_spec(kind: type[Any]) -> None:
    value = made(kind)
    spec = to_spec(value)
    again = from_spec(orjson.loads(orjson.dumps(spec)))
    assert again == value
    assert type(again) is kind
    assert to_spec(again) == spec
    assert block_id(again) == block_id(value)
    assert canonical(to_spec(again)) == canonical(spec)


@each_block
def test_it_is_frozen_and_hashable(kind: type[Any]) -> None:
    value = made(kind)
    assert {value: 1}[made(kind)] == 1
    for field in dataclasses.fields(kind):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(value, field.name, getattr(value, field.name))


@each_block
def test_it_says_what_it_is(kind: type[Any]) -> None:
    text = inspect.getdoc(kind) or str(getattr(kind, "definition", ""))
    assert len(text.split()) >= 3, f"{kind.__name__} has no docstring"
    assert not text.startswith(f"{kind.__name__}("), f"{kind.__name__} has the docstring that dataclasses make"


@each_block
def test_it_refuses_what_it_does_not_know(kind: type[Any]) -> None:
    with pytest.raises(SpecError, match=f"{snake(kind.__name__)} has no setting 'zzz'"):
        build(kind, {**ARGUMENTS.get(kind.__name__, {}), "zzz": 1})


@each_block
def test_its_fields_are_annotated_with_types_that_can_be_read(kind: type[Any]) -> None:
    hints = typing.get_type_hints(kind)
    assert all(field.name in hints for field in dataclasses.fields(kind))


@each_block
def test_its_operational_fields_exist_and_move_no_id(kind: type[Any]) -> None:
    names = {field.name for field in dataclasses.fields(kind)}
    assert set(getattr(kind, "operational", ())) <= names


def test_the_table_of_arguments_names_blocks_that_exist() -> None:
    assert set(ARGUMENTS) <= set(KINDS)


def test_names_of_study_files_are_not_shared() -> None:
    protocols: tuple[Any, ...] = ("model", "strategy", "metric", "source")
    named: dict[str, list[str]] = {}
    for protocol in protocols:
        for name in recipes.named_blocks(protocol):
            named.setdefault(name, []).append(protocol)
    assert {name: held for name, held in named.items() if len(held) > 1} == {}


@pytest.mark.parametrize("protocol", ["model", "strategy", "metric", "source"])
def test_every_protocol_has_blocks(protocol: Any) -> None:
    found = recipes.named_blocks(protocol)
    assert found
    required: Mapping[str, Callable[[Any], bool]] = {
        "model": lambda kind: inspect.iscoroutinefunction(kind.generate) and inspect.iscoroutinefunction(kind.score),
        "strategy": lambda kind: inspect.iscoroutinefunction(kind.predict) and inspect.iscoroutinefunction(kind.fit),
        "metric": lambda kind: not inspect.iscoroutinefunction(kind.score),
        "source": lambda kind: callable(kind.examples),
    }
    assert [name for name, kind in found.items() if not required[protocol](kind)] == []
