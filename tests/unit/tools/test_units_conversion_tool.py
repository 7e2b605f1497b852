"""The unit conversion as a tool that a model calls."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest

from osler.core.errors import ToolError
from osler.core.types import Tool
from osler.tools.calling import signature, use
from osler.tools.unit_conversion import UnitConversion

TOOL = UnitConversion()


def asked(arguments: dict[str, Any] | str) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(asyncio.run(use(TOOL, arguments)))
    return found


def test_it_is_a_tool() -> None:
    assert isinstance(TOOL, Tool)
    assert signature(TOOL)["name"] == "unit_conversion"


def test_it_converts() -> None:
    assert asked({"value": 150, "unit": "lb", "to": "kg"}) == {"value": 68.0388555, "unit": "kg"}
    assert asked('{"value": 5.0, "unit": "mmol/L", "to": "mg/dL", "analyte": "glucose"}')["value"] == 90.078


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"value": 1, "unit": "kg", "to": "cm"}, "measure different things"),
        ({"value": "1", "unit": "kg", "to": "g"}, "value"),
        ({"value": 1, "unit": "kg"}, "needs to"),
        ({"value": 1, "unit": "kg", "to": "g", "more": 1}, "more"),
        ({"value": 1, "unit": "mg/dL", "to": "mmol/L"}, "needs the substance"),
    ],
)
def test_what_it_refuses_says_why(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(ToolError, match=said):
        asked(arguments)


def test_it_checks_without_a_schema_too() -> None:
    with pytest.raises(ToolError, match="must be texts"):
        asyncio.run(TOOL.use({"value": 1, "unit": 3, "to": "g"}))
    with pytest.raises(ToolError, match="must be a number"):
        asyncio.run(TOOL.use({"value": True, "unit": "kg", "to": "g"}))
