"""Term match, the disease table, and the passages of a topic."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osler.core.block import from_spec, to_spec
from osler.core.errors import DataError, SpecError
from osler.core.types import Passage
from osler.knowledge.citation import Span
from osler.knowledge.disease_table import DiseaseTable
from osler.knowledge.passages import PassageList
from osler.knowledge.term_match import TermMatch, cut
from osler.knowledge.topic import Topic

ITEMS = (
    Passage(id="d1", text="Disease: Gout. Symptoms: joint pain, fever"),
    Passage(id="d2", text="Disease: Flu. Symptoms: Fever, cough"),
    Passage(id="d3", text="Disease: Mpox. Symptoms: rash, fever, cough"),
)


def searched(index: TermMatch, query: str, k: int = 4) -> list[tuple[str, float]]:
    return [(passage.id, score) for passage, score in asyncio.run(index.search(query, k))]


def test_a_chunk_scores_one_for_each_keyword_that_it_contains() -> None:
    index = TermMatch(collection=PassageList(items=ITEMS))
    assert searched(index, "rash, FEVER , cough,cough,") == [("d3", 3.0), ("d2", 2.0), ("d1", 1.0)]
    assert searched(index, "rash, fever, cough", k=1) == [("d3", 3.0)]
    assert searched(index, "gou") == [("d1", 1.0)]  # inside of a word, as published
    assert searched(index, "itch") == searched(index, " , ") == searched(index, "rash", k=0) == []
    assert searched(index, "fever cough") == []  # one keyword of two words
    words = TermMatch(collection=PassageList(items=ITEMS), terms="words")
    assert searched(words, "fever and cough?") == [("d2", 2.0), ("d3", 2.0), ("d1", 1.0)]


def test_rows_are_put_together_and_named_by_the_first_and_last() -> None:
    index = TermMatch(collection=PassageList(items=ITEMS), rows=2)
    (first, score), (second, _) = asyncio.run(index.search("joint pain, cough, fever", 4))
    assert (first.id, score, second.id) == ("d1..d2", 3.0, "d3")
    assert first.text == f"{ITEMS[0].text}\n{ITEMS[1].text}"


def test_a_long_passage_is_cut_into_chunks_that_keep_their_place() -> None:
    text = " ".join(f"w{i}" for i in range(10)) + "  "
    pieces = list(cut(Passage(id="long", text=text), 4))
    assert [piece.id for piece in pieces] == ["long.1", "long.2", "long.3"]
    assert [piece.text for piece in pieces] == ["w0 w1 w2 w3", "w4 w5 w6 w7", "w8 w9"]
    span = Span("label", 3, 100, 100 + len(text))
    for piece in cut(Passage(id=str(span), text=text), 4):
        inside = Span.read(piece.id)
        assert (inside.document, inside.version) == ("label", 3)
        assert text[inside.start - 100 : inside.end - 100] == piece.text
    assert list(cut(ITEMS[0], 0)) == list(cut(ITEMS[0], 250)) == [ITEMS[0]]


@given(st.lists(st.text(alphabet="abc ", max_size=12), max_size=6), st.text(alphabet="abc,", max_size=9))
def test_unrelated_rows_change_nothing(texts: list[str], query: str) -> None:
    wanted = [f"{word}x" for word in query.split(",") if word]
    own = [Passage(id=f"p{i}", text=f"{text}x") for i, text in enumerate(texts)]
    others = [Passage(id=f"o{i}", text="y" * i) for i in range(4)]  # no keyword is in them: each holds an x
    alone = searched(TermMatch(collection=PassageList(items=tuple(own))), ",".join(wanted), 9)
    both = searched(TermMatch(collection=PassageList(items=(*others[:2], *own, *others[2:]))), ",".join(wanted), 9)
    assert alone == both


def test_settings_are_held() -> None:
    with pytest.raises(SpecError, match="rows of 1 or more"):
        TermMatch(rows=0)
    assert from_spec(to_spec(TermMatch(rows=6, words=0))) == TermMatch(rows=6, words=0)


def table(folder: Path, **changes: object) -> DiseaseTable:
    row = {
        "disease": "Gout",
        "symptoms": ["pain", "fever"],
        "description": " Long. ",
        "tests_procedures": [],
        "medications": ["x"],
    }
    path = folder / "table.jsonl"
    path.write_text(json.dumps(row) + "\n" + json.dumps({**row, "disease": "Flu", **changes}) + "\n")
    return DiseaseTable(path=str(path))


def test_the_disease_table(tmp_path: Path) -> None:
    held = table(tmp_path)
    first, second = held.passages()
    assert first == Passage(id="d1", text="Disease: Gout\nSymptoms: pain, fever\nMedicines: x")
    assert held.about("d2") == {"document": "d2", "title": "Flu", "source": "ChatDoctor disease table"}
    assert held.about("d9") == {}
    assert second.text.startswith("Disease: Flu")
    whole = DiseaseTable(path=held.path, lists=("medications",), descriptions=True)
    assert whole.passages()[0].text == "Disease: Gout\nMedicines: x\nDescription: Long."
    assert held.content_hash() == whole.content_hash() != table(tmp_path, disease="Mpox").content_hash()
    with pytest.raises(SpecError, match="no list 'sympt'"):
        DiseaseTable(lists=("sympt",))
    broken = tmp_path / "broken.jsonl"
    broken.write_text('{"disease": "Gout"}\n')
    with pytest.raises(DataError, match="has no column 'symptoms'"):
        DiseaseTable(path=str(broken)).passages()


def test_a_topic_holds_what_speaks_of_it() -> None:
    whole = PassageList(items=ITEMS)
    assert [one.id for one in Topic(collection=whole, words=("rash", "joint pain")).passages()] == ["d1", "d3"]
    assert Topic(collection=whole, words=("ras",)).passages() == ()  # whole words
    assert Topic(collection=whole, words=("rash",)).about("d3") == {}
    with pytest.raises(SpecError, match="names no word"):
        Topic(words=())
