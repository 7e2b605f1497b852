"""Citations are read, resolved, held against the passages; what has no support is removed, mended or counted."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import LABELLED, Scripted, predict

from osler.core.errors import DataError, SpecError
from osler.core.types import Demo, Example, Passage, Prompt
from osler.evaluation.metrics.faithfulness.citations import InventedCitationRate
from osler.knowledge.bm25 import BM25
from osler.knowledge.citation import Span
from osler.knowledge.document import Document
from osler.knowledge.passages import PassageList
from osler.knowledge.store import KnowledgeStore
from osler.knowledge.stored import Stored
from osler.models.simulated_sources import SimulatedSources
from osler.prompting.choice_shuffle import ChoiceShuffle
from osler.prompting.cited import Cited
from osler.prompting.map_merge import MapMerge
from osler.prompting.material import MATERIAL
from osler.prompting.retrieve import Retrieve
from osler.prompting.statements import Statement, statements

DOSE = Passage(id="d1", text="Zelvarine is given at 40 mg once daily. It is taken with food.")
RISK = Passage(id="d2", text="Zelvarine must not be given in pregnancy.")
CASE = Prompt(id="c1", question="How is Zelvarine given?", instruction="Be short.", evidence=(DOSE, RISK))
GOOD = "Zelvarine is given at 40 mg once daily [d1]. Zelvarine must not be given in pregnancy. [d2]"


def test_what_is_borne_out_stays_as_it_is() -> None:
    model = Scripted(GOOD)
    found = predict(Cited(), model, CASE)
    assert (found.answer, found.evidence, len(found.replies)) == (GOOD, ("d1", "d2"), 1)
    assert "2 statements, 0 without support; 2 passages cited" in found.rationale
    assert "in square brackets" in model.asked[0][0][0].text


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ("Zelvarine is given at 400 mg once daily [d1].", "contradicted by what it cites"),
        ("Zelvarine must not be given in pregnancy [d1].", "unsupported by what it cites"),
        ("Zelvarine must not be given in pregnancy.", "it cites nothing"),
        ("Zelvarine must not be given in pregnancy [d7].", "it cites a passage that was never shown"),
    ],
)
def test_a_statement_without_support_is_removed(said: str, fault: str) -> None:
    found = predict(Cited(), Scripted(f"{said} Zelvarine is taken with food [d1]."), CASE)
    assert (found.answer, found.evidence) == ("Zelvarine is taken with food [d1].", ("d1",))
    assert f"removed ({fault}): {said}" in found.rationale
    alone = predict(Cited(), Scripted(said), CASE)
    assert (alone.answer, alone.evidence, alone.parsed) == ("not enough information", (), True)
    kept = predict(Cited(unsupported="keep"), Scripted(said), CASE)
    assert (kept.answer, f"kept ({fault})" in kept.rationale) == (said, True)


def test_invented_citations_are_counted_and_stay_visible() -> None:
    said = "Zelvarine is taken with food [d1, x9]."
    found = predict(Cited(), Scripted(said), CASE)
    assert (found.answer, found.evidence) == (said, ("d1",))
    assert "invented citations: [x9]" in found.rationale
    example = Example(id="c1", input={"evidence": [["d1", ""], ["d2", ""]]}, target="")
    assert InventedCitationRate().score(example, found).value == pytest.approx(0.5)


def test_an_answer_is_mended_once() -> None:
    bad = "Zelvarine is given at 400 mg once daily [d1]."
    model = Scripted(bad, GOOD)
    method = Cited(unsupported="repair")
    found = predict(method, model, CASE)
    assert (found.answer, found.evidence, len(found.replies)) == (GOOD, ("d1", "d2"), 2)
    assert method.calls(CASE) == 2
    assert MATERIAL in model.asked[1][0][0].text
    told = model.asked[1][0][-1].parts
    assert [(part.name, part.id) for part in told if part.name == "evidence"] == [
        ("evidence", "d1"),
        ("evidence", "d2"),
    ]
    assert [part.text for part in told if part.name == "finding"] == [f'- "{bad}": contradicted by what it cites']
    assert predict(method, Scripted(bad, bad), CASE).answer == "not enough information"
    assert len(predict(method, Scripted(GOOD), CASE).replies) == 1


def test_what_a_strategy_inside_found_may_be_cited() -> None:
    index = BM25(collection=PassageList(items=(DOSE, RISK)))
    for inner in (Retrieve(index=index, k=2), MapMerge(index=index, k=2)):
        found = predict(Cited(inner=inner), Scripted(GOOD), CASE.replace(evidence=()))
        assert (found.answer, found.evidence) == (GOOD, ("d1", "d2"))
    bad = predict(Cited(inner=Retrieve(index=index, k=2)), Scripted("It is blue [d2]."), CASE.replace(evidence=()))
    assert (bad.answer, bad.evidence) == ("not enough information", ())


def test_passages_of_demonstrations_are_not_those_of_the_case() -> None:
    demo = Demo(question="And?", answer="Rest [z1].", evidence=(Passage(id="z1", text="Flu needs rest."),))
    found = predict(Cited(), Scripted("Flu needs rest [z1]."), CASE.replace(demos=(demo,)))
    assert (found.answer, found.evidence) == ("not enough information", ())
    with pytest.raises(SpecError, match="shows the model numbers"):
        Cited(inner=Retrieve(marks="numbers"))


def test_saying_that_nothing_answers_is_an_abstention() -> None:
    found = predict(Cited(says="unsure"), Scripted("Unsure."), CASE)
    assert (found.answer, found.evidence, found.parsed) == ("unsure", (), True)


def test_labels_stay_and_json_is_refused() -> None:
    found = predict(Cited(), Scripted("She coughs [1], see [x9].\nAnswer: no"), LABELLED)
    assert (found.answer, found.evidence) == ("no", ("1",))
    assert "invented citations: [x9]" in found.rationale
    with pytest.raises(SpecError, match="asks for JSON"):
        predict(Cited(), Scripted("{}"), CASE.replace(schema={"type": "object"}))
    with pytest.raises(SpecError, match="choice_shuffle inside"):
        Cited(inner=ChoiceShuffle())


def test_citations_open_the_exact_text_of_the_exact_version(tmp_path: Path) -> None:
    store = KnowledgeStore(tmp_path, create=True)
    store.create(Document(id="zelvarine-label", text=f"{DOSE.text} Keep it dry."))
    key = {"c1": {"answer": "40 mg", "subject": "Zelvarine is given"}}
    method = Cited(inner=Retrieve(index=BM25(collection=Stored(path=str(tmp_path)))))
    prompt = CASE.replace(evidence=())
    model = SimulatedSources(key=key)
    first = predict(method, model, prompt)  # type: ignore[arg-type]
    assert first.evidence
    span = Span.read(first.evidence[0])
    assert (span.document, span.version) == ("zelvarine-label", 1)
    assert "40 mg" in store.open_span(span)
    assert f"[{span}]" in (first.answer or "")
    store.update(Document(id="zelvarine-label", text=DOSE.text.replace("40 mg", "20 mg")))
    second = predict(method, model, prompt)  # type: ignore[arg-type]
    assert second.evidence
    assert Span.read(second.evidence[0]).version == 2
    assert "20 mg" in (second.answer or "")
    assert "40 mg" in store.open_span(span)  # the old citation still opens what it cited
    store.delete("zelvarine-label", why="test")
    gone = predict(method, model, prompt)  # type: ignore[arg-type]
    assert (gone.answer, gone.evidence) == ("not enough information", ())
    with pytest.raises(DataError):
        store.open_span(span)


def test_statements_and_their_marks() -> None:
    text = "Give 2.5 mg [D1]. Wait.\n[d2] Then stop (see [1-2]); PMID 123456. Done [12]."
    assert statements(text, {"d1", "d2", "1"}) == (
        Statement("Give 2.5 mg [D1].", "Give 2.5 mg.", ("d1",)),
        Statement("Wait. [d2]", "Wait.", ("d2",)),
        Statement("Then stop (see [1-2]); PMID 123456.", "Then stop (see );.", ("1",), ("2", "123456")),
        Statement("Done [12].", "Done.", (), ("12",)),
    )
    assert statements("", {"d1"}) == ()


@given(st.text(max_size=200), st.lists(st.sampled_from(["a1", "b2", "doc/v1/0-9"]), max_size=3))
def test_any_answer_can_be_read(text: str, shown: list[str]) -> None:
    for one in statements(text, shown):
        assert set(one.cited) <= set(shown)
        assert one.text.strip()


@given(st.lists(st.sampled_from(["d1", "d2", "d9", "x/v1/0-4"]), min_size=1, max_size=4))
def test_evidence_is_only_what_was_shown(ids: list[str]) -> None:
    said = " ".join(f"Zelvarine is taken with food [{name}]." for name in ids)
    for method in (Cited(), Cited(unsupported="keep"), Cited(checker=None)):
        found = predict(method, Scripted(said), CASE)
        assert set(found.evidence or ()) <= {"d1", "d2"}
