"""Weights in 4 or 8 bits: NF4 with double quantisation (Dettmers et al. 2023, QLoRA, section 3), and whole numbers."""

from __future__ import annotations

import functools
import statistics
from typing import TYPE_CHECKING, NamedTuple

from osler.core.errors import SpecError

if TYPE_CHECKING:
    import torch

BLOCK = 64  # weights that share a first constant
SECOND = 256  # first constants that share a second one
KINDS = ("nf4", "int4", "int8")


class Packed(NamedTuple):
    """``codes``: two to a byte for 4 bits, one for 8. ``scales``: a constant for each block (nf4: in 8-bit floats) or
    for each row of the matrix. ``seconds``, ``mean``: what nf4's constants are scaled and moved by; empty otherwise."""

    codes: torch.Tensor
    scales: torch.Tensor
    seconds: torch.Tensor
    mean: torch.Tensor

    @property
    def bytes(self) -> int:
        return sum(part.numel() * part.element_size() for part in self)


@functools.cache
def nf4_levels() -> tuple[float, ...]:
    """The 16 levels of NF4: quantiles of the normal distribution with an exact zero, scaled to [-1, 1].

    QLoRA, appendix E: 8 levels for the negative half, 9 for the positive one, which share the zero; the outermost
    quantile is the mean of 1 - 1/32 and 1 - 1/30.
    """
    normal, outer = statistics.NormalDist(), (1 - 1 / 32 + 1 - 1 / 30) / 2
    above = [normal.inv_cdf(outer + (0.5 - outer) * step / 8) for step in range(8)]
    below = [-normal.inv_cdf(outer + (0.5 - outer) * step / 7) for step in range(7)]
    most = max(above)
    return tuple(sorted(value / most for value in (*above, 0.0, *below)))


def pack(weights: torch.Tensor, kind: str) -> Packed:
    """``weights [rows, columns]`` in ``kind``: "nf4", or "int4"/"int8" with one scale for each row."""
    import torch

    if kind not in KINDS:
        raise SpecError(f"weights cannot be held as {kind!r}", hint=f"one of {', '.join(KINDS)}")
    table = weights.detach().to(torch.float32)
    none = table.new_zeros(0)
    if kind != "nf4":
        most = 127 if kind == "int8" else 7
        scales = (table.abs().amax(dim=1) / most).clamp(min=torch.finfo(torch.float32).tiny)
        codes = (table / scales[:, None]).round().clamp(-most, most).to(torch.int8)
        return Packed(codes if kind == "int8" else _pairs(codes.flatten() + 8), scales, none, none)
    flat = table.flatten()
    flat = torch.nn.functional.pad(flat, (0, -flat.numel() % BLOCK)).reshape(-1, BLOCK)
    most_of = flat.abs().amax(dim=1)
    scales, seconds, mean = _second(most_of)
    firsts = _firsts(scales, seconds, mean)
    levels = torch.tensor(nf4_levels(), device=table.device)
    borders = (levels[1:] + levels[:-1]) / 2
    codes = torch.bucketize(flat / firsts[:, None], borders)
    return Packed(_pairs(codes.flatten()), scales, seconds, mean)


def unpack(packed: Packed, kind: str, shape: tuple[int, int]) -> torch.Tensor:
    """The weights that ``packed`` stands for, float32 ``[rows, columns]``."""
    import torch

    if kind == "int8":
        return packed.codes.float() * packed.scales[:, None]
    codes = torch.stack([packed.codes >> 4, packed.codes & 15], dim=1).flatten()
    size = shape[0] * shape[1]
    if kind == "int4":
        return (codes[:size].float() - 8).reshape(shape) * packed.scales[:, None]
    levels = torch.tensor(nf4_levels(), device=codes.device)
    firsts = _firsts(packed.scales, packed.seconds, packed.mean)
    return (levels[codes.long()].reshape(-1, BLOCK) * firsts[:, None]).flatten()[:size].reshape(shape)


def _second(firsts: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Double quantisation: the constants less their mean as 8-bit floats, scaled by one float32 for each 256."""
    import torch

    mean = firsts.mean().reshape(1)
    moved = firsts - mean
    blocks = torch.nn.functional.pad(moved, (0, -moved.numel() % SECOND)).reshape(-1, SECOND)
    top = torch.finfo(torch.float8_e4m3fn).max
    seconds = (blocks.abs().amax(dim=1) / top).clamp(min=torch.finfo(torch.float32).tiny)
    return (blocks / seconds[:, None]).flatten()[: firsts.numel()].to(torch.float8_e4m3fn), seconds, mean


def _firsts(scales: torch.Tensor, seconds: torch.Tensor, mean: torch.Tensor) -> torch.Tensor:
    import torch

    found = scales.to(torch.float32) * seconds.repeat_interleave(SECOND)[: scales.numel()] + mean
    return found.clamp(min=torch.finfo(torch.float32).tiny)


def _pairs(codes: torch.Tensor) -> torch.Tensor:
    import torch

    even = torch.nn.functional.pad(codes.to(torch.uint8), (0, codes.numel() % 2))
    return (even[::2] << 4) | even[1::2]
