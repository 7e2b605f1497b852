"""The page of an experiment in Chromium: nothing is asked for, the figure is there, and no width scrolls sideways."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from browser.conftest import OpenPage

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("page")
    words = [sys.executable, "-m", "osler", "experiment", "choice-shuffle", "--quick", "--out", str(folder)]
    subprocess.run(words, check=True, capture_output=True, timeout=120)
    return (folder / "report.html").as_uri()


def test_the_page_stands_alone_and_shows_claims_figure_and_table(open_page: OpenPage, url: str) -> None:
    seen = open_page(url)
    seen.page.wait_for_load_state("networkidle")
    assert seen.problems == []
    assert seen.requests == [url]
    assert seen.page.locator(".claims li").count() == 4
    figure = seen.page.locator("svg.lines:visible")
    assert figure.count() == 1
    assert "one answer: A:" in (figure.locator("desc").text_content() or "")
    assert seen.page.locator(".legend li").count() == 3
    assert seen.page.locator("table tbody tr").count() == 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 800, 1280])
def test_no_width_scrolls_sideways(open_page: OpenPage, url: str, width: int, scheme: str) -> None:
    page = open_page(url, width=width, color_scheme=scheme).page
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    marks = page.locator("svg.lines:visible .mark").all()
    assert len(marks) == 12
    frame = page.locator("svg.lines:visible").bounding_box()
    assert frame is not None
    for mark in marks:
        box = mark.bounding_box()
        assert box is not None
        assert frame["x"] <= box["x"]
        assert box["x"] + box["width"] <= frame["x"] + frame["width"] + 1
