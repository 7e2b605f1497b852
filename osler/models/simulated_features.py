"""A simulated model that answers better the more its instruction says, and a critic that knows what is missing.

They show whether an optimiser of instructions finds what is there to be found: the truth is known.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from osler.core.block import block
from osler.core.types import Message, Reply
from osler.models.simulated import Simulated
from osler.models.writing import Turn, Writes, need_shares, uniform

FEATURES: Mapping[str, float] = {"cite the guideline": 0.8, "think step by step": 0.8, "exclude options": 0.8}

_PLAIN: Any = Simulated


@block
class SimulatedFeatures(Simulated):
    """A simulated model whose skill grows with its instruction: ``features`` maps a phrase to the logits that it adds
    where the system message holds it. Negative logits make a phrase that does harm."""

    features: Mapping[str, float] = FEATURES

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
        settings: dict[str, Any] = {"temperature": temperature, "seed": seed, "max_tokens": max_tokens}
        return await self._told(messages).generate(messages, **settings, schema=schema, tools=tools, n=n)

    async def score(self, messages: Sequence[Message], choices: Sequence[str]) -> Reply:
        return await self._told(messages).score(messages, choices)

    def _told(self, messages: Sequence[Message]) -> Simulated:
        """The model of plain skill that this one is under the instruction in ``messages``."""
        said = " ".join(message.text for message in messages if message.role == "system").lower()
        gain = sum(logits for phrase, logits in self.features.items() if phrase.lower() in said)
        memo: dict[float, Simulated] = self.__dict__.setdefault("_by_gain", {})
        if gain not in memo:
            skill = self.skill
            if 0.0 < skill < 1.0:
                skill = 1.0 / (1.0 + math.exp(-math.log(skill / (1.0 - skill)) - gain))
            plain = {field.name: getattr(self, field.name) for field in dataclasses.fields(_PLAIN)}
            memo[gain] = Simulated(**{**plain, "skill": skill})
        return memo[gain]


@block
class SimulatedCritic(Writes):
    """Plays the other side of an optimiser: it names the first of ``features`` that the instruction lacks, and writes it
    in. ``harm``: probability that an edit drops what was there instead, so that a gate has something to refuse.

    Asked to propose an instruction, it adds one missing feature to the best that it is shown.
    """

    features: tuple[str, ...] = tuple(FEATURES)
    harm: float = 0.0
    cost_usd: float = 0.0

    def check(self) -> None:
        need_shares(self, "harm")

    def said(self, turn: Turn) -> str:
        held = _Parts(turn.messages)
        if "loss_task" in held.names:
            gold = held.first("gold").partition(".")[0]
            answer = re.search(r"Answer: (.+)", held.first("response"))
            right = answer is not None and answer.group(1).strip() == gold
            return "The answer is right." if right else f"The answer is wrong; it should be {gold}."
        if "backward_task" in held.names:
            missing = self._missing(held.first("current"))
            return f"The instruction should say: {missing[0]}." if missing else "Nothing is missing."
        if "edit_task" in held.names:
            return self._edit(held, turn.draw)
        best = held.last("scored").partition("\nScore:")[0].removeprefix("Instruction: ").replace("(none)", "")
        missing = self._missing(best)
        chance = uniform(turn.draw, best, "propose")
        added = missing[min(int(chance * len(missing)), len(missing) - 1)] if missing else ""
        return _marked(best, added)

    def _edit(self, held: _Parts, draw: str) -> str:
        current = held.first("current")
        wanted = re.search(r"should say: (.+)\.", held.first("gradient"))
        if uniform(draw, current, "harm", held.last("question")) < self.harm:
            return _marked("Answer as you like.", "")
        return _marked(current, wanted.group(1) if wanted else "")

    def _missing(self, instruction: str) -> list[str]:
        return [feature for feature in self.features if feature.lower() not in instruction.lower()]


class _Parts:
    """The named parts of a call, less the titles that stand over them."""

    def __init__(self, messages: Sequence[Message]) -> None:
        self._parts = [part for message in messages for part in message.parts]
        self.names = {part.name for part in self._parts}

    def first(self, name: str) -> str:
        return next((self._bare(part.text) for part in self._parts if part.name == name), "")

    def last(self, name: str) -> str:
        return next((part.text for part in reversed(self._parts) if part.name == name), "")

    def _bare(self, text: str) -> str:
        return text.partition(":\n")[2] or text


def _marked(text: str, added: str) -> str:
    joined = f"{text.rstrip('. ')}. {added[:1].upper()}{added[1:]}.".strip(". ") + "." if added else text
    return f"I would write:\n<INSTRUCTION>{joined}</INSTRUCTION>"
