from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from report_fixture import HOSTILE, results

from osler.core.errors import DataError
from osler.study.report import render
from osler.study.report.cases import listing, outcome
from osler.study.report.record import complete

_VOID = {"meta", "br", "link", "img", "input", "hr"}


class _Page(HTMLParser):
    """Collects elements and checks that they close in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: dict[str, list[str]] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open:
            self.text.setdefault(self.open[-1], []).append(data)


@pytest.fixture(scope="module")
def html() -> str:
    return render(results())


@pytest.fixture(scope="module")
def page(html: str) -> _Page:
    parsed = _Page()
    parsed.feed(html)
    assert parsed.open == []
    return parsed


def test_the_page_asks_for_nothing(html: str, page: _Page) -> None:
    for tag, attributes in page.elements:
        assert tag not in {"link", "img", "iframe", "object", "embed"}
        assert not attributes.keys() & {"src", "srcset", "style", "onclick", "onload", "action"}
        assert (attributes.get("href") or "#").startswith("#")
    assert "url(" not in re.sub(r"url\(#arrow-(wide|tall)\)", "", html)
    assert "@import" not in html


def test_the_policy_names_the_very_script_and_style(page: _Page) -> None:
    policy = next(a["content"] or "" for tag, a in page.elements if a.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    assert "http" not in policy
    for tag in ("script", "style"):
        text = "".join(page.text[tag])
        assert base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() in policy


def test_text_of_cases_is_escaped(html: str) -> None:
    assert html.count("<script>") == 1
    assert HOSTILE not in html
    assert "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;" in html
    assert "{{ 7 * 7 }}" in html


def _hostile(value: Any) -> Any:
    """Every text replaced by markup; texts that the page looks things up by stay as they are."""
    if isinstance(value, dict):
        return {
            key: item if key in {"metric", "primary", "unit", "state", "a", "b"} else _hostile(item)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_hostile(item) for item in value]
    return '"><script>x</script>' if isinstance(value, str) else value


def test_no_text_of_the_record_becomes_markup() -> None:
    html = render(_hostile(results(n=20, patients=10)))
    assert html.count("<script>") == 1
    assert '"><script' not in html


def test_headings_and_tables_are_accessible(page: _Page) -> None:
    ids = [a["id"] for _, a in page.elements if a.get("id")]
    assert len(ids) == len(set(ids))
    links = {(a.get("href") or "")[1:] for tag, a in page.elements if tag == "a"}
    assert links <= set(ids)
    assert sum(tag == "h1" for tag, _ in page.elements) == 1
    assert all(a.get("scope") in {"col", "row"} for tag, a in page.elements if tag == "th")
    for tag, attributes in page.elements:
        if tag == "svg":
            assert attributes.get("role") == "img" or attributes.get("aria-hidden") == "true" or "x" in attributes


def test_the_numbers_are_on_the_page(html: str) -> None:
    record = results()
    best = record["systems"][3]["estimates"]["accuracy"]
    assert f"{100 * best['value']:.1f} % ({100 * best['low']:.1f} to {100 * best['high']:.1f})" in html
    assert "0 of 45" in html
    assert "at most 6.4 %" in html
    assert "development evaluation" in html
    assert html.count("Synthetic data.") == 2
    assert "without review and oversight by a clinical professional" in html


def test_every_part_may_be_missing() -> None:
    bare = {"study": {"question": "Is it so?"}, "systems": []}
    html = render(bare)
    assert "Is it so?" in html
    assert "The results hold no cases to show." in html
    assert "Not checked." in html
    for key in results():
        if key not in {"study", "systems"}:
            without = {name: item for name, item in results(n=20, patients=10).items() if name != key}
            assert render(without).endswith("</html>")


def test_null_values_are_no_error() -> None:
    record = results(n=20, patients=10)
    system = record["systems"][0]
    system["estimates"]["accuracy"] = {"value": None, "low": None, "high": None, "n": 0, "clusters": 0, "unscored": 20}
    system |= {"confusion": None, "reliability": None, "usage": {}, "subgroups": {}}
    record["comparisons"][0] |= {"difference": None, "low": None, "high": None, "p": None, "p_adjusted": None}
    record["data"]["overlap"] = None
    record["study"]["accept"] = None
    html = render(json.loads(json.dumps(record)))
    assert "not scored" in html


def test_a_record_without_systems_is_refused() -> None:
    with pytest.raises(DataError, match="'systems'"):
        render({"study": {}})


def test_cases_carry_the_tokens_of_their_filters() -> None:
    record = complete(results())
    shown, filters = listing(record)
    assert [menu.name for menu in filters] == ["system", "outcome", "group"]
    for menu in filters:
        for _, options in menu.groups:
            for option in options:
                assert sum(option.token in case.tokens.split() for case in shown) == option.n
    assert {case.outcome for case in shown} <= {"wrong", "failed", "unreadable"}


def test_outcomes() -> None:
    case = {"failure": "", "parsed": True, "answer": "yes", "target": "yes"}
    assert outcome(case) == "right"
    assert outcome({**case, "answer": "no"}) == "wrong"
    assert outcome({**case, "parsed": False, "answer": None}) == "unreadable"
    assert outcome({**case, "failure": "timeout", "answer": None}) == "failed"


def test_the_same_record_gives_the_same_page(html: str) -> None:
    assert render(results()) == html
