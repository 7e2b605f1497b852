"""SLERP (Shoemake 1985) between two models, by a course of t over the blocks as mergekit and BioMistral have it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from osler.core.block import block
from osler.core.errors import SpecError
from osler.tuning.arithmetic.method import Place, moved

if TYPE_CHECKING:
    import torch

STRAIGHT = 0.9995  # cosine above which the arc is taken for a line, as in mergekit


@block
class Slerp:
    """From the first model (t = 0) to the second (t = 1) on the arc between them, each tensor as one long vector.

    attention, feed_forward: t along the blocks, from the first block to the last with straight lines between the values;
    one value is for all blocks. rest: t of norms, embeddings and heads. The defaults are those of BioMistral (its
    attention; the feed-forward curve is the public example that its script was made from). Lengths go over as the
    weights of the arc have it: both tensors keep their own. Needs no base.
    """

    attention: tuple[float, ...] = (0.0, 0.5, 0.3, 0.7, 1.0)
    feed_forward: tuple[float, ...] = (1.0, 0.5, 0.7, 0.3, 0.0)
    rest: float = 0.5

    def check(self) -> None:
        every = (*self.attention, *self.feed_forward, self.rest)
        if not self.attention or not self.feed_forward or not all(0 <= t <= 1 for t in every):
            raise SpecError("slerp needs values of t from 0 to 1", hint="attention = (0.5,), feed_forward = (0.5,)")

    @property
    def from_base(self) -> bool:
        return False

    def refuse(self, models: int) -> None:
        if models != 2:
            raise SpecError(
                f"slerp goes from one model to another, got {models}", hint="use linear_merge for more than two"
            )

    def t(self, place: Place) -> float:
        """How far towards the second model the tensor at ``place`` goes."""
        part = place.part
        if part == "rest" or place.block is None:
            return self.rest
        course = self.attention if part == "attention" else self.feed_forward
        if place.blocks < 2:
            return course[0]
        at = place.block / (place.blocks - 1) * (len(course) - 1)
        low = min(int(at), len(course) - 1)
        high = min(low + 1, len(course) - 1)
        return course[low] + (at - low) * (course[high] - course[low])

    def merged(self, tensors: Sequence[torch.Tensor], base: torch.Tensor | None, place: Place) -> torch.Tensor:
        """Exactly the first tensor at t = 0 and the second at t = 1."""
        first, second = tensors
        return between(first, second, self.t(place))


def between(first: torch.Tensor, second: torch.Tensor, t: float) -> torch.Tensor:
    """The point at ``t`` of the arc; of the line between them where they point the same or the opposite way, or are zero."""
    if t in (0.0, 1.0):
        return second if t else first
    lengths = float(first.norm()) * float(second.norm())
    cosine = float((first * second).sum()) / lengths if lengths else 1.0
    if abs(cosine) > STRAIGHT:
        return moved(first, t * (second - first))
    angle = math.acos(cosine)
    return (math.sin((1 - t) * angle) * first + math.sin(t * angle) * second) / math.sin(angle)
