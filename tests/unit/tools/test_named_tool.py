"""Tools from Python: by name, with refusals in plain words and results that are not longer than they are sure."""

from __future__ import annotations

import asyncio
import json
import math
from typing import Any

import pytest

from osler import recipes
from osler.core.errors import SpecError, ToolError
from osler.core.types import Tool
from osler.tools import named_tool, tool_names
from osler.tools.calculators.body_mass_index import BodyMassIndex
from osler.tools.calling import use


def refused(name: str, arguments: Any) -> tuple[str, str]:
    with pytest.raises(ToolError) as caught:
        asyncio.run(use(named_tool(name), arguments))
    return caught.value.message, caught.value.hint


def test_every_tool_of_a_study_file_is_found_by_its_name_and_by_the_one_a_model_sees() -> None:
    assert set(tool_names()) == set(recipes.named_blocks("tool"))
    for name in tool_names():
        found = named_tool(name)
        assert isinstance(found, Tool)
        assert type(named_tool(found.name)) is type(found)


@pytest.mark.parametrize("name", ["ckd_epi_2021", "ckd_epi2021", "CKD-EPI 2021"])
def test_marks_in_a_name_do_not_matter(name: str) -> None:
    assert named_tool(name).name == "ckd_epi2021"


def test_settings_are_those_of_the_block_and_an_unknown_name_is_refused_with_the_nearest() -> None:
    assert getattr(named_tool("sql_query", max_rows=20), "max_rows") == 20  # noqa: B009
    with pytest.raises(SpecError) as caught:
        named_tool("anion_gapp")
    assert "anion_gap" in caught.value.hint


def test_a_value_with_its_unit_in_one_text_is_told_the_form() -> None:
    said, hint = refused("anion_gap", {"sodium": "140 mmol/L", "chloride": 104, "bicarbonate": 24})
    assert said == "anion_gap: sodium must be a number, or a value and a unit, got '140 mmol/L'"
    assert '{"value": 140, "unit": "mmol/L"}' in hint
    assert "in mmol/L unless a unit is given" in hint


def test_an_unknown_input_is_told_the_known_ones_before_the_missing_one() -> None:
    said, hint = refused("anion_gap", {"Na": 140, "chloride": 104, "bicarbonate": 24})
    assert said == "anion_gap: no input is named 'Na'"
    assert hint == "its inputs: bicarbonate (needed), chloride (needed), sodium (needed)"
    assert refused("anion_gap", {"sodum": 140})[1].startswith("did you mean 'sodium'?")


def test_missing_inputs_are_all_told_with_what_they_are() -> None:
    said, hint = refused("anion_gap", {"sodium": 140})
    assert said == "anion_gap: needs chloride, bicarbonate"
    assert "chloride, in mEq/L" in hint


def test_a_word_that_is_no_option_is_told_the_options() -> None:
    said, _ = refused("ckd_epi2021", {"age": 50, "sex": "man", "creatinine": 1})
    assert "must be one of male | female" in said


def test_what_was_sent_is_cut_in_a_refusal() -> None:
    said, hint = refused("anion_gap", {"sodium": "9" * 10_000, "chloride": 104, "bicarbonate": 24})
    assert len(said) + len(hint) < 500


def test_a_result_has_six_digits_for_a_reader_and_all_for_a_calculation() -> None:
    given = {"weight": 66.5, "height": {"value": 171, "unit": "cm"}}
    exact = BodyMassIndex().calculate(given).value
    shown = json.loads(asyncio.run(use(named_tool("body_mass_index"), given)))["value"]
    assert isinstance(exact, float)
    assert exact == 66.5 / 1.71**2
    assert shown == 22.742
    assert math.isclose(shown, exact, rel_tol=1e-5)
    assert shown != exact


def test_a_conversion_without_its_substance_asks_for_it() -> None:
    _, hint = refused("unit_conversion", {"value": 1, "unit": "mg/dL", "to": "mmol/L"})
    assert hint.startswith("add analyte, one of albumin")
    _, hint = refused("unit_conversion", {"value": 1, "unit": "kg", "to": "cm"})
    assert "analyte" not in hint


def test_the_example_of_the_documentation_runs_in_the_sandbox() -> None:
    program = "import json\nround(json.loads(anion_gap(sodium=140, chloride=104, bicarbonate=24))['value'])"
    tool = named_tool("run_python", tools=(named_tool("anion_gap"),))
    assert "12" in asyncio.run(tool.use({"program": program}))
