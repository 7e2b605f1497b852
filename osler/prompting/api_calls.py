"""GeneGPT: calls written into the answer while decoding (Jin et al. 2024, arXiv:2304.09667, sections 2.1 to 2.3).

The model writes ``[address]->``; the address is called and ``[result]`` put behind the arrow; the model goes on.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from typing import Self

import orjson

from osler.core.block import block
from osler.core.errors import SpecError
from osler.core.types import Message, Model, Part, Prediction, Prompt, Reply, Tool
from osler.prompting.api_calls_texts import written
from osler.prompting.tool_loop import MATERIAL, ToolLog, answer_at, distinct, finish, observed, settled, spoken
from osler.tools.ncbi import Ncbi

_CALL = re.compile(r"\[(https?://[^\[\]\n]+)\][ \t]*(?:->|\s*\Z)")


def call(text: str) -> tuple[str, str]:
    """A reply up to its first call, and the address called ("" for none).

    What stands after the first arrow the model has made up: it is left out. An address that stands after an "Answer:"
    line, or in running text with no arrow behind it, is no call.
    """
    text = spoken(text)
    found = _CALL.search(text)
    if found is None or 0 <= answer_at(text) < found.start():
        return text, ""
    return text[: found.end(1)] + "]->", found[1].strip()


@block
class ApiCalls:
    """Answer by calling web addresses in brackets.

    mask: which of two documents and four demonstrations the prompt shows, a 0 or 1 each (section 2.2; "001001", the
    first and last demonstration, is the paper's slim form). max_calls: 10. max_chars: 10,000 characters of one result.
    max_prompt: the prompt is cut from the left to 18,000 characters (the question is kept, which the paper's is not).
    tools: one tool that takes an ``url``; results are put into messages of their own and never parsed.
    """

    tools: tuple[Tool, ...] = (Ncbi(),)
    mask: str = "111111"
    max_calls: int = 10
    max_chars: int = 10_000
    max_prompt: int = 18_000
    temperature: float = 0.0
    max_tokens: int = 512
    timeout_s: float = 300.0

    def check(self) -> None:
        distinct(self.tools, "api_calls", max_calls=self.max_calls, max_chars=self.max_chars)
        if len(self.tools) != 1 or "url" not in (self.tools[0].parameters.get("properties") or {}):
            raise SpecError("api_calls takes one tool with the argument url", hint="tools = [{ use = 'ncbi' }]")
        if not re.fullmatch("[01]{6}", self.mask):
            raise SpecError(
                f"api_calls.mask must be six of 0 and 1, got {self.mask!r}", hint='mask = "111111" shows all'
            )
        if self.max_prompt < 1:
            raise SpecError(f"api_calls.max_prompt must be at least 1, got {self.max_prompt}")

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"generate"})

    def calls(self, prompt: Prompt) -> int:
        return self.max_calls + 1

    async def fit(self, train: Sequence[tuple[Prompt, str]], model: Model) -> Self:
        return self

    async def predict(self, prompt: Prompt, model: Model, *, seed: int) -> Prediction:
        told = f"{written(self.mask)}\n\n{MATERIAL}\n{prompt.instruction}\n{finish(prompt)}"
        messages = list(prompt.replace(instruction=told).messages())
        start = len(messages)
        log = ToolLog(self.tools, max_calls=self.max_calls, max_chars=self.max_chars, timeout_s=self.timeout_s)
        replies: list[Reply] = []
        while True:
            shown = cut_left(messages, self.max_prompt, keep=start - 1)
            reply = await model.generate(shown, temperature=self.temperature, seed=seed, max_tokens=self.max_tokens)
            replies.append(reply)
            text, url = call(reply.text)
            if not url:
                return settled(reply, prompt, replies, log)
            if not log.left:
                return settled(None, prompt, replies, log)
            log.say(text)
            done = await log.call(self.tools[0].name, orjson.dumps({"url": url}).decode())
            said = Message("assistant", (Part(text, name="turn"),))
            messages += [said, observed(f"[{done.result}]", done.name)]


def cut_left(messages: Sequence[Message], most: int, *, keep: int) -> tuple[Message, ...]:
    """``messages`` with at most ``most`` characters of text, the first ones left out; message ``keep`` stays whole."""
    over = sum(len(message.text) for message in messages) - most
    out = []
    for place, message in enumerate(messages):
        if over > 0 and place != keep:
            parts = []
            for part in message.parts:
                gone = min(max(over, 0), len(part.text)) if part.kind == "text" else 0
                over -= gone
                parts.append(dataclasses.replace(part, text=part.text[gone:]))
            message = Message(message.role, tuple(parts))
        if any(part.text or part.data for part in message.parts):
            out.append(message)
    return tuple(out)
