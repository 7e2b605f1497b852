"""BioASQ task b, batches 7b to 11b (Krithara et al. 2023): experts' questions, their answers and the text behind them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Literal

from osler.core.block import block
from osler.core.errors import DataError
from osler.core.types import Example, Passage, Split
from osler.data.sets.kept import as_json, kept, published_rows
from osler.data.sets.tables import filled, published_table

_COLUMNS = ("id", "batch", "type", "question", "exact_answer", "ideal_answer", "pmids")


@block
class BioASQ:
    """2,310 questions (yes/no 618, factoid 740, list 409, summary 543), all as ``test``; 20,748 gold passages.

    ``form`` says what is asked. "ideal": a paragraph, for every question; ``meta["references"]`` holds all gold
    paragraphs. "yesno": yes or no. "factoid": a JSON list of up to five names, best first; the target is the JSON list
    of the one gold name and ``meta["synonyms"]`` its other spellings. "list": a JSON list of all names; of each gold
    entity the first spelling is in the target. "passages": the JSON list of the ids of its gold passages, for retrieval. ``input``: question, snippets ((passage id, text), ...), the gold text.
    ``meta``: type, batch, year ("2019" to "2023"), pmids, relevance (gain 1 for each gold passage of ``passages()``),
    evidence (their ids). Passages that nobody judged may be relevant too.
    Source: Krithara et al., Scientific Data 2023.
    """

    form: Literal["ideal", "yesno", "factoid", "list", "passages"] = "ideal"

    title: ClassVar[str] = "BioASQ 7b to 11b"
    licence: ClassVar[str] = "CC BY 2.5; snippets are extracts of PubMed abstracts"
    citation: ClassVar[str] = (
        "Krithara et al., BioASQ-QA: A manually curated corpus for Biomedical Question Answering, 2023"
    )
    synthetic: ClassVar[bool] = False
    cautions: ClassVar[tuple[str, ...]] = (
        "The corpus of BioASQ's gold passages holds passages that are relevant to some question only, so that finding "
        "them is easier than in PubMed; passages that were not judged count as irrelevant. Its yes/no questions are "
        "also those of MIRAGE.",
    )

    def examples(self, split: Split) -> Sequence[Example]:
        """Every question of the form for ``test``; none for other splits."""
        return kept(self, split, self._all)

    def passages(self) -> tuple[Passage, ...]:
        """The union of all gold snippets, 20,748 of them, by the ids that ``relevance`` uses."""
        found = published_rows("bioasq/passages.jsonl.gz", ("_id", "text"), what=self.title)
        return tuple(Passage(id=row["_id"], text=row["text"].strip()) for row in found)

    def _all(self) -> Iterator[tuple[Split, Example]]:
        texts = {passage.id: passage.text for passage in self.passages()}
        gold: dict[str, list[str]] = {}
        for row in published_table("bioasq/qrels.tsv", ("query-id", "corpus-id"), what=self.title):
            if row["corpus-id"] not in texts:
                raise DataError(f"{self.title}: a judgement names an unknown passage", hint="fetch the files again")
            gold.setdefault(row["query-id"], []).append(row["corpus-id"])
        found = published_rows("bioasq/bioasq_7b_11b_gold.jsonl.gz", _COLUMNS, what=self.title)
        filled(found, ("id", "question"), what=self.title)
        for row in found:
            if self.form in ("ideal", "passages", row["type"]):
                yield "test", self._example(row, [(name, texts[name]) for name in gold.get(row["id"], ())])

    def _example(self, row: dict[str, Any], snippets: list[tuple[str, str]]) -> Example:
        names = tuple(name for name, _ in snippets)
        target, choices, extra = (as_json(names), (), {}) if self.form == "passages" else self._answer(row)
        return Example(
            id=f"bioasq/{row['id']}",
            input={"question": row["question"].strip(), "snippets": tuple(snippets)},
            target=target,
            choices=choices,
            meta={
                "type": row["type"],
                "batch": row["batch"],
                "year": str(2012 + int(row["batch"].partition("B")[0])),
                "pmids": tuple(row["pmids"]),
                "relevance": dict.fromkeys(names, 1),
                "evidence": names,
                **extra,
            },
        )

    def _answer(self, row: dict[str, Any]) -> tuple[str, tuple[str, ...], dict[str, Any]]:
        """Target, choices and what the meta say of the answer."""
        exact = row["exact_answer"]
        if self.form == "ideal":
            texts = tuple(text.strip() for text in row["ideal_answer"])
            return texts[0], (), {"references": texts}
        if self.form == "yesno":
            said = str(exact).strip().casefold()  # one gold answer is written "Yes"
            if said not in ("yes", "no"):
                raise DataError(f"{self.title}: question {row['id']} has no yes or no", hint="fetch the file again")
            return said, ("yes", "no"), {}
        spellings = [[str(name).strip() for name in entity] for entity in exact]
        if self.form == "list":
            return as_json([entity[0] for entity in spellings]), (), {}
        every = [name for entity in spellings for name in entity]
        return as_json(every[:1]), (), {"synonyms": tuple(every[1:])}
