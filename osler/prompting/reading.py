"""How a strategy asks a model once and reads what comes back."""

from __future__ import annotations

import math
from collections.abc import Mapping

from osler.core.errors import SpecError
from osler.core.types import Model, Prediction, Prompt, Reply
from osler.evaluation.parsing import parse
from osler.evaluation.parsing.texts import passage, structure


def read(reply: Reply, prompt: Prompt, *, strict: bool = False) -> Prediction:
    """The prediction in the text of ``reply``; ``parsed`` is False where no single answer can be read.

    A prompt without choices asks for a text, or for JSON where it has a schema: that is the answer then.
    """
    if not prompt.labels:
        answer = structure(reply.text) if prompt.schema is not None else passage(reply.text, after_cue=bool(prompt.cue))
        return Prediction(answer=answer, replies=(reply,), parsed=answer is not None)
    found = parse(
        reply.text,
        prompt.labels,
        choices=prompt.choices,
        lettered=prompt.lettered,
        mode="strict" if strict else "tolerant",
    )
    return Prediction(
        answer=found.answer,
        rationale=found.rationale,
        evidence=found.evidence,
        replies=(reply,),
        parsed=found.answer is not None,
    )


def weigh(reply: Reply, prompt: Prompt) -> Prediction:
    """The prediction of a scoring model: the likeliest label, with the probability of each.

    Log-probabilities that are not numbers name no likeliest label: nothing is read from them.
    """
    shares = probabilities(reply.logprobs or {})
    answer = max(shares, key=lambda label: (shares[label], label)) if shares else None
    return Prediction(answer=answer, replies=(reply,), votes=shares, parsed=answer is not None)


def probabilities(logprobs: Mapping[str, float]) -> dict[str, float]:
    """Log-probabilities of the choices, normalised to sum to 1; {} where one is not a number or none is possible."""
    broken = any(math.isnan(value) or value == math.inf for value in logprobs.values())
    top = max(logprobs.values(), default=-math.inf)
    if broken or top == -math.inf:
        return {}
    weights = {label: math.exp(value - top) for label, value in logprobs.items()}
    total = sum(weights.values())
    return {label: weight / total for label, weight in weights.items()}


def need_labels(prompt: Prompt, name: str) -> None:
    """Refuse a prompt without labels, for a method that chooses among them."""
    if not prompt.labels:
        raise SpecError(
            f"{name} chooses among labels and the case {prompt.id!r} has none", hint="use a strategy that writes texts"
        )


def need_text(prompt: Prompt, name: str) -> None:
    """Refuse a prompt with labels, for a method whose answer is a text or a list of its own."""
    if prompt.labels:
        raise SpecError(
            f"{name} answers with a text of its own and the case {prompt.id!r} has choices",
            hint="use it for a task without choices",
        )


async def generated(
    prompt: Prompt, model: Model, *, seed: int, temperature: float = 0.0, max_tokens: int = 256
) -> Prediction:
    reply = await model.generate(
        prompt.messages(), temperature=temperature, seed=seed, max_tokens=max_tokens, schema=prompt.schema
    )
    return read(reply, prompt)
