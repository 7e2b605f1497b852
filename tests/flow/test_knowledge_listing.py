"""``osler knowledge list`` and what a user meets who does not know the ids, or brings tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def store(workplace: Any) -> Path:
    folder: Path = workplace.path / "shelf"
    folder.mkdir()
    (folder / "rows.csv").write_text(
        "_id,title,text,licence,valid_from,ward\n"
        'zel,Zelvarine,"Adults take 40 mg, once a day.\nNot in pregnancy.",CC0,2020-01-01,7\n'
        "old,Old leaflet,Adults take 80 mg.,,,\n"
        "gone,Withdrawn,Adults take 90 mg.,,,\n"
        "blank,Nothing,,,,\n",
        encoding="utf-8",
    )
    (folder / "rows.tsv").write_text('id\ttext\nquote\t"Zelvarine" is a name.\n', encoding="utf-8")
    for number in range(7):
        (folder / f"scan{number}.docx").write_bytes(b"PK")
    said = workplace.osler("knowledge", "add", "kb", "shelf")
    assert said.status == 0, said.err + said.out
    assert "4 new" in said.out
    assert "1 row without text passed over" in said.out
    assert "7 files with this ending passed over" in said.out
    assert "scan0.docx, scan1.docx, scan2.docx, scan3.docx, scan4.docx and 2 more" in said.out
    assert workplace.osler("knowledge", "supersede", "kb", "--id", "old", "--with", "zel").status == 0
    said = workplace.osler("knowledge", "delete", "kb", "--id", "gone", "--why", "withdrawn")
    assert "Removed: 1 version of its text, 0 vectors, triples of 0 passages." in said.out
    return folder


def rows(workplace: Any, *more: str) -> dict[str, dict[str, Any]]:
    said = workplace.osler("knowledge", "list", "kb", "--json", *more)
    assert said.status == 0, said.err
    return {row["id"]: row for row in said.json["documents"]}


def test_the_list_holds_what_holds_now(workplace: Any, store: Path) -> None:
    held = rows(workplace)
    assert list(held) == ["zel", "quote"]
    assert held["zel"] == {
        "id": "zel",
        "title": "Zelvarine",
        "version": 1,
        "valid_from": "2020-01-01",
        "valid_to": "",
        "licence": "CC0",
        "characters": len("Adults take 40 mg, once a day.\nNot in pregnancy."),
        "state": "current",
    }
    plain = workplace.osler("knowledge", "list", "kb").out
    assert "2020-01-01" in plain
    assert plain.endswith("2 documents\n")
    assert "old" not in plain


def test_all_shows_superseded_and_deleted_ones(workplace: Any, store: Path) -> None:
    states = {id: row["state"] for id, row in rows(workplace, "--all").items()}
    assert states == {"zel": "current", "old": "superseded by zel", "quote": "current", "gone": "deleted"}
    assert "superseded by zel" in " ".join(workplace.osler("knowledge", "list", "kb", "--all").out.split())


def test_the_list_of_an_earlier_moment(workplace: Any, store: Path) -> None:
    assert "old" in rows(workplace, "--as-of", "#1")
    assert rows(workplace, "--as-of", "#1", "--all")["gone"]["state"] == "deleted since"
    assert rows(workplace, "--as-of", "#0", "--all") == {}
    assert "no document as of #0" in workplace.osler("knowledge", "list", "kb", "--as-of", "#0").out


def test_columns_of_a_table_are_kept(workplace: Any, store: Path) -> None:
    shown = workplace.osler("knowledge", "show", "kb", "--id", "zel", "--json").json
    assert shown["meta"] == {"ward": "7"}
    assert shown["text"].endswith("\nNot in pregnancy.")
    assert (
        workplace.osler("knowledge", "show", "kb", "--id", "quote", "--json").json["text"] == '"Zelvarine" is a name.'
    )


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.csv", "", "holds no text"),
        ("a.csv", "id,words\n1,two\n", "has no column of text"),
        ("a.csv", "text,text\n1,two\n", "has two columns 'text'"),
        ("a.csv", 'id,text\n1,"open\n', "quotation marks that do not close"),
        ("a.csv", "id,text\n1,two,three\n2,good\n", "line 2: has 3 columns, the header 2"),
    ],
)
def test_a_broken_table_is_named(workplace: Any, name: str, text: str, said: str) -> None:
    (workplace.path / name).write_text(text, encoding="utf-8")
    found = workplace.osler("knowledge", "add", "kb", name)
    assert found.status == 1
    assert said in found.out


def test_a_table_of_another_program(workplace: Any) -> None:
    (workplace.path / "sheet.csv").write_bytes("\ufeffid;Text;note\r\n1;Dose, 40 mg;\r\n".encode())
    assert workplace.osler("knowledge", "add", "kb", "sheet.csv", "--column", "text=Text").status == 0
    assert workplace.osler("knowledge", "show", "kb", "--id", "1", "--json").json["text"] == "Dose, 40 mg"


@pytest.mark.parametrize("step", ["show", "history"])
def test_without_an_id_the_list_is_named(workplace: Any, store: Path, step: str) -> None:
    said = workplace.osler("knowledge", step, "kb")
    assert said.status == 2
    assert "osler knowledge list STORE" in said.err
    far = workplace.osler("knowledge", step, "kb", "--id", "nope")
    assert "did you mean" not in far.err
    assert "osler knowledge list STORE" in far.err
    assert "did you mean 'quote'?" in workplace.osler("knowledge", step, "kb", "--id", "qoute").err


def test_an_update_from_an_empty_file_names_the_file(workplace: Any, store: Path) -> None:
    (workplace.path / "empty.txt").write_text(" \n", encoding="utf-8")
    said = workplace.osler("knowledge", "update", "kb", "empty.txt", "--id", "zel")
    assert said.status == 2
    assert "empty.txt holds no text" in said.err
    assert rows(workplace)["zel"]["version"] == 1
