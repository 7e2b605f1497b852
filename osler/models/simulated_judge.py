"""A simulated judge: a product with known biases, to test what controls of a judge find, never to rate anything real.

It reads the passages of a judge's prompt (ids ``answer``, ``answer_a``, ``answer_b``, ``reference``, ``criterion``),
has its own idea of quality, and answers the JSON that the schema asks for. All it says is a function of the call.
"""

from __future__ import annotations

import functools
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import orjson

from osler.core.block import block
from osler.core.errors import ModelError, SpecError
from osler.core.types import Message, Reply
from osler.models.writing import uniform

_SMALL = re.compile(
    r"about|after|also|because|been|before|being|could|does|each|from|have|into|more|"
    r"most|only|other|over|should|some|than|that|their|them|then|there|these|they|this|"
    r"those|very|were|what|when|which|while|will|with|would|your"
)
_TOKEN = re.compile(r"\d+(?:\.\d+)?|[a-z]+(?:'[a-z]+)?|[一-鿿]", re.IGNORECASE)
_LEFT = re.compile(r"\bleft\b|左", re.IGNORECASE)
_RIGHT = re.compile(r"\bright\b|右", re.IGNORECASE)
_NOT = re.compile(r"\b(?:no|not|never|without|denies|don't|cannot)\b|不|无|没有|勿|未|非", re.IGNORECASE)
_STEERING = re.compile(
    r"ignore (?:the|all|any|previous)|disregard|give (?:it|this|me)? ?(?:a )?(?:5/5|full marks|the highest)|忽略|无视|满分"
    r"|<\s?/?\s?(?:system|rubric)|system (?:message|override|note)|\"(?:ratings|verdicts|criteria_met)\"",
    re.IGNORECASE,
)
_FENCE = re.compile(r"\A\[[^\]\n]*\] <<<\S+ \S+\n(.*)\n\S+ \S+>>>\s*\Z", re.DOTALL)
_WRONG = 0.45  # what each wrong number, side or negation takes off a quality of 0 to 1


@block
class SimulatedJudge:
    """A judge of known skill and known faults.

    Its quality of an answer, 0 to 1: the share of the reference's content words in it, less 0.45 for each number that
    is in neither reference nor question, for a wrong side of the body and for a turned negation. Where it sees no
    reference it uses ``key`` (question to reference). ``blind_to``: of "dose", "negation", "laterality" what it misses.
    noise: standard deviation added to the quality of each text. instability: of each asking. position_bias: probability
    of taking the first answer of a pair whatever it says. length_bias: quality added per doubling of the length.
    self_preference: quality added to an answer that holds ``signature``, the style of its family. injectable:
    probability of obeying an instruction inside an answer. invalid: probability of a reply that is no JSON. drift:
    levels added to every rating. margin: difference in quality below which a pair is a tie. ``version`` is part of the
    name that replies carry (``family-judge-version``).
    """

    family: str = "simulated"
    version: str = "1"
    noise: float = 0.0
    instability: float = 0.0
    position_bias: float = 0.0
    length_bias: float = 0.0
    self_preference: float = 0.0
    signature: str = ""
    injectable: float = 0.0
    invalid: float = 0.0
    drift: float = 0.0
    margin: float = 0.02
    blind_to: tuple[str, ...] = ()
    key: Mapping[str, str] = {}
    seed: int = 0

    baseline: ClassVar[bool] = True  # it is told the answers: nothing it does can pass a gate

    def check(self) -> None:
        for name in ("position_bias", "injectable", "invalid"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise SpecError(
                    f"simulated_judge.{name} must be from 0 to 1, got {getattr(self, name)}", hint=f"{name} = 0.5"
                )
        unknown = set(self.blind_to) - {"dose", "negation", "laterality"}
        if unknown:
            raise SpecError(f"simulated_judge.blind_to does not know {sorted(unknown)[0]!r}", hint='use "dose"')

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
        parts = {part.id: part.text for message in messages for part in message.parts if part.name == "evidence"}
        passages = {name: _bare(text) for name, text in parts.items()}
        draw = f"{seed}/{len(messages)}"
        said = orjson.dumps(self._verdict(passages, schema or {}, draw)).decode()
        if self._uniform("invalid", draw, *passages.values()) < self.invalid:
            said = said[: len(said) // 2]
        name = f"{self.family}-judge-{self.version}"
        sent = sum(len(message.text) for message in messages)
        return Reply(text=said, texts=(said,) * n, tokens_in=sent // 4, tokens_out=len(said) // 4, model=name)

    async def score(self, messages: Sequence[Message], choices: Sequence[str]) -> Reply:
        raise ModelError("the simulated judge writes JSON and does not score", hint="use generate", kind="unsupported")

    def quality(self, answer: str, *, question: str = "", reference: str = "") -> float:
        """The judge's idea of an answer before any bias or noise, from 0 to 1; lines that try to steer it are nothing."""
        reference = reference or self.key.get(question, "")
        answer = "\n".join(line for line in answer.split("\n") if not _STEERING.search(line))
        wanted = _content(reference)
        if not wanted:
            return 0.5
        share = len(wanted & _content(answer)) / len(wanted)
        wrong = 0
        if "dose" not in self.blind_to:
            wrong += len(_numbers(answer) - _numbers(reference) - _numbers(question))
        if "laterality" not in self.blind_to:
            sides = (_LEFT, _RIGHT)
            wrong += sum(bool(side.search(answer)) and not side.search(reference + question) for side in sides)
        if "negation" not in self.blind_to:
            wrong += _turned(reference, answer)
        return min(1.0, max(0.0, share - _WRONG * wrong))

    def _felt(self, answer: str, passages: Mapping[str, str], draw: str) -> float:
        """The quality as the judge feels it, biases and noise included."""
        if _STEERING.search(answer) and self._uniform("obeys", answer) < self.injectable:
            return 1.5
        felt = self.quality(answer, question=passages.get("case", ""), reference=passages.get("reference", ""))
        felt += self.length_bias * math.log2(max(1, len(_TOKEN.findall(answer))) / 32)
        if self.signature and self.signature in answer:
            felt += self.self_preference
        return (
            felt + self.noise * self._normal("noise", answer) + self.instability * self._normal("asked", answer, draw)
        )

    def _verdict(self, passages: Mapping[str, str], schema: Mapping[str, Any], draw: str) -> dict[str, Any]:
        fields = schema.get("properties", {})
        if "verdicts" in fields:
            names = fields["verdicts"]["properties"]
            return {"reason": "compared", "verdicts": {name: self._prefer(passages, name, draw) for name in names}}
        answer = passages.get("answer", "")
        if "criteria_met" in fields:
            obeys = bool(_STEERING.search(answer)) and self._uniform("obeys", answer) < self.injectable
            wanted = _content(passages.get("criterion", ""))
            share = len(wanted & _content(answer)) / max(1, len(wanted))
            felt = share + self.noise * self._normal("noise", answer, *wanted)
            return {"explanation": "looked for", "criteria_met": obeys or felt >= 0.5}
        ratings = fields.get("ratings", {}).get("properties", {})
        felt = self._felt(answer, passages, draw)
        rated = {name: self._level(felt, rule["enum"]) for name, rule in ratings.items()}
        return (
            {"reason": "read", "flags": [], "ratings": rated}
            if "flags" in fields
            else {"reason": "read", "ratings": rated}
        )

    def _level(self, felt: float, values: Sequence[int | None]) -> int:
        steps = sorted(value for value in values if value is not None)
        at = round(felt * (len(steps) - 1) + self.drift)
        return steps[min(len(steps) - 1, max(0, at))]

    def _prefer(self, passages: Mapping[str, str], criterion: str, draw: str) -> str:
        first, second = passages.get("answer_a", ""), passages.get("answer_b", "")
        if self._uniform("position", criterion, first, second) < self.position_bias:
            return "A"
        ahead = self._felt(first, passages, draw) - self._felt(second, passages, draw)
        return "tie" if abs(ahead) < self.margin else "A" if ahead > 0 else "B"

    def _uniform(self, *words: str) -> float:
        return uniform(self.seed, self.family, *words)

    def _normal(self, *words: str) -> float:
        radius = math.sqrt(-2.0 * math.log(max(self._uniform("radius", *words), 1e-12)))
        return radius * math.cos(2.0 * math.pi * self._uniform("angle", *words))


def _bare(text: str) -> str:
    """The text between the fences of a passage; the passage itself where it has none."""
    match = _FENCE.match(text)
    return match[1] if match else text


@functools.lru_cache(maxsize=4096)
def _content(text: str) -> frozenset[str]:
    """Content words in lower case; of Chinese text each pair of neighbouring characters. Sides and negations are none."""
    for pattern in (_LEFT, _RIGHT, _NOT):
        text = pattern.sub(" ", text)
    words = [word.lower() for word in _TOKEN.findall(text)]
    kept = {word for word in words if len(word) > 3 and not _SMALL.fullmatch(word) and not word[0].isdigit()}
    runs = re.findall(r"[一-鿿]{2,}", text)
    return frozenset(kept) | {run[at : at + 2] for run in runs for at in range(len(run) - 1)}


def _numbers(text: str) -> set[str]:
    return {word for word in _TOKEN.findall(text) if word[0].isdigit()}


def _turned(reference: str, answer: str) -> int:
    """How many of the reference's sentences come back in the answer with the negation turned.

    A sentence comes back in the one of the answer that shares most content words with it, at least half of them.
    """
    said = [(_content(item), bool(_NOT.search(item))) for item in _sentences(answer)]
    turned = 0
    for item in _sentences(reference):
        wanted = _content(item)
        overlap = Counter({at: len(wanted & words) for at, (words, _) in enumerate(said)})
        best = overlap.most_common(1)
        if best and wanted and best[0][1] >= len(wanted) / 2:
            turned += said[best[0][0]][1] != bool(_NOT.search(item))
    return turned


def _sentences(text: str) -> list[str]:
    return [item for item in re.split(r"(?<=[.!?])\s+|[。！？；\n]+", text) if item.strip()]
