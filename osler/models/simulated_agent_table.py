"""What a simulated agent reads off the messages before it, and how it writes a call in each tool protocol."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from osler.core.types import Message, Part
from osler.models.simulated import _Asked

Call = tuple[str, str]  # name of a tool and its arguments as JSON text
MADE_UP = "made up"
_INJECTED = re.compile(r"CALL (\w+) (\{.*?\})")
_ADDRESS = re.compile(r"\[(https?://[^\[\]\n]+)\]->")
_TURN = re.compile(r"Action: (.+)\nAction Input: (.+)")
_SLOT = re.compile(r"\{(\d+)\}")
_LISTED = re.compile(r"^(\w+): .* Input: \{", re.MULTILINE)


@dataclasses.dataclass
class Table:
    """What lies before the agent: the case, the protocol asked for, and each call so far with its result."""

    messages: Sequence[Message]
    tools: Sequence[Mapping[str, Any]]

    def __post_init__(self) -> None:
        self._asked = _Asked(self.messages)
        self.case, self.labels = self._asked.id, self._asked.labels
        told = "\n".join(message.text for message in self.messages if message.role == "system")
        words = "\n".join(part.text for message in self.messages for part in message.parts if part.name == "turn")
        drafts = [part.text for part in self.messages[-1].parts if part.name == "draft"] if self.messages else []
        self.draft = drafts[0].rpartition("Draft:\n")[2] if drafts else ""  # asked to reword it, it repeats it
        self.history = tuple(_history(self.messages))
        self.over = "No calls are left" in words
        self.told_to_check = any("before" in result and failed(result) for _, result in self.history)
        self.names = [str(tool.get("name")) for tool in self.tools] or _LISTED.findall(told)
        self.shown = {pattern(url) for url in _ADDRESS.findall(told)}
        if self.tools or (self.history and any(p.name == "tool_call" for m in self.messages for p in m.parts)):
            self.protocol = "native"
        else:
            self.protocol = "turns" if "Action Input:" in told else "address" if "'->'" in told or self.shown else ""

    def tried(self, tool: str) -> bool:
        return any(made[0] == tool for made, _ in self.history)

    def answered(self, answer: str) -> str:
        """The answer as the prompt wants it: the letter where options have letters."""
        return f"Answer: {self.label(answer)}"

    def label(self, answer: str) -> str:
        return next((label for label, text in self._asked.options if text == answer), answer)


def _history(messages: Sequence[Message]) -> list[tuple[Call, str]]:
    """Calls with their results, in order. Calls are read from assistant messages, results from observations."""
    waiting: list[Call] = []
    found: list[tuple[Call, str]] = []
    for message in messages:
        if message.role == "assistant":
            waiting = [call for part in message.parts for call in _read_call(part)]
        for part in message.parts:
            if part.name == "observation" and waiting:
                found.append((waiting.pop(0), part.text))
    return found


def _read_call(part: Part) -> list[Call]:
    if part.name == "tool_call":
        held = orjson.loads(part.text)
        return [(str(held["name"]), str(held["arguments"]))]
    if part.name != "turn":
        return []
    turn, url = _TURN.search(part.text), _ADDRESS.search(part.text)
    if turn:
        return [(turn[1], turn[2])]
    return [("", as_json({"url": url[1]}))] if url else []


def injected(result: str) -> list[Call]:
    """Calls that a result tells the agent to make, quotes inside JSON strings taken off."""
    found = []
    for name, given in _INJECTED.findall(result):
        try:
            found.append((name, as_json(orjson.loads(given.replace('\\"', '"')))))
        except orjson.JSONDecodeError:
            continue
    return found


def same_call(made: Call, call: Call) -> bool:
    return made[1] == call[1] and made[0] in ("", call[0])  # an address names no tool


def failed(result: str) -> bool:
    return result.removeprefix("Observation:\n> ").lstrip("[").startswith("Error")


def written(call: Call, protocol: str, *, invents: bool) -> str:
    if protocol == "turns":
        text = f"Thought: I need {call[0]}.\nAction: {call[0]}\nAction Input: {call[1]}"
        return f"{text}\nObservation: {MADE_UP}\nAnswer: {MADE_UP}" if invents else text
    url = orjson.loads(call[1]).get("url", "")
    return f"[{url}]->" + (f"[{MADE_UP}]\nAnswer: {MADE_UP}" if invents else "")


def pattern(url: str) -> tuple[str, str]:
    """The service of an address and which of its pages it asks: ("eutils", "esearch db=gene"), ("blast", "Put")."""
    if "Blast.cgi" in url:
        return "blast", "Blast.cgi"
    program = re.search(r"/(\w+)\.fcgi", url)
    db = re.search(r"[?&]db=(\w+)", url)
    return "eutils", f"{program[1] if program else ''} db={db[1] if db else ''}"


def filled(value: Any, taken: Mapping[int, str]) -> Any:
    if isinstance(value, str):
        return _SLOT.sub(lambda slot: taken.get(int(slot[1]), "unknown"), value)
    if isinstance(value, Mapping):
        return {key: filled(item, taken) for key, item in value.items()}
    return [filled(item, taken) for item in value] if isinstance(value, (list, tuple)) else value


def taken_from(pattern: str, result: str) -> str:
    if not pattern:
        return "\n".join(line.removeprefix("> ") for line in result.removeprefix("Observation:\n").splitlines())
    found = re.search(pattern, result)
    return found[1] if found else "unknown"


def as_json(value: Any) -> str:
    return orjson.dumps(value).decode()
