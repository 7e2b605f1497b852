"""Self-chat: one model plays both sides of a conversation that starts from a seed question (Xu et al. 2023, Baize,
arXiv:2304.01196, section 3.1). It makes data: the answer of a case is a transcript.
"""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Sequence
from typing import Self

from osler.core.block import block
from osler.core.errors import SpecError
from osler.core.types import Model, Prediction, Prompt
from osler.prompting.reading import need_text

HUMAN, AI = "[Human]", "[AI]"
TOLD = (
    "Write a conversation between a person and an AI assistant about the topic below. The person's turns begin with "
    "[Human], those of the assistant with [AI], each on a new line. The person asks about the topic and things close to it; the "
    "assistant answers in detail and does not ask questions back. When the person has nothing left to ask, the "
    "conversation stops. Write only the transcript. It begins:\n[Human] Hello!\n[AI] Hi! How can I help you?"
)
_MARK = re.compile(r"^[ \t]*(\[Human\]|\[AI\])[ \t]*:?[ \t]*", re.MULTILINE)
_ASKS = re.compile(r"[?\uff1f]")


@dataclasses.dataclass(frozen=True)
class Turn:
    role: str
    text: str


@block
class SelfChat:
    """Ask once per seed for a whole conversation; keep it only if it is one.

    A transcript is kept if persons and assistant take turns, none says nothing, and there are at least ``min_turns``
    turns of the assistant. A last turn of the person is cut: a tuned model would learn to say nothing. ``greeting`` drops the turns that
    the prompt itself gave. temperature and max_tokens are not in the paper: those of the released script's defaults are
    unknown to us.
    """

    min_turns: int = 2
    temperature: float = 1.0
    max_tokens: int = 2048
    greeting: bool = False

    def check(self) -> None:
        if self.min_turns < 1:
            raise SpecError(f"self_chat.min_turns must be at least 1, got {self.min_turns}", hint="min_turns = 2")

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"generate"})

    def calls(self, prompt: Prompt) -> int:
        return 1

    async def fit(self, train: Sequence[tuple[Prompt, str]], model: Model) -> Self:
        return self

    async def predict(self, prompt: Prompt, model: Model, *, seed: int) -> Prediction:
        need_text(prompt, "self_chat")
        asked = prompt.replace(instruction=TOLD, question=f"Topic: {prompt.question}", cue="", schema=None)
        reply = await model.generate(
            asked.messages(), temperature=self.temperature, seed=seed, max_tokens=self.max_tokens
        )
        found = turns(reply.text)
        found = found[:-1] if reply.finish == "length" else found  # the last turn was cut off
        wrong = fault(found, self.min_turns)
        if wrong:
            return Prediction(answer=None, rationale=wrong, replies=(reply,), parsed=False)
        return Prediction(answer=written(ended(found, greeting=self.greeting)), replies=(reply,))


def turns(transcript: str) -> tuple[Turn, ...]:
    """The turns of a transcript, in order; text before the first mark belongs to nobody and is dropped."""
    parts = _MARK.split(transcript)
    return tuple(Turn(parts[at], parts[at + 1].strip()) for at in range(1, len(parts) - 1, 2))


def fault(found: Sequence[Turn], min_turns: int = 2) -> str:
    """Why ``found`` is no conversation to learn from, "" where it is one."""
    if not found or found[0].role != HUMAN:
        return "it does not begin with a person"
    if any(not turn.text for turn in found):
        return "a turn is empty"
    if any(first.role == second.role for first, second in itertools.pairwise(found)):
        return "somebody speaks twice in a row"
    if sum(turn.role == AI for turn in found) < min_turns:
        return f"the assistant has fewer than {min_turns} turns"
    return ""


def ended(found: Sequence[Turn], *, greeting: bool = False) -> tuple[Turn, ...]:
    """The conversation up to the assistant's last turn, without the exchange of greetings unless it is asked for."""
    kept = list(found)
    while kept and kept[-1].role == HUMAN:
        kept.pop()
    if not greeting and len(kept) > 2 and kept[0].text.rstrip("!. ").casefold() in ("hello", "hi"):
        kept = kept[2:]
    return tuple(kept)


def written(found: Sequence[Turn]) -> str:
    return "\n".join(f"{turn.role} {turn.text}" for turn in found)


def ask_rate(found: Sequence[Turn]) -> float | None:
    """The share of the assistant's turns that hold a question; None without any. Baize's prompt forbids them, so a
    model tuned on such data does not ask (BianQue makes the opposite choice)."""
    said = [turn.text for turn in found if turn.role == AI]
    return sum(bool(_ASKS.search(text)) for text in said) / len(said) if said else None
