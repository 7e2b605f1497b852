"""Importing Osler, its blocks, its recipes and its command line loads no heavy library."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = (
    "torch", "transformers", "pandas", "sklearn", "matplotlib", "scipy", "statsmodels", "tokenizers", "safetensors",
    "arro3", "jinja2", "openai", "inspect_ai", "pydantic_ai", "fhir",
)  # fmt: skip
BLOCKS = """
import importlib, pkgutil
from osler import recipes
recipes.discover()
for kind in ("tasks", "models", "systems"):
    for name in recipes.names(kind):
        recipes.recipe(kind, name)
"""


@pytest.mark.parametrize(
    ("code", "also"),
    [
        ("import osler", ("numpy", "aiohttp", "asyncio", "sqlite3")),
        ("from osler.cli import main, _parser; _parser().format_help()", ("numpy", "aiohttp", "rich", "orjson")),
        ("from osler.study import resolve, plan, run", ("aiohttp",)),
        (BLOCKS, ()),
    ],
    ids=["osler", "help", "study", "blocks and recipes"],
)
def test_nothing_heavy_is_loaded(code: str, also: tuple[str, ...]) -> None:
    ask = f"{code}\nimport json, sys\nprint(json.dumps(sorted({{name.partition('.')[0] for name in sys.modules}})))"
    made = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    loaded = set(json.loads(made.stdout.splitlines()[-1]))
    assert loaded & {*HEAVY, *also} == set()
