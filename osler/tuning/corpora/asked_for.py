"""Corpora of published models that Osler may not ship or fetch: what they are, where to get them, and their files."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from osler.core.block import block
from osler.core.errors import DataError, SpecError, nearest
from osler.tuning.corpora.corpus import Text
from osler.tuning.corpora.text_files import TextFiles


class Known(NamedTuple):
    """``where``: how the texts are got. ``file``: how to write them."""

    title: str
    what: str
    licence: str
    where: str
    file: str = "one line a document: id, text"


CORPORA: Mapping[str, Known] = {
    "pubmed_baseline": Known(
        "PubMed annual baseline",
        "about 38 million citations, most of them with title and abstract",
        "terms of the National Library of Medicine; single abstracts may be under copyright",
        "download the .xml.gz files from ftp.ncbi.nlm.nih.gov/pubmed/baseline",
        "one line a citation: id (the PMID), text (title and abstract), links (PMIDs of its reference list, if wanted)",
    ),
    "pmc_open_access": Known(
        "PubMed Central open access subset",
        "full texts of millions of articles, with licences that differ",
        "Creative Commons and others, told for each article; take the commercial or non-commercial list",
        "download the files of oa_bulk from ftp.ncbi.nlm.nih.gov/pub/pmc",
    ),
    "mimic_iii_notes": Known(
        "MIMIC-III notes (NOTEEVENTS)",
        "2.08 million notes of a hospital in Boston",
        "PhysioNet Credentialed Health Data License",
        "credentialing and the data use agreement on physionet.org/content/mimiciii",
        "one line a note: id (ROW_ID), text",
    ),
    "mimic_iv_notes": Known(
        "MIMIC-IV-Note",
        "331,794 discharge summaries and 2.3 million radiology reports",
        "PhysioNet Credentialed Health Data License",
        "credentialing and the data use agreement on physionet.org/content/mimic-iv-note",
        "one line a note: id (note_id), text",
    ),
    "uf_health_notes": Known(
        "Notes of University of Florida Health, behind GatorTron and GatorTronGPT",
        "82 billion words of de-identified notes",
        "not released",
        "they cannot be had: use the notes of your own institution, under its rules",
    ),
    "nyu_notes": Known(
        "Notes of NYU Langone Health, behind NYUTron",
        "7.25 million notes of 387,144 patients",
        "not released",
        "they cannot be had: use the notes of your own institution, under its rules",
    ),
    "s2orc": Known(
        "S2ORC, behind PMC-LLaMA's 4.8 million papers",
        "full texts of open papers, parsed",
        "ODC-By 1.0; the papers have licences of their own",
        "ask for a key of the Semantic Scholar Academic Graph on api.semanticscholar.org and download the dataset s2orc",
    ),
    "wikipedia": Known(
        "Wikipedia, general text of BERT-type models",
        "articles of one language",
        "CC BY-SA 4.0",
        "download a dump from dumps.wikimedia.org and take the plain text out of it",
        "one line an article: id, text, links (ids of the articles that it links to)",
    ),
    "books": Known(
        "BooksCorpus, general text of BERT-type models",
        "about 11,000 unpublished novels",
        "not to be passed on",
        "it is no longer distributed: use books out of copyright (gutenberg.org)",
    ),
    "redpajama": Known(
        "RedPajama, general text replayed by Me-LLaMA and MEDITRON",
        "a copy of what LLaMA was trained on",
        "by part; see its card",
        "download a sample from huggingface.co/datasets/togethercomputer/RedPajama-Data-1T",
    ),
    "medical_guidelines": Known(
        "Guidelines of MEDITRON",
        "37,970 clinical guidelines of 8 of 16 sources, that may be passed on",
        "by source; see its card",
        "download from huggingface.co/datasets/epfl-llm/guidelines",
        "one line a guideline: id, text (its column clean_text)",
    ),
}


@block
class RequestedTexts:
    """The corpus ``collection``, a key of ``CORPORA``, from ``path``, the file or folder that the user got.

    ``path`` is read as by TextFiles, variables in it too. Without it the texts are a DataError that says where to get
    them. ``field``: the column of the text.
    """

    collection: str = "pubmed_baseline"
    path: str = ""
    field: str = "text"

    def check(self) -> None:
        if self.collection not in CORPORA:
            raise SpecError(f"no corpus is named {self.collection!r}", hint=nearest(self.collection, CORPORA))

    @property
    def about(self) -> Known:
        return CORPORA[self.collection]

    def files(self) -> tuple[Path, ...]:
        """The files that are read; DataError without a path."""
        if not self.path:
            known = self.about
            raise DataError(
                f"{known.title} ({known.what}) is not shipped with Osler and no path is given",
                hint=f"{known.where}; write it as .jsonl, {known.file}; then set path. Licence: {known.licence}",
            )
        return self._texts().files()

    def texts(self) -> Iterator[Text]:
        """The documents of the user's files."""
        self.files()
        yield from self._texts().texts()

    def _texts(self) -> TextFiles:
        return dataclasses.replace(TextFiles(path=self.path, field=self.field), source=self.collection)
