"""P-tuning v2 (Liu et al. 2021, arXiv:2110.07602): deep prompts."""

from __future__ import annotations

from typing import Any, ClassVar

from osler.core.block import block
from osler.core.errors import SpecError
from osler.tuning.peft.adapter import Adapter


@block
class PTuningV2(Adapter):
    """Learnt keys and values in every layer without an MLP, longer than a prefix and with a plain linear head.

    It is the mechanism of ``Prefix(inner=0)``; DoctorGLM uses ChatGLM's, whose length is 128.
    length: in tokens; the paper takes 100 or more for hard labelling tasks. head: whether a head is trained too.
    """

    length: int = 100
    head: bool = True

    kind: ClassVar[str] = "prefix"

    def check(self) -> None:
        if self.length < 1:
            raise SpecError(f"p_tuning_v2 needs a length of 1 or more, got {self.length}", hint="length = 100")

    @property
    def settings(self) -> dict[str, Any]:
        return {**super().settings, "inner": 0}
