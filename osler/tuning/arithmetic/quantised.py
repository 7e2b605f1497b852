"""A model held in 8 or 4 bits by rounding to the nearest: smaller on disk, with the error that this makes."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import orjson

from osler.core.block import block
from osler.core.errors import SpecError
from osler.models.adapter_quantise import Packed
from osler.models.quantised_folder import FILE, FORMAT, TENSORS, packed, unpacked, width_of
from osler.tuning.arithmetic.folder import Tensors, copy_beside, opened
from osler.tuning.stage import Pairs, Record, Stage, Work, folder_of

if TYPE_CHECKING:
    import torch

Precision = Literal["int8", "int4", "nf4"]
_TABLES = re.compile(r"embed|wte|wpe|lm_head|shared")


@block
class Quantised(Stage):
    """``base`` with its matrices rounded to the nearest value that ``precision`` can hold.

    precision: "int8" and "int4" are whole numbers times a scale for each ``group`` weights of a row (0: for each row; where
    ``group`` divides no row, the largest number below it that does). "nf4" has blocks of 64 with double quantisation
    (QLoRA) and no groups. embeddings: whether tables of words and heads of words are held so, too. Vectors (norms, biases)
    stay as they are.

    The folder is as small as the figures say; the weights are made whole when it is loaded, so that it takes the memory
    and the time of the model that it was made from. It saves disk and transfer, not time.

    Figures: bytes of the weights before and after, bits of a quantised weight with its scales, the largest and the mean
    error of a weight, and the root of the mean squared error over that of the weights.
    """

    base: Any = None
    precision: Precision = "int4"
    group: int = 128
    embeddings: bool = True
    weights: str = ""
    shelf: str = ""

    def check(self) -> None:
        if self.group < 0:
            raise SpecError(f"quantised.group must be 0 or more, got {self.group}", hint="group = 128")

    @property
    def reads_pairs(self) -> bool:
        return False

    @property
    def supports(self) -> frozenset[str]:
        return self.local.supports | {"train"} if self.weights else frozenset({"generate", "score", "train"})

    def data_hash(self, pairs: Pairs) -> str:
        """Of nothing: it is made of the base alone, whose hash is part of what it is."""
        return ""

    def build(self, work: Work) -> tuple[Record, Mapping[str, Any]]:
        folder = folder_of(work.base)
        if folder is None:
            raise SpecError(
                f"{type(work.base).__name__} has no weights to quantise", hint="give a stage or a local model"
            )
        with opened(folder) as tensors:
            figures = self._write(tensors, work.folder)
        copy_beside(folder, work.folder)
        return Record(), figures

    def _write(self, tensors: Tensors, folder: Path) -> Mapping[str, Any]:
        from safetensors.torch import save_file

        stored: dict[str, torch.Tensor] = {}
        told: dict[str, Any] = {}
        meter = _Meter()
        for name, kept in tensors.kept.items():
            weights = tensors.read(name)
            if not self._takes(name, weights):
                stored[name], told[name] = weights, None
                continue
            width = width_of(kept.shape[-1], self.group)
            held = packed(weights, self.precision, width)
            stored |= {f"{name}.{part}": value for part, value in held._asdict().items()}
            told[name] = {"shape": kept.shape, "dtype": str(weights.dtype).removeprefix("torch."), "width": width}
            meter.add(weights, unpacked(held, self.precision, kept.shape, width), held)
        if not meter.count:
            raise SpecError("the base has no matrix to quantise", hint="set embeddings = true")
        save_file(stored, folder / TENSORS, metadata={"format": "pt"})
        about = {"format": FORMAT, "weights": self.precision, "group": self.group, "tensors": told}
        (folder / FILE).write_bytes(orjson.dumps(about))
        before = sum(kept.bytes for kept in tensors.kept.values())
        after = sum(one.numel() * one.element_size() for one in stored.values())
        return {"bytes_before": before, "bytes": after, **meter.figures}

    def _takes(self, name: str, weights: torch.Tensor) -> bool:
        return (
            weights.ndim > 1
            and weights.is_floating_point()
            and weights.numel() > 0
            and (self.embeddings or not _TABLES.search(name))
        )


class _Meter:
    """What rounding did to the weights, tensor after tensor."""

    def __init__(self) -> None:
        self.count, self.bits = 0, 0
        self.largest, self.sum, self.squares, self.of = 0.0, 0.0, 0.0, 0.0

    def add(self, before: torch.Tensor, after: torch.Tensor, held: Packed) -> None:
        import torch

        wide = before.to(torch.float64)
        error = (after.to(torch.float64) - wide).abs()
        self.count += before.numel()
        self.bits += 8 * held.bytes
        self.largest = max(self.largest, float(error.max()))
        self.sum += float(error.sum())
        self.squares += float(error.square().sum())
        self.of += float(wide.square().sum())

    @property
    def figures(self) -> dict[str, float]:
        return {
            "quantised_weights": self.count,
            "bits_per_weight": self.bits / self.count,
            "largest_error": self.largest,
            "mean_error": self.sum / self.count,
            "relative_error": math.sqrt(self.squares / self.of) if self.of else 0.0,
        }
