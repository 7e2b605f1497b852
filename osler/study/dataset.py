"""The cases of a study: which are tested, which may be trained on, and whether the two ever meet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import fields as fields_of
from typing import Any

import numpy as np

from osler.core.block import is_block, replace
from osler.core.errors import DataError
from osler.core.types import Example
from osler.data.overlap import Overlap, overlap
from osler.data.source import Source, dataset_hash
from osler.data.splits import folds_by, need_clusters
from osler.evaluation.table import spelled
from osler.prompting.optimise.trials import fitting_of
from osler.study.resolve import Study
from osler.tasks.template import Template
from osler.tuning.stage import Stage

_NOTHING = "nothing is trained or shown, so nothing can leak"
_NEAR = "near means at least 0.8 of word 5-grams shared"


@dataclass(frozen=True)
class Fold:
    """Cases to test and the cases of other patients to learn from. ``valid``: what variants are compared on, where the
    task gives such cases and a system looks for the best variant; else it takes them from ``train``."""

    train: Sequence[Example]
    test: Sequence[Example]
    valid: Sequence[Example] = ()


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
    if study.folds:  # every case is answered by a system that never saw its cluster, so none need be set apart
        test = [*test, *task.examples("train"), *task.examples("valid")]
    limit = int(study.settings.get("limit", 0) or 0)
    if limit:
        test = test[:limit]
    if not len(test):
        raise DataError(f"the data of study {study.name!r} holds no test case", hint="look at the source's settings")
    _unique(test, study)
    _clustered(test, task)
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
        met, found = _meeting_folds(folds, f"{study.folds} folds by {by}", study)
        return Dataset(test, folds, dataset_hash(test), met, (*found, *warnings))
    train: Sequence[Example] = task.examples("train") if learns(study) else ()
    valid: Sequence[Example] = task.examples("valid") if searches(study) else ()
    _clustered(train, task)
    _clustered(valid, task)
    _apart(train, valid, study)
    met, found = _meeting(train, test, study, valid)
    return Dataset(test, (Fold(train, test, valid),), dataset_hash(test), met, (*found, *warnings))


def learns(study: Study) -> bool:
    """Whether anything in the study wants training cases."""
    return any("train" in entry.block.supports for entry in study.models) or any(
        has_pool(entry.block) for entry in study.systems
    )


def has_pool(system: Any) -> bool:
    """Whether a system, or a strategy anywhere inside it, learns from training cases.

    It does where it says so (``learns``), keeps cases to show them (``pool``), or asks the model while it is fitted.
    """
    return any(_learns(item) for item in inside(system) if hasattr(item, "predict")) or fits_by_calls(system)


def fits_by_calls(system: Any) -> bool:
    """Whether fitting a system asks a model: it looks for something, and gets validation cases to look on."""
    return fitting_of(system, 10) > 0


def searches(study: Study) -> bool:
    """Whether any system of the study asks a model while it is fitted."""
    return any(fits_by_calls(entry.block) for entry in study.systems)


def inside(value: Any) -> Iterator[Any]:
    """Every block in ``value``, itself first, in the order of their fields; lists and tables are looked through."""
    for item in _held(value):
        yield item
        for field in fields_of(item):
            yield from inside(getattr(item, field.name))


def children(held: Any) -> Iterator[Any]:
    """The blocks that stand in the fields of a block, not those inside them."""
    for field in fields_of(held):
        yield from _held(getattr(held, field.name))


def _held(value: Any) -> Iterator[Any]:
    """``value`` where it is a block, else the blocks of a list or table."""
    if is_block(value):
        yield value
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from _held(item)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _held(item)


def _learns(strategy: Any) -> bool:
    said = getattr(strategy, "learns", None)
    return hasattr(strategy, "pool") if said is None else bool(said)


def training_cases(model: Any, study: Study, fold: Fold) -> tuple[Sequence[Example], str]:
    """What a trainable model learns from: its own ``data`` when it names a source, else the fold's training cases."""
    own = getattr(model, "data", None)
    if isinstance(model, Stage) and not isinstance(own, Source):
        own = None
        if not model.wants_pairs:
            return (), "data of its own"
    if own is None or own == "train":
        return fold.train, "training split" if not study.folds else "other folds"
    if isinstance(own, Source):
        return replace(study.task, data=own).examples("train"), type(own).__name__.lower()
    raise DataError(
        f"the training data {own!r} of a model is no source", hint='data = { source = "cohort" } or leave it out'
    )


def cluster(example: Example, task: Template) -> str:
    """The patient of a case; a case of a model's own training data may have none and stands for itself."""
    held = example.meta.get(task.cluster) if task.cluster else None
    return example.id if held is None else spelled(held)


def case_text(example: Example, task: Template) -> str:
    """All that a model may read of a case, for overlap checks."""
    prompt = task.prompt(example)
    return "\n".join([*(passage.text for passage in prompt.evidence), prompt.question, *prompt.choices])


def _clustered(examples: Sequence[Example], task: Template) -> None:
    if task.cluster:
        need_clusters(task.cluster, ((example.id, example.meta.get(task.cluster)) for example in examples))


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


def _apart(train: Sequence[Example], valid: Sequence[Example], study: Study) -> None:
    """Validation cases that are training cases, or of the same patients, would flatter what was learnt there."""
    both = {cluster(e, study.task) for e in train} & {cluster(e, study.task) for e in valid}
    if both:
        kind = study.task.cluster or "case"
        raise DataError(
            f"{len(both)} {kind}(s) stand in train and valid of study {study.name!r}, such as {min(both)!r}",
            hint=f"split by {kind}",
        )


def _meeting(
    train: Sequence[Example], test: Sequence[Example], study: Study, valid: Sequence[Example] = ()
) -> tuple[dict[str, Any], list[str]]:
    task = study.task
    what = f"{len(train):,} training" + (f" and {len(valid):,} validation" if len(valid) else "")
    train = [*train, *valid] if len(valid) else train
    if task.cluster:
        both = {cluster(e, task) for e in train} & {cluster(e, task) for e in test}
        if both:
            raise DataError(
                f"{len(both)} {task.cluster}(s) stand in train{' or valid' if len(valid) else ''} and test of study "
                f"{study.name!r}, such as {min(both)!r}",
                hint=f"split by {task.cluster}",
            )
    if not len(train):
        return _unlooked(_NOTHING), []
    found = overlap([case_text(e, task) for e in train], [case_text(e, task) for e in test])
    note = f"{len(test):,} test cases held against {what} cases; {_NEAR}"
    return _told([found], f"the {what} cases", note)


def _meeting_folds(folds: Sequence[Fold], by: str, study: Study) -> tuple[dict[str, Any], list[str]]:
    """Each fold's test cases held against the cases of the other folds, which it learns from."""
    if not learns(study):
        return _unlooked(f"{by}; {_NOTHING}"), []
    text = {example.id: case_text(example, study.task) for fold in folds for example in fold.test}
    found = [overlap([text[e.id] for e in fold.train], [text[e.id] for e in fold.test]) for fold in folds]
    kept = study.task.cluster or "case"
    note = f"{by}: no {kept} is trained on and tested in the same fold; the cases of each were held against those of the others; {_NEAR}"
    return _told(found, "the training cases of their fold", note)


def _unlooked(note: str) -> dict[str, Any]:
    return {"exact": 0, "near": 0, "checked": 0, "note": note}


def _told(found: Sequence[Overlap], where: str, note: str) -> tuple[dict[str, Any], list[str]]:
    exact, near, checked = (sum(getattr(item, key) for item in found) for key in ("exact", "near", "checked"))
    warning = f"{exact} test cases stand word for word among {where} and {near} nearly so"
    return {"exact": exact, "near": near, "checked": checked, "note": note}, [warning] if exact or near else []


def label_counts(examples: Sequence[Example]) -> dict[str, int]:
    return dict(Counter(example.target for example in examples).most_common())
