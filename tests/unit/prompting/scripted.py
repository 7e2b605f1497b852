"""A model that answers from a script and keeps what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from osler.core.types import Message, Passage, Prediction, Prompt, Reply, Strategy


class Scripted:
    """Gives ``texts`` in turn (the last again and again). ``asked`` holds the messages and settings of each call."""

    def __init__(
        self, *texts: str, supports: Sequence[str] = ("generate", "score"), logprobs: Mapping[str, float] | None = None
    ) -> None:
        self.supports = frozenset(supports)
        self.texts = texts or ("Answer: A",)
        self.logprobs = logprobs
        self.asked: list[tuple[tuple[Message, ...], dict[str, Any]]] = []

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
        given = {"temperature": temperature, "seed": seed, "max_tokens": max_tokens, "schema": schema, "n": n}
        self.asked.append((tuple(messages), given))
        text = self.texts[min(len(self.asked), len(self.texts)) - 1]
        return Reply(text=text, texts=(text,), key=f"k{len(self.asked)}")

    async def score(self, messages: Sequence[Message], choices: Sequence[str]) -> Reply:
        self.asked.append((tuple(messages), {"choices": tuple(choices)}))
        logprobs = self.logprobs or dict.fromkeys(choices, -1.0)
        return Reply(text=max(logprobs, key=lambda choice: logprobs[choice]), logprobs=logprobs)

    def said(self, call: int = 0) -> list[tuple[str, str]]:
        """Role and text of the messages of one call."""
        return [(message.role, message.text) for message in self.asked[call][0]]


QUESTION = Prompt(
    id="q1",
    instruction="Answer with the letter of one option.",
    question="Which drug stops clotting?",
    choices=("aspirin", "heparin"),
    lettered=True,
)
LABELLED = Prompt(
    id="m1",
    instruction="Use only the note.",
    question="Is she pregnant?",
    choices=("yes", "no", "not enough information"),
    evidence=(Passage(id="0", text="She is 70 years old."), Passage(id="1", text="She has a cough.")),
)


def predict(strategy: Strategy, model: Scripted, prompt: Prompt = QUESTION, *, seed: int = 0) -> Prediction:
    return asyncio.run(strategy.predict(prompt, model, seed=seed))
