"""The rules of the house that a linter does not know: size, loose ends, swallowed errors, names."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import osler

ROOT = Path(osler.__file__).parent
TESTS = Path(__file__).parents[1]
LONGEST = 300
MOST_PARAMETERS = 12
MANY = {"tabulate_columns": "one parameter for each column of the table"}
LOOSE = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b")
VAGUE = re.compile(r"^(utils?|helpers?|misc|common|manager|base_.*|.*_v\d+)$")
NAMED = ("p_tuning_v2",)  # the name of its paper, not a second version of ours


def code(*folders: Path) -> list[Path]:
    return sorted(path for folder in folders for path in folder.rglob("*.py"))


def trees() -> Iterator[tuple[Path, ast.Module]]:
    for path in code(ROOT):
        yield path.relative_to(ROOT.parent), ast.parse(path.read_text(encoding="utf-8"))


def test_no_file_is_too_long() -> None:
    lengths = {str(p.relative_to(ROOT.parent)): len(p.read_text(encoding="utf-8").splitlines()) for p in code(ROOT)}
    assert {name: n for name, n in lengths.items() if n > LONGEST} == {}


def test_no_loose_ends() -> None:
    found = [
        f"{path}:{number}"
        for path in code(ROOT, TESTS)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if LOOSE.search(line)
    ]
    assert found == []


def test_no_error_is_swallowed() -> None:
    found = []
    for path, tree in trees():
        for node in ast.walk(tree):
            if not isinstance(node, ast.ExceptHandler):
                continue
            broad = node.type is None or (
                isinstance(node.type, ast.Name) and node.type.id in ("Exception", "BaseException")
            )
            silent = all(isinstance(one, (ast.Pass, ast.Continue)) for one in node.body)
            within = [one for inner in node.body for one in ast.walk(inner)]
            told = any(isinstance(one, ast.Name) and one.id == node.name for one in within)
            raises = told or any(isinstance(one, ast.Raise) for one in within)
            if node.type is None or (broad and silent):
                found.append(f"{path}:{node.lineno} swallows")
            if isinstance(node.type, ast.Name) and node.type.id == "BaseException" and not raises:
                found.append(f"{path}:{node.lineno} keeps even Ctrl-C")
    assert found == []


def test_functions_take_few_parameters() -> None:
    found = []
    for path, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                given = node.args
                names = [
                    one.arg
                    for one in (*given.posonlyargs, *given.args, *given.kwonlyargs)
                    if one.arg not in ("self", "cls")
                ]
                if len(names) > MOST_PARAMETERS and node.name not in MANY:
                    found.append(f"{path}:{node.lineno} {node.name} takes {len(names)}")
    assert found == []


def test_names_are_those_of_the_field() -> None:
    found = [str(path.relative_to(ROOT)) for path in code(ROOT) if VAGUE.match(path.stem) and path.stem not in NAMED]
    assert found == []


def test_every_module_says_what_it_is() -> None:
    assert [str(path) for path, tree in trees() if not ast.get_docstring(tree)] == []


@pytest.mark.parametrize("word", ["/work" + "/", "/ho" + "me/", "/ro" + "ot/", "C:" + "\\\\"])
def test_no_file_names_a_place_on_one_machine(word: str) -> None:
    texts = (*ROOT.rglob("*"), *TESTS.rglob("*"))
    kept = (".py", ".toml", ".html", ".css", ".js", ".md", ".txt")
    found = [str(path) for path in texts if path.suffix in kept and word in path.read_text(encoding="utf-8")]
    assert found == []


def test_test_files_have_unique_names() -> None:
    names = [path.name for path in code(TESTS) if path.name not in ("__init__.py", "conftest.py")]
    assert sorted(name for name in set(names) if names.count(name) > 1) == []
