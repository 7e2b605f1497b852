"""Metrics of grounding, and the page: evidence of the case, of a collection and of a store at its version."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

import orjson
import pytest

from osler.core.types import Example, Passage, Prediction
from osler.evaluation.grounding.checker import ClaimChecker
from osler.evaluation.metrics.grounding import ContradictedClaims, Grounded, InventedCitations, UnsupportedClaims
from osler.knowledge.document import Document
from osler.knowledge.passages import PassageList
from osler.knowledge.store import KnowledgeStore
from osler.knowledge.stored import Stored
from osler.study.report.grounding_page import render, write_page

TEXT = "Metformin is started at 500 mg twice daily. It does not cause hypoglycemia when used alone."
CASE = Example(id="c", input={"evidence": [["s1", TEXT]]}, target="")
ANSWER = "Metformin is started at 500 mg twice daily [s1]. It does cause hypoglycemia when used alone [s1]. Grapefruit was studied [s9]."


def value(metric: Any, case: Example, answer: str | None, *cited: str) -> float | None:
    found: float | None = metric.score(case, Prediction(answer=answer, evidence=cited)).value
    return found


def test_shares_of_claims_and_citations() -> None:
    assert value(Grounded(), CASE, ANSWER) == pytest.approx(1 / 3)
    assert value(ContradictedClaims(), CASE, ANSWER) == pytest.approx(1 / 3)
    assert value(UnsupportedClaims(), CASE, ANSWER) == pytest.approx(1 / 3)
    assert value(InventedCitations(), CASE, ANSWER) == pytest.approx(1 / 2)
    assert value(InventedCitations(), CASE, "Metformin is started at 500 mg twice daily.", "S1", "s7") == pytest.approx(
        1 / 2
    )


def test_what_cannot_be_scored_has_a_reason() -> None:
    nothing = Example(id="c", input={}, target="")
    for metric in (Grounded(), ContradictedClaims(), UnsupportedClaims(), InventedCitations()):
        assert "no passage" in metric.score(nothing, Prediction(answer="Aspirin is old.")).reason
        assert "no answer" in metric.score(CASE, Prediction(answer=None, parsed=False)).reason
    assert "no claim" in Grounded().score(CASE, Prediction(answer="Is it safe?")).reason
    assert "nothing is cited" in InventedCitations().score(CASE, Prediction(answer="Aspirin is old.")).reason


def test_retrieved_passages_are_found_in_the_collection() -> None:
    bare = Example(id="c", input={"question": "?"}, target="")
    metric = Grounded(collection=PassageList(items=(Passage(id="s1", text=TEXT),)))
    assert value(metric, bare, "Metformin is started at 500 mg twice daily [s1].") == 1
    assert value(metric, bare, "Metformin is started at 500 mg twice daily.", "s1") == 1
    assert value(metric, bare, "Metformin is started at 500 mg twice daily.") is None


def test_a_span_of_a_store_is_opened_at_its_version_and_never_after_deletion(tmp_path: Path) -> None:
    store = KnowledgeStore(tmp_path / "kb", create=True)
    store.create(Document(id="label", text="The dose of zelvarine is 40 mg."))
    store.update(Document(id="label", text="The dose of zelvarine is 20 mg."), why="new label")
    bare = Example(id="c", input={}, target="")
    held = Stored(path=str(tmp_path / "kb"))
    old, new = (f"The dose of zelvarine is {dose} mg [label/v{version}/0-31]." for dose, version in ((40, 1), (20, 2)))
    assert value(Grounded(collection=held), bare, old) == 1
    assert value(Grounded(collection=held), bare, new) == 1
    assert value(ContradictedClaims(collection=held), bare, old.replace("/v1/", "/v2/")) == 1
    metric = InventedCitations(collection=held)
    assert value(metric, CASE, old) == 0
    store.delete("label", why="withdrawn")
    assert value(metric, CASE, old) == 1
    assert value(metric, CASE, new) == 1


def test_the_page_shows_verdicts_by_sign_and_word_and_loads_nothing(tmp_path: Path) -> None:
    hostile = "<script>alert(1)</script>"
    report = ClaimChecker().report(f"{ANSWER} The {hostile} tablet is blue.", (Passage(id="s1", text=TEXT),))
    path = write_page(report, tmp_path / "out" / "report.html")
    page = path.read_text(encoding="utf-8")
    assert hostile not in page
    assert "default-src 'none'" in html.unescape(page)
    assert "<script" not in page
    assert "http" not in re.sub(r"http-equiv", "", page)
    for sign, word in (("✓", "supported"), ("✕", "contradicted"), ("?", "unsupported")):
        assert re.search(rf"{re.escape(sign)} \d+ {word}", page)
    assert "<mark>Metformin is started at 500 mg twice daily.</mark>" in page
    for number in range(1, len(report.findings) + 1):
        assert f'href="#claim-{number}"' in page
        assert f'id="claim-{number}"' in page
    told = orjson.loads(path.with_suffix(".json").read_bytes())
    assert told["counts"]["intrinsic"]["count"] == 1
    assert told["invented_citations"] == ["s9"]
    shown = html.unescape(
        re.sub(
            r'<span class="at">.*?</span></span>|<[^>]+>', "", page.split('<div class="answer">')[1].split("</div>")[0]
        )
    )
    assert shown == report.answer


def test_an_answer_without_claims_has_a_page() -> None:
    page = render(ClaimChecker().report("I cannot answer that.", ()))
    assert "makes no claim" in page
    assert "say nothing to be checked" in page
