"""Textbooks, full-text articles and FHIR bundles as documents, and their passages."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from osler.knowledge.chunking.sections import Sections
from osler.knowledge.chunking.sentences import Sentences
from osler.knowledge.chunking.window import Window
from osler.knowledge.document import Document
from osler.knowledge.ingest.folder import read
from osler.knowledge.ingest.origin import Given, Note

pytestmark = pytest.mark.real


def documents(path: Path, given: Given = Given()) -> tuple[list[Document], list[Note]]:
    held = list(read([path], given))
    return [item for item in held if isinstance(item, Document)], [item for item in held if isinstance(item, Note)]


def test_textbooks_go_in_whole_and_are_cut_without_loss(data_folder: Path) -> None:
    found, notes = documents(data_folder / "openstax" / "passages.jsonl.gz", Given(licence="CC BY 4.0"))
    assert (len(found), notes) == (10_676, [])
    assert {item.licence for item in found} == {"CC BY 4.0"}
    count = 0
    for document in found[::10]:
        chunks = Sentences().chunks(document)
        count += len(chunks)
        joined = "".join("".join(document.text[c.start : c.end].split()) for c in chunks)
        assert joined == "".join(document.text.split())
        assert all(c.end - c.start <= 1200 for c in chunks)
    assert 3_000 < count < 5_000


def test_sentences_of_textbooks_begin_and_end_like_sentences(data_folder: Path) -> None:
    found, _ = documents(data_folder / "openstax" / "passages.jsonl.gz")
    ends: Counter[bool] = Counter()
    for document in found[::40]:
        for chunk in Sentences(per=1).chunks(document):
            passage = document.text[chunk.start : chunk.end]
            ends[not passage[0].islower() and passage[-1] in '.?!:;)”"'] += 1
    assert ends[True] / ends.total() > 0.9


def test_articles_keep_their_own_licence(data_folder: Path) -> None:
    found, notes = documents(data_folder / "fulltext_articles" / "plos.jsonl.gz", Given(licence="mine"))
    assert len(found) == 112
    assert {item.licence.split()[0].rstrip("0") for item in found} <= {"CC", "mine"}
    assert [note.text for note in notes] == ["has a licence of its own, which was kept instead of --licence"]
    for document in found[:10]:
        for chunker in (Sections(), Window()):
            chunks = chunker.chunks(document)
            assert all(a.start < b.start for a, b in pairwise(chunks))


def test_reports_of_synthetic_patients_know_their_patient(data_folder: Path) -> None:
    found, notes = documents(data_folder / "fhir_synthea" / "bundles_full_8.jsonl.gz")
    assert len(found) == 30
    assert len({item.meta["patient"] for item in found}) <= 8
    assert all(": " in item.text for item in found)
    assert [note.failed for note in notes] == [False]
