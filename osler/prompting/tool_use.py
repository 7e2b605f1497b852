"""Tool use by native function calling: the model asks for tools in the server's own format.

The loop is that of the OpenAI API reference (chat completions, function calling), which vLLM, Ollama and llama.cpp
follow: calls come back beside the text, each is answered by a message of the role ``tool``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Self

import orjson

from osler.core.block import block
from osler.core.types import Message, Model, Part, Prediction, Prompt, Reply, Tool, ToolCall
from osler.prompting.tool_loop import MATERIAL, NONE_LEFT, ToolLog, distinct, finish, observed, settled
from osler.tools.calling import signature


@block
class ToolUse:
    """Let the model call ``tools`` until it answers.

    max_calls: tool calls of one prediction; when they are used up the model is asked once more, without tools.
    max_chars: characters of one result that the model sees. Several calls of one reply run side by side. A tool's text
    can start nothing: calls are read from the reply's own ``tool_calls`` only, and only ``tools`` can run.
    """

    tools: tuple[Tool, ...]
    max_calls: int = 8
    max_chars: int = 4_000
    temperature: float = 0.0
    max_tokens: int = 1_024
    timeout_s: float = 60.0

    def check(self) -> None:
        distinct(self.tools, "tool_use", max_calls=self.max_calls, max_chars=self.max_chars)

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"generate", "tools"})

    def calls(self, prompt: Prompt) -> int:
        return self.max_calls + 1

    async def fit(self, train: Sequence[tuple[Prompt, str]], model: Model) -> Self:
        return self

    async def predict(self, prompt: Prompt, model: Model, *, seed: int) -> Prediction:
        told = f"{prompt.instruction}\nUse the tools where they help. {MATERIAL}\n{finish(prompt)}".strip()
        messages = list(prompt.replace(instruction=told).messages())
        log = ToolLog(self.tools, max_calls=self.max_calls, max_chars=self.max_chars, timeout_s=self.timeout_s)
        signatures = tuple(signature(tool) for tool in self.tools)
        replies: list[Reply] = []
        while True:
            offered = signatures if log.left else ()
            reply = await model.generate(
                messages, temperature=self.temperature, seed=seed, max_tokens=self.max_tokens, tools=offered
            )
            replies.append(reply)
            if not reply.tool_calls or not offered:
                return settled(reply, prompt, replies, log)
            log.say(reply.text)
            messages.append(asking(reply))
            done = await log.together([(call.name, call.arguments) for call in reply.tool_calls])
            messages += [observed(one.result, one.name) for one in done]
            if not log.left:
                messages.append(Message("user", (Part(NONE_LEFT, name="turn"),)))


def asking(reply: Reply) -> Message:
    """The model's turn with its calls, as they are sent back to it.

    Servers refuse a history with a name or arguments that cannot be: those are sent as letters and as {}; the log and
    the error that answers the call say what was really asked.
    """
    said = [Part(reply.text)] if reply.text else []
    calls = [Part(orjson.dumps(_sendable(call)).decode(), name="tool_call", id=call.name) for call in reply.tool_calls]
    return Message("assistant", (*said, *calls))


def _sendable(call: ToolCall) -> dict[str, str]:
    try:
        is_object = isinstance(orjson.loads(call.arguments), dict)
    except orjson.JSONDecodeError:
        is_object = False
    name = re.sub(r"[^A-Za-z0-9_-]", "_", call.name)[:64]
    return {"name": name or "unnamed", "arguments": call.arguments if is_object else "{}"}
