"""Low-rank adaptation (Hu et al. 2021, arXiv:2106.09685), and its decomposed form (Liu et al. 2024, arXiv:2402.09353)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from osler.core.block import block
from osler.core.errors import SpecError, nearest
from osler.tuning.peft.adapter import Adapter

ROLES = ("q", "k", "v", "o", "up", "down")
Weights = Literal["nf4", "int4", "int8"]


@block
class LoRA(Adapter):
    """W x + (alpha / rank) B A x with W frozen; B starts at zero, so the network starts as its base, bit for bit.

    rank, alpha: of the paper's section 4.1. dropout: of what A reads. targets: the layers by their role (q, k, v, o, up,
    down), or "all" of them; a layer that makes q, k and v at once (GPT-2) is one. head: whether a head is trained too.
    """

    rank: int = 8
    alpha: float = 16.0
    dropout: float = 0.05
    targets: Literal["all"] | tuple[str, ...] = ("q", "v")
    head: bool = True

    kind: ClassVar[str] = "lora"

    def check(self) -> None:
        check_low_rank("lora", self.rank, self.dropout, self.targets)


@block
class DoRA(Adapter):
    """LoRA on the direction of each row of W, with the rows' lengths trained by themselves. Fields as in LoRA."""

    rank: int = 8
    alpha: float = 16.0
    dropout: float = 0.05
    targets: Literal["all"] | tuple[str, ...] = ("q", "v")
    head: bool = True

    kind: ClassVar[str] = "lora"

    def check(self) -> None:
        check_low_rank("dora", self.rank, self.dropout, self.targets)

    @property
    def settings(self) -> dict[str, Any]:
        return {**super().settings, "decomposed": True}


def check_low_rank(name: str, rank: int, dropout: float, targets: str | Sequence[str]) -> None:
    if rank < 1 or not 0 <= dropout < 1:
        raise SpecError(f"{name} needs a rank of 1 or more and a dropout below 1, got {rank} and {dropout}")
    for role in () if targets == "all" else targets:
        if role not in ROLES:
            raise SpecError(f"{name} has no target {role!r}", hint=nearest(role, ROLES))
    if not targets:
        raise SpecError(f"{name} has no targets", hint='targets = ["q", "v"]')
