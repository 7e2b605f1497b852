"""All experiments on one page: what held, what did not, and what was too small to tell."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import orjson

RESULTS = "results.json"


class Row(NamedTuple):
    """One experiment that ran. ``held``, ``failed``, ``open``: its claims."""

    name: str
    title: str
    source: str
    plain: str
    held: int
    failed: int
    open: int
    seconds: float
    quick: bool
    claims: tuple[Mapping[str, Any], ...]


def rows(folder: Path) -> list[Row]:
    """The experiments whose results lie in ``folder``, by name."""
    return [_row(orjson.loads(file.read_bytes())) for file in sorted(folder.glob(f"*/{RESULTS}"))]


def _row(held: Mapping[str, Any]) -> Row:
    said = [claim["holds"] for claim in held["claims"]]
    return Row(
        held["name"],
        held["title"],
        held["source"],
        held["plain"],
        said.count(True),
        said.count(False),
        said.count(None),
        held["seconds"],
        bool(held.get("quick", False)),
        tuple(held["claims"]),
    )


def write(folder: Path) -> Path:
    """Write ``index.html`` over what lies in ``folder``; gives the page's path."""
    from osler.study.report import palette
    from osler.study.report.page import environment, policy, resource

    style = palette.css() + resource("page.css")
    found = rows(folder)
    page = folder / "index.html"
    page.write_text(
        environment()
        .get_template("experiments.html")
        .render(
            rows=found,
            totals={
                "held": sum(row.held for row in found),
                "failed": sum(row.failed for row in found),
                "open": sum(row.open for row in found),
            },
            style=style,
            policy=policy(style, ""),
        ),
        encoding="utf-8",
    )
    return page
