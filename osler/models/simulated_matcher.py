"""A simulated model that judges trial criteria: it is told the true labels and errs as often as its knob says."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import orjson

from osler.core.block import block
from osler.core.errors import ModelError, SpecError
from osler.core.types import Message, Reply

_KEYS = ("relevance_score_R", "eligibility_score_E")


@block
class SimulatedMatcher:
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

    baseline: ClassVar[bool] = True  # it is told the answers

    def check(self) -> None:
        if not 0.0 <= self.noise <= 1.0 or self.rating_noise < 0:
            raise SpecError("simulated_matcher.noise must be from 0 to 1 and rating_noise at least 0")

    @property
    def supports(self) -> frozenset[str]:
        return frozenset({"generate", "schema"})

    async def generate(
        self,
        messages: Sequence[Message],
        *,
        temperature: float = 0.0,
        seed: int = 0,
        max_tokens: int = 512,
        schema: Mapping[str, Any] | None = None,
        tools: Sequence[Mapping[str, Any]] = (),
        n: int = 1,
    ) -> Reply:
        name = next((p.id for m in reversed(messages) for p in m.parts if p.name == "question" and p.id), "")
        fields = dict((schema or {}).get("properties", {}))
        rng = random.Random(f"{self.seed}/{name}/{seed if temperature > 0 else ''}")
        said = self._rating(name, rng) if _KEYS[0] in fields else self._labels(name, fields, rng)
        text = orjson.dumps(said).decode()
        tokens = sum(len(message.text) for message in messages) // 4
        return Reply(text=text, texts=(text,), tokens_in=tokens, tokens_out=len(text) // 4, model="simulated-matcher")

    async def score(self, messages: Sequence[Message], choices: Sequence[str]) -> Reply:
        """Always a ModelError: it judges criteria in text."""
        raise ModelError("the simulated matcher does not score", hint="use simulated", kind="not_supported")

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
