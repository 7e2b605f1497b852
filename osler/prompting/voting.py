"""Several predictions of one case made into one: by plurality, or by the mean of their shares.

Labels are counted as such. Answers without labels (texts, JSON) are the same vote when they are equal letter by letter,
JSON with sorted keys. A prediction that names a failure (a safety stop) is no missing vote: others do not overrule it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Literal

from osler.core.types import Prediction, Prompt, Reply

Combine = Literal["vote", "mean"]


def combined(found: Sequence[Prediction], prompt: Prompt, combine: Combine) -> Prediction:
    """``plurality`` for "vote", ``average`` for "mean"."""
    return plurality(found, prompt) if combine == "vote" else average(found, prompt)


def plurality(found: Sequence[Prediction], prompt: Prompt) -> Prediction:
    """The answer that most of ``found`` give; its share is the confidence (Wang et al. 2023, section 3.1).

    ``votes`` are shares of all of ``found``, so one that could not be read lowers the confidence, as Med-PaLM counts
    agreement among all decodes (Singhal et al. 2022); they sum to less than 1 then. Equal counts go to the answer with
    the larger sum of the votes inside the predictions, then to the one that was given first. The rationale is that of
    the first prediction that gave the answer. Where none could be read, neither is the whole.
    """
    read = _read(found)
    if not read or _stopped(found):
        return _unread(found)
    counts: dict[str, float] = {}
    weights: dict[str, float] = {}
    for answer, one in read:
        counts[answer] = counts.get(answer, 0) + 1
        weights[answer] = weights.get(answer, 0.0) + one.votes.get(answer, 0.0)
    answer = max(counts, key=lambda label: (counts[label], weights[label]))  # max keeps the first of equals
    return _said(answer, counts, found, prompt)


def average(found: Sequence[Prediction], prompt: Prompt) -> Prediction:
    """The answer with the largest mean probability over the predictions that could be read.

    A prediction without votes is sure of its answer. With equally many samples in each this is the vote over all
    samples. Equal means go to the answer that was given first.
    """
    read = _read(found)
    if not read or _stopped(found):
        return _unread(found)
    shares: dict[str, float] = dict.fromkeys((answer for answer, _ in read), 0.0)
    for answer, one in read:
        total = sum(one.votes.values())
        own = {label: share / max(total, 1.0) for label, share in one.votes.items()} if total > 0 else {answer: 1.0}
        for label, share in own.items():
            shares[label] = shares.get(label, 0.0) + share
    answer = max(shares, key=lambda label: round(shares[label], 9))  # sums of thirds must be able to tie
    return _said(answer, shares, found, prompt)


def _read(found: Sequence[Prediction]) -> list[tuple[str, Prediction]]:
    return [(one.answer, one) for one in found if one.parsed and one.answer is not None]


def _replies(found: Sequence[Prediction]) -> tuple[Reply, ...]:
    return tuple(reply for one in found for reply in one.replies)


def _stopped(found: Sequence[Prediction]) -> str:
    return next((one.failure for one in found if one.failure), "")


def _unread(found: Sequence[Prediction]) -> Prediction:
    return Prediction(answer=None, replies=_replies(found), parsed=False, failure=_stopped(found))


def _said(answer: str, weights: dict[str, float], found: Sequence[Prediction], prompt: Prompt) -> Prediction:
    labels = [label for label in prompt.labels if label in weights] or list(weights)
    total = len(found)  # what could not be read, and a word that says "no answer", agree with no label
    said = next((one for given, one in _read(found) if given == answer), None)
    made = Prediction(answer=answer, replies=_replies(found), votes={label: weights[label] / total for label in labels})
    return made if said is None else dataclasses.replace(made, rationale=said.rationale, evidence=said.evidence)
