"""``new``: the first study file is valid as it stands, and nothing is overwritten."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osler.core.errors import SpecError
from osler.study.file import read_study
from osler.study.new import new_study


def test_a_new_study_passes_its_check(workplace: Any) -> None:
    said = workplace.osler("new", "first.toml")
    assert (said.status, said.err) == (0, "")
    assert "osler check first.toml" in said.out
    checked = workplace.osler("check", "first.toml")
    assert (checked.status, checked.err) == (0, "")
    assert "osler.sqlite" not in workplace.files()


def test_an_existing_file_stays(workplace: Any) -> None:
    path = workplace.study()
    before = path.read_text()
    said = workplace.osler("new", path)
    assert said.status == 2
    assert "exists already" in said.err
    assert path.read_text() == before


def test_the_suffix_is_added_and_folders_are_made(tmp_path: Path) -> None:
    assert new_study(tmp_path / "a" / "b.c").name == "b.c.toml"
    with pytest.raises(SpecError, match="exists already"):
        new_study(tmp_path / "a" / "b.c")


@given(st.text(st.characters(codec="utf-8"), min_size=1).filter(str.strip))
def test_any_question_makes_valid_toml(tmp_path_factory: pytest.TempPathFactory, question: str) -> None:
    path = new_study(tmp_path_factory.mktemp("new") / "s.toml", question=question)
    assert tomllib.loads(path.read_text(encoding="utf-8"))["question"] == question
    _, _, problems = read_study(path)
    assert problems.found == []
