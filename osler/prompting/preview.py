"""What a strategy sends, to be read by people: the messages of each different call with its settings.

Calls that differ only in their draw (seed, or temperatures next to each other) are shown once with their number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from osler.core.types import Message, Model, Prompt, Strategy
from osler.models.heard import Call, Heard


async def preview(strategy: Strategy, model: Model, prompt: Prompt, *, seed: int = 0) -> str:
    """The calls that a (fitted) strategy makes for ``prompt``, as Markdown. ``model`` answers them: a simulated one
    will do where no earlier answer changes what is sent next."""
    heard = Heard(model)
    await strategy.predict(prompt, heard, seed=seed)
    return written(heard.calls)


def written(calls: Sequence[Call]) -> str:
    """Calls as Markdown, equal messages once, in the order of their first call."""
    groups: dict[bytes, list[Call]] = {}
    for call in calls:
        groups.setdefault(orjson.dumps([_plain(call.messages), call.schema, call.tools, call.choices]), []).append(call)
    blocks = []
    for same in groups.values():
        blocks += [f"### {_settings(same)}", "", *_messages(same[0].messages), ""]
    return "\n".join(blocks).rstrip() + "\n"


def _settings(same: Sequence[Call]) -> str:
    first = same[0]
    times = f"{len(same)} calls" if len(same) > 1 else "1 call"
    if first.choices:
        return f"{times}, scoring {' | '.join(first.choices)}"
    counts: dict[float, int] = {}
    for call in same:
        counts[call.temperature] = counts.get(call.temperature, 0) + 1
    if len(counts) == 1:
        heat = f"temperature {first.temperature:g}"
    else:
        heat = "temperature " + ", ".join(f"{value:g} ({count} times)" for value, count in sorted(counts.items()))
    said = [times, heat, f"at most {first.max_tokens} tokens"]
    if first.schema is not None:
        said.append(f"JSON with {', '.join(_keys(first.schema))}")
    if first.tools:
        said.append(f"tools {', '.join(first.tools)}")
    return ", ".join(said)


def _keys(schema: Mapping[str, Any]) -> list[str]:
    return list(schema.get("properties", {})) or [f"a {schema.get('type', 'value')}"]


def _messages(messages: Sequence[Message]) -> list[str]:
    lines = []
    for message in messages:
        lines.append(f"**{message.role}**")
        for line in message.text.splitlines():
            lines.append(f"> {line}".rstrip())
        lines.append("")
    return lines


def _plain(messages: Sequence[Message]) -> list[list[str]]:
    return [[message.role, message.text] for message in messages]
