"""Training of cross-encoders on pairs of texts: re-rankers on lists, entailment models on labelled pairs.

A training makes a folder: weights (safetensors), configuration, tokenizer, and ``training.json`` with everything that
decided the weights: settings, hashes of the base and of the data, the loss of every step, what was checked and where
the data are from. The folder appears whole or not at all. ``CrossEncoder(path=folder)`` is the model.
"""

from __future__ import annotations

import os
import shutil
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import orjson

from osler.core.block import block, canonical, digest, to_spec
from osler.core.content import content_hash_of
from osler.core.errors import DataError, SpecError
from osler.knowledge.citation import Span
from osler.models.cross_encoder import CrossEncoder
from osler.models.local_engine import read_tokenizer
from osler.models.minilm import model_folder
from osler.tuning.pair_learner import Judged, Listed, PairLearner, cross_encoder_from
from osler.tuning.schedule import Schedule
from osler.tuning.trainer import loop

__all__ = ["Judged", "Listed", "PairTraining", "Progress", "Trained", "read_manifest", "train_pairs"]

MANIFEST = "training.json"
_RECENT = 20  # steps that the told loss is the mean of


class Progress(NamedTuple):
    """After step ``step`` of ``steps``: the mean loss of the last steps, seconds gone and seconds left at this pace."""

    step: int
    steps: int
    loss: float
    seconds: float
    left: float


class Lineage(Protocol):
    """What keeps account of who used a document: a KnowledgeStore."""

    def record_use(self, kind: str, name: str, documents: Iterable[str], *, detail: str = "") -> int: ...


@block
class PairTraining:
    """How a cross-encoder is trained.

    base: folder of the encoder to begin with; "" is the installed all-MiniLM-L6-v2. epochs: passes over the data. batch:
    cases of one step (lists of a listwise loss, pairs of a classification). learning_rate: the highest, reached after the
    share ``warm_up`` of the steps and falling to 0 in a line. max_length: tokens of a pair. frozen_layers: the embeddings
    and so many first layers stay as they are (0: all learn), which saves a third of the time at half of the layers.
    bfloat16: products in bfloat16, sums and weights in float32. seed: of order, dropout and the new head.
    """

    base: str = ""
    epochs: int = 1
    batch: int = 8
    learning_rate: float = 5e-5
    warm_up: float = 0.1
    weight_decay: float = 0.01
    max_length: int = 160
    frozen_layers: int = 0
    bfloat16: bool = True
    seed: int = 0

    def check(self) -> None:
        if min(self.epochs, self.batch) < 1 or self.max_length < 8 or self.learning_rate <= 0 or self.frozen_layers < 0:
            raise SpecError(
                "pair_training needs epochs and batch of 1 or more, max_length of 8 or more and a learning rate above 0",
                hint="leave them out for the defaults",
            )
        if not 0 <= self.warm_up < 1:
            raise SpecError(f"pair_training.warm_up is a share of the steps from 0 to below 1, got {self.warm_up}")

    @property
    def schedule(self) -> Schedule:
        """The same as the trainer's own settings."""
        return Schedule(
            epochs=self.epochs,
            batch_rows=self.batch,
            learning_rate=self.learning_rate,
            warm_up=self.warm_up,
            weight_decay=self.weight_decay,
            precision="bfloat16" if self.bfloat16 else "float32",
            checkpoint_s=0,
        )


@dataclass(frozen=True, slots=True)
class Trained:
    """A trained folder. ``losses``: of every step. ``fresh``: whether it was trained now or lay there already."""

    folder: Path
    losses: tuple[float, ...]
    manifest: Mapping[str, Any]
    fresh: bool

    def model(self, **settings: Any) -> CrossEncoder:
        """The trained model, with the length of its pairs in training."""
        return CrossEncoder(
            path=str(self.folder), **({"max_length": self.manifest["settings"]["max_length"]} | settings)
        )


def train_pairs(
    cases: Sequence[Listed] | Sequence[Judged],
    folder: str | Path,
    settings: PairTraining,
    *,
    labels: Sequence[str] = (),
    about: Mapping[str, Any] | None = None,
    store: Lineage | None = None,
    passages: Iterable[str] = (),
    tell: Callable[[Progress], None] | None = None,
) -> Trained:
    """Train on ``cases`` and put the model in ``folder``; where the same training lies there already, it is taken.

    ``labels``: what the outputs stand for, in order, for ``Judged`` cases. ``about``: JSON for the manifest (where the data
    are from, what was checked). ``store``: the knowledge store that the texts are from, and ``passages`` the ids of the
    passages that may have been learnt from: their documents are noted there as used by this model, before the folder
    appears, so that a deletion can name it. The same cases, settings and machine give the same weights. DataError where the folder
    holds something else, SpecError where cases and labels do not fit, ModelError where the loss is no number.
    """
    _check(cases, labels)
    place = Path(folder).absolute()
    base = model_folder(settings.base)
    identity = {
        "format": 1,
        "kind": "listwise" if isinstance(cases[0], Listed) else "labels",
        "settings": to_spec(settings),
        "base": content_hash_of(base),
        "data": digest(canonical([list(case) for case in cases])),
        "cases": len(cases),
        "labels": list(labels) or ["relevance"],
    }
    held = read_manifest(place) if (place / MANIFEST).is_file() else None
    documents = sorted({span.document for span in map(Span.maybe, passages) if span is not None})
    if held is not None and all(held.get(name) == value for name, value in identity.items()):
        _note(store, place, identity, documents)
        return Trained(place, tuple(held["losses"]), held, fresh=False)
    if place.exists():
        raise DataError(
            f"the folder {place.name!r} holds something else than this training", hint="name a new folder for it"
        )
    place.parent.mkdir(parents=True, exist_ok=True)
    _sweep(place)
    part = place.parent / f".{place.name}.{os.getpid()}.part"
    part.mkdir()
    try:
        losses = _trained(cases, base, part, settings, tuple(identity["labels"]), tell)
        manifest = {**identity, "losses": [round(loss, 6) for loss in losses], "about": dict(about or {})}
        (part / MANIFEST).write_bytes(orjson.dumps(manifest, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS))
        _note(store, place, identity, documents)
        part.rename(place)
    finally:
        shutil.rmtree(part, ignore_errors=True)  # nothing is left there after a rename
    return Trained(place, tuple(manifest["losses"]), manifest, fresh=True)


def _trained(
    cases: Sequence[Listed] | Sequence[Judged],
    base: Path,
    folder: Path,
    settings: PairTraining,
    labels: tuple[str, ...],
    tell: Callable[[Progress], None] | None,
) -> list[float]:
    """Train from the weights in ``base``, write the model to ``folder``; the loss of each step."""
    recent: deque[float] = deque(maxlen=_RECENT)

    def told(now: loop.Progress) -> None:
        if "loss" not in now.losses:
            return  # a step that was not applied: its loss was no number
        recent.append(now.losses["loss"])
        if tell is not None:
            tell(Progress(now.step, now.steps, sum(recent) / len(recent), now.seconds, now.left))

    network = cross_encoder_from(base, labels, frozen_layers=settings.frozen_layers, seed=settings.seed)
    tokenizer = read_tokenizer(str(base), True, "")
    learner = PairLearner(network, tokenizer, cases, labels=labels, max_length=settings.max_length, seed=settings.seed)
    record = loop.fit(learner, settings.schedule, seed=settings.seed, tell=told)
    learner.save(folder)
    return record.losses


def read_manifest(folder: str | Path) -> Mapping[str, Any]:
    """What ``training.json`` of a trained folder says. DataError where there is none."""
    file = Path(folder) / MANIFEST
    try:
        found: Mapping[str, Any] = orjson.loads(file.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        raise DataError(
            f"the folder {Path(folder).name!r} holds no training of ours", hint="give a folder that train_pairs made"
        ) from None
    return found


def _note(store: Lineage | None, place: Path, identity: Mapping[str, Any], documents: Sequence[str]) -> None:
    if store is not None and documents:
        store.record_use("model", place.name, documents, detail=f"{identity['kind']}, data {identity['data']}")


def _check(cases: Sequence[Listed | Judged], labels: Sequence[str]) -> None:
    if not cases:
        raise SpecError("there is nothing to train on", hint="give at least a few hundred cases")
    if len({type(case) for case in cases}) > 1:
        raise SpecError("lists and labelled pairs cannot be trained on together", hint="train a model for each")
    for place, case in enumerate(cases):
        if isinstance(case, Judged):
            if case.label not in labels:
                raise SpecError(f"case {place} has a label that is none of the {len(labels)} labels")
        elif len(case.texts) < 2:
            raise SpecError(f"case {place} has {len(case.texts)} texts and a list needs two", hint="add negatives")


def _sweep(place: Path) -> None:
    """Remove what a killed training of the same name left behind."""
    for left in place.parent.glob(f".{place.name}.*.part"):
        number = left.name.removesuffix(".part").rpartition(".")[2]
        if number.isdigit() and not Path(f"/proc/{number}").exists():
            shutil.rmtree(left, ignore_errors=True)
