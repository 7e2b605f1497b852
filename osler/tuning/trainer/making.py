"""A trained stage from the shelf, or trained now: by one process, by several, never by two at the same time."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osler.core.block import canonical, digest
from osler.core.errors import ModelError
from osler.models.quiet import quiet
from osler.tuning.disclosure import documents
from osler.tuning.shelf import Held, Shelf
from osler.tuning.trainer import card
from osler.tuning.trainer.launch import Launch
from osler.tuning.trainer.processes import current
from osler.tuning.trainer.record import record_json
from osler.tuning.trainer.work import Pairs, Tell, Work

if TYPE_CHECKING:
    from osler.tuning.stage import Stage


def found_or_built(
    stage: Stage, identity: Mapping[str, Any], pairs: Pairs, *, seed: int, tell: Tell | None, launch: Launch
) -> Held:
    """The trained model of ``identity``. Where another process is training it, this one waits for it."""
    key = digest(canonical(identity), size=8)
    shelf = Shelf(stage.shelf)
    found = shelf.find(key)
    if found is not None:
        return found
    with shelf.lock(key) as lock:
        found = shelf.find(key)
        if found is not None:
            return found
        shelf.sweep(key)
        if launch.kind == "here":
            return built(stage, identity, pairs, seed=seed, tell=tell, launch=launch)
        launch.run(stage, identity, pairs, seed=seed, tell=tell, lock=lock)
        found = shelf.find(key)
    if found is None:
        raise ModelError(
            f"the processes that trained {type(stage).__name__} left no model",
            hint="give a folder of the models that all machines share",
            kind="training",
        )
    return found


def built(
    stage: Stage, identity: Mapping[str, Any], pairs: Pairs, *, seed: int, tell: Tell | None, launch: Launch
) -> Held:
    """Train in this process, together with those it has joined. The first writes; the others' files are thrown away."""
    processes = current()
    key, name = digest(canonical(identity), size=8), type(stage).__name__
    shelf = Shelf(stage.shelf)
    with tempfile.TemporaryDirectory(prefix="osler-rank-") as scratch:
        work = Work(
            folder=shelf.begin(key) if processes.writes else Path(scratch),
            state=shelf.state(key),
            base=stage.base,
            pairs=pairs,
            seed=seed,
            identity=identity,
            tell=None if tell is None else lambda progress: tell(name, progress),
        )
        with quiet():
            record, about = stage.build(work)
    held: Held | None = None
    if processes.writes:
        manifest = {
            **identity,
            "record": record_json(record),
            "cost": launch.cost(record),
            "about": dict(about),
            "documents": documents.write(work.folder, documents.documents_of(stage, pairs)),
        }
        card.write(work.folder, manifest)
        held = shelf.finish(key, work.folder, manifest)
    processes.told(None)  # the others wait until the model is there
    found = held or shelf.find(key)
    assert found is not None
    return found
