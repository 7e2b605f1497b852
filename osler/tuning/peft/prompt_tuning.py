"""Prompt tuning (Lester et al. 2021, arXiv:2104.08691), as Med-PaLM tunes its instruction prompt."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Literal

from osler.core.block import block
from osler.core.errors import SpecError
from osler.tuning.peft.adapter import Adapter, need_tokenizer


@block
class PromptTuning(Adapter):
    """``length`` learnt vectors before the tokens of every text; they take so many places of the context.

    start: "uniform" in [-spread, spread] (Med-PaLM: 0.5), or the embeddings of the words of ``text``, repeated to the
    length (then ``apply`` needs the tokenizer). head: whether a head is trained too.
    """

    length: int = 100
    start: Literal["uniform", "text"] = "uniform"
    text: str = ""
    spread: float = 0.5
    head: bool = True

    kind: ClassVar[str] = "prompt"

    def check(self) -> None:
        if self.length < 1 or self.spread < 0:
            raise SpecError(f"prompt_tuning needs a length of 1 or more, got {self.length}", hint="length = 20")
        if (self.start == "text") != bool(self.text):
            raise SpecError('prompt_tuning takes a text exactly where start = "text"', hint="give both or neither")

    @property
    def soft_tokens(self) -> int:
        return self.length

    def start_values(self, tokenizer: Any) -> Callable[[Any], Any] | None:
        if self.start == "uniform":
            return None
        ids = need_tokenizer(tokenizer)(self.text, add_special_tokens=False)["input_ids"]
        if not ids:
            raise SpecError("the tokenizer finds no token in prompt_tuning.text", hint="give words that it knows")
        row = [ids[place % len(ids)] for place in range(self.length)]
        return lambda table: table[row]


@block
class PTuning(Adapter):
    """P-tuning (Liu et al. 2021, arXiv:2103.10385), as GatorTronGPT uses it: prompt vectors that come out of an MLP.

    length: in tokens, of the context too. inner: width of the MLP. head: whether a head is trained too.
    """

    length: int = 20
    inner: int = 128
    spread: float = 0.5
    head: bool = True

    kind: ClassVar[str] = "prompt"

    def check(self) -> None:
        if self.length < 1 or self.inner < 1:
            raise SpecError("p_tuning needs a length and an inner width of 1 or more", hint="length = 20")

    @property
    def soft_tokens(self) -> int:
        return self.length
