"""Bottleneck adapters (Houlsby et al. 2019, arXiv:1902.00751; Pfeiffer et al. 2021, arXiv:2005.00247)."""

from __future__ import annotations

from typing import ClassVar, Literal

from osler.core.block import block
from osler.core.errors import SpecError
from osler.tuning.peft.adapter import Adapter


@block
class Bottleneck(Adapter):
    """A narrow network with a shortcut behind the sublayers of every block; it starts as the identity, bit for bit.

    width: of its middle. places: behind attention and feed-forward ("both", Houlsby) or feed-forward alone (Pfeiffer).
    activation: in its middle. head: whether a head is trained too. The norms of the base stay frozen.
    """

    width: int = 32
    places: Literal["both", "feed_forward"] = "both"
    activation: Literal["gelu", "relu"] = "gelu"
    head: bool = True

    kind: ClassVar[str] = "bottleneck"

    def check(self) -> None:
        if self.width < 1:
            raise SpecError(f"bottleneck.width must be 1 or more, got {self.width}", hint="width = 32")
