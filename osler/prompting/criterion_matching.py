"""Patient against criteria of a trial, as TrialGPT matches them (Jin et al. 2024, Nat Commun 15:9074, arXiv:2307.15051).

Numbered sentences of the note, numbered criteria, inclusion and exclusion apart; for each criterion the model reasons,
names sentences and gives a label, in one JSON object ``{number: [reasoning, [sentence ids], label]}``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Self

import orjson

from osler.core.block import block
from osler.core.types import Model, Passage, Prediction, Prompt, Reply
from osler.evaluation.parsing.texts import structure
from osler.prompting.reading import need_labels, read

INCLUSION = ("included", "not included", "not applicable", "not enough information")
EXCLUSION = ("excluded", "not excluded", "not applicable", "not enough information")
TOLD = (
    "Go through the numbered criteria one by one. For each, first reason in a few sentences: is the criterion one that "
    "can concern this patient at all; does the note say something about it; if it says nothing, would a good note "
    "surely say so if it were true? Then give the ids of the sentences of the note that the judgement rests on (an "
    "empty list where none does), and one label out of: {labels}. Answer with one JSON object, nothing before or after "
    'it, of the form {{"number of the criterion": ["reasoning", [sentence ids], "label"]}}.'
)


@dataclasses.dataclass(frozen=True)
class Matched:
    """The judgement of one criterion. ``label`` None: it could not be read."""

    label: str | None
    reasoning: str = ""
    sentences: tuple[str, ...] = ()


@block
class CriterionMatching:
    """Match the criterion of the prompt by TrialGPT's form of answer; the cited sentences are the evidence."""

    max_tokens: int = 2048

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"generate"})

    def calls(self, prompt: Prompt) -> int:
        return 1

    async def fit(self, train: Sequence[tuple[Prompt, str]], model: Model) -> Self:
        return self

    async def predict(self, prompt: Prompt, model: Model, *, seed: int) -> Prediction:
        need_labels(prompt, "criterion_matching")
        told = f"{prompt.instruction}\n{TOLD.format(labels=' | '.join(prompt.labels))}".strip()
        asked = prompt.replace(instruction=told, question=f"Criterion 0. {prompt.question}")
        schema = matching_schema(prompt.labels, 1)
        reply = await model.generate(
            asked.messages(), temperature=0.0, seed=seed, max_tokens=self.max_tokens, schema=schema
        )
        found = matched(reply, prompt.labels, 1)[0]
        if found.label is None:  # another form of answer that names one label all the same
            return read(reply, prompt)
        return Prediction(answer=found.label, rationale=found.reasoning, evidence=found.sentences, replies=(reply,))


def matching_prompt(name: str, kind: str, criteria: Sequence[str], note: Sequence[Passage]) -> Prompt:
    """The prompt of one patient and one side of a trial: ``kind`` is inclusion or exclusion."""
    labels = INCLUSION if kind == "inclusion" else EXCLUSION
    listed = "\n".join(f"{number}. {text}" for number, text in enumerate(criteria))
    return Prompt(
        id=name,
        instruction=(
            f"You compare a patient's note with the {kind} criteria of a clinical trial.\n"
            + TOLD.format(labels=" | ".join(labels))
        ),
        question=f"The {kind} criteria of the trial:\n{listed}",
        evidence=tuple(note),
        schema=matching_schema(labels, len(criteria)),
    )


def matching_schema(labels: Sequence[str], count: int) -> dict[str, Any]:
    """The JSON schema of an answer to ``count`` numbered criteria."""
    judged = {
        "type": "array",
        "prefixItems": [{"type": "string"}, {"type": "array"}, {"type": "string", "enum": list(labels)}],
        "minItems": 3,
        "maxItems": 3,
    }
    numbers = [str(number) for number in range(count)]
    return {
        "type": "object",
        "properties": dict.fromkeys(numbers, judged),
        "required": numbers,
        "additionalProperties": False,
    }


def matched(reply: Reply, labels: Sequence[str], count: int) -> list[Matched]:
    """The judgements in ``reply``, one per criterion in order; a label that is none of ``labels`` is not read."""
    text = structure(reply.text)
    held = orjson.loads(text) if text else None
    if not isinstance(held, Mapping):
        return [Matched(None)] * count
    return [_matched(held.get(str(number)), labels) for number in range(count)]


def _matched(item: Any, labels: Sequence[str]) -> Matched:
    if not isinstance(item, list) or len(item) != 3:
        return Matched(None)
    reasoning, sentences, label = item
    known = {spelled.casefold(): spelled for spelled in labels}
    found = known.get(str(label).strip().casefold())
    ids = tuple(str(one) for one in sentences) if isinstance(sentences, list) else ()
    return Matched(found, str(reasoning), ids)
