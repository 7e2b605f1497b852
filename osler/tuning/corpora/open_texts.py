"""Open medical English of the data folder: textbooks, articles, abstracts, answers to questions, trials, dialogues."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from osler.core.block import block
from osler.core.errors import SpecError, nearest
from osler.core.types import Example, Split
from osler.data.sets.aci_bench import AciBench
from osler.data.sets.bc5cdr import Bc5cdr
from osler.data.sets.bioasq import BioASQ
from osler.data.sets.kept import published_rows
from osler.data.sets.medical_abstracts import MedicalAbstracts
from osler.data.sets.medquad import Medquad
from osler.data.sets.mts_dialog import MtsDialog
from osler.data.sets.ncbi_disease import NcbiDisease
from osler.data.sets.plaba import Plaba
from osler.data.sets.pubmedqa import PubMedQA
from osler.data.sets.trial_search import TrialSearch
from osler.tuning.corpora.corpus import Text

Splits = tuple[Split, ...]
_ALL: Splits = ("train", "valid", "test")


class Part(NamedTuple):
    """``licence``: of the texts. ``read``: the texts of the named splits; parts without splits give all of theirs."""

    title: str
    licence: str
    read: Callable[[Splits], Iterator[Text]]


def _examples(source: object, splits: Splits) -> Iterator[Example]:
    for split in splits:
        yield from source.examples(split)  # type: ignore[attr-defined]


def _textbooks(_: Splits) -> Iterator[Text]:
    from osler.data.sets.openstax import OpenStax

    for passage in OpenStax().passages():
        yield Text(passage.id, passage.text, "textbooks")


def _glossary(_: Splits) -> Iterator[Text]:
    columns = ("book", "module", "term", "definition")
    for number, row in enumerate(published_rows("openstax/glossary.jsonl.gz", columns, what="OpenStax glossary")):
        yield Text(f"glossary:{number}", f"{row['term']}: {row['definition']}", "glossary")


def _articles(_: Splits) -> Iterator[Text]:
    for name in ("plos", "craft"):
        for row in published_rows(f"fulltext_articles/{name}.jsonl.gz", ("id", "text"), what="full-text articles"):
            head = "\n\n".join(row[key] for key in ("title", "abstract") if row.get(key))
            yield Text(row["id"], f"{head}\n\n{row['text']}" if head else row["text"], "articles")


def _passages(_: Splits) -> Iterator[Text]:
    """A passage is linked to those of other abstracts that answer the same question of an expert."""
    texts = {passage.id: passage.text for passage in BioASQ().passages()}
    links: dict[str, dict[str, None]] = {}
    for case in BioASQ(form="passages").examples("test"):
        gold = case.meta["evidence"]
        for name in gold:
            abstract = name.partition(":")[0]
            others = {other: None for other in gold if other.partition(":")[0] != abstract}
            links.setdefault(name, {}).update(others)
    for name, text in texts.items():
        yield Text(f"bioasq:{name}", text, "passages", tuple(f"bioasq:{other}" for other in links.get(name, ())))


def _answers(splits: Splits) -> Iterator[Text]:
    for case in _examples(Medquad(), splits):
        yield Text(case.id, f"{case.input['question']}\n{case.target}", "answers")


def _abstracts(splits: Splits) -> Iterator[Text]:
    for case in _examples(MedicalAbstracts(ambiguous=True), splits):
        yield Text(f"abstracts:{case.id}", case.input["text"], "abstracts")


def _pubmedqa(splits: Splits) -> Iterator[Text]:
    """The abstract with its conclusion; the question, which is the title, comes first."""
    for case in _examples(PubMedQA(form="conclusion"), splits):
        parts = (case.input["question"], *(text for _, text in case.input["sections"]), case.target)
        yield Text(case.id, "\n".join(parts), "pubmedqa")


def _trials(_: Splits) -> Iterator[Text]:
    for passage in TrialSearch().passages():
        yield Text(passage.id, passage.text, "trials")


def _plaba(splits: Splits) -> Iterator[Text]:
    """Abstracts that were found for the same question of a consumer are linked."""
    held = list(_examples(Plaba(), _ALL))
    topics: dict[str, list[str]] = {}
    for case in held:
        topics.setdefault(case.meta["topic"], []).append(f"plaba:{case.id}")
    for case in _examples(Plaba(), splits):
        name = f"plaba:{case.id}"
        links = tuple(other for other in topics[case.meta["topic"]] if other != name)
        yield Text(name, case.input["text"], "plaba", links)


def _plain(splits: Splits) -> Iterator[Text]:
    for case in _examples(Plaba(), splits):
        for number, text in enumerate(case.meta["references"]):
            yield Text(f"plain:{case.id}:{number}", text, "plain")


def _diseases(splits: Splits) -> Iterator[Text]:
    for case in _examples(NcbiDisease(), splits):
        yield Text(f"ncbi:{case.id}", case.input["text"], "diseases")


def _chemicals(splits: Splits) -> Iterator[Text]:
    for case in _examples(Bc5cdr(), splits):
        yield Text(f"bc5cdr:{case.id}", case.input["text"], "chemicals")


def _dialogues(splits: Splits) -> Iterator[Text]:
    for name, source in (("aci", AciBench()), ("mts", MtsDialog())):
        for case in _examples(source, splits):
            yield Text(f"{name}:{case.id}", case.input["dialogue"], "dialogues")


def _notes(splits: Splits) -> Iterator[Text]:
    for name, source in (("aci", AciBench()), ("mts", MtsDialog())):
        for case in _examples(source, splits):
            yield Text(f"{name}-note:{case.id}", case.target, "notes")


PARTS: Mapping[str, Part] = {
    "textbooks": Part("OpenStax textbooks", "CC BY 4.0", _textbooks),
    "glossary": Part("OpenStax glossaries", "CC BY 4.0", _glossary),
    "articles": Part("PLOS and CRAFT articles", "CC BY and CC0; PMC Open Access", _articles),
    "passages": Part("BioASQ gold passages", "CC BY 2.5", _passages),
    "answers": Part("MedQuAD questions and answers", "CC BY 4.0", _answers),
    "abstracts": Part("Medical Abstracts", "CC BY-SA 3.0", _abstracts),
    "pubmedqa": Part("PubMedQA abstracts", "MIT", _pubmedqa),
    "trials": Part("ClinicalTrials.gov criteria", "public domain", _trials),
    "plaba": Part("PLABA abstracts", "CC BY 4.0", _plaba),
    "plain": Part("PLABA adaptations for lay readers", "CC BY 4.0", _plain),
    "diseases": Part("NCBI Disease abstracts", "public domain", _diseases),
    "chemicals": Part("BC5CDR abstracts", "NCBI public domain notice", _chemicals),
    "dialogues": Part("ACI-BENCH and MTS-Dialog dialogues", "CC BY 4.0", _dialogues),
    "notes": Part("ACI-BENCH and MTS-Dialog notes", "CC BY 4.0", _notes),
}


@block
class OpenTexts:
    """Texts of the data folder that OSLER_DATA names; ``parts`` are keys of ``PARTS``, () for all of them.

    ``splits``: of collections that tasks test on, the texts of these splits only; test cases are left out unless they
    are asked for. Textbooks, articles, passages and trials have no splits. ``first``: so many texts of each part at
    most, 0 for all. Passages of BioASQ and abstracts of PLABA have links.
    """

    parts: tuple[str, ...] = ()
    splits: tuple[Split, ...] = ("train", "valid")
    first: int = 0

    def check(self) -> None:
        for name in self.parts:
            if name not in PARTS:
                raise SpecError(f"open_texts has no part {name!r}", hint=nearest(name, PARTS))
        if len(set(self.parts)) < len(self.parts):
            raise SpecError("open_texts names a part twice", hint="name it once; Mixture(repeats=...) repeats texts")
        if not self.splits or self.first < 0:
            raise SpecError("open_texts needs a split, and first must be 0 or more", hint='splits = ["train"]')

    def texts(self) -> Iterator[Text]:
        """Part after part. DataError where a file is missing."""
        for name in self.parts or PARTS:
            for number, text in enumerate(PARTS[name].read(self.splits)):
                if self.first and number >= self.first:
                    break
                yield text
