"""Options of questions in a file, and targets that are texts or letters of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from osler.core.block import replace
from osler.core.errors import DataError
from osler.core.types import LETTERS, Example
from osler.data.case_file import CaseFile, case_line
from osler.data.files import File
from osler.data.options import chosen, named_by_letters, options_of
from osler.evaluation.probes.source import Probed
from osler.tasks.template import Template

EXAM = Template(title="Exam", capability="knowledge and reasoning", question="{text}", lettered=True)


def table(folder: Path, rows: list[dict[str, Any]]) -> str:
    path = folder / "exam.jsonl"
    path.write_bytes(
        b"\n".join(orjson.dumps({"id": f"q{n}", "text": f"text {n}", **row}) for n, row in enumerate(rows))
    )
    return str(path)


def read(path: str, lettered: bool = True, **settings: Any) -> list[Example]:
    source = File(path=path, **{"choices_column": "options", **settings})
    return list(replace(EXAM, data=source, lettered=lettered).examples("test"))


@pytest.mark.parametrize("target", ["B", "b", "beta"])
@pytest.mark.parametrize(
    "options", [["alpha", "beta"], {"B": "beta", "A": "alpha"}, '{"A": "alpha", "B": "beta"}', "alpha|beta"]
)
def test_a_target_is_a_text_or_a_letter(tmp_path: Path, target: str, options: Any) -> None:
    path = table(tmp_path, [{"options": options, "target": target}])
    assert [(e.target, e.choices) for e in read(path)] == [("B", ("alpha", "beta"))]
    assert [(e.target, e.choices) for e in read(path, lettered=False)] == [("beta", ("alpha", "beta"))]


def test_an_empty_option_keeps_the_letters_of_the_others(tmp_path: Path) -> None:
    path = table(tmp_path, [{"options": ["alpha", "", "gamma"], "target": "C"}])
    assert [(e.target, e.choices) for e in read(path)] == [("B", ("alpha", "gamma"))]


def test_a_target_that_is_neither_is_refused_by_id(tmp_path: Path) -> None:
    path = table(tmp_path, [{"options": ["alpha", "beta"], "target": "CANARY"}])
    with pytest.raises(DataError, match=r"'q0'.* not among its choices") as caught:
        read(path)
    assert "letter" in caught.value.hint
    assert "CANARY" not in str(caught.value) + caught.value.hint


def test_a_text_that_is_another_options_letter_goes_by_the_rest_of_the_file(tmp_path: Path) -> None:
    groups = {"options": ["B", "A", "O"], "target": "A"}  # the text A is option B
    assert [e.target for e in read(table(tmp_path, [groups, {**groups, "target": "O"}]))] == ["B", "C"]
    assert [e.target for e in read(table(tmp_path, [groups, {**groups, "target": "C"}]))] == ["A", "C"]
    with pytest.raises(DataError, match=r"'q0'.* letter of another"):
        read(table(tmp_path, [groups]))


@pytest.mark.parametrize("name", ["choices", "Options"])
def test_options_that_nobody_reads_are_refused(tmp_path: Path, name: str) -> None:
    path = table(tmp_path, [{name: ["alpha", "beta"], "target": "beta"}])
    with pytest.raises(DataError, match="is not used") as caught:
        read(path, choices_column="")
    assert f'choices_column = "{name}"' in caught.value.hint
    assert read(path, choices_column="", choices=("alpha", "beta"))[0].target == "B"


def test_a_column_options_that_holds_no_options_is_left_alone(tmp_path: Path) -> None:
    path = table(tmp_path, [{"options": "plain", "target": label} for label in ("yes", "no")])
    assert [e.target for e in read(path, lettered=False, choices_column="")] == ["yes", "no"]


def test_answers_that_all_differ_are_no_labels(tmp_path: Path) -> None:
    path = table(tmp_path, [{"target": f"answer {n}"} for n in range(12)])
    with pytest.raises(DataError, match="12 different answers in 12 rows") as caught:
        read(path, choices_column="")
    assert "choices_column" in caught.value.hint


def test_whole_cases_may_have_texts_as_targets_too(tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    held = [Example(id=name, input={"text": "?"}, target=name, choices=("alpha", "beta")) for name in ("B", "alpha")]
    path.write_bytes(b"\n".join(case_line(example, "test") for example in held))
    assert [e.target for e in replace(EXAM, data=CaseFile(path=str(path))).examples("test")] == ["B", "A"]
    assert [e.target for e in CaseFile(path=str(path)).examples("test")] == ["B", "alpha"]


def test_a_probe_moves_the_letter_with_its_option(tmp_path: Path) -> None:
    path = table(tmp_path, [{"options": ["alpha", "beta", "gamma"], "target": "beta"}])
    source = Probed(base=File(path=path, choices_column="options"), probes=("option_order",))
    cases = replace(EXAM, data=source).examples("test")
    assert len(cases) > 1
    assert {case.choices[LETTERS.index(case.target)] for case in cases} == {"beta"}
    assert all("probe_order" in case.meta for case in cases[1:])


@given(st.lists(st.text("abcdef", min_size=2), min_size=2, max_size=30, unique=True), st.data())
def test_every_option_is_found_by_its_text_and_by_its_letter(texts: list[str], data: st.DataObject) -> None:
    options = named_by_letters(texts)
    at = data.draw(st.integers(0, len(texts) - 1))
    assert chosen([options], [texts[at]], ["q"], "f") == [at]
    if at < len(LETTERS):
        assert chosen([options], [LETTERS[at]], ["q"], "f") == [at]
    assert options_of(texts) == options
