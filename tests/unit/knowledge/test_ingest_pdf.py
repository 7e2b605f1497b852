"""PDF files made by hand: pages, scans, locked and broken files, and letters that nobody sees."""

from __future__ import annotations

from pathlib import Path

import pytest

from osler.knowledge.document import Document
from osler.knowledge.ingest.folder import read
from osler.knowledge.ingest.origin import Note

pytest.importorskip("pypdfium2", reason="reading PDF needs the extra documents")

IMAGE = "q 200 0 0 200 50 50 cm BI /W 1 /H 1 /BPC 8 /CS /G ID \x80 EI Q"


def shown(text: str, *, at: tuple[int, int] = (72, 700), before: str = "") -> str:
    """Operators that print lines of text; ``before`` sets colour or mode."""
    lines = " T* ".join(f"({line}) Tj" for line in text.split("\n"))
    return f"BT {before} /F1 12 Tf 14 TL {at[0]} {at[1]} Td {lines} ET"


def pdf(*pages: str, title: str = "", locked: bool = False) -> bytes:
    """A PDF with a page for each string of operators."""
    count = len(pages)
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {count} /Kids [{' '.join(f'{4 + 2 * i} 0 R' for i in range(count))}] >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for i, page in enumerate(pages):
        objects.append(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> >> "
            f"/Contents {5 + 2 * i} 0 R >>"
        )
        objects.append(f"<< /Length {len(page.encode('latin-1'))} >>\nstream\n{page}\nendstream")
    objects.append(f"<< /Title ({title}) >>")
    objects.append("<< /Filter /Standard /V 1 /R 2 /P -4 /O (" + "o" * 32 + ") /U (" + "u" * 32 + ") >>")
    out = "%PDF-1.4\n"
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out.encode("latin-1")))
        out += f"{number} 0 obj\n{body}\nendobj\n"
    start = len(out.encode("latin-1"))
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n" + "".join(
        f"{place:010d} 00000 n \n" for place in places
    )
    lock = f" /Encrypt {len(objects)} 0 R /ID [<00> <00>]" if locked else ""
    out += f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R /Info {len(objects) - 1} 0 R{lock} >>\nstartxref\n{start}\n%%EOF\n"
    return out.encode("latin-1")


def documents(folder: Path, data: bytes) -> tuple[list[Document], list[Note]]:
    (folder / "label.pdf").write_bytes(data)
    held = list(read([folder / "label.pdf"]))
    return [item for item in held if isinstance(item, Document)], [item for item in held if isinstance(item, Note)]


def test_pages_are_marked(tmp_path: Path) -> None:
    found, notes = documents(
        tmp_path, pdf(shown("Give 40 mg.\nOnce daily."), shown("Not in pregnancy."), title="A label")
    )
    held = found[0]
    assert not notes
    assert (held.id, held.title, held.media_type, held.meta) == ("label", "A label", "application/pdf", {"pages": 2})
    assert held.text == "Give 40 mg.\nOnce daily.\n\nNot in pregnancy."
    assert [(mark.kind, mark.label, held.text[mark.start : mark.end].strip()) for mark in held.marks] == [
        ("page", "1", "Give 40 mg.\nOnce daily."),
        ("page", "2", "Not in pregnancy."),
    ]


def test_pages_without_text_are_named(tmp_path: Path) -> None:
    found, notes = documents(tmp_path, pdf(shown("One."), IMAGE, IMAGE, shown("Four."), ""))
    assert [mark.label for mark in found[0].marks] == ["1", "4"]
    assert found[0].meta == {"pages": 5, "pages_without_text": ["2", "3", "5"]}
    assert [note.text for note in notes] == ["has no text on pages 2-3, 5: scans or pictures"]
    assert not notes[0].failed


def test_a_broken_page_is_named_and_the_others_come_in(tmp_path: Path) -> None:
    data = pdf(shown("One."), shown("Two."), shown("Three.")).replace(b"6 0 R 8 0 R]", b"99 0 R 8 0 R]")
    found, notes = documents(tmp_path, data)
    assert found[0].text == "One.\n\nThree."
    assert [mark.label for mark in found[0].marks] == ["1", "3"]
    assert [(note.text, note.failed) for note in notes] == [("is broken on page 2, which could not be read", True)]


def test_a_scan_is_refused(tmp_path: Path) -> None:
    found, notes = documents(tmp_path, pdf(IMAGE, IMAGE))
    assert not found
    assert [(note.text, note.failed) for note in notes] == [("has 2 pages and no text: it is a scan", True)]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (pdf(shown("Secret."), locked=True), "is locked with a password"),
        (b"%PDF-1.4 and then nothing", "is no PDF or a broken one"),
        (b"<html>an error page</html>", "is no PDF or a broken one"),
        (b"", "is no PDF or a broken one"),
    ],
)
def test_locked_and_broken_files_are_told(tmp_path: Path, data: bytes, said: str) -> None:
    found, notes = documents(tmp_path, data)
    assert not found
    assert [(note.text, note.failed) for note in notes] == [(said, True)]


HIDDEN = [
    shown("SECRET", at=(72, 600), before="3 Tr"),
    shown("SECRET", at=(72, 600), before="1 1 1 rg"),
    shown("SECRET", at=(72, 600), before="1 g"),
    "BT /F1 1 Tf 72 600 Td (SECRET) Tj ET",
    "q 0.05 0 0 0.05 0 0 cm BT /F1 12 Tf 1000 9000 Td (SECRET) Tj ET Q",
    shown("SECRET", at=(900, 600)),
]


@pytest.mark.parametrize("operators", HIDDEN)
def test_letters_that_nobody_sees_stay_out(tmp_path: Path, operators: str) -> None:
    found, notes = documents(
        tmp_path, pdf(f"{shown('Give 40 mg.')} {operators} {shown('0 g Daily.', before='0 g 0 Tr')}")
    )
    assert "SECRET" not in found[0].text
    assert "Give 40 mg." in found[0].text
    assert found[0].meta["hidden_characters"] == 6
    assert notes[-1].text == "6 hidden characters left out: a reader does not see them"


def test_white_letters_on_a_colour_are_seen(tmp_path: Path) -> None:
    found, notes = documents(
        tmp_path, pdf(f"0 0 0.5 rg 60 590 200 30 re f {shown('HEADING', at=(72, 600), before='1 g')}")
    )
    assert found[0].text == "HEADING"
    assert not notes


def test_text_under_the_picture_of_a_scan_comes_in_with_a_warning(tmp_path: Path) -> None:
    found, notes = documents(tmp_path, pdf(f"{IMAGE} {shown('Read by a machine.', before='3 Tr')}"))
    assert found[0].text == "Read by a machine."
    assert [note.text for note in notes] == ["has text of a text recognition (OCR) on page 1: it may be misread"]


def test_words_that_a_line_parts_are_joined(tmp_path: Path) -> None:
    page = shown("Beta-blockers help. The treat-\nment of beta-\nblockers is an anti-\nHelicobacter matter.")
    found, _ = documents(tmp_path, pdf(page))
    joined = " ".join(found[0].text.split())
    assert joined == "Beta-blockers help. The treatment of beta-blockers is an anti-Helicobacter matter."
