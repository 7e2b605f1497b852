"""Named things, values only: one file in tasks/, models/ or systems/ is one recipe, and the folder is the list.

A file holds ``RECIPE`` (a block, with the values of its paper) and, where there is one, ``TINY`` (the same with small
values), and where a paper or source reports figures, ``REPORTED`` and ``DIFFERS``.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Mapping
from importlib import resources
from typing import Any, Literal, get_args

import orjson

from osler.core.block import blocks, snake
from osler.core.errors import SpecError, nearest
from osler.core.types import Metric, Model, Strategy, Tool
from osler.data.source import Source

Kind = Literal["tasks", "models", "systems"]
KINDS: tuple[str, ...] = get_args(Kind)
LISTED = ("tools", "metrics", "sources")  # blocks alone: they have names and no recipes
# Packages whose modules define blocks; importing them registers the blocks. None imports a heavy library.
_WITH_BLOCKS = ("data", "tasks", "models", "knowledge", "tools", "evaluation", "prompting", "tuning")


@functools.cache
def discover() -> None:
    """Import every module that defines blocks, so that names can be resolved."""
    for package in _WITH_BLOCKS:
        root = importlib.import_module(f"osler.{package}")
        for found in pkgutil.walk_packages(root.__path__, prefix=f"osler.{package}."):
            if not found.name.endswith(("__main__", "_layers")):  # layers of networks import torch, and hold no blocks
                importlib.import_module(found.name)


@functools.cache
def names(kind: Kind) -> tuple[str, ...]:
    """The recipes of a kind, by file name; SpecError for what has none."""
    if kind not in KINDS:
        raise SpecError(
            f"there are no recipes of {kind!r}, only of {', '.join(KINDS)}",
            hint=f"osler list {kind} shows what a study can name of them" if kind in LISTED else nearest(kind, KINDS),
        )
    package = importlib.import_module(f"osler.recipes.{kind}")
    return tuple(sorted(found.name for found in pkgutil.iter_modules(package.__path__)))


PRESETS = {"full": "RECIPE", "tiny": "TINY"}


def recipe(kind: Kind, name: str, *, preset: str = "full") -> Any:
    """The block of ``name``: ``full`` has its paper's values, ``tiny`` small ones of the same structure (the full ones
    where a recipe is small as it is). Dashes may stand for underscores; SpecError with the nearest name otherwise."""
    if preset not in PRESETS:
        raise SpecError(f"a recipe has no preset {preset!r}", hint=nearest(preset, PRESETS))
    found = module(kind, name)
    return getattr(found, PRESETS[preset], found.RECIPE)


def module(kind: Kind, name: str) -> Any:
    file = name.replace("-", "_").replace(".", "_")
    if file not in names(kind):
        file = {bare(known): known for known in names(kind)}.get(bare(file), file)  # MedPrompt is medprompt
    if file not in names(kind):
        raise SpecError(f"no recipe in {kind} is named {name!r}", hint=nearest(file, names(kind)))
    return importlib.import_module(f"osler.recipes.{kind}.{file}")


def bare(name: str) -> str:
    """A name without case and marks, by which systems are told apart whatever way they are spelled."""
    return name.casefold().replace("_", "").replace("-", "").replace(" ", "")


def summary(kind: Kind, name: str) -> str:
    """The first line of a recipe's docstring."""
    text = (module(kind, name).__doc__ or "").strip()
    return text.splitlines()[0] if text else ""


Protocols = Literal["model", "strategy", "metric", "source", "tool"]
INDEX = "blocks.json"


@functools.cache
def index() -> Mapping[str, Mapping[str, str]]:
    """Protocol -> name -> module of every block that a study file may name: generated, so that a name is found without
    importing all modules. ``scripts/generate.py`` writes it and its test holds it fresh."""
    body = resources.files("osler.recipes").joinpath(INDEX).read_bytes()
    held: Mapping[str, Mapping[str, str]] = orjson.loads(body)
    return held


def named_block(protocol: Protocols, name: str) -> type[Any] | None:
    """The block of this name, importing its module alone; None where no block has the name."""
    where = index().get(protocol, {}).get(name)
    if where is None:
        return named_blocks(protocol).get(name)  # one that the index does not know yet
    module_name, _, kind = where.rpartition(":")
    found: type[Any] = getattr(importlib.import_module(module_name), kind)
    return found


_PROTOCOLS: Mapping[str, Any] = {"model": Model, "strategy": Strategy, "metric": Metric, "source": Source, "tool": Tool}


def named_blocks(protocol: Protocols) -> dict[str, type[Any]]:
    """Blocks of one protocol by the name that study files use (``FewShot`` is ``few_shot``)."""
    discover()
    needed = [name for name in vars(_PROTOCOLS[protocol]) if not name.startswith("_")]
    found = {}
    for name, kind in blocks().items():
        if kind.__module__.startswith("osler.") and all(hasattr(kind, attribute) for attribute in needed):
            if protocol == "source" and hasattr(kind, "prompt"):
                continue  # a task has examples too
            if protocol == "metric" and hasattr(kind, "generate"):
                continue  # a model scores, too, but choices and not predictions
            found[snake(name)] = kind
    return found
