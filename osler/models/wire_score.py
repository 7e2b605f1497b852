"""Log-probabilities of choices from the first token of an answer, which is all a chat API gives.

Limits: a server lists at most ``top_logprobs`` tokens (20 at OpenAI), so a choice that is not listed is given the
smallest listed log-probability, which it cannot exceed. A choice is known by its first token only: letters and
labels that begin differently work, labels with a common beginning do not.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from osler.core.errors import ModelError

AMBIGUOUS = 0.01  # probability on tokens that begin two choices, above which the choices cannot be told apart
_HINT = "use a lettered prompt, so that the choices are A, B, C, ..., or a strategy that generates"


def choice_logprobs(payload: Mapping[str, Any], choices: Sequence[str]) -> dict[str, float]:
    """The log-probability of each of ``choices`` as the beginning of the answer in ``payload``.

    Raises ModelError of kind ``choices`` when two choices cannot be told apart or none is listed, and of kind
    ``logprobs`` when the server listed no log-probabilities.
    """
    labels = [_key(choice) for choice in choices]
    if len(set(labels)) < len(labels) or "" in labels:
        raise ModelError("two choices are the same word, so they cannot be scored", hint=_HINT, kind="choices")
    mass = dict.fromkeys(choices, 0.0)
    listed = _listed(payload)
    unclear = 0.0
    for entry in listed:
        token = _key(entry["token"])
        meant = _meant(token, labels) if token else []
        probability = math.exp(entry["logprob"])
        if len(meant) == 1:
            mass[choices[meant[0]]] += probability
        elif meant:
            unclear += probability
    if unclear > AMBIGUOUS:
        raise ModelError(
            f"the first token of the answer does not tell the {len(choices)} choices apart", hint=_HINT, kind="choices"
        )
    if not any(mass.values()):
        raise ModelError(
            f"none of the {len(choices)} choices is among the {len(listed)} likeliest first tokens",
            hint="ask for the label alone, or use a strategy that generates",
            kind="choices",
        )
    floor = min(entry["logprob"] for entry in listed)
    return {choice: math.log(p) if p > 0.0 else floor for choice, p in mass.items()}


def _listed(payload: Mapping[str, Any]) -> list[dict[str, Any]]:
    first = payload["choices"][0].get("logprobs") or {}
    tokens = first.get("content") or ()
    listed = list(tokens[0].get("top_logprobs") or ()) if tokens else []
    if not listed:
        raise ModelError(
            "the server listed no log-probabilities",
            hint="set logprobs = false and use a strategy that generates",
            kind="logprobs",
        )
    return listed


def _key(text: str) -> str:
    """A token or choice without blanks, brackets and markup; one letter keeps its case ("a" is a word, "A" a label)."""
    bare = text.strip(" \t\n\r▁Ġ()[]*\"'`.:")
    return bare if len(bare) == 1 else bare.casefold()


def _meant(token: str, labels: Sequence[str]) -> list[int]:
    if token in labels:
        return [labels.index(token)]
    return [i for i, label in enumerate(labels) if len(label) > 1 and label.startswith(token.casefold())]
