"""The made-up questions: a sequence of any length that holds none of them."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osler.bench.questions import BenchQuestions, Questions, question
from osler.core.block import from_spec, to_spec
from osler.core.errors import SpecError
from osler.core.types import LETTERS
from osler.data.source import Source


@given(st.integers(0, 10**7))
def test_a_question_is_made_from_its_number_alone(i: int) -> None:
    made = question(i)
    assert made == question(i)
    assert made.target in LETTERS[: len(made.choices)]
    assert len(set(made.choices)) == 4
    assert 400 < len(made.input["question"]) < 700


@given(st.integers(1, 500), st.integers(0, 600), st.integers(0, 600))
def test_questions_behave_as_a_list_of_them(n: int, start: int, stop: int) -> None:
    cases, whole = Questions(range(n)), [question(i) for i in range(n)]
    assert len(cases) == n
    assert list(cases) == whole
    assert list(cases[start:stop]) == whole[start:stop]
    assert cases[-1] == whole[-1]
    assert len({case.id for case in cases}) == n


def test_a_million_questions_take_no_memory() -> None:
    cases = BenchQuestions(n=1_000_000).examples("test")
    assert len(cases) == 1_000_000
    assert sys.getsizeof(cases) < 200
    assert cases[999_999].id == "q0999999"


def test_the_block_is_a_source_that_says_what_it_is() -> None:
    block = BenchQuestions(n=5)
    assert isinstance(block, Source)
    assert block.synthetic
    assert from_spec(to_spec(block)) == block
    assert len(block.examples("train")) == 0
    with pytest.raises(SpecError, match="at least 1"):
        BenchQuestions(n=0)
