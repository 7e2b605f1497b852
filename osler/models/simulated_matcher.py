"""A simulated model that judges trial criteria: it is told the true labels and errs as often as its knob says."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import orjson

from osler.core.block import block
from osler.core.errors import SpecError
from osler.models.writing import Turn, Writes, need_shares

_KEYS = ("relevance_score_R", "eligibility_score_E")


@block
class SimulatedMatcher(Writes):
    """Answers in TrialGPT's form. A prompt's id is ``patient|trial|inclusion``, ``...|exclusion`` or ``...|rating``.

    ``key``: the true labels of the criteria by prompt id. noise: probability that a label is another one of those
    allowed, drawn evenly. ``ratings``: true R and E by prompt id; rating_noise: standard deviation added to both, in
    points. A prompt that the key does not name gets "not enough information", and R = E = 0.
    """

    key: Mapping[str, tuple[str, ...]] = {}
    ratings: Mapping[str, tuple[float, float]] = {}
    noise: float = 0.0
    rating_noise: float = 0.0
    seed: int = 0

    def check(self) -> None:
        need_shares(self, "noise")
        if self.rating_noise < 0:
            raise SpecError(f"simulated_matcher.rating_noise must be at least 0, got {self.rating_noise}")

    def said(self, turn: Turn) -> str:
        fields = dict((turn.schema or {}).get("properties", {}))
        rng = random.Random(f"{self.seed}/{turn.case}/{turn.draw}")
        found = self._rating(turn.case, rng) if _KEYS[0] in fields else self._labels(turn.case, fields, rng)
        return orjson.dumps(found).decode()

    def _labels(self, name: str, fields: Mapping[str, Any], rng: random.Random) -> dict[str, Any]:
        true = self.key.get(name, ())
        out: dict[str, Any] = {}
        for at, (number, field) in enumerate(fields.items()):
            allowed = field["prefixItems"][2]["enum"]
            label = true[at] if at < len(true) else "not enough information"
            if rng.random() < self.noise:
                label = rng.choice([other for other in allowed if other != label])
            out[number] = ["The note was held against the criterion.", [0], label]
        return out

    def _rating(self, name: str, rng: random.Random) -> dict[str, Any]:
        relevance, eligibility = self.ratings.get(name, (0.0, 0.0))
        relevance = min(max(relevance + rng.gauss(0.0, self.rating_noise), 0.0), 100.0)
        eligibility = min(max(eligibility + rng.gauss(0.0, self.rating_noise), -relevance), relevance)
        return {
            "relevance_explanation": "By the conditions.",
            _KEYS[0]: relevance,
            "eligibility_explanation": "By the criteria.",
            _KEYS[1]: eligibility,
        }
