"""Imports between the packages of Osler go backwards along ``core.ORDER`` and nowhere else."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import osler
from osler.core import ORDER

ROOT = Path(osler.__file__).parent
FREE = ("__init__.py", "__main__.py")  # the package's own doors may name what they open
# Libraries that may be imported inside functions only.
INSIDE = (
    "torch",
    "transformers",
    "peft",
    "accelerate",
    "ray",
    "pandas",
    "sklearn",
    "statsmodels",
    "matplotlib",
    "scipy",
    "jinja2",
    "arro3",
)


def files() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


def unit(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imported(path: Path, *, top_only: bool = False) -> Iterator[tuple[int, str]]:
    """Line and absolute name of everything that a file imports."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body if top_only else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}:{node.lineno} imports by a relative name"
            yield node.lineno, str(node.module)
            if node.module == "osler":
                yield from ((node.lineno, f"osler.{alias.name}") for alias in node.names)


def edges() -> Iterator[tuple[str, str, str]]:
    for path in files():
        if path.parent == ROOT and path.name in FREE:
            continue
        for line, name in imported(path):
            first, _, rest = name.partition(".")
            target = rest.partition(".")[0]
            if first == "osler" and target in ORDER and target != unit(path):
                yield unit(path), target, f"{path.relative_to(ROOT)}:{line}"


def test_every_package_has_its_place_in_the_order() -> None:
    assert {unit(path) for path in files()} - {name.removesuffix(".py") for name in FREE} <= set(ORDER)
    assert len(set(ORDER)) == len(ORDER)


def test_imports_go_backwards() -> None:
    wrong = [
        f"{where}: {unit} imports {target}"
        for unit, target, where in edges()
        if ORDER.index(target) > ORDER.index(unit)
    ]
    assert wrong == []


def test_there_is_no_cycle_between_modules() -> None:
    names = {
        ".".join(("osler", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__"): path
        for path in files()
    }
    graph = {
        name: {target for _, target in imported(path, top_only=True) if target in names and target != name}
        for name, path in names.items()
    }
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join((*trail[trail.index(name) :], name))
        if name not in done:
            for target in graph[name]:
                visit(target, (*trail, name))
            done.add(name)

    for name in graph:
        visit(name, ())


def is_layers(name: str) -> bool:
    """Whether a module holds classes that derive from a heavy library's: it is imported inside functions itself."""
    return name.endswith("_layers")


def test_heavy_libraries_are_imported_inside_functions() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in files()
        for line, name in imported(path, top_only=True)
        if (name.partition(".")[0] in INSIDE and not is_layers(path.stem))
        or (is_layers(name) and name != "osler.models.minilm_layers" and not is_layers(path.stem))
    ]
    assert found == []
