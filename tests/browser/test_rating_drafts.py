"""Drafts in Chromium: closed tabs, two tabs, two raters in one browser, ended sessions, sign-out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from browser.rating_drive import CRITERIA, begin, press_levels, ready, sign_in, stored, wait_state
from browser.rating_study import Study, make_study
from osler.evaluation.rating.design import RatingDesign

if TYPE_CHECKING:
    from playwright.sync_api import Dialog

    from browser.conftest import OpenPage

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def short_study(tmp_path: Path) -> Iterator[Study]:
    """Four items: enough for tabs and keys."""
    made = make_study(tmp_path, RatingDesign(training=0, calibration=0.0), cases=2)
    made.start()
    yield made
    made.kill()


def test_a_tab_closed_while_the_server_is_down_loses_nothing(short_study: Study, open_page: OpenPage) -> None:
    watched = sign_in(open_page, short_study, "Ann")
    page = watched.page
    item = begin(page)
    short_study.kill()
    press_levels(page, [4, 2])
    wait_state(page, "unsaved")
    context = page.context
    page.close()
    short_study.start()
    fresh = context.new_page()
    fresh.goto(short_study.url)
    fresh.get_by_text("What was kept on this device is saved now.").wait_for()
    with short_study.book() as book:
        kept = book.draft("Ann", item)
    assert kept is not None
    assert kept[0]["ratings"] == {"professional": 4, "safe": 2}
    assert stored(fresh) == 0


def test_a_finished_rating_is_sent_by_itself_after_the_server_is_back(short_study: Study, open_page: OpenPage) -> None:
    page = sign_in(open_page, short_study, "Ann").page
    item = begin(page)
    press_levels(page, [3] * CRITERIA)
    wait_state(page, "saved")
    short_study.kill()
    page.keyboard.press("Enter")
    wait_state(page, "unsent")
    short_study.start()
    page.wait_for_url(lambda url: item not in url, timeout=60_000)
    with short_study.book() as book:
        assert [(row.item_id, row.rater) for row in book.submissions(history=True)] == [(item, "Ann")]


def test_two_tabs_never_overwrite_each_other(short_study: Study, open_page: OpenPage) -> None:
    watched = sign_in(open_page, short_study, "Ann")
    one = watched.page
    item = begin(one)
    other = one.context.new_page()
    other.goto(one.url)
    ready(other)
    one.fill("#comment", "from the first tab")
    wait_state(one, "saved")
    other.fill("#comment", "from the second tab")
    other.get_by_text("Nothing was overwritten.").wait_for()
    assert "from the first tab" in other.inner_text("#notices")
    with short_study.book() as book:
        kept = book.draft("Ann", item)
        assert kept is not None
        assert kept[0]["comment"] == "from the first tab"
    other.get_by_role("button", name="Use the version of this page").click()
    wait_state(other, "saved")
    with short_study.book() as book:
        kept = book.draft("Ann", item)
        assert kept is not None
        assert kept[0]["comment"] == "from the second tab"
    one.fill("#comment", "again the first")
    one.get_by_role("button", name="Use the saved version").click()
    assert one.input_value("#comment") == "from the second tab"
    assert stored(one) == 0
    one.locator("#comment").press("End")
    one.keyboard.insert_text(" and on")
    wait_state(one, "saved")


def test_another_rater_in_the_same_browser_gets_nothing_of_the_first(short_study: Study, open_page: OpenPage) -> None:
    watched = sign_in(open_page, short_study, "Ann")
    one = watched.page
    begin(one)
    other = one.context.new_page()
    other.goto(short_study.url)
    other.click("#sign-out button")
    other.fill("#name", "Bo")
    other.fill("#code", short_study.codes["Bo"])
    other.keyboard.press("Enter")
    other.wait_for_selector("#continue")
    one.fill("#comment", "words of Ann")
    one.get_by_text("Somebody else is signed in now").wait_for()
    assert stored(one) == 1
    other.reload()
    assert "words of Ann" not in other.inner_text("body")
    with short_study.book() as book:
        for place in book.queue("Bo"):
            assert book.draft("Bo", place.item_id) is None


def test_signing_out_clears_what_the_browser_keeps_and_asks_first(short_study: Study, open_page: OpenPage) -> None:
    page = sign_in(open_page, short_study, "Ann").page
    begin(page)
    page.fill("#comment", "saved before sign-out")
    page.click("#sign-out button")
    page.wait_for_url("**/sign-in")
    with short_study.book() as book:
        kept = book.draft("Ann", str(book.next_item("Ann")))
        assert kept is not None
        assert kept[0]["comment"] == "saved before sign-out"
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0
    page.fill("#name", "Ann")
    page.fill("#code", short_study.codes["Ann"])
    page.keyboard.press("Enter")
    begin(page)
    short_study.kill()
    page.fill("#comment", "not saved")
    asked: list[str] = []

    def refuse(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.dismiss()

    page.once("dialog", refuse)
    page.click("#sign-out button")
    wait_state(page, "unsaved")
    assert page.input_value("#comment") == "not saved"
    assert "Not everything is saved" in asked[0]
    assert stored(page) == 1


def test_an_ended_session_keeps_the_draft_until_the_next_sign_in(short_study: Study, open_page: OpenPage) -> None:
    page = sign_in(open_page, short_study, "Ann").page
    item = begin(page)
    with short_study.book() as book:
        code = book.new_code("Ann")
    page.fill("#comment", "written after the session ended")
    page.get_by_text("You are signed out.").wait_for()
    with page.context.expect_page() as opened:
        page.locator("#notices").get_by_role("link", name="Sign in").click()
    other = opened.value
    other.fill("#name", "Ann")
    other.fill("#code", code)
    other.keyboard.press("Enter")
    other.wait_for_selector("#sign-out")
    wait_state(page, "saved")
    assert page.inner_text("#notices") == ""
    with short_study.book() as book:
        kept = book.draft("Ann", item)
    assert kept is not None
    assert kept[0]["comment"] == "written after the session ended"
