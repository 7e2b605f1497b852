"""Wider queries: which names are seen, what is added, and that the query's own words stay ahead."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from osler.core.block import block, from_spec, to_spec
from osler.core.errors import DataError, SpecError
from osler.core.types import Passage
from osler.knowledge.abbreviations import MEANINGS
from osler.knowledge.bm25 import BM25
from osler.knowledge.expansion import Abbreviations, Expanded, OntologyNames, key
from osler.knowledge.passages import Index, PassageList

TERMS = [
    {"id": "D:1", "name": "myocardial infarction", "synonyms": ["heart attack", "MI", "cardiac infarct"]},
    {"id": "D:2", "name": "pterygium", "synonyms": ["surfer's eye"]},
    {"id": "D:3", "name": "acute lymphoblastic leukemia", "synonyms": ["ALL"]},
    {"id": "D:4", "name": "one disease", "synonyms": ["shared name"]},
    {"id": "D:5", "name": "other disease", "synonyms": ["shared name"]},
    {"id": "D:6", "name": "attack", "synonyms": ["onset"]},
]


@block
class Queried:
    """An index that finds one passage, which is the query."""

    async def search(self, query: str, k: int) -> list[tuple[Passage, float]]:
        return [(Passage(id="query", text=query), 1.0)][:k]


@pytest.fixture
def ontology(tmp_path: Path) -> OntologyNames:
    path = tmp_path / "terms.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in TERMS))
    return OntologyNames(path=str(path))


def search(made: Index, query: str, k: int = 10) -> list[str]:
    return [passage.id for passage, _ in asyncio.run(made.search(query, k))]


def index(*texts: str) -> BM25:
    return BM25(collection=PassageList(items=tuple(Passage(id=str(n), text=text) for n, text in enumerate(texts))))


@pytest.mark.parametrize(
    ("query", "others"),
    [
        ("What helps after a Heart  Attack?", ["myocardial infarction", "MI", "cardiac infarct"]),
        ("Is myocardial infarction the same as a heart attack?", ["MI", "cardiac infarct"]),
        ("Surfer’s eye or surfer's eye", ["pterygium"]),
        ("all of them and mi casa", []),
        ("Does ALL come back?", ["acute lymphoblastic leukemia"]),
        ("a shared name", []),
        ("the attack of an infarction", ["onset"]),
        ("", []),
    ],
)
def test_names_of_the_ontology(ontology: OntologyNames, query: str, others: list[str]) -> None:
    assert ontology.others(query) == others


def test_the_number_of_names_is_bound(ontology: OntologyNames) -> None:
    few = OntologyNames(path=ontology.path, most=1)
    assert few.others("heart attack") == ["myocardial infarction"]
    assert ontology.content_hash() == few.content_hash()


def test_abbreviations_both_ways_and_only_in_capitals() -> None:
    made = Abbreviations()
    assert made.others("COPD and GERD") == ["chronic obstructive pulmonary disease", "gastroesophageal reflux disease"]
    assert made.others("Chronic obstructive pulmonary disease") == ["COPD"]
    assert made.others("does this aids memory, as ct says") == []
    assert made.others("COPD (chronic obstructive pulmonary disease)") == []
    own = Abbreviations(more={"GDM": "gestational diabetes mellitus", "COPD": ""})
    assert own.others("GDM or COPD") == ["gestational diabetes mellitus"]


def test_the_table_has_no_ambiguous_twins() -> None:
    assert len({meaning.casefold() for meaning in MEANINGS.values()}) == len(MEANINGS)
    assert not {"MS", "PE", "RA", "PT", "MI", "CP"} & set(MEANINGS)


def test_other_names_are_found_and_the_own_words_stay_ahead(ontology: OntologyNames) -> None:
    made = index("A heart attack hurts.", "Myocardial infarction hurts.", "Insulin helps.")
    assert search(made, "heart attack") == ["0"]
    wide = Expanded(inner=made, names=(ontology,), weight=0.3)
    assert search(wide, "heart attack") == ["0", "1"]
    assert search(wide, "insulin") == ["2"]
    assert search(Expanded(inner=made, names=(ontology,), weight=0.0), "heart attack") == ["0"]
    assert search(wide, "heart attack", 0) == []


def test_a_word_that_many_names_share_counts_once(ontology: OntologyNames) -> None:
    """ "infarction" and "infarct" have one stem: it counts the weight once, and a word of the query its own count."""
    made = index("infarct", "heart attack", "nothing")
    ((_, wide),) = [
        hit
        for hit in asyncio.run(Expanded(inner=made, names=(ontology,), weight=0.5).search("heart attack", 3))
        if hit[0].id == "0"
    ]
    ((_, own),) = asyncio.run(made.search("infarct", 1))
    assert wide == pytest.approx(own / 2)


def test_other_indexes_are_asked_in_words(ontology: OntologyNames) -> None:
    ((passage, _),) = asyncio.run(Expanded(inner=Queried(), names=(ontology,)).search("heart attack now", 1))
    assert passage.text == "heart attack now (myocardial infarction; MI; cardiac infarct)"
    ((passage, _),) = asyncio.run(Expanded(inner=Queried(), names=(ontology,)).search("nothing here", 1))
    assert passage.text == "nothing here"


def test_keys_fold_words_and_keep_codes() -> None:
    assert key("Non-small  Cell") == "non-small cell"
    assert (key("ALL"), key("all"), key("HIV-1")) == ("ALL", "all", "HIV-1")


def test_it_is_a_block_and_says_what_is_missing(ontology: OntologyNames, tmp_path: Path) -> None:
    made = Expanded(inner=index("x"), names=(ontology, Abbreviations(more={"X": "y"})))
    assert from_spec(to_spec(made)) == made
    with pytest.raises(SpecError, match="weight must be"):
        Expanded(weight=-0.1)
    (tmp_path / "broken.jsonl").write_text('{"id": "D:1", "name": "x"}\n')
    with pytest.raises(DataError, match="synonyms"):
        OntologyNames(path=str(tmp_path / "broken.jsonl")).others("x")
