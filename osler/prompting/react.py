"""ReAct: reasoning and acting in turns, as text (Yao et al. 2022, arXiv:2210.03629, section 2).

The wording is the later common form with "Action Input:", which takes JSON; the paper writes "Search[entity]".
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Sequence
from typing import Self

import orjson

from osler.core.block import block
from osler.core.types import Message, Model, Part, Prediction, Prompt, Reply, Tool
from osler.prompting.tool_loop import (
    MATERIAL,
    NONE_LEFT,
    ToolLog,
    answer_at,
    distinct,
    finish,
    listing,
    observed,
    settled,
    spoken,
)

FORMAT = (
    "Work in turns. In each turn write\nThought: what you need next\nAction: the name of one tool\n"
    "Action Input: one JSON object\nand stop. You will then be shown its result as 'Observation:'."
)
REMINDER = (
    "That turn held no tool call and no answer. Write 'Action:' and 'Action Input:', or 'Answer: ' and your answer."
)
_SEEN = re.compile(r"^[ \t*]*Observation[ \t]*\d*[ \t*]*:", re.IGNORECASE | re.MULTILINE)
_ACTION = re.compile(r"^[ \t*]*Action[ \t]*\d*[ \t*]*:[ \t*]*(.*?)[ \t*]*$", re.IGNORECASE | re.MULTILINE)
_INPUT = re.compile(r"^[ \t*]*Action[ \t_]*Input[ \t]*\d*[ \t*]*:[ \t*]*", re.IGNORECASE | re.MULTILINE)


@dataclasses.dataclass(frozen=True, slots=True)
class Turn:
    """What one reply says: ``text`` up to a made-up observation, and the first call in it (``name`` "" for none)."""

    text: str
    name: str = ""
    arguments: str = ""


def turn(text: str, tools: Sequence[Tool] = ()) -> Turn:
    """Read a reply. What the model writes after "Observation:" it has made up: it is cut off.

    Thinking before it ("<think>") is left out, and a call that stands after an "Answer:" line is none. Input that is no JSON object goes to the tool's only argument.
    """
    text = spoken(text)
    made_up = _SEEN.search(text)
    text = text[: made_up.start()] if made_up else text
    action = _ACTION.search(text)
    if action is None or not action[1] or 0 <= answer_at(text) < action.start():
        return Turn(text)
    after = _INPUT.search(text, action.end())
    given = text[after.end() :].strip() if after else ""
    name = action[1].strip("`\"'[]()* ")
    arguments, used = _object(given)
    if after is not None and used:  # what follows the JSON was not asked for
        start = text.index(given, after.end()) if given else after.end()
        text = text[: start + used]
    return Turn(text, name, arguments if used else _only(given, name, tools))


def _object(given: str) -> tuple[str, int]:
    """The JSON object at the start of a text (fences left out) and where it ends; ("", 0) without one."""
    start = given.find("{")
    if start < 0 or given[:start].strip("` \n\tjson"):
        return "", 0
    try:
        value, end = json.JSONDecoder().raw_decode(given, start)
        return orjson.dumps(value).decode(), end
    except (ValueError, TypeError, RecursionError):
        return given, len(given)  # the tool's refusal says what is wrong with it


def _only(given: str, name: str, tools: Sequence[Tool]) -> str:
    tool = next((tool for tool in tools if tool.name == name), None)
    known = list((tool.parameters.get("properties") or {}) if tool else ())
    if not given:
        return "{}"
    if len(known) != 1:
        return given
    return orjson.dumps({known[0]: given.splitlines()[0].strip(" \"'`")}).decode()


@block
class ReAct:
    """Thought, Action, Action Input, Observation, until an "Answer:" line.

    max_calls: 7 as for questions in the paper (section 3.2). max_chars: characters of one result that the model sees.
    repairs: how often a turn without call and answer is reminded of the form. The model's interface has no stop words,
    so a reply is cut here where it goes on to make up an observation. Results stand in messages of their own, each line
    quoted with "> ", and are never parsed: text in them that looks like a call is no call.
    """

    tools: tuple[Tool, ...]
    max_calls: int = 7
    max_chars: int = 4_000
    repairs: int = 1
    temperature: float = 0.0
    max_tokens: int = 512
    timeout_s: float = 60.0

    def check(self) -> None:
        distinct(self.tools, "react", max_calls=self.max_calls, max_chars=self.max_chars)

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"generate"})

    def calls(self, prompt: Prompt) -> int:
        return self.max_calls + 1 + self.repairs

    async def fit(self, train: Sequence[tuple[Prompt, str]], model: Model) -> Self:
        return self

    async def predict(self, prompt: Prompt, model: Model, *, seed: int) -> Prediction:
        log = self.log()
        told = f"You can use these tools:\n{listing(self.tools)}\n{FORMAT}\n{MATERIAL}"
        last, replies = await self.run(prompt, model, log, told=told, seed=seed)
        return settled(last, prompt, replies, log)

    def log(self, gate: Callable[[str, str], str] = lambda name, arguments: "") -> ToolLog:
        return ToolLog(
            self.tools, max_calls=self.max_calls, max_chars=self.max_chars, timeout_s=self.timeout_s, gate=gate
        )

    async def run(
        self,
        prompt: Prompt,
        model: Model,
        log: ToolLog,
        *,
        told: str,
        seed: int,
        stop: Callable[[], bool] = lambda: False,
    ) -> tuple[Reply | None, list[Reply]]:
        """The turns: the reply that answers (None without one, or once ``stop`` says so) and all replies in order."""
        instruction = f"{prompt.instruction}\n{told}\n{finish(prompt)}".strip()
        messages = list(prompt.replace(instruction=instruction).messages())
        replies: list[Reply] = []
        repairs = self.repairs
        while True:
            reply = await model.generate(messages, temperature=self.temperature, seed=seed, max_tokens=self.max_tokens)
            replies.append(reply)
            step = turn(reply.text, self.tools)
            if step.name and log.left:
                log.say(step.text)
                done = await log.call(step.name, step.arguments)
                if stop():
                    return None, replies
                shown = observed(quoted(done.result), done.name)
                if not log.left:  # in the same message: many chat formats take no two of a user in a row
                    shown = Message(shown.role, (*shown.parts, Part(NONE_LEFT, name="turn")))
                messages += [_said(step.text), shown]
                continue
            last = dataclasses.replace(reply, text=step.text)
            if step.name:
                return None, replies  # it was told that no calls are left and asked for another one
            if answer_at(step.text) >= 0 or (prompt.labels and settled(last, prompt, (), self.log()).parsed):
                return last, replies
            if not repairs:
                return None, replies
            repairs -= 1
            log.say(step.text)
            messages += [_said(step.text), Message("user", (Part(REMINDER, name="turn"),))]


def _said(text: str) -> Message:
    return Message("assistant", (Part(text.strip() or "Thought:", name="turn"),))


def quoted(result: str) -> str:
    """A result as an observation, each line marked as quoted."""
    return "Observation:\n" + "\n".join(f"> {line}" for line in result.splitlines() or [""])
