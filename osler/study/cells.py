"""Cells: what is run once and kept, addressed by all that its answers depend on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import osler
from osler.core.block import block_id, canonical, digest, is_block, replace, to_spec
from osler.data.source import Source, dataset_hash
from osler.study.dataset import Dataset, fits_by_calls, has_pool, inside
from osler.study.fitting import judged_by
from osler.study.names import Entry
from osler.study.resolve import Study
from osler.tuning.stage import Stage


@dataclass(frozen=True)
class Cell:
    """task x model x system x seed on one data set.

    ``spec`` holds everything that an answer depends on: the task as it is put, the hash of the test cases, that of the
    training cases where something learns from them (and that of the validation cases and the metric with its settings
    where variants are compared), the model and system with the content of the files they name, the
    seed, and the version of Osler, since reading a reply is part of it. Replies are kept apart, under the hash of the
    call alone: a new version reads them again without asking again.
    """

    model: Entry
    system: Entry
    seed: int
    spec: Mapping[str, Any]

    @property
    def id(self) -> str:
        return digest(canonical(self.spec), size=8)


def cells(study: Study, data: Dataset) -> list[Cell]:
    """The cells of a study on its data, in the order of the file."""
    bare = replace(study.task, data=None, accept={}, metrics=(), subgroups=(), hazards=())
    task = to_spec(bare)
    shown = {
        "osler": osler.__version__,
        "task": task,
        "data": data.hash,
        "folds": study.folds,
        "limit": study.settings.get("limit", 0),
    }
    shared = dataset_hash(data.folds[0].train) if not study.folds else "other folds"
    own = {entry.name: _own(entry.block, study) for entry in study.models}
    out = []
    for model, system in study.arms():
        learnt = own[model.name] or (shared if "train" in model.block.supports else "")
        if own[model.name] and isinstance(model.block, Stage) and model.block.wants_pairs:
            learnt = f"{own[model.name]} {shared}"
        shows = shared if has_pool(system.block) else ""
        search = [_valid(data, study), *_judge(study)] if fits_by_calls(system.block) else []
        for seed in study.seeds:
            spec = {
                **shown,
                "model": to_spec(model.block, identity=True),
                "system": to_spec(system.block, identity=True),
                "contents": contents(model.block, system.block, bare),
                "training": [learnt, shows, *search],
                "seed": seed,
            }
            out.append(Cell(model, system, seed, spec))
    return out


def identity(model: Any) -> str:
    """The id of a model together with the content of the files that it names."""
    found = contents(model)
    return digest(canonical([block_id(model), found]), size=8) if found else block_id(model)


def contents(*blocks: Any) -> list[str]:
    """``content_hash()`` of every block among ``blocks`` and inside them that has one, in the order of their fields."""
    return [item.content_hash() for block in blocks for item in inside(block) if hasattr(item, "content_hash")]


def _valid(data: Dataset, study: Study) -> str:
    """The hash of the validation cases; "" where they are taken from the training cases."""
    return dataset_hash(data.folds[0].valid) if not study.folds and len(data.folds[0].valid) else ""


def _judge(study: Study) -> list[Any]:
    """What variants are compared by: the name of the metric and its settings."""
    name, metric = judged_by(study)
    return [name, to_spec(metric) if is_block(metric) else ""]


def _own(model: Any, study: Study) -> str:
    """The hash of a model's own training data, "" where it has none."""
    source = getattr(model, "data", None)
    if not isinstance(source, Source):
        return _of_stages(model) if isinstance(model, Stage) else ""
    return dataset_hash(replace(study.task, data=source).examples("train"))


def _of_stages(stage: Stage) -> str:
    """The hash of all texts and dialogues that a stage and those it stands on learn from; "" where there are none."""
    own = [held.data_hash(()) for held in inside(stage) if isinstance(held, Stage) and not held.reads_pairs]
    return digest(canonical(own), size=8) if own else ""
