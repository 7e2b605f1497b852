"""What a model may call: calculators, readers of records, look-ups, a sandbox. One tool is one file."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Mapping
from typing import Any

from osler.core.block import blocks, build, snake
from osler.core.errors import SpecError, nearest
from osler.core.types import Tool

_NOT_TOOLS = frozenset({"ncbi_server", "sandbox_child"})  # programs of their own


def named_tool(name: str, **settings: Any) -> Tool:
    """The tool of that name, for use from Python: ``await named_tool("anion_gap").use({...})``.

    The name is that of a study file or the one a model sees (``fhir_reader``, ``fhir_search``), or the file's
    (``ckd_epi_2021`` is ``ckd_epi2021``); marks between words do not matter. ``settings`` are fields of the block.
    SpecError with the nearest name otherwise.
    """
    found = _by_name().get(_bare(name))
    if found is None:
        raise SpecError(f"no tool is named {name!r}", hint=nearest(name, tool_names()))
    made: Tool = build(found, settings)
    return made


def tool_names() -> tuple[str, ...]:
    """The tools by the names that study files use."""
    return tuple(sorted({snake(kind.__name__) for kind in _by_name().values()}))


@functools.cache
def _by_name() -> Mapping[str, type[Any]]:
    for found in pkgutil.walk_packages(__path__, prefix=f"{__name__}."):
        if found.name.rpartition(".")[2] not in _NOT_TOOLS:
            importlib.import_module(found.name)
    kinds = {
        name: kind
        for name, kind in blocks().items()
        if kind.__module__.startswith(f"{__name__}.")
        and all(hasattr(kind, part) for part in ("name", "description", "parameters", "use"))
    }
    shown = {_bare(kind().name): kind for kind in kinds.values()}
    return {**shown, **{_bare(snake(name)): kind for name, kind in kinds.items()}}


def _bare(name: str) -> str:
    return name.casefold().replace("_", "").replace("-", "").replace(" ", "")
