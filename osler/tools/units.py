"""Units of measurement as clinical records write them, and conversion between them."""

from __future__ import annotations

from osler.core.errors import ToolError


def convert(value: float, unit: str, to: str, *, analyte: str = "") -> float:
    """``value`` of ``unit`` in the unit ``to``; ToolError where the two do not measure the same thing."""
    if unit == to:
        return value
    raise ToolError(f"{unit!r} cannot be converted to {to!r}", hint="give the value in the unit that is asked for")
