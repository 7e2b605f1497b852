"""Collections of passages: read from a file, told apart by id, and hashed by content."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from osler.core.errors import DataError
from osler.core.types import Passage
from osler.knowledge.passages import PassageFile, PassageList

ROWS = [
    {"_id": "a", "title": "Heart", "text": " It pumps. "},
    {"_id": "b", "title": "", "text": "It filters."},
    {"_id": "c", "title": "Nothing", "text": None},
]


def written(path: Path, rows: list[dict[str, str | None]] | None = None) -> str:
    text = "".join(json.dumps(row) + "\n" for row in (ROWS if rows is None else rows))
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return str(path)


@pytest.mark.parametrize("name", ["p.jsonl", "p.jsonl.gz"])
def test_it_reads_ids_titles_and_texts(tmp_path: Path, name: str) -> None:
    made = PassageFile(path=written(tmp_path / name), title="title")
    assert made.passages() == (Passage(id="a", text="Heart: It pumps."), Passage(id="b", text="It filters."))
    assert [item.text for item in PassageFile(path=made.path).passages()] == ["It pumps.", "It filters."]


def test_its_hash_is_that_of_the_content(tmp_path: Path) -> None:
    one, same = PassageFile(path=written(tmp_path / "1.jsonl")), PassageFile(path=written(tmp_path / "2.jsonl"))
    other = PassageFile(path=written(tmp_path / "3.jsonl", [{"_id": "a", "text": "x"}]))
    assert one.content_hash() == same.content_hash() != other.content_hash()
    a, b = PassageList(items=(Passage(id="a", text="x"),)), PassageList(items=(Passage(id="a", text="y"),))
    assert a.content_hash() != b.content_hash()


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([{"text": "x"}], "row 1 of the passage file has no column '_id'"),
        ([{"_id": "a"}], "no column 'text'"),
        ([{"_id": "", "text": "x"}], "row 1 of the passage file has no id"),
        ([{"_id": "a", "text": "x"}, {"_id": "a", "text": "y"}], "two passages of the passage file have the id 'a'"),
    ],
)
def test_it_says_what_is_wrong(tmp_path: Path, rows: list[dict[str, str | None]], problem: str) -> None:
    with pytest.raises(DataError, match=problem):
        PassageFile(path=written(tmp_path / "p.jsonl", rows)).passages()


def test_a_missing_file_and_twins_are_refused() -> None:
    with pytest.raises(DataError, match="which does not exist"):
        PassageFile(path="nowhere.jsonl").passages()
    with pytest.raises(DataError, match="two passages of the passage list"):
        PassageList(items=(Passage(id="a", text="x"), Passage(id="a", text="y")))
