"""A simulated model: a product with knobs, for planning studies and testing methods, never a stand-in for results.

It answers from a key that the study gives it (``keyed``), right or wrong by item and seed, so that what a method
does to a model of known skill can be held against theory. Everything it says is a function of the call.
"""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import orjson

from osler.core.block import block, replace
from osler.core.errors import ModelError, SpecError
from osler.core.types import LETTERS, Example, Message, Part, Reply
from osler.models.writing import uniform


@block
class Simulated:
    """A model of known skill.

    skill: probability of a right answer to an average item, 0 to 1; a wrong text lacks its second half. spread: standard deviation of item difficulty
    in logits. demo_gain, neighbour_gain, thought_gain: logits added by any demonstration, by the word overlap
    (Jaccard, 0 to 1) of the nearest one, by a chain of thought. evidence_gain: logits added by evidence passages.
    position_bias: probability of taking the first option whatever it says. cutoff: an ISO date; items dated after
    it are answered at chance unless evidence is given. format_failure: probability of an unreadable reply.
    verbosity: words of rationale. latency_s: seconds that a call takes. sharpness: how sure ``score`` sounds.
    context: tokens of its context, counted at four characters each; 0 for no end.
    """

    skill: float = 0.7
    spread: float = 0.0
    demo_gain: float = 0.0
    neighbour_gain: float = 0.0
    thought_gain: float = 0.0
    evidence_gain: float = 0.0
    position_bias: float = 0.0
    cutoff: str = ""
    format_failure: float = 0.0
    verbosity: int = 12
    latency_s: float = 0.0
    sharpness: float = 1.0
    seed: int = 0
    key: Mapping[str, str] = {}
    dates: Mapping[str, str] = {}
    context: int = 0

    operational: ClassVar[frozenset[str]] = frozenset({"context"})  # what fits is refused or not; no answer changes
    baseline: ClassVar[bool] = True  # it is told the answers: nothing it does can pass a gate

    def check(self) -> None:
        for name in ("skill", "position_bias", "format_failure"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise SpecError(
                    f"simulated.{name} must be from 0 to 1, got {getattr(self, name)}", hint=f"{name} = 0.5"
                )

    @property
    def supports(self) -> frozenset[str]:
        return frozenset({"generate", "score", "schema"})

    async def count(
        self,
        messages: Sequence[Message],
        *,
        schema: Mapping[str, Any] | None = None,
        tools: Sequence[Mapping[str, Any]] = (),
    ) -> int:
        """Tokens of a prompt: four characters each."""
        return sum(len(message.text) for message in messages) // 4

    def keyed(self, examples: Sequence[Example], *, lettered: bool) -> Simulated:
        """A copy that knows the answers to ``examples`` (the option text where answers are letters)."""
        key = {}
        for example in examples:
            at = LETTERS.find(example.target) if lettered else -1
            key[example.id] = example.choices[at] if at >= 0 else example.target
        dates = {example.id: str(example.meta["date"]) for example in examples if "date" in example.meta}
        return replace(self, key=key, dates=dates)

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
        if self.latency_s:
            await asyncio.sleep(self.latency_s)
        asked = _Asked(messages)
        texts = []
        for index in range(n):
            # At temperature 0 an item is known or not; above it every sample is drawn anew.
            draw = f"{seed}/{index}" if temperature > 0 else ""
            label, _ = self._choose(asked, draw, thinks=asked.thinks or schema is not None)
            texts.append(self._say(label, asked, draw, schema is not None))
        tokens_in = sum(len(message.text) for message in messages) // 4
        return Reply(
            text=texts[0],
            texts=tuple(texts),
            tokens_in=tokens_in,
            tokens_out=sum(len(text) for text in texts) // 4,
            latency_s=self.latency_s,
            model="simulated",
        )

    async def score(self, messages: Sequence[Message], choices: Sequence[str]) -> Reply:
        if self.latency_s:
            await asyncio.sleep(self.latency_s)
        asked = _Asked(messages)
        label, probability = self._choose(asked, "", thinks=False, labels=tuple(choices))
        sure = min(0.999, max(1.0 / len(choices) + 1e-6, probability)) ** (1.0 / max(self.sharpness, 1e-6))
        rest = (1.0 - sure) / max(1, len(choices) - 1)
        logprobs = {choice: math.log(sure if choice == label else max(rest, 1e-9)) for choice in choices}
        tokens = sum(len(message.text) for message in messages) // 4
        return Reply(text=label, logprobs=logprobs, tokens_in=tokens, latency_s=self.latency_s, model="simulated")

    def _choose(self, asked: _Asked, draw: str, *, thinks: bool, labels: tuple[str, ...] = ()) -> tuple[str, float]:
        labels = labels or asked.labels
        if asked.id not in self.key:
            raise ModelError(
                f"the simulated model has no key for the case {asked.id!r}",
                hint="give it one with keyed(examples); a study does so by itself",
                kind="no_key",
            )
        truth = self.key[asked.id]
        right = next((label for label, text in asked.options if text == truth), truth)
        if self._uniform(asked.id, "first", draw) < self.position_bias and labels:
            return labels[0], self.skill
        probability = self._probability(asked, thinks=thinks, choices=len(labels))
        if self._uniform(asked.id, "know", draw) < probability:
            return right, probability
        if not labels:
            return spoiled(truth), probability
        # Wrong answers are drawn by what the options say, so that shuffling them changes nothing.
        wrong = sorted((label for label in labels if label != right), key=lambda label: asked.meaning(label))
        pick = int(self._uniform(asked.id, "wrong", draw) * len(wrong))
        return (wrong[min(pick, len(wrong) - 1)] if wrong else right), probability

    def _probability(self, asked: _Asked, *, thinks: bool, choices: int) -> float:
        if self.cutoff and self.dates.get(asked.id, "") > self.cutoff and not asked.evidence:
            return 1.0 / max(choices, 2)
        if self.skill in (0.0, 1.0):
            return self.skill
        logit = math.log(self.skill / (1.0 - self.skill)) + self.spread * self._normal(asked.id)
        if asked.demos:
            logit += self.demo_gain + self.neighbour_gain * asked.nearest_demo()
        if thinks:
            logit += self.thought_gain
        if asked.evidence:
            logit += self.evidence_gain
        return 1.0 / (1.0 + math.exp(-logit))

    def _say(self, label: str, asked: _Asked, draw: str, as_json: bool) -> str:
        words = [
            "The",
            "findings",
            "in",
            "the",
            "record",
            "were",
            "weighed",
            "against",
            "the",
            "question",
            "one",
            "by",
            "one",
        ]
        rationale = " ".join(words[i % len(words)] for i in range(self.verbosity))
        if self._uniform(asked.id, "format", draw) < self.format_failure:
            return '{"rationale": "' + rationale if as_json else f"{rationale}. It is hard to say."
        if as_json and not asked.labels:
            return label
        if as_json:
            return orjson.dumps({"rationale": rationale, "evidence": [], "answer": label}).decode()
        return f"{rationale}.\nAnswer: {label}" if asked.thinks and self.verbosity else f"Answer: {label}"

    def _uniform(self, *words: str) -> float:
        return uniform(self.seed, *words)

    def _normal(self, name: str) -> float:
        radius = math.sqrt(-2.0 * math.log(max(self._uniform(name, "radius"), 1e-12)))
        return radius * math.cos(2.0 * math.pi * self._uniform(name, "angle"))


def spoiled(text: str) -> str:
    """A wrong answer where answers are texts: the second half of the sentences, items or words is missing."""
    if text[:1] in ("{", "["):
        value = orjson.loads(text)
        half = len(value) // 2
        return orjson.dumps(dict(list(value.items())[:half]) if isinstance(value, dict) else value[:half]).decode()
    parts = re.split(r"(?<=[.!?])\s+|(?<=[。！？])", text.strip())
    parts = [part for part in parts if part] if len(parts) > 2 else text.split()
    if len(parts) < 2:
        return text[: len(text) // 2]
    return " ".join(parts[: len(parts) // 2])


class _Asked:
    """What a simulated model reads off the messages: the last question, its options, what helps it."""

    def __init__(self, messages: Sequence[Message]) -> None:
        users = [message for message in messages if message.role == "user"]
        last: tuple[Part, ...] = ()
        for message in reversed(users):  # a repair turn holds no question: look further back
            if any(part.name == "question" for part in message.parts):
                last = message.parts
                break
        question = next((part for part in last if part.name == "question"), Part())
        self.id, self.question = question.id, question.text
        self.options = [(p.id, re.sub(r"^[A-Z]\. ", "", p.text, count=1)) for p in last if p.name == "choice"]
        offered = next((p.text for p in last if p.name == "choices"), "")
        plain = tuple(offered.partition(": ")[2].split(" | ")) if offered else ()
        self.labels = tuple(label for label, _ in self.options) or plain
        self.evidence = any(part.name == "evidence" for part in last)
        self.candidates = [part.text for part in last if part.name == "candidate"]
        self.cue = next((part.text for part in last if part.name == "cue"), "")
        self.demos = [p.text for m in users if m.parts is not last for p in m.parts if p.name == "question"]
        everything = " ".join(part.text for m in messages if m.role != "assistant" for part in m.parts if not part.id)
        self.thinks = any(part.name == "cue" for part in last) or "step by step" in everything.lower()

    def meaning(self, label: str) -> str:
        return next((text for found, text in self.options if found == label), label)

    def nearest_demo(self) -> float:
        """Word overlap (Jaccard) of the question with the most similar demonstration."""
        words = set(self.question.lower().split())
        best = 0.0
        for demo in self.demos:
            other = set(demo.lower().split())
            best = max(best, len(words & other) / max(1, len(words | other)))
        return best
