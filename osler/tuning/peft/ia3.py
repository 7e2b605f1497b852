"""IA3 (Liu et al. 2022, arXiv:2205.05638): learnt factors on keys, values and the inner feed-forward activations."""

from __future__ import annotations

from typing import ClassVar

from osler.core.block import block
from osler.tuning.peft.adapter import Adapter


@block
class IA3(Adapter):
    """One learnt factor for each key, value and inner activation, starting at one. head: whether a head is trained too."""

    head: bool = True

    kind: ClassVar[str] = "ia3"
