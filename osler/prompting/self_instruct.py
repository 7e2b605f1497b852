"""Self-instruct: new tasks from a few seed tasks, kept only if unlike all others, then answered (Wang et al. 2023,
arXiv:2212.10560; AlpaCare, Zhang et al. 2023, arXiv:2310.14558). It makes data: the answer of a case is a list of tasks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Self

import orjson

from osler.core.block import block
from osler.core.errors import ModelError, SpecError
from osler.core.types import Model, Prediction, Prompt, Reply
from osler.evaluation.metrics.text.ngrams import lcs
from osler.evaluation.metrics.text.tokens import words
from osler.evaluation.parsing.texts import passage, structure
from osler.prompting.reading import need_text
from osler.prompting.sampling import together

TOLD = (
    "Below are tasks that clinicians wrote. Write {count} new medical tasks of the same quality. Rules: the tasks differ "
    "from the examples and from each other in topic, in point of view (patient, nurse, physician, researcher, student), "
    "in kind (question, summary, rewriting, classification, plan, explanation) and in difficulty from 1 to 5; a "
    "language model can do each of them without image, sound or the internet; each is in English, one or two sentences "
    "long; where a task needs material, the input gives it, complete and realistic, in at most 150 words, else it is "
    "empty; no task names a real patient; no task asks for something that harms. Answer with one JSON list of objects with the keys "
    "topic, view, type, difficulty, instruction, input."
)
TASKS = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "topic": {"type": "string"},
            "view": {"type": "string"},
            "type": {"type": "string"},
            "difficulty": {"type": "integer", "minimum": 1, "maximum": 5},
            "instruction": {"type": "string", "minLength": 1},
            "input": {"type": "string"},
        },
        "required": ["topic", "view", "type", "difficulty", "instruction", "input"],
        "additionalProperties": False,
    },
}


@block
class SelfInstruct:
    """One call that writes ``per_call`` tasks from the seeds in the prompt, a filter, one call per task that is left.

    A task is dropped where ROUGE-L with a seed or with a task kept before exceeds ``rouge``. ``answers``: whether kept
    tasks are answered. The answer is a JSON list of tasks, each with its ``output`` where it was answered. Values of
    AlpaCare: 12 tasks from 3 seeds, T = 1.0, ROUGE-L 0.7.
    """

    per_call: int = 12
    temperature: float = 1.0
    rouge: float = 0.7
    answers: bool = True
    max_tokens: int = 4096

    def check(self) -> None:
        if self.per_call < 1 or not 0 < self.rouge <= 1:
            raise SpecError(
                "self_instruct.per_call must be at least 1 and rouge above 0 and at most 1",
                hint="per_call = 12, rouge = 0.7",
            )

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"generate"})

    def calls(self, prompt: Prompt) -> int:
        return 1 + (self.per_call if self.answers else 0)

    async def fit(self, train: Sequence[tuple[Prompt, str]], model: Model) -> Self:
        return self

    async def predict(self, prompt: Prompt, model: Model, *, seed: int) -> Prediction:
        need_text(prompt, "self_instruct")
        told = TOLD.format(count=self.per_call)
        asked = prompt.replace(instruction=told, cue="", schema=TASKS)
        reply = await model.generate(
            asked.messages(), temperature=self.temperature, seed=seed, max_tokens=self.max_tokens, schema=TASKS
        )
        made = tasks(reply.text)[: self.per_call]
        if not made:
            return Prediction(answer=None, replies=(reply,), parsed=False)
        seeds = [line.strip() for line in prompt.question.splitlines() if line.strip()]
        kept, dropped = novel(made, against=seeds, most=self.rouge)
        replies: list[Reply] = [reply]
        if self.answers:
            found = await together([self._answer(prompt, at, task, model, seed) for at, task in enumerate(kept)])
            replies += [one for one in found if one is not None]
            outputs = [passage(one.text) if one is not None else None for one in found]
            kept = [{**task, "output": text} for task, text in zip(kept, outputs, strict=True) if text]
        told = f"{len(made)} tasks written, {dropped} too like others, {len(kept)} kept"
        return Prediction(answer=orjson.dumps(kept).decode(), rationale=told, replies=tuple(replies))

    async def _answer(self, prompt: Prompt, at: int, task: dict[str, Any], model: Model, seed: int) -> Reply | None:
        """The answer to one task; None where the model gave none: the others are kept."""
        asked = Prompt(id=f"{prompt.id}|{at}", instruction=str(task["instruction"]), question=str(task["input"]))
        try:
            return await model.generate(
                asked.messages(), temperature=self.temperature, seed=seed, max_tokens=self.max_tokens
            )
        except ModelError:
            return None


def tasks(text: str) -> list[dict[str, Any]]:
    """The tasks in a reply that have an instruction, in order; the list may stand in an object."""
    read = structure(text)
    held = orjson.loads(read) if read else None
    if isinstance(held, dict):
        held = next((value for value in held.values() if isinstance(value, list)), None)
    if not isinstance(held, list):
        return []
    found = [{"input": "", **item} for item in held if isinstance(item, dict)]
    return [item for item in found if isinstance(item.get("instruction"), str) and item["instruction"].strip()]


def novel(
    made: Sequence[dict[str, Any]], *, against: Iterable[str], most: float = 0.7
) -> tuple[list[dict[str, Any]], int]:
    """The tasks whose instruction has ROUGE-L of at most ``most`` with every text in ``against`` and every task kept
    before it, and how many were dropped. Over several predictions this is the filter of the whole data set."""
    seen = [words(re.sub(r"^\d+[.)]\s*", "", text)) for text in against]
    kept = []
    for task in made:
        said = words(str(task["instruction"]))
        if said and all(rouge_l(said, other) <= most for other in seen):
            kept.append(task)
            seen.append(said)
    return kept, len(made) - len(kept)


def rouge_l(first: Sequence[str], second: Sequence[str]) -> float:
    """F1 of the longest common subsequence of two lists of words (Lin 2004)."""
    return 2 * lcs(first, second) / max(1, len(first) + len(second))
