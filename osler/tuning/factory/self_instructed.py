"""Self-instruct over many calls (Wang et al. 2023, arXiv:2212.10560; AlpaCare, Zhang et al. 2023, arXiv:2310.14558)."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, ClassVar

from osler.core.block import block, canonical, digest
from osler.core.errors import SpecError
from osler.core.types import Model, Prompt
from osler.evaluation.parsing.texts import passage
from osler.prompting.sampling import together
from osler.prompting.self_instruct import TASKS, TOLD, novel, tasks
from osler.tuning.dialogue.conversation import Conversation, Turn
from osler.tuning.factory.production import Made, answered

LOST, ALIKE, EMPTY = "no task could be read", "too like another task", "the answer is empty"


@block
class SelfInstructed:
    """``calls`` calls that each show some of ``seeds`` (tasks that people wrote) and write new tasks; what is unlike all
    others is answered.

    A task is dropped where its ROUGE-L with a seed or with any task kept before exceeds ``rouge``. Values of AlpaCare:
    3 seeds and 12 tasks a call, T = 1.0, 0.7.
    """

    seeds: tuple[str, ...] = ()
    calls: int = 10
    seeds_per_call: int = 3
    per_call: int = 12
    rouge: float = 0.7
    temperature: float = 1.0
    max_tokens: int = 4096

    title: ClassVar[str] = "self-instruct"

    def check(self) -> None:
        if self.calls < 1 or self.seeds_per_call < 1:
            raise SpecError("self_instructed.calls and seeds_per_call must be at least 1", hint="seeds_per_call = 3")

    async def make(self, model: Model, *, seed: int) -> Made:
        """One conversation for each task that is left: its instruction, its input and the answer."""
        if len(self.seeds) < self.seeds_per_call:
            raise SpecError(
                f"self_instructed has {len(self.seeds)} seeds and shows {self.seeds_per_call} a call",
                hint="give seeds, tasks that people wrote",
            )
        made = Made()
        written = await self._written(model, seed, made)
        kept, dropped = novel(written, against=self.seeds, most=self.rouge)
        made.rejected[ALIKE] += dropped
        texts = await together([self._answer(model, task, seed) for task in kept])
        for task, text in zip(kept, texts, strict=True):
            if text:
                made.conversations.append(_conversation(task, text, self.title))
            else:
                made.rejected[EMPTY] += 1
        return made

    async def _written(self, model: Model, seed: int, made: Made) -> list[dict[str, Any]]:
        """The tasks of all calls, each with the seeds that it was made from; what is alike is dropped later, over all."""
        draw = random.Random(f"self-instructed/{seed}")
        shown = [draw.sample(range(len(self.seeds)), self.seeds_per_call) for _ in range(self.calls)]
        found = await together([self._call(model, number, places, seed) for number, places in enumerate(shown)])
        written = []
        for places, some in zip(shown, found, strict=True):
            if not some:
                made.rejected[LOST] += 1
            written += [{**task, "of": [f"seed:{place}" for place in places]} for task in some[: self.per_call]]
        return written

    async def _call(self, model: Model, number: int, places: Sequence[int], seed: int) -> list[dict[str, Any]]:
        lines = "\n".join(" ".join(self.seeds[place].split()) for place in places)
        prompt = Prompt(
            id=f"self-instruct/{seed}/{number}",
            question=lines,
            instruction=TOLD.format(count=self.per_call),
            schema=TASKS,
        )
        reply = await answered(
            model,
            prompt.messages(),
            temperature=self.temperature,
            seed=seed * 1_000_003 + number,
            max_tokens=self.max_tokens,
            schema=TASKS,
        )
        return tasks(reply.text) if reply is not None else []

    async def _answer(self, model: Model, task: dict[str, Any], seed: int) -> str:
        prompt = Prompt(id=_name(task), instruction=str(task["instruction"]), question=str(task["input"]))
        reply = await answered(
            model, prompt.messages(), temperature=self.temperature, seed=seed, max_tokens=self.max_tokens
        )
        return passage(reply.text) or "" if reply is not None else ""


def _name(task: dict[str, Any]) -> str:
    return f"task-{digest(canonical([task['instruction'], task['input']]), size=6)}"


def _conversation(task: dict[str, Any], answer: str, source: str) -> Conversation:
    told, given = str(task["instruction"]), str(task["input"])
    first = (Turn("system", told), Turn("user", given)) if given.strip() else (Turn("user", told),)
    return Conversation(_name(task), (*first, Turn("assistant", answer)), source, "", tuple(task["of"]))
