"""What a strategy sends, to be read by people: the messages of each different call with its settings.

Calls that differ only in their draw (seed, or temperatures next to each other) are shown once with their number.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from osler.core.block import is_block, snake
from osler.core.errors import SpecError
from osler.core.types import Message, Model, Prompt, Strategy
from osler.models.heard import Call, Heard
from osler.prompting.cases import Pair


async def preview(
    strategy: Strategy, model: Model, prompt: Prompt, *, seed: int = 0, train: Sequence[Pair] | None = None
) -> str:
    """The calls that a strategy makes for ``prompt``, as Markdown. ``model`` answers them: a simulated one will do where
    no earlier answer changes what is sent next.

    ``train``: (prompt, answer) pairs to fit the strategy on first. SpecError where it learns from such cases, has not
    been fitted and gets none: it would send less than it will in a study.
    """
    missing = None if train is not None else unfitted(strategy)
    if missing is not None:
        raise SpecError(
            f"{snake(type(missing).__name__)} learns from training cases and was not fitted (or kept none), so these are "
            "not the calls that a study would make",
            hint="give train = [(prompt, answer), ...]; for a study: osler show CASE STUDY --preview SYSTEM",
        )
    asked = strategy if train is None else await strategy.fit(train, model)
    heard = Heard(model)
    await asked.predict(prompt, heard, seed=seed)
    return written(heard.calls)


def unfitted(strategy: Any) -> Any:
    """The first part of a strategy that learns what it sends and holds nothing yet; None where all is there."""
    if hasattr(strategy, "winner"):  # what stood there before the search is not asked any more
        return strategy if strategy.winner is None else unfitted(strategy.winner)
    if hasattr(strategy, "pool") and getattr(strategy, "learns", True) and not strategy.pool:
        return strategy
    if not is_block(strategy):
        return None
    held = (getattr(strategy, field.name) for field in dataclasses.fields(strategy))
    inside = (part for value in held for part in (value if isinstance(value, tuple) else (value,)))
    return next((found for part in inside if (found := unfitted(part)) is not None), None)


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
