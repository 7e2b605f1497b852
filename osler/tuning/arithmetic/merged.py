"""A model merged from the weights of others: no gradient step, no data."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osler.core.block import block, canonical, digest
from osler.core.errors import DataError, SpecError
from osler.tuning.arithmetic.folder import (
    SINGLE,
    Tensors,
    copy_beside,
    opened,
    refuse_shapes,
    refuse_strangers,
    write,
)
from osler.tuning.arithmetic.linear import LinearMerge
from osler.tuning.arithmetic.method import Method, places
from osler.tuning.stage import Pairs, Record, Stage, Work, base_hash, folder_of

if TYPE_CHECKING:
    import torch


@block
class Merged(Stage):
    """The weights of ``models`` merged by ``method``: LinearMerge, Slerp, TaskVectors, Ties or Dare.

    models: stages, which are trained first, or models with a folder of whole weights; of the same architecture, tokenizer
    and tensors. base: what TaskVectors, Ties and Dare take the changes from; the others take none. Configuration and
    tokenizer are those of the base, or of the first model. Computed in float64 (16-bit weights in float32) and stored as
    the base is stored, one tensor at a time.

    Figures: how many tensors and weights there are, and how far the merged weights are from each model (norm of the
    difference over the norm of that model's weights).
    """

    models: tuple[Any, ...] = ()
    base: Any = None
    method: Method = LinearMerge()
    weights: str = ""
    shelf: str = ""

    def check(self) -> None:
        if not self.models:
            return  # a plan whose models are still to be named
        self.method.refuse(len(self.models))
        if self.method.from_base != (self.base is not None):
            name = type(self.method).__name__
            raise SpecError(
                f"{name} adds changes to a base and has none" if self.method.from_base else f"{name} has no use for a base",
                hint="base = the model that the others were tuned from" if self.method.from_base else "leave base out",
            )  # fmt: skip

    @property
    def reads_pairs(self) -> bool:
        return False

    @property
    def supports(self) -> frozenset[str]:
        return self.local.supports | {"train"} if self.weights else frozenset({"generate", "score", "train"})

    def data_hash(self, pairs: Pairs) -> str:
        """Hash of the weights of all models: they are what the merge is made of."""
        return digest(canonical([base_hash(model) for model in self.models]))

    def build(self, work: Work) -> tuple[Record, Mapping[str, Any]]:
        if not self.models:
            raise SpecError("there are no models to merge", hint="merged.models = two models or more")
        folders = [_folder(model) for model in self.models]
        start = None if work.base is None else _folder(work.base)
        leading = start or folders[0]
        refuse_strangers([leading, *folders])
        with contextlib.ExitStack() as stack:
            models = [stack.enter_context(opened(folder)) for folder in folders]
            base = None if start is None else stack.enter_context(opened(start))
            lead = base or models[0]
            refuse_shapes([lead, *models])
            distance = _Distance(len(models))
            write(work.folder / SINGLE, lead.kept, self._tensors(models, base, distance, work.seed))
        copy_beside(leading, work.folder)
        return Record(), {
            "tensors": len(lead.kept),
            "parameters": sum(one.size for one in lead.kept.values()),
            "distances": distance.shares,
        }

    def _tensors(
        self, models: Sequence[Tensors], base: Tensors | None, distance: _Distance, seed: int
    ) -> Iterator[torch.Tensor]:
        import torch

        lead = base or models[0]
        for place in places(lead.kept, seed):
            own = lead.read(place.name)
            held = [model.read(place.name) for model in models]
            if not lead.kept[place.name].floating:
                if not all(torch.equal(own, one) for one in held):
                    raise SpecError(f"the whole numbers in {place.name!r} differ between the models")
                yield own
                continue
            form = torch.float32 if own.element_size() < 4 else torch.float64
            wide = [one.to(form) for one in held]
            found = self.method.merged(wide, own.to(form) if base else None, place).to(own.dtype)
            if not torch.isfinite(found).all():
                raise DataError(f"the merged tensor {place.name!r} has values that are no numbers")
            distance.add(found.to(form), wide)
            yield found


class _Distance:
    """How far what was merged is from each model, tensor after tensor."""

    def __init__(self, models: int) -> None:
        self._off, self._of = [0.0] * models, [0.0] * models

    def add(self, found: torch.Tensor, models: Sequence[torch.Tensor]) -> None:
        for at, one in enumerate(models):
            self._off[at] += float((found - one).square().sum())
            self._of[at] += float(one.square().sum())

    @property
    def shares(self) -> list[float]:
        return [math.sqrt(off / of) if of else 0.0 for off, of in zip(self._off, self._of, strict=True)]


def _folder(model: Any) -> Path:
    found = folder_of(model)
    if found is None:
        raise SpecError(
            f"{type(model).__name__} has no weights to merge", hint="give a stage, or a local model with a folder"
        )
    return found
