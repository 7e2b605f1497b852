"""A simulated model that writes programs with bugs planted in them, to show what a debug loop and a memory do."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from osler.core.block import block
from osler.core.errors import ModelError, SpecError
from osler.core.types import Message, Part, Reply
from osler.models.simulated import Simulated, _Asked, spoiled

# Lines that fail, each in its own way; planted bug i is line i, round again where there are more.
BUGS = (
    "total = first_value + 1",
    "age = int('seventy')",
    "share = 1 / 0",
    "code = {}['icd9_code']",
    "latest = [][-1]",
    "year = None.year",
    "import pandas",
    "name = 'patient ' + 7",
)
SLIP = "# the whole record is taken to be one stay"
LOOP = "while True:\n    pass"
_OBSERVED = re.compile(r"^Answer of the program: (.*)\Z", re.MULTILINE | re.DOTALL)


@block
class SimulatedCoder(Simulated):
    """A coder of known skill for ``CodeAgent``; cases that it is not asked to program it answers like ``Simulated``.

    programs: the right program of a case by its id; where there is none, one that sets the answer of the key. bugs:
    failing lines planted in the first program of a case. fix: probability that the next program has one bug less.
    told_gain: added to it when the likeliest cause was named. slips: probability of a program that runs through and
    answers wrongly, by case. memory_gain: share of bugs and slips that the nearest solved case takes away, times its
    word overlap (Jaccard). contagion: probability of copying the slip of a solved case that has one. loops: probability
    of a first program that never ends. check_skill: probability of judging an own program rightly. All from 0 to 1.
    """

    programs: Mapping[str, str] = {}
    bugs: int = 0
    fix: float = 1.0
    told_gain: float = 0.0
    slips: float = 0.0
    memory_gain: float = 0.0
    contagion: float = 0.0
    loops: float = 0.0
    check_skill: float = 1.0

    def check(self) -> None:
        super().check()
        for name in ("fix", "told_gain", "slips", "memory_gain", "contagion", "loops", "check_skill"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise SpecError(
                    f"simulated_coder.{name} must be from 0 to 1, got {getattr(self, name)}", hint=f"{name} = 0.5"
                )
        if self.bugs < 0:
            raise SpecError(f"simulated_coder.bugs must be at least 0, got {self.bugs}", hint="bugs = 2")

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
        asked = _Asked(messages)
        last = {part.name: part for part in messages[-1].parts}
        system = " ".join(message.text for message in messages if message.role == "system")
        if "```python" not in system and "check" not in last:
            if "Do not answer" not in system:
                return await super().generate(
                    messages, temperature=temperature, seed=seed, max_tokens=max_tokens, schema=schema, tools=tools, n=n
                )
            text = "The question needs the table of stays and the dates in it."
        elif "debug" in last:
            text = "A name or value is used that the record does not have."
        elif "check" in last:
            text = f"Answer: {'yes' if self._vouches(messages, asked, seed) else 'no'}"
        else:
            text = self._programs(messages, asked, last, seed)
        tokens = sum(len(message.text) for message in messages) // 4
        return Reply(text=text, texts=(text,) * n, tokens_in=tokens, tokens_out=len(text) // 4, model="simulated")

    def _programs(self, messages: Sequence[Message], asked: _Asked, last: Mapping[str, Part], seed: int) -> str:
        """The next program of a case, or its answer once a program has run through."""
        done = _OBSERVED.search(last["observation"].text) if "observation" in last else None
        if done:
            return f"Answer: {done[1].strip()}\nTERMINATE"
        solved = _Solved(messages, asked)
        left, failed = self._planted(asked, solved), 0
        looping = self._uniform(asked.id, "loop", str(seed)) < self.loops
        for message in messages:
            names = [part.name for part in message.parts]
            if message.role != "user" or "observation" not in names:
                continue
            failed += 1
            chance = self.fix + (self.told_gain if "cause" in names else 0.0)
            if self._uniform(asked.id, "fix", str(seed), str(failed)) < chance:
                left, looping = (left, False) if looping else (max(0, left - 1), False)
        lines = [LOOP] if looping else [BUGS[i % len(BUGS)] for i in range(left)]
        lines.append(self._body(asked, slips=self._slips(asked, solved, seed)))
        return "```python\n" + "\n".join(lines) + "\n```"

    def _planted(self, asked: _Asked, solved: _Solved) -> int:
        return round(self.bugs * (1.0 - self.memory_gain * solved.overlap))

    def _slips(self, asked: _Asked, solved: _Solved, seed: int) -> bool:
        if solved.slipped and self._uniform(asked.id, "copy", str(seed)) < self.contagion:
            return True
        chance = self.slips * (1.0 - self.memory_gain * solved.overlap)
        return self._uniform(asked.id, "slip", str(seed)) < chance

    def _body(self, asked: _Asked, *, slips: bool) -> str:
        truth = self._truth(asked)
        if not slips:
            return self.programs.get(asked.id, f"answer = {truth!r}")
        other = [label for label in asked.labels if label != truth]
        return f"{SLIP}\nanswer = {(other[0] if other else spoiled(truth))!r}"

    def _truth(self, asked: _Asked) -> str:
        if asked.id not in self.key:
            raise ModelError(
                f"the simulated model has no key for the case {asked.id!r}",
                hint="give it one with keyed(examples); a study does so by itself",
                kind="no_key",
            )
        text = self.key[asked.id]
        return next((label for label, said in asked.options if said == text), text)

    def _vouches(self, messages: Sequence[Message], asked: _Asked, seed: int) -> bool:
        """Whether it calls its program right: as it is, with the probability of a right check, else the other way."""
        programs = [message.text for message in messages if message.role == "assistant"]
        right = not any(SLIP in text for text in programs[len(asked.demos) :])
        return right == (self._uniform(asked.id, "check", str(seed)) < self.check_skill)


class _Solved:
    """What the solved cases before a question hold: the word overlap of the nearest, and whether that one has a slip."""

    def __init__(self, messages: Sequence[Message], asked: _Asked) -> None:
        words = set(asked.question.lower().split())
        shown = [message.text for message in messages if message.role == "assistant"]
        held = [(_overlap(words, demo), SLIP in text) for demo, text in zip(asked.demos, shown, strict=False)]
        self.overlap, self.slipped = max(held, default=(0.0, False))


def _overlap(words: set[str], text: str) -> float:
    other = set(text.lower().split())
    return len(words & other) / max(1, len(words | other))
