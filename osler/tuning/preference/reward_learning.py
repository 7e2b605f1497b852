"""The learner of a reward model, and the trained one at work."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from osler.tuning.dialogue.conversation import Turn
from osler.tuning.preference.chat_rows import ChatRows
from osler.tuning.preference.ranked import Ranked
from osler.tuning.trainer.learner import Batch, Key, Learner
from osler.tuning.trainer.order import passes

if TYPE_CHECKING:
    import torch

_TOKENS = 8192  # padded tokens of one forward pass when nothing is learnt


def values_at_end(network: Any, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """The value of each row ``[n]`` at its last real token; an encoder's at its own place."""
    import torch

    model = network.get_base_model() if hasattr(network, "get_base_model") else network
    head = getattr(model, "score", None)
    if head is None:
        found = network(input_ids=ids, attention_mask=mask).logits
        return torch.as_tensor(found[:, 0]).float()
    hidden = model.base_model(input_ids=ids, attention_mask=mask, use_cache=False).last_hidden_state
    last = mask.sum(1) - 1
    at = torch.arange(len(ids), device=ids.device)
    return torch.as_tensor(head(hidden[at, last])[:, 0]).float()


def right_padded(rows: Sequence[Sequence[int]], pad: int, device: Any) -> tuple[torch.Tensor, torch.Tensor]:
    import torch

    longest = max(map(len, rows))
    ids = torch.full((len(rows), longest), pad, dtype=torch.long)
    mask = torch.zeros((len(rows), longest), dtype=torch.long)
    for at, row in enumerate(rows):
        ids[at, : len(row)] = torch.tensor(row, dtype=torch.long)
        mask[at, : len(row)] = 1
    return ids.to(device), mask.to(device)


class RewardLearner(Learner):
    """Ranked lists; a row is a list, its loss the mean over its ordered pairs, so that long lists do not count more."""

    def __init__(
        self,
        network: Any,
        chat: ChatRows,
        rows: Sequence[Ranked],
        held: Sequence[Ranked],
        *,
        centre: float = 0.0,
        weight: Callable[[str], float] | None = None,
    ) -> None:
        self.chat, self.held, self.rows = chat, held, rows
        self._ids = [self.texts(row) for row in rows]
        self._ranks = [row.ranks for row in rows]
        self._weights = [weight(row.by) if weight is not None else 1.0 for row in rows]
        self.shares = {"preference": 1.0, "centre": centre}
        super().__init__(network, [len(ids) * max(map(len, ids)) for ids in self._ids])

    def ids(self, rows: Sequence[int]) -> Sequence[str]:
        return [self.rows[row].id for row in rows]

    def texts(self, row: Ranked) -> list[list[int]]:
        prompt, replies = self.chat.row(row.prompt, row.replies)
        return [[*prompt, *reply] for reply in replies]

    def batch(self, rows: Sequence[int], key: Key) -> Batch:
        texts = [ids for row in rows for ids in self._ids[row]]
        ids, mask = right_padded(texts, self.chat.pad, next(self.network.parameters()).device)
        better, worse, weights = [], [], []
        start = 0
        for row in rows:
            pairs = ordered(self._ranks[row])
            better += [start + first for first, _ in pairs]
            worse += [start + second for _, second in pairs]
            weights += [self._weights[row] / len(pairs)] * len(pairs)
            start += len(self._ids[row])
        counts = {"preference": sum(self._weights[row] for row in rows)}
        counts["centre"] = counts["preference"]
        inputs = {"ids": ids, "mask": mask, "better": better, "worse": worse, "weights": weights}
        return Batch(inputs, counts, sum(map(len, texts)))

    def loss(self, batch: Batch) -> Mapping[str, torch.Tensor]:
        import torch

        values = values_at_end(self.network, batch.inputs["ids"], batch.inputs["mask"])
        weights = torch.tensor(batch.inputs["weights"], device=values.device)
        first, second = values[batch.inputs["better"]], values[batch.inputs["worse"]]
        lost = -torch.nn.functional.logsigmoid(first - second) * weights
        return {"preference": lost.sum(), "centre": ((first + second) ** 2 * weights).sum()}

    def evaluate(self) -> Mapping[str, float]:
        return figures(self, self.held)

    def values(self, texts: Sequence[Sequence[int]]) -> list[float]:
        return values_of(self.network, texts, self.chat.pad)


def values_of(network: Any, texts: Sequence[Sequence[int]], pad: int) -> list[float]:
    """Values of token rows in batches of like length."""
    import torch

    order = sorted(range(len(texts)), key=lambda at: len(texts[at]))
    lengths = [len(text) for text in texts]
    found = [0.0] * len(texts)
    device = next(network.parameters()).device
    with torch.inference_mode():
        for piece in passes(order, lengths, _TOKENS):
            ids, mask = right_padded([texts[at] for at in piece], pad, device)
            for at, value in zip(piece, values_at_end(network, ids, mask).tolist(), strict=True):
                found[at] = value
    return found


def ordered(ranks: Sequence[float]) -> list[tuple[int, int]]:
    """Places (better, worse) of all pairs with different ranks."""
    n = len(ranks)
    return [(a, b) for a in range(n) for b in range(n) if ranks[a] < ranks[b]]


def figures(learner: RewardLearner, rows: Sequence[Ranked]) -> dict[str, float]:
    """Loss, accuracy (the share of pairs in the right order, ties count half) and AUC (of chosen against rejected
    replies over all prompts) on ``rows``; nothing where there are none."""
    if not rows:
        return {}
    ids = [learner.texts(row) for row in rows]
    values = iter(learner.values([text for row in ids for text in row]))
    chosen, rejected = [], []
    for row in rows:
        found = [next(values) for _ in row.replies]
        for better, worse in ordered(row.ranks):
            chosen.append(found[better])
            rejected.append(found[worse])
    first, second = np.array(chosen), np.array(rejected)
    gap = first - second
    return {
        "loss": float(np.logaddexp(0.0, -gap).mean()),
        "accuracy": float(((gap > 0) + 0.5 * (gap == 0)).mean()),
        "auc": auc(first, second),
        "pairs": float(len(gap)),
    }


def auc(positive: Any, negative: Any) -> float:
    """The chance that a value of ``positive`` is above one of ``negative``, ties counting half (Mann-Whitney)."""
    both = np.concatenate([positive, negative])
    _, inverse, counts = np.unique(both, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    n, m = len(positive), len(negative)
    return float((ranks[:n].sum() - n * (n + 1) / 2) / (n * m))


class RewardScorer:
    """A trained reward model in memory: prompts and replies in, values out."""

    def __init__(self, folder: Path, length: int) -> None:
        from osler.models.adapter import adapted
        from osler.models.local_engine import read_tokenizer
        from osler.tuning.preference.causal import valued_network
        from osler.tuning.trainer.processes import device_of

        self.network = adapted(folder, valued_network).eval().to(device_of())
        self.chat = ChatRows(read_tokenizer(str(folder), True, ""), length)

    def __call__(self, prompts: Sequence[Sequence[Turn]], replies: Sequence[str]) -> list[float]:
        texts = []
        for turns, reply in zip(prompts, replies, strict=True):
            prompt, (said,) = self.chat.row(turns, [reply])
            texts.append([*prompt, *said])
        return values_of(self.network, texts, self.chat.pad)
