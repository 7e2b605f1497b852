"""``osler knowledge ground``: an answer held against a store, as a user types it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest

LABEL = "Adults take 40 mg of zelvarine once daily. Zelvarine must not be given during pregnancy."
NEW = LABEL.replace("40 mg", "20 mg")


@pytest.fixture
def store(workplace: Any) -> Path:
    (workplace.path / "label.txt").write_text(LABEL, encoding="utf-8")
    said = workplace.osler("knowledge", "add", "kb", "label.txt", "--id", "label")
    assert said.status == 0, said.err
    path: Path = workplace.path
    return path


def ground(workplace: Any, answer: str, *more: str) -> Any:
    (workplace.path / "answer.txt").write_text(answer, encoding="utf-8")
    return workplace.osler("knowledge", "ground", "kb", "answer.txt", *more)


def test_a_true_answer_is_supported_with_its_span(workplace: Any, store: Path) -> None:
    said = ground(
        workplace, "Adults take 40 mg of zelvarine once a day [label/v1/0-42]. Please ask your doctor.", "--json"
    )
    assert said.status == 0, said.err
    (claim,) = said.json["claims"]
    assert claim["verdict"] == "supported"
    assert claim["citations"] == [{"id": "label/v1/0-42", "status": "supports"}]
    assert claim["evidence"]["span"] == "label/v1/0-42"
    assert len(said.json["evasive"]) == 1


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ("Adults take 400 mg of zelvarine once daily.", "contradicted"),
        ("Zelvarine may be given during pregnancy.", "contradicted"),
        ("Zelvarine turns the urine blue.", "unsupported"),
    ],
)
def test_only_a_contradiction_or_an_invented_citation_fails(
    workplace: Any, store: Path, answer: str, verdict: str
) -> None:
    said = ground(workplace, answer, "--json")
    assert [claim["verdict"] for claim in said.json["claims"]] == [verdict]
    assert said.status == (1 if verdict == "contradicted" else 0)


def test_invented_and_outdated_citations_are_told_apart(workplace: Any, store: Path) -> None:
    said = ground(workplace, "Adults take 40 mg of zelvarine once daily [label/v9/0-42].", "--json")
    assert said.status == 1
    assert said.json["invented_citations"] == ["label/v9/0-42"]
    (workplace.path / "new.txt").write_text(NEW, encoding="utf-8")
    assert workplace.osler("knowledge", "update", "kb", "new.txt", "--id", "label").status == 0
    old = ground(workplace, "Adults take 40 mg of zelvarine once daily [label/v1/0-42].", "--json")
    assert old.status == 1
    assert old.json["claims"][0]["verdict"] == "contradicted"
    assert old.json["claims"][0]["citations"][0]["status"] == "outdated"
    assert old.json["invented_citations"] == []
    plain = ground(workplace, "Adults take 40 mg of zelvarine once daily [label/v1/0-42].")
    assert "claim 1 cites label/v1/0-42, which is another version than the one that holds" in plain.out
    then = ground(workplace, "Adults take 40 mg of zelvarine once daily [label/v1/0-42].", "--json", "--as-of", "#1")
    assert then.status == 0, then.out
    whole = ground(workplace, "Zelvarine must not be given during pregnancy [doc label].", "--json")
    assert whole.status == 0


def test_it_reads_standard_input_prints_a_table_and_writes_the_page(workplace: Any, store: Path) -> None:
    said = subprocess.run(
        [sys.executable, "-m", "osler", "knowledge", "ground", "kb", "-", "--out", "found"],
        input="Adults take 400 mg of zelvarine once daily [x-9]. \x1b[31mBlue.",
        capture_output=True,
        text=True,
        cwd=workplace.path,
        env={**os.environ, "COLUMNS": "200"},
        check=False,
    )
    assert said.returncode == 1, said.stderr
    for told in ("contradicted", "the claim says 400 mg", "invented citations: x-9", "page:", "1 of"):
        assert told in " ".join(said.stdout.split()), told
    assert "\x1b[31m" not in said.stdout
    page = (workplace.path / "found" / "grounding.html").read_text(encoding="utf-8")
    told = orjson.loads((workplace.path / "found" / "grounding.json").read_bytes())
    assert next(item["verdict"] for item in told["claims"]) == "contradicted"
    assert "Is this answer grounded?" in page


def test_what_cannot_be_read_is_told(workplace: Any, store: Path) -> None:
    assert "there is no answer" in workplace.osler("knowledge", "ground", "kb", "none.txt").err
    assert "empty" in ground(workplace, "  ").err
    assert "at least 1" in ground(workplace, "Aspirin is old.", "-k", "0").err
    (workplace.path / "answer.txt").write_bytes(b"\xff\xfe\xfa")
    assert "cannot be read as text" in workplace.osler("knowledge", "ground", "kb", "answer.txt").err
