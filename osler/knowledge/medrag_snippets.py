"""MedRAG's corpora: snippets in JSON lines, a folder for each corpus (Xiong et al. 2024, arXiv:2402.13178, section 3.1)."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from osler.core.block import block
from osler.core.errors import DataError, SpecError
from osler.core.types import Passage
from osler.data.published import VARIABLE
from osler.knowledge.passages import PassageFile

CORPORA = ("pubmed", "statpearls", "textbooks", "wikipedia")  # together MedCorp: 54.2 million snippets


@block
class MedRAGSnippets:
    """The snippets of ``corpora`` under the folder ``path``, as the authors hand them out: CORPUS/chunk/*.jsonl with the
    keys id, title and content (gzipped where the name ends in .gz). A passage reads "title: content".

    "$OSLER_DATA/..." is taken from the folder of that variable. The files are the user's own: none is shipped, and all
    that is named is held in memory, which Textbooks (126,000 snippets) and StatPearls (301,000) allow and PubMed (23.9
    million) and Wikipedia (29.9 million) do not on an ordinary machine.
    """

    path: str = "$OSLER_DATA/medrag"
    corpora: tuple[str, ...] = CORPORA

    def check(self) -> None:
        if not self.corpora or any(not name or Path(name).name != name for name in self.corpora):
            raise SpecError("medrag_snippets.corpora must name folders", hint='corpora = ["textbooks", "statpearls"]')

    def passages(self) -> Sequence[Passage]:
        """All snippets, corpus by corpus and file by file. DataError where a folder, a key or an id is missing, or two
        snippets share an id."""
        held: tuple[Passage, ...] | None = self.__dict__.get("_passages")
        if held is None:
            found: dict[str, Passage] = {}
            for file in self._files():
                for passage in PassageFile(path=str(file), id="id", text="content", title="title").passages():
                    if passage.id in found:
                        raise DataError(
                            f"two snippets have the id {passage.id!r}, the second in {file.name}",
                            hint="name each corpus and each file once",
                        )
                    found[passage.id] = passage
            held = self.__dict__["_passages"] = tuple(found.values())
        return held

    def content_hash(self) -> str:
        """BLAKE2b of the bytes of all files, in their order (32 hex characters)."""
        made: str | None = self.__dict__.get("_content_hash")
        if made is None:
            total = hashlib.blake2b(digest_size=16)
            for file in self._files():
                with file.open("rb") as opened:
                    total.update(hashlib.file_digest(opened, "blake2b").digest())
            made = self.__dict__["_content_hash"] = total.hexdigest()
        return made

    def _files(self) -> Iterator[Path]:
        for corpus in self.corpora:
            folder = self._folder() / corpus / "chunk"
            files = sorted(file for file in folder.glob("*.jsonl*") if file.suffix in (".jsonl", ".gz"))
            if not files:
                raise DataError(
                    f"the MedRAG corpus {corpus!r} has no files CHUNK.jsonl in its folder chunk",
                    hint=f"put the authors' snippets into {self.path}/{corpus}/chunk, or name other corpora",
                )
            yield from files

    def _folder(self) -> Path:
        marker = f"${VARIABLE}/"
        if not self.path.startswith(marker):
            return Path(self.path)
        root = os.environ.get(VARIABLE, "")
        if not root:
            raise DataError(
                f"MedRAG's corpora are not shipped with Osler and {VARIABLE} is not set",
                hint=f"set {VARIABLE}, or name the folder by path",
            )
        return Path(root) / self.path.removeprefix(marker)
