"""Errors: one tree, one sentence, one hint."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osler.core.errors import (
    BudgetError,
    DataError,
    ModelError,
    OslerError,
    PrivacyError,
    SpecError,
    nearest,
)


@pytest.mark.parametrize("kind", [SpecError, DataError, ModelError, BudgetError, PrivacyError])
def test_every_error_is_of_the_one_tree_and_keeps_its_hint(kind: type[OslerError]) -> None:
    error = kind("the case 'm01' has no label", hint="label it")
    assert isinstance(error, OslerError)
    assert (error.message, error.hint) == ("the case 'm01' has no label", "label it")
    assert str(error) == "the case 'm01' has no label\nhint: label it"


def test_without_a_hint_there_is_no_hint_line() -> None:
    assert str(DataError("no rows")) == "no rows"


def test_a_model_error_says_whether_asking_again_may_help() -> None:
    plain, busy = ModelError("refused"), ModelError("busy", retryable=True, retry_after=2.5, kind="http_429")
    assert (plain.retryable, plain.retry_after, plain.kind) == (False, None, "model")
    assert (busy.retryable, busy.retry_after, busy.kind) == (True, 2.5, "http_429")


def test_siblings_do_not_catch_each_other() -> None:
    for kind in (SpecError, DataError, ModelError, BudgetError, PrivacyError):
        for other in (SpecError, DataError, ModelError, BudgetError, PrivacyError):
            assert issubclass(kind, other) is (kind is other)


def test_nearest_names_the_close_one_else_lists_them() -> None:
    known = ["zero_shot", "few_shot", "structured"]
    assert nearest("zero_sot", known) == "did you mean 'zero_shot'?"
    assert nearest("qqq", known) == "known names: few_shot, structured, zero_shot"
    assert nearest("qqq", []) == "none is known here"
    many = nearest("###", [f"name{i:02d}" for i in range(40)])
    assert many.endswith(", ...")
    assert many.count("name") == 13  # twelve names and the word before them


@given(st.lists(st.text(min_size=1), min_size=1, unique=True))
def test_nearest_finds_a_name_that_is_there(known: list[str]) -> None:
    assert nearest(known[0], known) == f"did you mean {known[0]!r}?"
