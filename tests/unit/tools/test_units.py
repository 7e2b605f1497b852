"""Units: what records write, conversion and its refusals, and the laws that any conversion obeys."""

from __future__ import annotations

import contextlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osler.core.errors import ToolError
from osler.tools.analytes import ANALYTES, analyte_named
from osler.tools.unit_symbols import symbols
from osler.tools.units import convert, parse_unit

FAMILIES = {
    "mass": ("kg", "g", "mg", "µg", "mcg", "ng", "lb", "oz"),
    "length": ("m", "cm", "mm", "in", "ft"),
    "count": ("10^9/L", "10*3/uL", "/µL", "cells/mm^3", "x10^9/L", "count/L"),
    "pressure": ("mmHg", "kPa", "cmH2O", "mm[Hg]", "atm"),
    "time": ("s", "ms", "min", "h", "days", "weeks", "months", "years"),
    "rate": ("beats per minute", "/min", "bpm", "1/s"),
    "mass concentration": ("mg/dL", "g/L", "µg/mL", "g/dL", "mg%"),
    "infusion": ("mcg/kg/min", "mg/kg/h", "ug.kg-1.min-1"),
    "temperature": ("°C", "K", "°F"),
}
each_family = st.sampled_from(sorted(FAMILIES))
values = st.floats(min_value=0.001, max_value=1e6)


@pytest.mark.parametrize(
    ("value", "unit", "to", "expected"),
    [
        (98.6, "degrees fahreinheit", "°C", 37.0),
        (100.4, "degF", "degC", 38.0),
        (38, "degrees celsisus", "degrees fahrenheit", 100.4),
        (0, "Cel", "K", 273.15),
        (150, "lbs", "kg", 68.0388555),
        (70, "in", "cm", 177.8),
        (6, "ft", "m", 1.8288),
        (120, "mm hg", "kPa", 15.9986864898),
        (10, "cm[H2O]", "mmHg", 10 * 98.0665 / 133.322387415),
        (150000, "/µL", "10^9/L", 150),
        (150, "10*3/uL", "10^9/L", 150),
        (7.5, "10e9/L", "cells/mm^3", 7500),
        (150, "10⁹/L", "10*3/µL", 150),
        (150, "x10(9)/L", "10^9/L", 150),
        (150, "K/uL", "10^9/L", 150),
        (4.5, "M/uL", "10^12/L", 4.5),
        (7500, "cells/cumm", "10^9/L", 7.5),
        (37, "ºC", "°F", 98.6),
        (3.2, "L/min/m²", "mL·min⁻¹·m⁻²", 3200),
        (72, "beats per minute", "1/s", 1.2),
        (2, "per day", "1/week", 14),
        (5, "mcg/kg/min", "mg/kg/h", 0.3),
        (17, "months", "years", 17 / 12),
        (21, "%", "", 0.21),
        (330, "msec", "s", 0.33),
        (1, "MG/DL", "g/L", 0.01),
        (1, "mmol.L-1", "mol/m3", 1),
        (25, "kg/m²", "kg/m^2", 25),
        (1, "μg", "mcg", 1),
        (1, "kU/L", "U/mL", 1),
    ],
)
def test_what_records_write(value: float, unit: str, to: str, expected: float) -> None:
    assert convert(value, unit, to) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("value", "unit", "to", "analyte", "expected", "rel"),
    [
        (1, "mg/dL", "µmol/L", "creatinine", 88.4, 1e-3),  # the factors of Young & Huth, SI Units, 1998
        (100, "mg/dL", "mmol/L", "glucose", 5.551, 1e-3),
        (1, "mg/dL", "µmol/L", "bilirubin", 17.104, 1e-3),
        (1, "mg/dL", "mmol/L", "BUN", 0.357, 1e-3),
        (1, "mg/dL", "mmol/L", "urea", 0.1665, 1e-3),
        (1, "mg/dL", "mmol/L", "total cholesterol", 0.02586, 1e-3),
        (1, "mg/dL", "mmol/L", "triglycerides", 0.01129, 1e-3),
        (1, "mg/dL", "mmol/L", "calcium", 0.2495, 1e-3),
        (2.5, "mmol/L", "mEq/L", "calcium", 5.0, 1e-12),
        (140, "mEq/L", "mmol/L", "sodium", 140.0, 1e-12),
        (1, "mg/dL", "mmol/L", "magnesium", 0.4114, 1e-3),
        (1, "g/dL", "mmol/L", "hemoglobin", 0.6206, 1e-3),
        (1, "mg/dL", "mmol/L", "phosphate", 0.3229, 1e-3),
        (1, "mg/dL", "µmol/L", "uric_acid", 59.48, 1e-3),
        (1, "µIU/mL", "pmol/L", "insulin", 6.0, 1e-12),
        (18.0156, "mg/kg/min", "mmol/kg/min", "glucose", 0.1, 1e-12),
    ],
)
def test_a_substance_ties_mass_and_amount(
    value: float, unit: str, to: str, analyte: str, expected: float, rel: float
) -> None:
    assert convert(value, unit, to, analyte=analyte) == pytest.approx(expected, rel=rel)


@given(each_family, values, st.data())
def test_there_and_back(family: str, value: float, data: st.DataObject) -> None:
    one, other = (data.draw(st.sampled_from(FAMILIES[family])) for _ in range(2))
    assert convert(convert(value, one, other), other, one) == pytest.approx(value, rel=1e-9, abs=1e-9)


@given(each_family, values, st.data())
def test_by_way_of_a_third_unit_is_the_same(family: str, value: float, data: st.DataObject) -> None:
    first, second, third = (data.draw(st.sampled_from(FAMILIES[family])) for _ in range(3))
    direct = convert(value, first, third)
    assert convert(convert(value, first, second), second, third) == pytest.approx(direct, rel=1e-9, abs=1e-9)


@given(values, st.sampled_from(sorted(ANALYTES)))
def test_amount_there_and_back(value: float, analyte: str) -> None:
    moles = convert(value, "mg/dL", "mmol/L", analyte=analyte)
    assert convert(moles, "mmol/L", "mg/dL", analyte=analyte) == pytest.approx(value, rel=1e-12)


@given(values, st.data())
def test_another_kind_is_refused(value: float, data: st.DataObject) -> None:
    one, other = data.draw(st.permutations(sorted(FAMILIES)))[:2]
    with pytest.raises(ToolError, match="measure different things"):
        convert(value, data.draw(st.sampled_from(FAMILIES[one])), data.draw(st.sampled_from(FAMILIES[other])))


@given(values, values, each_family, st.data())
def test_order_is_kept(low: float, high: float, family: str, data: st.DataObject) -> None:
    one, other = (data.draw(st.sampled_from(FAMILIES[family])) for _ in range(2))
    low, high = sorted((low, high))
    assert convert(low, one, other) <= convert(high, one, other)


@given(st.sampled_from(sorted(symbols())), st.sampled_from(sorted(symbols())))
def test_a_quotient_is_the_quotient_of_factors(above: str, below: str) -> None:
    found = parse_unit(f"{above}/{below}")
    assert found.factor == symbols()[above].factor / symbols()[below].factor


@given(st.text(max_size=12))
def test_any_text_is_a_unit_or_refused(text: str) -> None:
    with contextlib.suppress(ToolError):
        assert parse_unit(text).factor > 0


@pytest.mark.parametrize(
    ("unit", "to", "analyte", "said"),
    [
        ("kg", "cm", "", "measure different things"),
        ("mg/dL", "mmol/L", "", "needs the substance"),
        ("mg/dL", "mmol/kg", "glucose", "measure different things"),
        ("mg/dL", "mEq/L", "glucose", "not defined"),
        ("IU/L", "mmol/L", "creatinine", "not defined"),
        ("µL", "/µL", "", "measure different things"),
        ("mcg/kg/min", "beats per minute", "", "measure different things"),
        ("mg/dL", "mmol/L", "kryptonite", "not in the table of molar masses"),
        ("furlong", "m", "", "is not known"),
        ("mg/", "g", "", "nothing stands below"),
        ("MM", "m", "", "may be mM or mm"),
        ("@3", "", "", "is no unit"),
    ],
)
def test_what_is_refused_says_why(unit: str, to: str, analyte: str, said: str) -> None:
    with pytest.raises(ToolError, match=said):
        convert(1, unit, to, analyte=analyte)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_no_number_is_refused(value: float) -> None:
    with pytest.raises(ToolError, match="finite"):
        convert(value, "kg", "g")


def test_a_result_beyond_all_numbers_is_refused() -> None:
    with pytest.raises(ToolError, match="too large"):
        convert(1e308, "kg", "µg")


def test_below_absolute_zero_is_refused() -> None:
    with pytest.raises(ToolError, match="absolute zero"):
        convert(-300, "°C", "K")


def test_a_unit_in_itself_changes_nothing() -> None:
    assert convert(0.1 + 0.2, "mg/dL", "mg/dL") == 0.1 + 0.2


def test_names_of_substances_are_read_freely() -> None:
    assert analyte_named("Blood_Urea_Nitrogen") is ANALYTES["urea nitrogen"]
    assert analyte_named("HDL cholesterol") is ANALYTES["cholesterol"]
