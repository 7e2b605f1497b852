"""The cases of a study: which are tested, which may be trained on, and whether the two ever meet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from osler.core.block import is_block, replace
from osler.core.errors import DataError
from osler.core.types import Example
from osler.data.overlap import overlap
from osler.data.source import Source, dataset_hash
from osler.data.splits import folds_by
from osler.study.resolve import Study
from osler.tasks.template import Template


@dataclass(frozen=True)
class Fold:
    """Cases to test and the cases of other patients to learn from."""

    train: Sequence[Example]
    test: Sequence[Example]


@dataclass(frozen=True)
class Dataset:
    """``test``: every case that is scored. ``folds``: one (train, test) pair, or k of them by cluster."""

    test: Sequence[Example]
    folds: tuple[Fold, ...]
    hash: str
    overlap: dict[str, Any]
    warnings: tuple[str, ...] = ()


def dataset(study: Study) -> Dataset:
    """Load the cases of a study. DataError when there are none, an id stands twice, or train and test share a
    patient."""
    task = study.task
    test: Sequence[Example] = task.examples("test")
    limit = int(study.settings.get("limit", 0) or 0)
    if limit:
        test = test[:limit]
    if not len(test):
        raise DataError(f"the data of study {study.name!r} holds no test case", hint="look at the source's settings")
    _unique(test, study)
    own = [source for entry in study.models if isinstance(source := getattr(entry.block, "data", None), Source)]
    warnings: list[str] = []
    for source in own:  # a model's own training data must not meet the test cases either
        warnings += _meeting(replace(task, data=source).examples("train"), test, study)[1]
    if study.folds:
        by = task.cluster or "case"
        groups = folds_by([cluster(example, task) for example in test], study.folds, 0)
        folds = tuple(
            Fold(
                train=[example for example, group in zip(test, groups, strict=True) if group != fold],
                test=[example for example, group in zip(test, groups, strict=True) if group == fold],
            )
            for fold in range(study.folds)
        )
        note = f"{study.folds} folds by {by}: no {by} is trained on and tested in the same fold"
        met: dict[str, Any] = {"exact": 0, "near": 0, "checked": 0, "note": note}
        return Dataset(test, folds, dataset_hash(test), met, tuple(warnings))
    train: Sequence[Example] = task.examples("train") if learns(study) else ()
    met, found = _meeting(train, test, study)
    return Dataset(test, (Fold(train, test),), dataset_hash(test), met, (*found, *warnings))


def learns(study: Study) -> bool:
    """Whether anything in the study wants training cases."""
    return any("train" in entry.block.supports for entry in study.models) or any(
        has_pool(entry.block) for entry in study.systems
    )


def has_pool(system: Any) -> bool:
    """Whether a system keeps training cases to show them."""
    inner = getattr(system, "inner", None)
    return hasattr(system, "pool") or (is_block(inner) and has_pool(inner))


def training_cases(model: Any, study: Study, fold: Fold) -> tuple[Sequence[Example], str]:
    """What a trainable model learns from: its own ``data`` when it names a source, else the fold's training cases."""
    own = getattr(model, "data", None)
    if own is None or own == "train":
        return fold.train, "training split" if not study.folds else "other folds"
    if isinstance(own, Source):
        return replace(study.task, data=own).examples("train"), type(own).__name__.lower()
    raise DataError(
        f"the training data {own!r} of a model is no source", hint='data = { source = "cohort" } or leave it out'
    )


def cluster(example: Example, task: Template) -> str:
    return str(example.meta.get(task.cluster, example.id)) if task.cluster else example.id


def case_text(example: Example, task: Template) -> str:
    """All that a model may read of a case, for overlap checks."""
    prompt = task.prompt(example)
    return "\n".join([*(passage.text for passage in prompt.evidence), prompt.question, *prompt.choices])


def _unique(test: Sequence[Example], study: Study) -> None:
    # Hashes in 8 bytes a case, for sources that make their cases on demand; ids only of those whose hashes meet.
    hashes = np.fromiter((hash(example.id) for example in test), dtype=np.int64, count=len(test))
    found, counts = np.unique(hashes, return_counts=True)
    meeting = set(found[counts > 1].tolist())
    seen: set[str] = set()
    for example in test if meeting else ():
        if hash(example.id) not in meeting:
            continue
        if example.id in seen:
            raise DataError(
                f"the id {example.id!r} stands twice in the data of study {study.name!r}",
                hint="give every case its own id",
            )
        seen.add(example.id)


def _meeting(train: Sequence[Example], test: Sequence[Example], study: Study) -> tuple[dict[str, Any], list[str]]:
    task = study.task
    if task.cluster:
        both = {cluster(e, task) for e in train} & {cluster(e, task) for e in test}
        if both:
            raise DataError(
                f"{len(both)} {task.cluster}(s) stand in train and test of study {study.name!r}, such as {min(both)!r}",
                hint=f"split by {task.cluster}",
            )
    warnings: list[str] = []
    if not len(train):
        return {
            "exact": 0,
            "near": 0,
            "checked": 0,
            "note": "nothing is trained or shown, so nothing can leak",
        }, warnings
    found = overlap([case_text(e, task) for e in train], [case_text(e, task) for e in test])
    if found.exact or found.near:
        warnings.append(
            f"{found.exact} test cases stand word for word among the {len(train):,} training cases and {found.near} nearly so"
        )
    note = f"{len(test):,} test cases held against {len(train):,} training cases; near means at least 0.8 of word 5-grams shared"
    return {"exact": found.exact, "near": found.near, "checked": found.checked, "note": note}, warnings


def label_counts(examples: Sequence[Example]) -> dict[str, int]:
    return dict(Counter(example.target for example in examples).most_common())


def training_texts(folds: Sequence[Fold]) -> Iterator[Example]:
    for fold in folds:
        yield from fold.train
