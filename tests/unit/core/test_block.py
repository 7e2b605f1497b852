"""Blocks: spec and identity, checks of values, replacing inside."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any, Literal

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from osler.core.block import block, block_id, blocks, build, canonical, from_spec, is_block, replace, snake, to_spec
from osler.core.errors import SpecError


@block
class Leaf:
    """A block of every plain kind of field."""

    name: str
    count: int = 1
    share: float = 0.5
    most: float | None = None
    on: bool = False
    mode: Literal["a", "b"] = "a"
    words: tuple[str, ...] = ()
    weights: tuple[float, ...] = ()
    table: Mapping[str, Any] = {}


@block
class Tree:
    """A block of blocks."""

    leaf: Leaf = Leaf(name="x")
    leaves: tuple[Leaf, ...] = ()
    inner: Tree | None = None


@block
class Picky:
    """A block with a rule over two fields."""

    low: int = 0
    high: int = 1

    def check(self) -> None:
        if self.low > self.high:
            raise SpecError(f"low {self.low} is above high {self.high}")


_text = st.text(st.characters(codec="utf-8"), max_size=20)
leaves = st.builds(
    Leaf,
    name=_text,
    count=st.integers(-(2**60), 2**60),
    share=st.floats(allow_nan=False, allow_infinity=False),
    most=st.none() | st.floats(allow_nan=False, allow_infinity=False) | st.integers(0, 9),
    on=st.booleans(),
    mode=st.sampled_from(["a", "b"]),
    words=st.lists(_text, max_size=3),
    weights=st.lists(st.integers(0, 3) | st.floats(0, 1), max_size=3),
    table=st.dictionaries(
        _text.filter(lambda k: k != "block"), st.integers(0, 9) | _text | st.lists(_text), max_size=3
    ),
)
trees = st.recursive(
    st.builds(Tree, leaf=leaves, leaves=st.lists(leaves, max_size=2)),
    lambda inner: st.builds(Tree, leaf=leaves, inner=inner),
    max_leaves=3,
)


@given(trees)
def test_a_block_comes_back_from_its_spec(tree: Tree) -> None:
    spec = to_spec(tree)
    again = from_spec(orjson.loads(orjson.dumps(spec)))
    assert again == tree
    assert block_id(again) == block_id(tree)
    assert hash(again) == hash(tree)
    assert to_spec(again) == spec


@given(leaves)
def test_equal_blocks_have_one_id_and_different_ones_do_not(leaf: Leaf) -> None:
    assert block_id(replace(leaf)) == block_id(leaf)
    assert block_id(replace(leaf, count=leaf.count + 1)) != block_id(leaf)
    assert replace(leaf, count=leaf.count + 1) != leaf


def test_a_whole_number_is_the_same_float_wherever_a_float_stands() -> None:
    a = Leaf(name="x", share=1, most=2, weights=(0, 1))
    b = Leaf(name="x", share=1.0, most=2.0, weights=(0.0, 1.0))
    assert a == b
    assert block_id(a) == block_id(b)
    assert (type(a.share), type(a.most), type(a.weights[0])) == (float, float, float)


def test_the_id_covers_every_field_and_is_stable() -> None:
    ids = {block_id(Leaf(name="x"))}
    for change in ({"count": 2}, {"share": 0.25}, {"on": True}, {"mode": "b"}, {"words": ["w"]}, {"table": {"k": 1}}):
        ids.add(block_id(replace(Leaf(name="x"), **change)))
    assert len(ids) == 7
    assert block_id(Leaf(name="x")) == block_id(Leaf(name="x"))
    assert len(block_id(Leaf(name="x"))) == 16


def test_a_block_is_frozen_keyword_only_and_known_by_name() -> None:
    leaf = Leaf(name="x")
    with pytest.raises(dataclasses.FrozenInstanceError):
        leaf.count = 2  # type: ignore[misc]
    with pytest.raises(TypeError):
        Leaf("x")  # type: ignore[call-arg]
    assert is_block(leaf)
    assert not is_block({"block": "Leaf"})
    assert blocks()["Leaf"] is Leaf


def test_lists_become_tuples_and_tables_are_copies() -> None:
    table = {"k": [1, [2]]}
    leaf = Leaf(name="x", words=["a"], table=table)  # type: ignore[arg-type]
    table["k"] = []
    assert leaf.words == ("a",)
    assert leaf.table == {"k": (1, (2,))}
    assert Leaf(name="x").table is not Leaf(name="x").table


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": 3}, "leaf.name must be a text, got 3"),
        ({"name": "x", "count": True}, "leaf.count must be a whole number, got True"),
        ({"name": "x", "count": 1.5}, "leaf.count must be a whole number, got 1.5"),
        ({"name": "x", "share": "0.5"}, "leaf.share must be a number, got '0.5'"),
        ({"name": "x", "on": 1}, "leaf.on must be true or false, got 1"),
        ({"name": "x", "mode": "c"}, "leaf.mode must be one of 'a', 'b', got 'c'"),
        ({"name": "x", "words": "abc"}, "leaf.words must be a list of texts, got 'abc'"),
        ({"name": "x", "words": ["a", 1]}, "leaf.words must be a list of texts, got ('a', 1)"),
        ({"name": "x", "table": [1]}, "got (1,)"),
        ({"name": "x" * 90, "count": "y" * 90}, "leaf.count must be a whole number, got 'yyy"),
        ({"name": "x", "share": math.nan}, "leaf.share must be a finite number, got nan"),
        ({"name": "x", "most": math.inf}, "leaf.most must be a finite number, got inf"),
    ],
)
def test_a_wrong_value_is_refused_by_name(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(SpecError) as caught:
        Leaf(**fields)
    assert said in caught.value.message
    assert caught.value.hint
    assert len(caught.value.message) < 140


def test_unknown_and_missing_settings_are_named() -> None:
    with pytest.raises(SpecError, match="leaf has no setting 'cuont'") as caught:
        build(Leaf, {"name": "x", "cuont": 2})
    assert caught.value.hint == "did you mean 'count'?"
    with pytest.raises(SpecError, match="leaf needs the setting 'name'"):
        build(Leaf, {})
    with pytest.raises(SpecError, match="no block is named 'Leav'") as caught:
        from_spec({"block": "Leav"})
    assert "Leaf" in caught.value.hint


def test_a_rule_of_the_block_is_asked_on_every_way_in() -> None:
    for make in (
        lambda: Picky(low=2),
        lambda: build(Picky, {"low": 2}),
        lambda: replace(Picky(), low=2),
        lambda: from_spec({"block": "Picky", "low": 2}),
    ):
        with pytest.raises(SpecError, match="low 2 is above high 1"):
            make()


def test_replace_reaches_inner_blocks_by_dotted_names() -> None:
    tree = Tree(inner=Tree())
    changed = replace(tree, **{"inner.leaf.count": 7, "leaf.on": True})
    assert changed.inner is not None
    assert (changed.inner.leaf.count, changed.leaf.on) == (7, True)
    assert tree == Tree(inner=Tree())
    with pytest.raises(SpecError, match="leaf has no setting 'nope'"):
        replace(tree, **{"leaf.nope": 1})
    with pytest.raises(SpecError, match="is no block"):
        replace(Leaf(name="x"), **{"name.first": "y"})


def test_what_is_not_json_has_no_spec() -> None:
    with pytest.raises(SpecError, match="JSON or blocks, got set"):
        to_spec({1, 2})


@pytest.mark.parametrize("table", [{"block": "Leaf"}, {"k": {"block": "y"}}, {1: "x"}])
def test_a_table_that_would_not_come_back_is_refused(table: dict[Any, Any]) -> None:
    with pytest.raises(SpecError, match=r"leaf\.table"):
        Leaf(name="x", table=table)


def test_two_blocks_of_one_name_are_refused() -> None:
    kind = type("Leaf", (), {"__annotations__": {}, "__module__": "elsewhere"})
    with pytest.raises(SpecError, match="two blocks are named 'Leaf'"):
        block(kind)
    assert blocks()["Leaf"] is Leaf


@pytest.mark.parametrize(
    ("name", "spelled"),
    [("ChainOfThought", "chain_of_thought"), ("TrialGPT", "trial_gpt"), ("F1", "f1"), ("EvidenceF1", "evidence_f1")],
)
def test_names_are_spelled_as_in_study_files(name: str, spelled: str) -> None:
    assert snake(name) == spelled


@given(st.dictionaries(_text, st.integers(-(2**53), 2**53), max_size=6))
def test_canonical_json_does_not_depend_on_the_order_of_keys(table: dict[str, int]) -> None:
    assert canonical(table) == canonical(dict(reversed(table.items())))
    assert b" " not in canonical({"a": [1, 2]})
