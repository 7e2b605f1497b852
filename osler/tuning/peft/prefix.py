"""Prefix tuning (Li & Liang 2021, arXiv:2101.00190)."""

from __future__ import annotations

from typing import ClassVar

from osler.core.block import block
from osler.core.errors import SpecError
from osler.tuning.peft.adapter import Adapter


@block
class Prefix(Adapter):
    """Learnt keys and values before those of the tokens, in every layer; the context stays whole.

    length: of the prefix, in tokens. inner: width of the MLP that the prefix comes out of (the paper's section 4.3), 0
    for none: then keys and values are learnt as they are. head: whether a head is trained too.
    """

    length: int = 16
    inner: int = 0
    head: bool = True

    kind: ClassVar[str] = "prefix"

    def check(self) -> None:
        if self.length < 1 or self.inner < 0:
            raise SpecError(f"prefix needs a length of 1 or more, got {self.length}", hint="length = 16")
