"""A simulated model for tasks in steps: it knows several labels of a case and gives the one that a question offers.

A product for tests and plans of decompositions, never a stand-in for results.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import orjson

from osler.core.block import block, replace
from osler.core.errors import ModelError, SpecError
from osler.core.types import Example, Message, Reply


@block
class SimulatedSteps:
    """skill: probability that a label is right, drawn for each case and set of labels on its own, so that the errors of
    two steps are independent. key: case id to its labels, one for each question that may be asked; where none of them
    is offered, and where labels are not offered at all, they are named as a list. format_failure: probability of an
    unreadable reply. A study gives the key by ``keyed``, from ``meta["labels"]`` and the target.
    """

    skill: float = 1.0
    format_failure: float = 0.0
    seed: int = 0
    key: Mapping[str, tuple[str, ...]] = {}

    baseline: ClassVar[bool] = True  # it is told the answers: nothing it does can pass a gate

    def check(self) -> None:
        for name in ("skill", "format_failure"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise SpecError(f"simulated_steps.{name} must be from 0 to 1, got {getattr(self, name)}")

    @property
    def supports(self) -> frozenset[str]:
        return frozenset({"generate", "schema"})

    def keyed(self, examples: Sequence[Example], *, lettered: bool) -> SimulatedSteps:
        """A copy that knows the labels of ``examples``."""
        return replace(
            self, key={example.id: (*example.meta.get("labels", ()), example.target) for example in examples}
        )

    async def generate(
        self,
        messages: Sequence[Message],
        *,
        temperature: float = 0.0,
        seed: int = 0,
        max_tokens: int = 512,
        schema: Mapping[str, Any] | None = None,
        tools: Sequence[Mapping[str, Any]] = (),
        n: int = 1,
    ) -> Reply:
        draw = str(seed) if temperature > 0 else ""
        label = self._label(messages, draw)
        if schema is not None:
            text = orjson.dumps({"rationale": "As the record says.", "evidence": [], "answer": label}).decode()
        else:
            text = f"Answer: {label}"
        if self._uniform("format", draw, label) < self.format_failure:
            text = "It is hard to say."
        tokens = sum(len(message.text) for message in messages) // 4
        return Reply(text=text, texts=(text,) * n, tokens_in=tokens, tokens_out=len(text) // 4, model="simulated_steps")

    async def score(self, messages: Sequence[Message], choices: Sequence[str]) -> Reply:
        raise ModelError("the simulated model of steps writes texts and scores no choices", kind="unsupported")

    def _label(self, messages: Sequence[Message], draw: str) -> str:
        parts = [part for message in messages if message.role == "user" for part in message.parts]
        name = next((part.id for part in reversed(parts) if part.name == "question"), "")
        if name not in self.key:
            raise ModelError(
                f"the simulated model of steps has no key for the case {name!r}",
                hint="give it one with keyed(examples); a study does so by itself",
                kind="no_key",
            )
        line = next((part.text for part in reversed(parts) if part.name == "choices"), "")
        offered = line.partition(": ")[2].split(" | ") if line else []
        right = next((label for label in self.key[name] if label in offered), "; ".join(self.key[name]))
        wrong = [label for label in offered if label != right]
        if not wrong or self._uniform("know", name, line, draw) < self.skill:
            return right
        return wrong[int(self._uniform("wrong", name, line, draw) * len(wrong))]

    def _uniform(self, *words: str) -> float:
        text = "\x1f".join((str(self.seed), *words))
        return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=7).digest(), "big") / float(1 << 56)
