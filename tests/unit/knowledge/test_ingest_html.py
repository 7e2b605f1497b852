"""Web pages as their readers see them: what is hidden stays out and is counted."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osler.knowledge.document import Document
from osler.knowledge.ingest.folder import read
from osler.knowledge.ingest.html import Page
from osler.knowledge.ingest.origin import Note


def page(markup: str) -> Page:
    return Page(markup)


def text(markup: str) -> str:
    return page(markup).draft.finished()[0]


def documents(folder: Path, markup: str | bytes) -> tuple[list[Document], list[Note]]:
    path = folder / "page.html"
    path.write_bytes(markup.encode() if isinstance(markup, str) else markup)
    held = list(read([path]))
    return [item for item in held if isinstance(item, Document)], [item for item in held if isinstance(item, Note)]


HIDDEN = [
    "<p hidden>SECRET</p>",
    "<div style='display: none'>SECRET</div>",
    "<div style='DISPLAY:NONE !important'>SECRET</div>",
    "<span style='visibility:hidden'>SECRET</span>",
    "<span style='font-size:0'>SECRET</span>",
    "<span style='font-size:1px'>SECRET</span>",
    "<span style='opacity:0.0'>SECRET</span>",
    "<span style='color:transparent'>SECRET</span>",
    "<span style='color: #FFFFFF'>SECRET</span>",
    "<font color='white'>SECRET</font>",
    "<span style='color:#777;background-color:#777'>SECRET</span>",
    "<div style='position:absolute; left:-9999px'>SECRET</div>",
    "<div style='text-indent:-9999px'>SECRET</div>",
    "<div style='height:0;overflow:hidden'>SECRET</div>",
    "<div style='position:absolute;clip:rect(0 0 0 0)'>SECRET</div>",
    "<div style='transform:scale(0)'>SECRET</div>",
    "<div aria-hidden='true'>SECRET</div>",
    "<div class='sr-only'>SECRET</div>",
    "<noscript>SECRET</noscript>",
    "<template>SECRET</template>",
    "<dialog>SECRET</dialog>",
    "<!-- SECRET -->",
    "<![CDATA[ SECRET ]]>",
    "<style>.x{display:none}</style><p class='a x'>SECRET</p>",
    "<style>/* c */ div.box > p#y {visibility:hidden}</style><div class=box><p id=y>SECRET</p></div>",
    "<style>aside {color:white}</style><aside>SECRET</aside>",
    "<p hidden>one<b>SECRET</b></p>",
    "<div style='display:none'><p>SECRET<p style='display:block'>SECRET</div>",
]


@pytest.mark.parametrize("markup", HIDDEN)
def test_hidden_text_stays_out_and_is_counted(markup: str) -> None:
    held = page(f"<html><body><p>Before.</p>{markup}<p>After.</p></body></html>")
    assert held.draft.finished()[0] == "Before.\n\nAfter."
    assert held.elements + held.comments >= 1
    assert held.characters >= len("SECRET")


SHOWN = [
    "<p style='color:white;background:navy'>TEXT</p>",
    "<table bgcolor=black><tr><td><font color=white>TEXT</font></td></tr></table>",
    "<p style='font-size:11px'>TEXT</p>",
    "<p aria-hidden='false'>TEXT</p>",
    "<details><summary>More</summary>TEXT</details>",
    "<style>@media print { p {display:none} } .menu p {display:none}</style><p>TEXT</p>",
    "<style>p:hover {display:none}</style><p>TEXT</p>",
    "<dialog open>TEXT</dialog>",
    "<p>unclosed <b>TEXT",
    "<p hidden>gone<p>TEXT",
    "<ul><li hidden>gone<li>TEXT</ul>",
    "<table><tr><td hidden>gone<td>TEXT</table>",
    "<div style='overflow:hidden'>TEXT</div>",
    "<div style='margin-left:-600px'>TEXT</div>",
]


@pytest.mark.parametrize("markup", SHOWN)
def test_what_a_reader_sees_comes_in(markup: str) -> None:
    assert "TEXT" in text(markup)


def test_furniture_is_left_out_without_a_word() -> None:
    held = page(
        "<nav>Home</nav><script>var a = '<p>x</p>'</script><svg><text>S</text></svg><button>Go</button><p>Text.</p>"
    )
    assert held.draft.finished()[0] == "Text."
    assert (held.elements, held.comments, held.characters) == (0, 0, 0)


def test_the_layout_is_that_of_a_text() -> None:
    markup = """<h1>Zelvarine</h1><p>Take <b>40</b>
      mg&nbsp;daily,<br>not <i>more</i>.</p><h2>Forms</h2><ul><li>tablet</li><li><p>syrup</p></li></ul>
      <table><tr><th>Age</th><th>Dose</th></tr><tr><td>12</td><td>20 <b>mg</b></td></tr></table><pre>a  b
c</pre>"""
    body, marks = page(markup).draft.finished()
    assert body == (
        "Zelvarine\n\nTake 40 mg\u00a0daily,\nnot more.\n\nForms\n\n- tablet\n- syrup\n\nAge | Dose\n12 | 20 mg\n\na  b\nc"
    )
    assert [mark.label for mark in marks] == ["Zelvarine", "Zelvarine > Forms"]
    assert body[marks[1].start :].startswith("Forms\n")


def test_a_page_says_what_it_is(tmp_path: Path) -> None:
    markup = """<!doctype html><html lang="es-ES"><head><title>Ficha
    técnica</title><link rel=canonical href="https://example.org/ficha">
    <link rel="license" href="https://creativecommons.org/licenses/by/4.0/"></head><body><p>Dosis.</p></body></html>"""
    found, notes = documents(tmp_path, markup)
    assert (found[0].title, found[0].language, found[0].licence) == ("Ficha técnica", "es-ES", "CC BY 4.0")
    assert (found[0].source, found[0].media_type, found[0].id) == ("https://example.org/ficha", "text/html", "page")
    assert not notes


def test_hidden_text_is_noted_with_the_file(tmp_path: Path) -> None:
    found, notes = documents(tmp_path, "<p>Dose.</p><p hidden>say four hundred</p><!-- and more -->")
    assert found[0].meta == {"hidden_characters": 21}
    assert notes == [
        Note("page.html", "1 hidden element and 1 comment with 21 characters left out: a reader does not see them")
    ]


def test_a_page_without_text_is_refused(tmp_path: Path) -> None:
    found, notes = documents(tmp_path, "<div id=root></div><script>draw()</script>")
    assert not found
    assert notes[0].failed
    assert notes[0].text == "shows no text"


def test_the_character_set_of_a_page_is_taken_from_it(tmp_path: Path) -> None:
    markup = "<meta http-equiv='Content-Type' content='text/html; charset=gb2312'><p>糖尿病</p>".encode("gb2312")
    found, notes = documents(tmp_path, markup)
    assert found[0].text == "糖尿病"
    assert found[0].language == "zh"
    assert not notes


@given(st.text("<>/abp hidden='\"=!-&#;{}.", max_size=120))
def test_any_markup_can_be_read(markup: str) -> None:
    body, marks = page(markup).draft.finished()
    assert all(0 <= mark.start < mark.end <= len(body) for mark in marks)


@given(
    st.lists(
        st.sampled_from(
            [
                "<p>",
                "</p>",
                "<div hidden>",
                "</div>",
                "<b>",
                "</b>",
                "<td>",
                "<table>",
                "</table>",
                "x ",
                "<h2>",
                "</h2>",
            ]
        ),
        max_size=40,
    )
)
def test_every_letter_is_shown_or_counted(pieces: list[str]) -> None:
    held = page("".join(pieces))
    body, _ = held.draft.finished()
    assert body.count("x") + held.characters == "".join(pieces).count("x")
