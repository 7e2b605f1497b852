"""A store, its readers and its citations in the hands of somebody who means no good, or types fast."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path

import pytest

from osler.core.errors import DataError, SpecError
from osler.knowledge.citation import Span
from osler.knowledge.document import Document
from osler.knowledge.graph.graph_search import GraphSearch
from osler.knowledge.graph.knowledge_graph import KnowledgeGraph
from osler.knowledge.graph.stored_triples import StoredTriples
from osler.knowledge.ingest.folder import MOST_NOTES, read
from osler.knowledge.ingest.origin import Given, Note
from osler.knowledge.store import KnowledgeStore
from osler.knowledge.store.moments import day_of
from osler.knowledge.stored import Stored


def opened(folder: Path) -> KnowledgeStore:
    return KnowledgeStore(folder / "store", create=True)


@pytest.mark.parametrize(
    "as_of",
    ["nonsense", "#", "#abc", "#-1", "2026-13-01", "2026-03-01T10:00:00", "0001-01-01T00:00:00+14:00",
     "9999-12-31T23:59:59-14:00", " 2026-03-01", "20260301", "\N{ARABIC-INDIC DIGIT ONE}"],
)  # fmt: skip
def test_a_moment_that_is_none_is_one_clear_error(tmp_path: Path, as_of: str) -> None:
    with opened(tmp_path) as store:
        store.create(Document(id="a", text="Text."))
        for what in (store.generation, store.state_hash, lambda said: list(store.versions(said))):
            with pytest.raises(DataError, match="as_of cannot be"):
                what(as_of)
    for kind in (Stored, StoredTriples):
        with pytest.raises(SpecError, match="as_of cannot be"):
            kind(path=str(tmp_path / "store"), as_of=as_of)


def test_the_day_of_a_moment_is_that_of_greenwich() -> None:
    assert day_of("2026-03-01") == "2026-03-01"
    assert day_of("2026-03-01T23:30:00-01:00") == "2026-03-02"
    assert day_of("0001-01-01T00:00:00Z") == "0001-01-01"
    assert day_of("9999-12-31") == "9999-12-31"


@pytest.mark.parametrize("said", ["20260101", "2026-W01-4", "2026-1-1", "2026-01-01 "])
def test_a_day_that_does_not_compare_as_a_text_is_refused(said: str) -> None:
    """ "20260101" comes after "2026-11-21" among texts: the document would have held for ever."""
    with pytest.raises(DataError, match="valid_to"):
        Document(id="a", text="Text.", valid_to=said)


@pytest.mark.parametrize("said", ["20260101", "2026-01-01T00:00:00Z", "2026-01-01 09:00", "2026-W01-4"])
def test_days_of_files_are_written_in_one_way(tmp_path: Path, said: str) -> None:
    number = said if said.isdigit() else f'"{said}"'
    (tmp_path / "rows.jsonl").write_text(f'{{"id": "own", "text": "One.", "valid_to": {number}}}\n', encoding="utf-8")
    (tmp_path / "said.txt").write_text("Two.", encoding="utf-8")
    found = list(read([tmp_path], Given(valid_to=said)))
    days = {item.id: item.valid_to for item in found if isinstance(item, Document)}
    assert days == {"own": "2026-01-01", "said": "2026-01-01"}
    assert not any(item.holds("2026-11-21") for item in found if isinstance(item, Document))


def test_numbers_beyond_all_bounds_name_nothing(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.create(Document(id="a", text="Text."))
        for number in (10**20, -1, -(10**20)):
            with pytest.raises(DataError, match="has no version"):
                store.read("a", version=number)
    assert Span.maybe("a/v1/\N{ARABIC-INDIC DIGIT ZERO}-\N{ARABIC-INDIC DIGIT FOUR}") is None
    assert Span.maybe("a/v1\N{ARABIC-INDIC DIGIT ZERO}/0-4") is None


@pytest.mark.parametrize("name", ["page.html", "page.md"])
@pytest.mark.parametrize(
    "broken", ["<![", "<![ | x", "<![CUATA[ x ]]>", "<![<![CDATA[ q ]]>", "<![if gte mso 9]> x <![endif]>"]
)
def test_marked_sections_that_are_none_stop_no_reading(tmp_path: Path, name: str, broken: str) -> None:
    (tmp_path / name).write_text(f"<p>Give 40 mg.</p>\n\n{broken}\n\n<p>Not in pregnancy.</p>\n", encoding="utf-8")
    found = [item for item in read([tmp_path / name]) if isinstance(item, Document)]
    assert len(found) == 1
    assert found[0].text.startswith("Give 40 mg.")


def test_a_file_of_one_id_does_not_flood_the_report(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"id": "d", "text": "one"}\n' * 200, encoding="utf-8")
    (tmp_path / "b.md").write_bytes(b"")
    notes = [item for item in read([tmp_path]) if isinstance(item, Note)]
    assert len(notes) == MOST_NOTES + 2
    assert f"{199 - MOST_NOTES} more documents" in notes[-2].text
    assert notes[-1].file == "b.md"


@pytest.mark.skipif(os.name == "nt", reason="names of files are Unicode there")
def test_a_file_whose_name_is_no_unicode_is_taken(tmp_path: Path) -> None:
    with open(os.fsencode(tmp_path) + b"/dose-\xff.txt", "w") as file:
        file.write("Give 40 mg.")
    found = [item for item in read([tmp_path]) if isinstance(item, Document)]
    assert [(item.text, item.source) for item in found] == [("Give 40 mg.", "dose-\ufffd.txt")]
    with opened(tmp_path) as store:
        assert store.put(found)[0].action == "create"


def test_a_store_that_was_removed_or_replaced_answers_no_more(tmp_path: Path) -> None:
    """An open connection would go on reading the file that is gone, with everything that was deleted from it since."""
    with opened(tmp_path) as store:
        store.create(Document(id="a", text="Text."))
        held = Stored(path=str(tmp_path / "store"))
        assert held.passages()
        shutil.copytree(tmp_path / "store", tmp_path / "backup")
        shutil.rmtree(tmp_path / "store")
        for use in (lambda: store.read("a"), store.generation, held.generation, held.passages):
            with pytest.raises(DataError, match="removed or replaced"):
                use()
        shutil.copytree(tmp_path / "backup", tmp_path / "store")
        with pytest.raises(DataError, match="removed or replaced"):
            store.create(Document(id="b", text="Text."))
    with opened(tmp_path) as store:
        assert store.read("a").document is not None


def test_a_file_in_the_place_of_a_store_is_named(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("I am a file.")
    with pytest.raises(DataError, match="is a file and no folder"):
        opened(tmp_path)


def test_a_relation_that_went_with_its_document_is_no_mistake(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        graph = KnowledgeGraph(sources=(StoredTriples(path=str(tmp_path / "store"), maker="m"),))
        assert graph.changes
        search = GraphSearch(graph=graph, relations=("dose",)).search
        assert asyncio.run(search("aspirin", 5)) == []
        store.create(Document(id="a", text="Aspirin 100 mg."))
        store.put_triples("m", [("a/v1/0-15", [("aspirin", "dose", "100 mg")])])
        store.put_triples("m", [("a/v1/0-7", [("aspirin", "is_a", "drug")])])
        assert len(asyncio.run(search("aspirin", 5))) == 1
        store.update(Document(id="a", text="Aspirin 75 mg."))
        assert graph.graph().relations == ()
        assert asyncio.run(search("aspirin", 5)) == []
