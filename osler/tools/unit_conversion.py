"""The tool that converts a measured value into another unit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import orjson

from osler.core.block import block
from osler.core.errors import ToolError
from osler.tools.analytes import ANALYTES
from osler.tools.units import convert, needs_substance


@block
class UnitConversion:
    """A value in another unit of the same kind; with the substance named, also between mass, amount, mEq and IU.

    The factors are those of the SI, NIST SP 811 and the IUPAC atomic weights (see ``osler.tools.units``). ToolError
    for a unit that is not known and for two units that measure different things.
    """

    @property
    def name(self) -> str:
        return "unit_conversion"

    @property
    def description(self) -> str:
        return (
            "Converts a measured value into another unit (mg/dL to mmol/L, lb to kg, degF to degC, 10*3/uL to 10^9/L). "
            "Name the analyte to convert between mass, amount of substance, mEq and IU."
        )

    @property
    def parameters(self) -> Mapping[str, Any]:
        return {
            "type": "object",
            "properties": {
                "value": {"type": "number"},
                "unit": {"type": "string", "description": "the unit of the value, for example mg/dL"},
                "to": {"type": "string", "description": "the unit that is asked for, for example mmol/L"},
                "analyte": {
                    "type": "string",
                    "description": f"the substance, where mass and amount are converted: {', '.join(sorted(ANALYTES))}",
                },
            },
            "required": ["value", "unit", "to"],
            "additionalProperties": False,
        }

    async def use(self, arguments: Mapping[str, Any]) -> str:
        """JSON with ``value`` (10 significant digits) and ``unit``."""
        value, unit, to = (arguments.get(name) for name in ("value", "unit", "to"))
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < 1e300:
            raise ToolError("value must be a number", hint="give value, unit and to")
        if not isinstance(unit, str) or not isinstance(to, str):
            raise ToolError("unit and to must be texts", hint="write them like mg/dL")
        analyte = str(arguments.get("analyte") or "")
        if not analyte and needs_substance(unit, to):
            raise ToolError(
                f"{unit!r} cannot be converted to {to!r}: that needs the substance",
                hint=f"add analyte, one of {', '.join(sorted(ANALYTES))}",
            )
        found = convert(value, unit, to, analyte=analyte)
        if not math.isfinite(found):
            raise ToolError("the converted value is too large", hint="check the value and its unit")
        return orjson.dumps({"value": float(f"{found:.10g}"), "unit": to}).decode()
