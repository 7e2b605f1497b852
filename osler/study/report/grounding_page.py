"""The report on an answer as a page: each claim with its verdict, the evidence beside it with the span marked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from osler.evaluation.grounding.finding import Finding, Report, Share
from osler.study.report import palette
from osler.study.report.page import environment, policy, resource

_AROUND = 240  # characters of a passage shown on either side of the span
VERDICTS: Mapping[str, tuple[str, str]] = {
    "supported": ("✓", "supported"),
    "contradicted": ("✕", "contradicted"),
    "unsupported": ("?", "unsupported"),
    "citation": ("!", "supported, wrong citation"),
}
CITED = {
    "supports": "bears this out",
    "partly": "speaks of it, does not bear it out",
    "silent": "says nothing of this",
    "contradicts": "says otherwise",
    "not shown": "was never shown",
    "outdated": "is another version than the one that holds",
}


class Piece(NamedTuple):
    """A stretch of the answer: of claim ``number`` (from 1), or between claims (0)."""

    text: str
    number: int = 0
    look: str = ""


class Row(NamedTuple):
    """A claim as the page shows it. ``before``, ``span`` and ``after``: the evidence with what stands around it."""

    number: int
    look: str
    sign: str
    word: str
    item: Finding
    before: str
    span: str
    after: str
    citations: tuple[tuple[str, str, bool], ...]


def render(report: Report, *, title: str = "Is this answer grounded?") -> str:
    """The page as HTML text: one file, no script, no network."""
    style = palette.css() + resource("page.css") + resource("grounding.css")
    return (
        environment()
        .get_template("grounding.html")
        .render(
            title=title,
            report=report,
            pieces=_pieces(report),
            rows=[_row(number, item, report) for number, item in enumerate(report.findings, 1)],
            shares=[
                (
                    "supported",
                    "Supported",
                    report.supported,
                    "The passages bear the claim out, and its citations are right.",
                ),
                ("contradicted", "Intrinsic", report.intrinsic, "The claim contradicts its source."),
                ("unsupported", "Extrinsic", report.extrinsic, "The claim, or what it cites, cannot be verified."),
            ],
            signs=VERDICTS,
            told=_told,
            models=sum(item.by == "model" for item in report.findings),
            style=style,
            policy=policy(style, ""),
        )
    )


def write_page(report: Report, path: Path, *, title: str = "Is this answer grounded?") -> Path:
    """Write the page to ``path`` and the same as JSON beside it (``.json``); gives the page's path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render(report, title=title), encoding="utf-8")
    path.with_suffix(".json").write_bytes(orjson.dumps(report.json(), option=orjson.OPT_INDENT_2))
    return path


def look(item: Finding) -> str:
    """The verdict as the page shows it: a supported claim with a wrong citation is a look of its own."""
    return "citation" if item.verdict == "supported" and item.flagged else item.verdict


def _pieces(report: Report) -> list[Piece]:
    out, place = [], 0
    for number, item in enumerate(report.findings, 1):
        claim = item.claim
        out += [
            Piece(report.answer[place : claim.start]),
            Piece(report.answer[claim.start : claim.end], number, look(item)),
        ]
        place = claim.end
    return [piece for piece in (*out, Piece(report.answer[place:])) if piece.text]


def _row(number: int, item: Finding, report: Report) -> Row:
    shown, held = look(item), item.evidence
    before = span = after = ""
    if held is not None:
        text = report.passages[held.passage]
        first, last = max(0, held.start - _AROUND), min(len(text), held.end + _AROUND)
        before = ("… " if first else "") + text[first : held.start]
        span, after = held.text, text[held.end : last] + (" …" if last < len(text) else "")
    cited = tuple((one.id, CITED[one.status], one.wrong) for one in item.citations)
    return Row(number, shown, *VERDICTS[shown], item, before, span, after, cited)


def _told(share: Share) -> dict[str, Any]:
    low, high = share.ends
    percent = f"{100 * share.count / share.of:.0f}\u00a0%" if share.of else "–"
    return {
        "percent": percent,
        "ends": f"{100 * low:.0f} to {100 * high:.0f}\u00a0%",
        "count": f"{share.count} of {share.of}",
    }
