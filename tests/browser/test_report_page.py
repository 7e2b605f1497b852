"""The report in Chromium: nothing is asked for, nothing fails, and its controls work."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from osler.study.report import render

if TYPE_CHECKING:
    from browser.conftest import OpenPage

pytestmark = pytest.mark.browser

HEADINGS = (
    "Summary",
    "Workflow: where this study stands",
    "Task",
    "Data",
    "Results",
    "Paired comparisons",
    "Subgroups",
    "What was evaluated, and what was not",
    "What was confused with what",
    "Are stated probabilities right?",
    "Replies that could not be read, and calls that failed",
    "Cases",
    "Published values and ours",
    "Cost and time",
    "Every setting",
    "Methods",
    "Definitions",
    "Environment",
)


def _record() -> dict[str, Any]:
    """The record of the unit tests, loaded by path because the test folders are no package."""
    path = Path(__file__).parents[1] / "unit" / "study" / "report_fixture.py"
    spec = importlib.util.spec_from_file_location("report_record", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    record: dict[str, Any] = module.results()
    return record


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(render(_record()), encoding="utf-8")
    return path.as_uri()


def test_the_page_asks_for_itself_alone_and_reports_no_problem(open_page: OpenPage, url: str) -> None:
    seen = open_page(url)
    seen.page.wait_for_load_state("networkidle")
    assert seen.problems == []
    assert seen.requests == [url]
    assert seen.page.locator("h2").all_inner_texts() == list(HEADINGS)
    assert seen.page.locator("h1").inner_text() == _record()["study"]["question"]


def test_markup_in_a_case_is_text(open_page: OpenPage, url: str) -> None:
    page = open_page(url).page
    assert page.locator(".case script, .case b").count() == 0
    page.locator(".case summary").first.click()
    assert "<script>alert('x')</script>" in page.locator(".case p.text").first.inner_text()


@pytest.mark.parametrize(("scheme", "other"), [("light", "dark"), ("dark", "light")])
def test_the_button_turns_the_theme(open_page: OpenPage, url: str, scheme: str, other: str) -> None:
    seen = open_page(url, color_scheme=scheme)
    colour = "getComputedStyle(document.documentElement).colorScheme"
    ground = "getComputedStyle(document.body).backgroundColor"
    assert seen.page.evaluate(colour) == scheme
    before = seen.page.evaluate(ground)
    button = seen.page.get_by_role("button", name=f"{other.capitalize()} page")
    button.focus()
    seen.page.keyboard.press("Enter")
    assert seen.page.evaluate(colour) == other
    assert seen.page.evaluate(ground) != before
    seen.page.get_by_role("button", name=f"{scheme.capitalize()} page").click()
    assert seen.page.evaluate(ground) == before
    assert seen.problems == []


def test_filters_narrow_the_cases(open_page: OpenPage, url: str) -> None:
    page = open_page(url).page
    total = len(_record()["cases"])
    status = page.locator("#shown")
    assert status.inner_text() == f"{total} of {total} cases shown"
    page.locator("select[name=system]").select_option(index=1)
    system = page.locator("select[name=system]").locator("option").nth(1).inner_text().rpartition(" (")[0]
    shown = page.locator(".case:visible")
    assert 0 < shown.count() < total
    assert all(system in text for text in shown.locator("summary").all_inner_texts())
    alone = shown.count()
    page.locator("select[name=group]").select_option(label=_label(page.locator("select[name=group]"), "sex: female"))
    assert 0 < shown.count() < alone
    assert all("sex female" in text for text in shown.locator("summary").all_inner_texts())
    assert status.inner_text() == f"{shown.count()} of {total} cases shown"
    page.get_by_role("button", name="Show all").click()
    page.locator("#shown", has_text=f"{total} of").wait_for()
    assert shown.count() == total


def _label(menu: Any, start: str) -> str:
    found: str = next(text for text in menu.locator("option").all_inner_texts() if text.startswith(start))
    return found


@pytest.mark.parametrize("width", [390, 800, 1280])
def test_the_page_never_scrolls_sideways(open_page: OpenPage, url: str, width: int) -> None:
    page = open_page(url, width=width).page
    page.evaluate("document.querySelectorAll('details').forEach(item => { item.open = true })")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_without_script_everything_can_be_read(open_page: OpenPage, url: str) -> None:
    page = open_page(url, java_script_enabled=False).page
    assert not page.locator("#filters").is_visible()
    assert not page.locator("#theme").is_visible()
    assert page.locator(".case:visible").count() == len(_record()["cases"])
    page.locator(".case summary").first.click()
    assert page.locator(".case-body").first.is_visible()


def test_print_opens_every_detail_in_light_colours(open_page: OpenPage, url: str) -> None:
    page = open_page(url, color_scheme="dark").page
    dark = page.evaluate("getComputedStyle(document.body).color")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not([open])").count() == 0
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).color") != dark
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "light"
    page.emulate_media(media="screen")
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.locator(".case[open]").count() == 0
    assert len(page.pdf(format="A4")) > 50_000


def test_the_keyboard_reaches_skip_link_boxes_and_cases(open_page: OpenPage, url: str) -> None:
    page = open_page(url).page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the summary"
    assert page.locator(".scroll:not([tabindex='0'])").count() == 0
    page.locator(".case summary").first.focus()
    page.keyboard.press("Enter")
    assert page.locator(".case").first.get_attribute("open") is not None


def test_every_picture_has_a_name(open_page: OpenPage, url: str) -> None:
    page = open_page(url).page
    pictures = page.locator("svg[role=img]")
    assert pictures.count() > 20
    assert pictures.evaluate_all("all => all.every(svg => svg.querySelector('title').textContent.trim())")
