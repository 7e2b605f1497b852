"""An experiment as a page: what was asked, whether the claims hold, figures and tables, and as files beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from osler.experiments.figure import legend, numbered, picture
from osler.experiments.outcome import Outcome


def render(outcome: Outcome) -> str:
    """The page as HTML text: one file, no network."""
    from osler.study.report import palette
    from osler.study.report.page import environment, policy, resource

    style = palette.css() + resource("page.css")
    figures: list[dict[str, Any]] = [
        {
            "figure": figure,
            "pictures": (picture(figure), picture(figure, narrow=True)),
            "numbered": numbered(figure),
            "legend": legend(figure),
        }
        for figure in outcome.figures
    ]
    return (
        environment()
        .get_template("experiment.html")
        .render(outcome=outcome, figures=figures, style=style, policy=policy(style, ""))
    )


def write(outcome: Outcome, folder: Path) -> Path:
    """Write ``report.html`` and ``results.json`` to ``folder``; gives the page's path."""
    folder.mkdir(parents=True, exist_ok=True)
    page = folder / "report.html"
    page.write_text(render(outcome), encoding="utf-8")
    (folder / "results.json").write_bytes(orjson.dumps(outcome.json(), option=orjson.OPT_INDENT_2))
    return page
