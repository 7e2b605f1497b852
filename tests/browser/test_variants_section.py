"""The section on variants in Chromium: a figure with a name, a table, nothing that scrolls the page sideways."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from osler.study.report import render
from osler.study.variants import mark_dominated

if TYPE_CHECKING:
    from browser.conftest import OpenPage

pytestmark = pytest.mark.browser

RUNGS = (
    ("direct", 0.62, 118.0, "the first rung"),
    ("few-shot", 0.71, 640.0, "settled better than direct: p 0.012 after Holm"),
    ("chain-of-thought", 0.70, 910.0, "no gain over few-shot"),
    (
        "an instruction of many words that says at length how the answer is to be found, weighed and written",
        0.83,
        2400.0,
        "settled better than few-shot: p 0.0031 after Holm",
    ),
)


def _search() -> dict[str, Any]:
    rows = [
        {
            "step": step,
            "variant": f"{step:016x}",
            "change": name,
            "n": 120,
            "unscored": 2 * (step == 2),
            "score": value,
            "low": value - 0.09,
            "high": value + 0.07,
            "cost": cost,
            "kept": "no gain" not in reason,
            "skipped": False,
            "chosen": step == 3,
            "reason": reason,
            "difference": 0.1 if step else None,
            "difference_low": 0.02 if step else None,
            "difference_high": 0.18 if step else None,
            "p_adjusted": 0.012 if step else None,
            "detectable": 0.11 if step else None,
        }
        for step, (name, value, cost, reason) in enumerate(RUNGS)
    ]
    mark_dominated(rows)
    return {
        "name": "ladder",
        "seed": 0,
        "fold": 0,
        "folds": 0,
        "optimiser": "ladder",
        "metric": "macro_f1",
        "title": "Macro F1",
        "unit": "share",
        "averaged": False,
        "n": 120,
        "tried": 4,
        "start": 0.62,
        "chosen": RUNGS[3][0],
        "chosen_id": f"{3:016x}",
        "score": 0.83,
        "reason": "every rung was tried",
        "calls": 2040,
        "tokens": 488_160,
        "usd": 0.0,
        "cost_unit": "tokens",
        "rows": rows,
    }


def _record() -> dict[str, Any]:
    """The record of the unit tests, loaded by path because the test folders are no package; with two searches."""
    path = Path(__file__).parents[1] / "unit" / "study" / "report_fixture.py"
    spec = importlib.util.spec_from_file_location("variants_record", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    record: dict[str, Any] = module.results()
    return {**record, "variants": [_search(), {**_search(), "seed": 1}]}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("report") / "variants.html"
    path.write_text(render(_record()), encoding="utf-8")
    return path.as_uri()


@pytest.mark.parametrize("width", [360, 1280])
def test_the_section_never_scrolls_the_page_sideways(open_page: OpenPage, url: str, width: int) -> None:
    seen = open_page(url, width=width)
    page = seen.page
    page.evaluate("document.querySelectorAll('#variants details').forEach(item => { item.open = true })")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for figure in page.locator("#variants figure.pareto-figure svg").all():
        box = figure.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
    assert seen.problems == []
    assert seen.requests == [url]


def test_the_figure_has_a_name_and_says_in_words_what_it_shows(open_page: OpenPage, url: str) -> None:
    page = open_page(url).page
    picture = page.locator("#variants svg.pareto").first
    assert picture.get_attribute("role") == "img"
    assert picture.locator("title").text_content() == (
        "Mean over single cases of Macro F1 on validation cases against cost, ladder, seed 0"
    )
    said = picture.locator("desc").text_content() or ""
    assert "1 direct: 62 %" in said or "1 direct: 62.0 %" in said
    assert "chain-of-thought" in said
    assert "dominated" in said
    assert said.count("chosen") == 1
    assert picture.locator("circle").count() == len(RUNGS)


def test_the_numbers_in_the_figure_are_those_of_list_and_table(open_page: OpenPage, url: str) -> None:
    page = open_page(url).page
    section = page.locator("#variants")
    numbers = section.locator("svg.pareto").first.locator("text.tried-number").all_text_contents()
    assert sorted(numbers) == ["1", "2", "3", "4"]
    names = section.locator("ol.tried-names").first.locator("li")
    assert names.count() == len(RUNGS)
    assert "(chosen)" in names.nth(3).inner_text()
    assert section.locator("table.trials").first.locator("tbody tr").count() == len(RUNGS)
    assert "Macro F1 of all cases together may rank them otherwise" in section.inner_text()


def test_the_second_search_is_folded_away_and_opens_by_keyboard(open_page: OpenPage, url: str) -> None:
    page = open_page(url).page
    fold = page.locator("#variants details").first
    assert fold.get_attribute("open") is None
    fold.locator("summary").focus()
    page.keyboard.press("Enter")
    assert fold.get_attribute("open") is not None
    assert fold.locator("table.trials").is_visible()
    page.locator("nav a[href='#variants'], a[href='#variants']").first.click()
    page.wait_for_url(
        "**#variants"
    )  # a predicate of a polled wait would be a string to evaluate, which the page forbids
