"""The order of the steps of a decomposition, and what is wrong with a graph that has none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from osler.core.errors import SpecError, nearest

CASE = "case"  # what every step may use: the text of the case itself


def ordered(steps: Sequence[Any]) -> list[Any]:
    """``steps`` (with ``name`` and ``uses``) so that each comes after those it uses, the final one last.

    Steps that could come in any order keep theirs. Raises SpecError for no steps, two of one name, unknown names,
    cycles, and more than one step that nothing uses.
    """
    if not steps:
        raise SpecError("decompose has no final step: it has no steps at all", hint="add Step(...)")
    by_name: dict[str, Any] = {}
    for step in steps:
        if step.name in by_name or step.name == CASE or not step.name.strip():
            raise SpecError(
                f"decompose cannot name a step {step.name!r}",
                hint=f"each step has a name of its own, and {CASE!r} is the case",
            )
        by_name[step.name] = step
    for step in steps:
        _sees(step, by_name)
    order = _sorted(steps)
    used = {name for step in steps for name in step.uses}
    last = [step for step in order if step.name not in used]
    if len(last) > 1:
        names = ", ".join(repr(step.name) for step in last)
        raise SpecError(
            f"decompose has no single final step: nothing uses {names}",
            hint="let one step use the others, or leave out what no step needs",
        )
    return [step for step in order if step is not last[0]] + last


def _sees(step: Any, by_name: dict[str, Any]) -> None:
    if not step.uses:
        raise SpecError(f"the step {step.name!r} uses nothing", hint=f'set uses = ("{CASE}",) or name earlier steps')
    for name in step.uses:
        if name != CASE and name not in by_name:
            raise SpecError(
                f"the step {step.name!r} uses {name!r}, which is no step", hint=nearest(name, [*by_name, CASE])
            )
        if name == CASE and not hasattr(step, "instruction"):
            raise SpecError(f"the rule {step.name!r} cannot use the case", hint="a rule joins answers of steps")


def _sorted(steps: Sequence[Any]) -> list[Any]:
    order: list[Any] = []
    placed = {CASE}
    left = list(steps)
    while left:
        ready = [step for step in left if set(step.uses) <= placed]
        if not ready:
            names = ", ".join(repr(step.name) for step in left)
            raise SpecError(
                f"decompose has steps that wait for each other: {names}", hint="take one of the uses out of the cycle"
            )
        order += ready
        placed |= {step.name for step in ready}
        left = [step for step in left if step.name not in placed]
    return order
