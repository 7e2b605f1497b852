"""Documents first, then passages within them; MedRAG's snippets as they are handed out."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from osler.core.block import block, from_spec, to_spec
from osler.core.errors import DataError, SpecError
from osler.core.types import Passage
from osler.knowledge.bm25 import BM25
from osler.knowledge.documents_first import DocumentsFirst
from osler.knowledge.medrag_snippets import MedRAGSnippets
from osler.knowledge.passages import PassageList
from osler.knowledge.subset import Subset

ITEMS = (
    Passage(id="gout:0", text="Gout hurts."),
    Passage(id="gout:1", text="Gout is treated with colchicine."),
    Passage(id="gout:2", text="Gout comes at night."),
    Passage(id="fever:0", text="Gout gout gout is no fever."),
    Passage(id="lone", text="Nothing of it."),
)


def ids(index: DocumentsFirst, query: str, k: int) -> list[str]:
    return [passage.id for passage, _ in asyncio.run(index.search(query, k))]


def test_a_document_with_several_good_passages_stands_before_one_with_a_single_one() -> None:
    inner = BM25(collection=PassageList(items=ITEMS))
    assert [passage.id for passage, _ in asyncio.run(inner.search("gout", 1))] == ["fever:0"]
    made = DocumentsFirst(index=inner, documents=1)
    assert ids(made, "gout", 9) == ["gout:0", "gout:2", "gout:1"]
    assert ids(made, "gout", 2) == ["gout:0", "gout:2"]
    assert ids(DocumentsFirst(index=inner, documents=2), "gout", 9)[0] == "fever:0"
    assert ids(made, "xyz", 3) == ids(made, "gout", 0) == []
    assert from_spec(to_spec(made)) == made


def test_the_document_is_told_by_a_span_by_the_collection_or_by_the_id() -> None:
    @block
    class Telling:
        items: tuple[Passage, ...] = ITEMS

        def passages(self) -> tuple[Passage, ...]:
            return self.items

        def about(self, passage: str) -> Mapping[str, Any]:
            return {"document": "book"} if passage.startswith("gout") else {}

    assert DocumentsFirst().document_of("metformin-label/v2/120-310") == "metformin-label"
    assert DocumentsFirst().document_of("book:m46844:0") == "book:m46844"
    assert DocumentsFirst(separator="#").document_of("lone") == "lone"
    told = DocumentsFirst(index=BM25(collection=Telling()))
    assert (told.document_of("gout:1"), told.document_of("fever:0")) == ("book", "fever")
    with pytest.raises(SpecError, match="documents_first"):
        DocumentsFirst(documents=0)


def write(folder: Path, corpus: str, rows: list[dict[str, str]], *, name: str = "a.jsonl") -> None:
    chunk = folder / corpus / "chunk"
    chunk.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (chunk / name).write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())


def row(name: str, text: str = "Gout hurts.") -> dict[str, str]:
    return {"id": name, "title": "Gout", "content": text, "contents": f"Gout. {text}"}


def test_snippets_are_read_corpus_by_corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "textbooks", [row("t_1"), row("t_0", "")], name="b.jsonl.gz")
    write(tmp_path, "textbooks", [row("t_2")])
    write(tmp_path, "statpearls", [row("s_1")])
    made = MedRAGSnippets(path=str(tmp_path), corpora=("statpearls", "textbooks"))
    assert [item.id for item in made.passages()] == ["s_1", "t_2", "t_1"]
    assert made.passages()[0].text == "Gout: Gout hurts."
    monkeypatch.setenv("OSLER_DATA", str(tmp_path.parent))
    named = MedRAGSnippets(path=f"$OSLER_DATA/{tmp_path.name}", corpora=("statpearls", "textbooks"))
    assert named.content_hash() == made.content_hash()
    write(tmp_path, "statpearls", [row("s_2")])
    assert MedRAGSnippets(path=str(tmp_path), corpora=("statpearls", "textbooks")).content_hash() != made.content_hash()


def test_what_is_missing_or_twice_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError, match="'pubmed' has no files"):
        MedRAGSnippets(path=str(tmp_path)).passages()
    monkeypatch.delenv("OSLER_DATA", raising=False)
    with pytest.raises(DataError, match="OSLER_DATA is not set"):
        MedRAGSnippets().passages()
    write(tmp_path, "textbooks", [row("t_1")])
    write(tmp_path, "statpearls", [row("t_1")])
    with pytest.raises(DataError, match="two snippets have the id 't_1'"):
        MedRAGSnippets(path=str(tmp_path), corpora=("textbooks", "statpearls")).passages()
    with pytest.raises(SpecError, match="must name folders"):
        MedRAGSnippets(corpora=("../x",))


def test_a_subset_is_the_same_draw_in_the_same_order() -> None:
    whole = PassageList(items=tuple(Passage(id=f"p{i}", text=f"text {i}") for i in range(50)))
    made = Subset(collection=whole, most=10).passages()
    assert len(made) == 10
    assert [whole.items.index(item) for item in made] == sorted(whole.items.index(item) for item in made)
    assert made == Subset(collection=whole, most=10).passages() != Subset(collection=whole, most=10, seed=1).passages()
    assert Subset(collection=whole, most=99).passages() == whole.items
    with pytest.raises(SpecError, match="subset"):
        Subset(most=0)
