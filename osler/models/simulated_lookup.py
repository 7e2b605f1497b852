"""A simulated model that learned facts once, fills in what to look up, and believes what it is shown.

A product for testing systems over knowledge graphs, never a stand-in for results. All it says is a function of the call.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from osler.core.block import block, replace
from osler.core.types import LETTERS, Example
from osler.models.asked import read_asked
from osler.models.writing import Turn, Writes, need_shares, no_key, uniform


@block
class SimulatedLookup(Writes):
    """memory: probability of knowing what it learned, drawn once for each case. fills: probability of naming the right
    thing and relation to look up. reads: probability of taking the answer from a passage that names the thing and an option.

    key: case id to {"learned": option text, "thing": ..., "relation": ...}. A study gives it by ``keyed``, from
    ``meta["learned"]`` (else the target), ``meta["thing"]`` and ``meta["relation"]``.
    """

    memory: float = 0.9
    fills: float = 0.95
    reads: float = 1.0
    seed: int = 0
    key: Mapping[str, Any] = {}

    def check(self) -> None:
        need_shares(self, "memory", "fills", "reads")

    def keyed(self, examples: Sequence[Example], *, lettered: bool) -> SimulatedLookup:
        """A copy that learned the answers of ``examples``."""
        key = {}
        for example in examples:
            at = LETTERS.find(example.target) if lettered else -1
            answer = example.choices[at] if at >= 0 else example.target
            key[example.id] = {
                "learned": str(example.meta.get("learned") or answer),
                "thing": str(example.meta.get("thing", "")),
                "relation": str(example.meta.get("relation", "")),
            }
        return replace(self, key=key)

    def said(self, turn: Turn) -> str:
        held = self.key.get(turn.case)
        if held is None:
            raise no_key(self, turn.case)
        if "lookups" in (turn.schema or {}).get("properties", {}):
            right = uniform(self.seed, turn.case, "fills", turn.draw) < self.fills
            thing = held["thing"] if right else "something else"
            return orjson.dumps({"lookups": [{"thing": thing, "relation": held["relation"]}]}).decode()
        asked = read_asked(turn.messages)
        options = dict(asked.options)
        shown = [text for text in asked.evidence.values() if held["thing"] and held["thing"] in text]
        read = next((letter for letter, text in options.items() for passage in shown if text in passage), "")
        if read and uniform(self.seed, turn.case, "reads", turn.draw) < self.reads:
            return f"Answer: {read}"
        known = uniform(self.seed, turn.case, "memory", turn.draw) < self.memory
        learned = next((letter for letter, text in options.items() if text == held["learned"]), "")
        if known and learned:
            return f"Answer: {learned}"
        others = sorted((letter for letter in options if letter != learned), key=lambda letter: options[letter])
        pick = int(uniform(self.seed, turn.case, "wrong", turn.draw) * len(others))
        return f"Answer: {others[pick] if others else held['learned']}"
