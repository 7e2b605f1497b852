"""QLoRA (Dettmers et al. 2023, arXiv:2305.14314): LoRA on a base that is held in 4 bits."""

from __future__ import annotations

from typing import ClassVar, Literal

from osler.core.block import block
from osler.tuning.peft.adapter import Adapter
from osler.tuning.peft.lora import Weights, check_low_rank


@block
class QLoRA(Adapter):
    """LoRA whose frozen linear layers are quantised when it is put in, and made whole layer by layer when used.

    weights: "nf4" in blocks of 64 with double quantisation (4.127 bits a weight), or whole numbers with one scale for
    each row ("int8", "int4"). Products are in full precision: this saves memory, not time. The other fields as in
    LoRA; the paper puts adapters on all linear layers. Merging gives the quantised weights with the change, in full.
    """

    rank: int = 8
    alpha: float = 16.0
    dropout: float = 0.05
    targets: Literal["all"] | tuple[str, ...] = "all"
    weights: Weights = "nf4"
    head: bool = True

    kind: ClassVar[str] = "lora"

    def check(self) -> None:
        check_low_rank("qlora", self.rank, self.dropout, self.targets)
