"""The report of a study: one self-contained HTML page that a clinician can read, keep and print.

The page holds its charts as SVG and its styles and script inline; it never asks for anything over the network.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def render(results: Mapping[str, Any]) -> str:
    """The whole page as HTML text.

    ``results`` is the JSON record of a scored study (study, task, data, systems with estimates, comparisons, cases,
    ...). Only ``study`` and ``systems`` must be there; a part that is missing is reported as missing on the page.
    Raises DataError when the record does not have the shape of results. All text is escaped.
    """
    from osler.study.report.page import build

    return build(results)
