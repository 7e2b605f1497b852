"""Values in the wrong unit, values left out, children and bodies that cannot be: what a result says of them."""

from __future__ import annotations

import asyncio
import json
import math
from typing import Any

import pytest

from osler.core.errors import ToolError
from osler.tools.calculators.calculator import Calculator, Choice, Flag, Quantity
from osler.tools.calculators.catalogue import all_calculators
from osler.tools.calling import use

CALCULATORS = {one.name: one for one in all_calculators()}


def said(name: str, **given: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(asyncio.run(use(CALCULATORS[name], given)))
    return found


@pytest.mark.parametrize(
    ("name", "given", "doubted"),
    [
        ("corrected_sodium", {"sodium": 130, "glucose": 33}, "glucose"),  # mmol/L: 595 mg/dL, and "no hyperglycemia"
        ("corrected_calcium", {"calcium": 2.3, "albumin": 4}, "calcium"),  # mmol/L
        ("ckd_epi2021", {"sex": "male", "age": 50, "creatinine": 44}, "creatinine"),  # µmol/L
        ("serum_osmolality", {"sodium": 140, "urea_nitrogen": 2, "glucose": 100}, "urea_nitrogen"),  # g/L or so
        (
            "sirs",
            {"temperature": 37, "heart_rate": 80, "respiratory_rate": 12, "leukocytes": 8, "paco2": 5.3},
            "paco2",  # kPa
        ),
        (
            "fractional_excretion_of_sodium",
            {"sodium": 140, "creatinine": 1, "urine_sodium": 40, "urine_creatinine": 7},
            "urine_creatinine",  # mmol/L
        ),
        ("qtc_bazett", {"qt": 950, "heart_rate": 60}, "qt"),
    ],
)
def test_a_value_that_few_have_is_doubted(name: str, given: dict[str, Any], doubted: str) -> None:
    found = said(name, **given)
    assert [line.split(" =")[0] for line in found["doubtful"]] == [doubted]
    assert "check the value and its unit" in found["doubtful"][0]


@pytest.mark.parametrize(
    ("name", "given", "refused"),
    [
        ("ckd_epi2021", {"sex": "male", "age": 50, "creatinine": 88}, "creatinine"),  # µmol/L
        ("corrected_calcium", {"calcium": 9, "albumin": 35}, "albumin"),  # g/L
        ("body_mass_index", {"weight": 70, "height": 1.75}, "height"),  # m
        ("qtc_bazett", {"qt": 0.4, "heart_rate": 60}, "qt"),  # s
        ("fib4", {"age": 50, "ast": 40, "alt": 40, "platelets": 250_000}, "platelets"),  # per µL
        ("sirs", {"temperature": 98.6, "heart_rate": 80, "respiratory_rate": 12, "leukocytes": 8}, "temperature"),
        ("sofa", {"pao2": 80, "fio2": 0.5}, "fio2"),
        ("morphine_equivalents", {"morphine": 1e6}, "morphine"),
        ("morphine_equivalents", {"fentanyl_patch": {"value": 25, "unit": "mg"}}, "mg"),
    ],
)
def test_a_value_in_the_wrong_unit_is_refused(name: str, given: dict[str, Any], refused: str) -> None:
    with pytest.raises(ToolError, match=refused):
        said(name, **given)


def test_the_result_shows_what_each_value_was_read_as() -> None:
    found = said("ckd_epi2021", sex="male", age=50, creatinine={"value": 88.4, "unit": "µmol/L"})
    assert found["read_as"] == {"age": "50 years", "creatinine": "0.999981 mg/dL"}
    assert "doubtful" not in found


def test_what_was_left_out_is_named() -> None:
    heart = said("heart_score", age=40)
    assert heart["taken_as"]["troponin"] == "less than or equal to normal limit"
    assert set(heart["taken_as"]) == {"history", "ecg", "troponin"}
    assert said("child_pugh", bilirubin=1, albumin=4, inr=1)["taken_as"] == {
        "ascites": "absent",
        "encephalopathy": "none",
    }
    sirs = said("sirs", temperature=37, heart_rate=80, respiratory_rate=12, leukocytes=8)
    assert sirs["not_given"] == ["paco2", "bands"]
    assert {"systolic", "urine_output", "norepinephrine"} <= set(said("sofa")["not_given"])
    assert said("due_date", last_period="2023-01-01")["not_given"] == ["cycle_length"]


@pytest.mark.parametrize("one", CALCULATORS.values(), ids=CALCULATORS)
def test_every_input_is_read_or_named_as_left_out(one: Calculator) -> None:
    """Whatever the calculator: nothing is filled in without a word."""
    given = {item.name: plausible(item) for item in one.inputs if item.required}
    if one.name == "morphine_equivalents":
        given["morphine"] = 30
    if one.name == "apache_ii":
        given["pao2"] = 80
    found = said(one.name, **given)
    named = {*found.get("taken_as_absent", ()), *found.get("taken_as", ()), *found.get("not_given", ())}
    assert named == {item.name for item in one.inputs} - set(given)


def plausible(item: Any) -> Any:
    if isinstance(item, Flag):
        return False
    if isinstance(item, Choice):
        return item.options[0]
    if isinstance(item, Quantity):
        usual = {"age": 50, "systolic": 120, "diastolic": 80, "weight": 70, "height": 170, "bicarbonate": 20, "fio2": 21,
                 "ph": 7.4, "temperature": 37, "glasgow_coma_score": 15, "oxygen_saturation": 98, "sodium": 140,
                 "chloride": 104, "total_cholesterol": 200, "hdl_cholesterol": 50, "triglycerides": 150, "qt": 400,
                 "target_body_mass_index": 22, "albumin": 4, "hemoglobin": 14, "calcium": 9, "creatinine": 1,
                 "potassium": 4, "hematocrit": 42, "inr": 1, "glucose": 100, "urine_creatinine": 100}  # fmt: skip
        return usual.get(item.name, 20)
    return "2023-01-01"


def test_bodies_that_cannot_be_are_doubted() -> None:
    inches = said("body_surface_area", weight=70, height=68)  # 68 inches, sent as centimetres
    assert "check weight and height" in inches["note"]
    assert "note" not in said("body_surface_area", weight=70, height=172.7)
    assert "check weight and height" in said("body_mass_index", weight=7, height=170)["note"]


def test_short_people_and_children_are_told_of() -> None:
    short = {"sex": "female", "weight": 80, "height": 145}
    assert "under 60 inches" in said("adjusted_body_weight", **short)["note"]
    assert "under 60 inches" in said("cockcroft_gault", age=60, creatinine=1, **short)["note"]
    child = said("cockcroft_gault", sex="male", age=5, weight=20, creatinine=0.4)
    assert "made for adults" in child["note"]


def test_pressures_the_wrong_way_round_are_refused() -> None:
    turned = {"systolic": 70, "diastolic": 120}
    for name, rest in (
        ("sofa", {}),
        ("mean_arterial_pressure", {}),
        ("curb65", {"age": 50, "urea_nitrogen": 15, "respiratory_rate": 20}),
    ):
        with pytest.raises(ToolError, match="diastolic pressure is above"):
            CALCULATORS[name].calculate({**turned, **rest})


@pytest.mark.parametrize("value", [True, "5", None, math.nan, math.inf, -math.inf, 10**400, -1, [1], {"value": 1}])
def test_what_is_no_measured_value_is_refused(value: Any) -> None:
    for name, item in (("anion_gap", "sodium"), ("body_mass_index", "weight"), ("fib4", "platelets")):
        given = {one.name: plausible(one) for one in CALCULATORS[name].inputs}
        with pytest.raises(ToolError):
            CALCULATORS[name].calculate({**given, item: value})


def test_a_urea_is_read_in_moles_and_never_by_number() -> None:
    found = said("serum_osmolality", sodium=140, urea_nitrogen={"value": 5, "unit": "mmol/L"}, glucose=90)
    assert found["parts"]["urea_nitrogen"] == pytest.approx(5.0, rel=2e-3)
    assert "same number" not in json.dumps(dict(CALCULATORS["serum_osmolality"].parameters))
