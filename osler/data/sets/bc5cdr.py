"""BC5CDR (Li et al. 2016): chemicals, diseases and which chemical induces which disease, in 1,500 abstracts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Literal

from osler.core.block import block
from osler.core.types import Example, Split
from osler.data.sets.kept import as_json, kept, place_of, published_rows
from osler.data.sets.ncbi_disease import abstract_or_sentences
from osler.data.sets.spans import closed, entity_schema, listing, mentions_of

_FILE = "bc5cdr/bc5cdr.jsonl.gz"
_COLUMNS = ("pmid", "split", "title", "abstract", "entities", "relations")
_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")
UNKNOWN = "-1"
"""The id of mentions that MeSH has no concept for (227 ids of the corpus)."""


@block
class Bc5cdr:
    """Mentions, induced diseases or MeSH concepts of abstracts of PubMed.

    ``task`` mentions: the target is JSON (``spans.entity_schema``) with types Chemical and Disease; ``unit`` and
    ``types`` as named. relations: JSON ``{"relations": [{"head": chemical, "tail": disease}]}`` in MeSH ids; the input
    lists the concepts that the abstract mentions, since a model cannot know ids. pairs: one case for each chemical and
    disease that an abstract mentions, to be labelled "induces" or "not stated"; ``input`` holds both by all their names, and
    the sentences ((number, text), ...) that name either. concepts: one case for each text and type of a mention that has exactly one MeSH id; the target is that id, ``input`` holds mention, type and text.
    ``meta``: abstract (the PMID), and for concepts type and seen (whether a training abstract has the same mention).
    500 abstracts a split; every one has a relation.
    """

    task: Literal["mentions", "relations", "pairs", "concepts"] = "mentions"
    unit: Literal["abstract", "sentence"] = "abstract"
    types: tuple[Literal["Chemical", "Disease"], ...] = ("Chemical", "Disease")

    title: ClassVar[str] = "BC5CDR"
    licence: ClassVar[str] = "NCBI public domain notice"
    citation: ClassVar[str] = "Li et al., BioCreative V CDR task corpus, Database baw068 (2016)"
    synthetic: ClassVar[bool] = False
    cluster: ClassVar[str] = "abstract"

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON schema of an answer; empty for pairs and concepts, whose answer is a label or an id."""
        if self.task == "relations":
            return listing("relations", closed({"head": {"type": "string"}, "tail": {"type": "string"}}))
        return entity_schema(self.types) if self.task == "mentions" else {}

    def examples(self, split: Split) -> Sequence[Example]:
        """The cases of the official splits (development is ``valid``)."""
        return kept(self, split, self._all)

    def _all(self) -> Iterator[tuple[Split, Example]]:
        rows = published_rows(_FILE, _COLUMNS, what=self.title)
        if self.task == "concepts":
            yield from self._concepts(rows)
            return
        for row in rows:
            name, text = str(row["pmid"]), f"{row['title']} {row['abstract']}"
            place = place_of(row, name, what=self.title)
            if self.task == "relations":
                yield place, _related(row, name, text)
                continue
            if self.task == "pairs":
                yield from ((place, example) for example in _pairs(row, name, text))
                continue
            spans = [span for span in row["entities"] if span["type"] in self.types]
            mentions = mentions_of(text, spans, what=self.title, name=name)
            for example in abstract_or_sentences(name, text, mentions, self.unit):
                yield place, example

    def _concepts(self, rows: list[dict[str, Any]]) -> Iterator[tuple[Split, Example]]:
        seen = {_key(span) for row in rows if row["split"] == "train" for span in row["entities"]}
        for row in rows:
            name, text = str(row["pmid"]), f"{row['title']} {row['abstract']}"
            held: dict[tuple[str, str], list[str]] = {}
            for span in row["entities"]:
                if span["type"] in self.types:
                    held.setdefault((span["text"], span["type"]), list(span["ids"]))
            for number, ((mention, kind), ids) in enumerate(held.items()):
                if len(ids) != 1 or ids[0] == UNKNOWN:
                    continue
                yield (
                    place_of(row, name, what=self.title),
                    Example(
                        id=f"{name}/{number}",
                        input={"mention": mention, "type": kind, "text": text},
                        target=ids[0],
                        meta={"abstract": name, "type": kind, "seen": (mention.casefold(), kind) in seen},
                    ),
                )


def _key(span: dict[str, Any]) -> tuple[str, str]:
    return (span["text"].casefold(), span["type"])


def _named(row: dict[str, Any]) -> dict[str, tuple[str, list[str]]]:
    """MeSH id -> type and the texts of its mentions, in order."""
    concepts: dict[str, tuple[str, list[str]]] = {}
    for span in row["entities"]:
        for item in span["ids"]:
            if item != UNKNOWN:
                texts = concepts.setdefault(item, (span["type"], []))[1]
                if span["text"] not in texts:
                    texts.append(span["text"])
    return concepts


def _related(row: dict[str, Any], name: str, text: str) -> Example:
    concepts = _named(row)
    listed = "\n".join(f"{item} ({kind}): {'; '.join(texts)}" for item, (kind, texts) in concepts.items())
    pairs = sorted({(item["head"], item["tail"]) for item in row["relations"]})
    return Example(
        id=name,
        input={"text": text, "concepts": listed},
        target=as_json({"relations": [{"head": head, "tail": tail} for head, tail in pairs]}),
        meta={"abstract": name, "relations": len(pairs)},
    )


def _pairs(row: dict[str, Any], name: str, text: str) -> Iterator[Example]:
    """Every chemical with every disease of an abstract."""
    concepts = _named(row)
    stated = {(item["head"], item["tail"]) for item in row["relations"]}
    sentences = [part for part in _END.split(text) if part.strip()]
    for chemical, (kind, names) in concepts.items():
        for disease, (other, called) in concepts.items():
            if (kind, other) != ("Chemical", "Disease"):
                continue
            near = [
                (str(number), part)
                for number, part in enumerate(sentences, 1)
                if any(said in part for said in (*names, *called))
            ]
            yield Example(
                id=f"{name}/{chemical}/{disease}",
                input={"chemical": "; ".join(names), "disease": "; ".join(called), "sentences": tuple(near)},
                target="induces" if (chemical, disease) in stated else "not stated",
                choices=("induces", "not stated"),
                meta={"abstract": name, "chemical": chemical, "disease": disease},
            )
