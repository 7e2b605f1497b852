"""A simulated model whose chains of thought carry evidence, to hold ensemble refinement against theory."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from osler.core.block import block
from osler.core.errors import SpecError
from osler.models.simulated import Simulated

DECISIVE = "pathognomonic"
_ANSWER = re.compile(r"^Answer: (.+)$", re.MULTILINE)


@block
class SimulatedChains(Simulated):
    """A simulated model that can read candidate answers.

    A chain is right with probability ``skill``, as of ``Simulated``. decisive: probability that a right chain carries the
    evidence that settles the case (its rationale says "pathognomonic"); a wrong one never does. trap: probability that a
    wrong chain falls for the case's one misleading option, so that wrong chains agree with each other. refine_skill:
    probability that a refinement which is shown a decisive candidate takes its answer. Else a refinement follows the
    plurality of the candidates that it is shown, ties by lot. by_wording: another cue is another draw, at temperature 0 as
    well, so that prompts err apart from each other.
    """

    decisive: float = 0.0
    trap: float = 0.0
    refine_skill: float = 1.0
    by_wording: bool = False

    def check(self) -> None:
        super().check()
        for name in ("decisive", "trap", "refine_skill"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise SpecError(
                    f"simulated_chains.{name} must be from 0 to 1, got {getattr(self, name)}", hint=f"{name} = 0.5"
                )

    def _choose(self, asked: Any, draw: str, *, thinks: bool, labels: tuple[str, ...] = ()) -> tuple[str, float]:
        draw = f"{asked.cue}/{draw}" if self.by_wording else draw
        label, probability = super()._choose(asked, draw, thinks=thinks, labels=labels)  # also tells a missing key
        said = [(found[-1], DECISIVE in text) for text in asked.candidates if (found := _ANSWER.findall(text))]
        if said:
            return self._refined(asked.id, said, draw), probability
        offered = labels or asked.labels
        wrong = sorted((other for other in offered if other != self._right(asked)), key=asked.meaning)
        if label in wrong and self._uniform(asked.id, "falls", draw) < self.trap:
            return wrong[int(self._uniform(asked.id, "trap") * len(wrong))], probability
        return label, probability

    def _refined(self, name: str, said: list[tuple[str, bool]], draw: str) -> str:
        settled = [answer for answer, decisive in said if decisive]
        if settled and self._uniform(name, "refines", draw) < self.refine_skill:
            return settled[0]
        counts = Counter(answer for answer, _ in said)
        most = sorted(answer for answer, count in counts.items() if count == max(counts.values()))
        return most[int(self._uniform(name, "tie", draw) * len(most))]

    def _say(self, label: str, asked: Any, draw: str, as_json: bool) -> str:
        text = super()._say(label, asked, draw, as_json)
        carries = label == self._right(asked) and not asked.candidates and not as_json
        if carries and self._uniform(asked.id, "decisive", draw) < self.decisive:
            return f"One finding is {DECISIVE}. {text}" if "\n" in text else f"One finding is {DECISIVE}.\n{text}"
        return text

    def _right(self, asked: Any) -> str:
        truth = self.key.get(asked.id, "")
        return next((label for label, text in asked.options if text == truth), truth)
