"""Readers: what they give, and what they say of files that are broken."""

from __future__ import annotations

import gzip
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from osler.core.errors import DataError
from osler.data.readers import read_csv, read_jsonl, read_parquet, read_rows, write_parquet


def put(folder: Path, name: str, data: bytes | str) -> Path:
    path = folder / name
    raw = data.encode() if isinstance(data, str) else data
    path.write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
    return path


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
def test_jsonl_gives_objects_and_passes_blank_lines(tmp_path: Path, name: str) -> None:
    path = put(tmp_path, name, '{"id": 1, "x": [1, 2]}\n\n{"id": 2, "x": "caf\u00e9\u2028same line"}\r\n')
    assert read_rows(path) == [{"id": 1, "x": [1, 2]}, {"id": 2, "x": "café\u2028same line"}]


@pytest.mark.parametrize(
    ("name", "separator"), [("a.csv", ","), ("a.csv.gz", ","), ("a.tsv", "\t"), ("a.TSV.gz", "\t")]
)
def test_csv_keeps_strings_quotes_and_line_breaks(tmp_path: Path, name: str, separator: str) -> None:
    text = separator.join(["\ufeffid", "note"]) + "\n" + separator.join(["007", '"two\nlines, ""quoted"""']) + "\n\n"
    assert read_rows(put(tmp_path, name.lower(), text)) == [{"id": "007", "note": 'two\nlines, "quoted"'}]


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.jsonl", '{"id": 1}\n{"id": \n', "line 2"),
        ("a.jsonl", "[1, 2]\n", "line 1"),
        ("a.jsonl", b'{"id": 1}\n{"x": "\xff"}\n', "line 2, is not UTF-8"),
        ("a.jsonl", "\n\n", "no rows"),
        ("a.csv", "", "no rows"),
        ("a.csv", "id,text\n", "no rows"),
        ("a.csv", "id,text\n1,b,c\n", "line 2, has 3 fields but the header has 2"),
        ("a.csv", "id,text\n1\n", "line 2, has 1 fields"),
        ("a.csv", "id,text,id\n1,2,3\n", "two columns named 'id'"),
        ("a.csv", 'id,text\n1,"open\n', "cannot be read"),
        ("a.txt", "id\n1\n", "suffix"),
        ("a.parquet", b"PAR1 this is no table PAR1", "not a whole Parquet file"),
        ("a.parquet", b"garbage garbage garbage", "not a whole Parquet file"),
        ("a.parquet", b"", "not a whole Parquet file"),
    ],
)
def test_broken_files_are_named_with_the_place(tmp_path: Path, name: str, data: bytes | str, said: str) -> None:
    with pytest.raises(DataError) as caught:
        read_rows(put(tmp_path, name, data))
    assert said in caught.value.message


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.parquet", "a.jsonl.gz"])
def test_a_missing_file_is_a_data_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match="there is no file"):
        read_rows(tmp_path / name)


def test_a_cut_gzip_is_a_data_error(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"id": 1}\n' * 50)[:-12])
    with pytest.raises(DataError, match="gzip"):
        read_jsonl(path)


def test_messages_never_hold_the_text_of_a_row(tmp_path: Path) -> None:
    for name, data in (("a.jsonl", '{"id": "CANARY\n'), ("a.csv", "id,text\n1,CANARY,CANARY\n")):
        with pytest.raises(DataError) as caught:
            read_rows(put(tmp_path, name, data))
        assert "CANARY" not in str(caught.value)


def test_csv_reader_alone_takes_text_paths(tmp_path: Path) -> None:
    assert read_csv(str(put(tmp_path, "a.csv", "id\n1\n"))) == [{"id": "1"}]


CELLS: dict[str, st.SearchStrategy[Any]] = {
    "text": st.none() | st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=20),
    "count": st.none() | st.integers(-(2**63), 2**63 - 1),
    "share": st.none() | st.floats(allow_nan=False),
    "flag": st.none() | st.booleans(),
}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.fixed_dictionaries(CELLS), min_size=1, max_size=12))
def test_parquet_gives_back_what_was_written(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    path = tmp_path / "rows.parquet"
    write_parquet(path, rows)
    back = read_parquet(path)
    assert back == rows
    for row, again in zip(rows, back, strict=True):
        assert {key: type(value) for key, value in row.items()} == {key: type(value) for key, value in again.items()}
        if row["share"] is not None:
            assert math.copysign(1, again["share"]) == math.copysign(1, row["share"])


def test_parquet_fills_missing_keys_and_joins_ints_with_floats(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    write_parquet(path, [{"a": 1}, {"a": 0.1, "b": "x"}, {"a": math.nan}])
    back = read_rows(path)
    assert back[:2] == [{"a": 1.0, "b": None}, {"a": 0.1, "b": "x"}]
    assert math.isnan(back[2]["a"])


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "no rows"),
        ([{}], "no columns"),
        ([{"a": [1]}], "no single flat type"),
        ([{"a": 1}, {"a": "x"}], "no single flat type"),
        ([{"a": True}, {"a": 1}], "no single flat type"),
        ([{"a": 2**63}], "beyond 64 bits"),
        ([{"a": 2**60 + 1}, {"a": 0.5}], "mixes floats"),
    ],
)
def test_rows_that_are_not_flat_are_refused(tmp_path: Path, rows: list[dict[str, Any]], said: str) -> None:
    with pytest.raises(DataError) as caught:
        write_parquet(tmp_path / "rows.parquet", rows)
    assert said in caught.value.message
    assert not (tmp_path / "rows.parquet").exists()


def test_semicolons_and_long_fields_are_read(tmp_path: Path) -> None:
    file = tmp_path / "cases.csv"
    file.write_text("id;text\n1;a, b\n2;" + "x" * 200_000 + "\n", encoding="utf-8")
    rows = read_csv(file)
    assert rows[0] == {"id": "1", "text": "a, b"}
    assert len(rows[1]["text"]) == 200_000
