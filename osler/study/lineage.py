"""Which study used which documents of a knowledge store: noted there before the first answer, so that a deletion lists it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from osler.core.store import Store
from osler.knowledge.stored import Stored
from osler.study.cells import Cell
from osler.study.dataset import inside


def note_uses(study: str, cells: Iterable[Cell], store: Store) -> None:
    """Note in every knowledge store that a cell searches who may have used its documents, all that it holds now.

    Three kinds: the "system", the "model" where it is trained in this study (its training cases may show passages), and the
    "store" of answers, by its path: what ``osler knowledge delete --runs`` takes.
    """
    for cell in cells:
        searched = {part.path: part for part in inside(cell.system.block) if isinstance(part, Stored)}
        searched |= {part.path: part for part in inside(cell.model.block) if isinstance(part, Stored)}
        for part in searched.values():
            held = [version.id for version in part.store.versions(part.as_of)]
            if not held:
                continue
            detail = f"study {study}"
            part.store.record_use("system", cell.system.name, held, detail=detail)
            if "train" in cell.model.block.supports:
                part.store.record_use("model", cell.model.name, held, detail=detail)
            part.store.record_use("store", str(Path(store.path).absolute()), held, detail=detail)
