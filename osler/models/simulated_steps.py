"""A simulated model for tasks in steps: it knows several labels of a case and gives the one that a question offers.

A product for tests and plans of decompositions, never a stand-in for results.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import orjson

from osler.core.block import block, replace
from osler.core.types import Example
from osler.models.writing import Turn, Writes, need_shares, no_key, uniform


@block
class SimulatedSteps(Writes):
    """skill: probability that a label is right, drawn for each case and set of labels on its own, so that the errors of
    two steps are independent. key: case id to its labels, one for each question that may be asked; where none of them
    is offered, and where labels are not offered at all, they are named as a list. format_failure: probability of an
    unreadable reply. A study gives the key by ``keyed``, from ``meta["labels"]`` and the target.
    """

    skill: float = 1.0
    format_failure: float = 0.0
    seed: int = 0
    key: Mapping[str, tuple[str, ...]] = {}

    def check(self) -> None:
        need_shares(self, "skill", "format_failure")

    def keyed(self, examples: Sequence[Example], *, lettered: bool) -> SimulatedSteps:
        """A copy that knows the labels of ``examples``."""
        return replace(
            self, key={example.id: (*example.meta.get("labels", ()), example.target) for example in examples}
        )

    def said(self, turn: Turn) -> str:
        label = self._label(turn)
        if self._uniform("format", turn.draw, label) < self.format_failure:
            return "It is hard to say."
        if turn.schema is None:
            return f"Answer: {label}"
        return orjson.dumps({"rationale": "As the record says.", "evidence": [], "answer": label}).decode()

    def _label(self, turn: Turn) -> str:
        name, draw = turn.case, turn.draw
        if name not in self.key:
            raise no_key(self, name)
        line = next((part.text for part in reversed(turn.parts) if part.name == "choices"), "")
        offered = line.partition(": ")[2].split(" | ") if line else []
        right = next((label for label in self.key[name] if label in offered), "; ".join(self.key[name]))
        wrong = [label for label in offered if label != right]
        if not wrong or self._uniform("know", name, line, draw) < self.skill:
            return right
        return wrong[int(self._uniform("wrong", name, line, draw) * len(wrong))]

    def _uniform(self, *words: str) -> float:
        return uniform(self.seed, *words)
