"""Several predictions of one case made into one, by plurality."""

from __future__ import annotations

from collections.abc import Sequence

from osler.core.types import Prediction, Prompt, Reply


def plurality(found: Sequence[Prediction], prompt: Prompt) -> Prediction:
    """The answer that most of ``found`` give; its share is the confidence (Wang et al. 2023, section 3.1).

    ``votes`` are shares of the predictions that could be read, so they sum to 1. Equal counts go to the answer with
    the larger sum of the votes inside the predictions, then to the one that was given first. The rationale is that of the first prediction
    that gave the answer. Where none could be read, neither is the whole.
    """
    replies: tuple[Reply, ...] = tuple(reply for one in found for reply in one.replies)
    read = [one for one in found if one.parsed and one.answer is not None]
    if not read:
        failure = found[0].failure if found else ""
        return Prediction(answer=None, replies=replies, parsed=False, failure=failure)
    counts: dict[str, int] = {}
    weights: dict[str, float] = {}
    for one in read:
        assert one.answer is not None
        counts[one.answer] = counts.get(one.answer, 0) + 1
        weights[one.answer] = weights.get(one.answer, 0.0) + one.votes.get(one.answer, 0.0)
    answer = max(counts, key=lambda label: (counts[label], weights[label]))  # max keeps the first of equals
    labels = [label for label in prompt.labels if label in counts] or list(counts)
    said = next(one for one in read if one.answer == answer)
    return Prediction(
        answer=answer,
        rationale=said.rationale,
        evidence=said.evidence,
        replies=replies,
        votes={label: counts[label] / len(read) for label in labels},
    )
