"""What holds for every score: least and most, what each flag adds, the schema, and what is refused."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from score_cases import CASES, Case

from osler.core.block import from_spec, to_spec
from osler.core.errors import ToolError
from osler.core.types import Tool
from osler.tools.calculators.calculator import Choice, Flag, Quantity
from osler.tools.calculators.score import Score
from osler.tools.calling import use

every = pytest.mark.parametrize("case", CASES, ids=lambda case: case.score.name)
FLAGGED = [(case, name, points) for case in CASES for name, points in case.flags.items()]


def flags(score: Score) -> list[str]:
    return [item.name for item in score.inputs if isinstance(item, Flag)]


def test_every_score_has_a_case() -> None:
    assert {type(case.score) for case in CASES} == set(Score.__subclasses__())


@every
def test_least_and_most(case: Case) -> None:
    assert case.score.calculate(case.normal).value == case.least
    worst = {**case.normal, **dict.fromkeys(set(flags(case.score)) - set(case.unset), True), **case.worst}
    assert case.score.calculate(worst).value == case.most


@every
def test_every_flag_has_published_points_in_the_case(case: Case) -> None:
    assert set(case.flags) == set(flags(case.score))


@pytest.mark.parametrize(("case", "name", "points"), FLAGGED, ids=lambda part: getattr(part, "score", part))
def test_a_flag_adds_its_points_and_nothing_else(case: Case, name: str, points: float) -> None:
    with_it = case.score.calculate({**case.normal, name: True})
    assert with_it.value == case.least + points
    assert case.score.calculate({**case.normal, name: False}).value == case.least


@every
def test_a_score_is_a_tool_that_says_its_source(case: Case) -> None:
    score = case.score
    assert isinstance(score, Tool)
    assert from_spec(to_spec(score)) == score
    Draft202012Validator.check_schema(dict(score.parameters))
    assert score.source in score.description
    assert len(score.source) > 20
    said = json.loads(asyncio.run(use(score, json.dumps(dict(case.normal)))))
    assert (said["value"], said["unit"]) == (case.least, "points")
    assert sum(said["parts"].values()) == case.least


@every
def test_a_measured_value_beyond_life_is_refused(case: Case) -> None:
    for item in case.score.inputs:
        if isinstance(item, Quantity):
            for value in (item.low - 1, item.high + 1):
                with pytest.raises(ToolError, match=item.name):
                    case.score.calculate({**case.normal, item.name: value})


@every
def test_what_is_needed_and_missing_is_named(case: Case) -> None:
    for item in case.score.inputs:
        if item.required:
            left = {name: value for name, value in case.normal.items() if name != item.name}
            with pytest.raises(ToolError, match=f"needs {item.name}"):
                case.score.calculate(left)


@every
def test_an_input_of_another_score_is_refused(case: Case) -> None:
    with pytest.raises(ToolError, match="no input 'shoe_size'"):
        case.score.calculate({**case.normal, "shoe_size": 43})


@every
def test_a_word_for_a_flag_is_refused(case: Case) -> None:
    for name in flags(case.score):
        with pytest.raises(ToolError, match=f"{name} must be true or false"):
            case.score.calculate({**case.normal, name: "yes"})


@st.composite
def patients(draw: st.DrawFn) -> tuple[Case, dict[str, Any]]:
    case = draw(st.sampled_from(CASES))
    found: dict[str, Any] = {}
    for item in case.score.inputs:
        if isinstance(item, Quantity):
            found[item.name] = draw(st.floats(item.low, item.high, allow_nan=False))
        elif isinstance(item, Choice):
            found[item.name] = draw(st.sampled_from([word for word in item.options if word != "not testable"]))
        else:
            found[item.name] = draw(st.booleans())
    if {"systolic", "diastolic"} <= set(found):  # the other way round they are refused
        found["systolic"] = max(found["systolic"], found["diastolic"])
    return case, found


@settings(max_examples=400)
@given(patients())
def test_any_patient_is_between_least_and_most_and_is_the_sum_of_the_parts(drawn: tuple[Case, dict[str, Any]]) -> None:
    case, patient = drawn
    found = case.score.calculate(patient)
    assert isinstance(found.value, (int, float))
    assert found.value == sum(found.parts.values())
    assert case.score.calculate(dict(reversed(patient.items()))) == found
    if case.score.name == "pneumonia_severity_index":  # its points start with the age
        assert -10 <= found.value <= patient["age"] + case.most - 60
    else:
        below = -2 if case.score.name == "wells_deep_vein_thrombosis" else case.least
        assert below <= found.value <= case.most
