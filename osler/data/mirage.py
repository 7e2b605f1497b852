"""MIRAGE (Xiong et al. 2024): 7,663 questions of five medical question sets, all of them test items."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from osler.core.block import block
from osler.core.errors import DataError, SpecError, nearest
from osler.core.types import LETTERS, Example, Split
from osler.data.published import locate, require, rows

SETS = ("mmlu", "medqa", "medmcqa", "pubmedqa", "bioasq")
_FILE = "mirage/mirage.jsonl.gz"


@block
class Mirage:
    """Multiple-choice questions; ``sets`` names the ones taken, in the order of the file.

    An example's id is ``dataset/id``, its target the letter of the right option, its choices the options' texts.
    ``meta``: dataset, subject (of MMLU and MedMCQA, else ""), step (of MedQA, else ""), and ``pmids`` where the set
    has gold documents. Everything is ``test``. Source: Xiong et al., Findings of ACL 2024.
    """

    sets: tuple[str, ...] = SETS

    title: ClassVar[str] = "MIRAGE"
    licence: ClassVar[str] = "NCBI public domain notice; MedQA, MedMCQA, MMLU, PubMedQA MIT; BioASQ CC BY 2.5"
    citation: ClassVar[str] = (
        "Xiong et al., Benchmarking Retrieval-Augmented Generation for Medicine, ACL Findings 2024"
    )
    synthetic: ClassVar[bool] = False

    def check(self) -> None:
        if not self.sets:
            raise SpecError("mirage.sets is empty", hint=f"take some of {', '.join(SETS)}")
        for name in self.sets:
            if name not in SETS:
                raise SpecError(f"mirage has no set {name!r}", hint=nearest(name, SETS))

    def examples(self, split: Split) -> Sequence[Example]:
        """Every question for ``test``; none for other splits, since these are all test items."""
        if split != "test":
            return ()
        held: tuple[Example, ...] | None = self.__dict__.get("_examples")
        if held is None:
            found = rows(locate(_FILE, what=self.title), what=self.title)
            held = tuple(_example(row, n) for n, row in enumerate(found, 1) if row.get("dataset") in self.sets)
            if len({example.id for example in held}) != len(held):
                raise DataError("MIRAGE: two questions have the same id", hint="fetch the file again")
            self.__dict__["_examples"] = held
        return held


def _example(row: dict[str, Any], number: int) -> Example:
    require(row, ("dataset", "id", "question", "options", "answer"), what="MIRAGE", number=number)
    name = f"{row['dataset']}/{row['id']}"
    options = row["options"]
    if list(options) != list(LETTERS[: len(options)]) or row["answer"] not in options:
        raise DataError(f"MIRAGE: the options of {name} are not lettered A, B, ... or lack its answer")
    about = str(row.get("meta") or "")
    stepped = row["dataset"] == "medqa"
    meta = {"dataset": row["dataset"], "subject": "" if stepped else about, "step": about if stepped else ""}
    if row.get("pmids"):
        meta["pmids"] = tuple(map(str, row["pmids"]))
    return Example(
        id=name,
        input={"question": row["question"]},
        target=row["answer"],
        choices=tuple(options.values()),
        meta=meta,
    )
