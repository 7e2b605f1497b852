"""What pre-training hands to the trainer: one forward pass of the network, and the losses of all objectives from it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from osler.models.quiet import quiet
from osler.tuning.corpora.packing import block_mask
from osler.tuning.networks.encoder_heads import hidden_states, read_heads, seeded, words_head, write_heads
from osler.tuning.objectives.objective import NOTHING, Family, Objective, Row, Vocabulary
from osler.tuning.pretrain_rows import positions_of
from osler.tuning.trainer.learner import Batch, Key, Learner, draws
from osler.tuning.trainer.order import passes

if TYPE_CHECKING:
    import torch

_LOOK = 1 << 30  # the pass whose masks the held-out rows have, at every look the same
_LOOK_TOKENS = 8192


class PretrainLearner(Learner):
    """``model``: a language model with its words' head. ``held``: rows to look at, never learnt from."""

    def __init__(
        self,
        model: Any,
        rows: Sequence[Row],
        held: Sequence[Row],
        objectives: Sequence[Objective],
        vocabulary: Vocabulary,
        *,
        seed: int = 0,
        base: Path | None = None,
    ) -> None:
        import torch

        self.family: Family = objectives[0].family
        with seeded(seed):
            made = {one.title: one.head(model.config.hidden_size) for one in objectives if one.learns}
        heads = torch.nn.ModuleDict({title: head for title, head in made.items() if head is not None})
        self.found_heads = read_heads(heads, base) if base is not None else []
        extra = sum(len(one.marks) for one in objectives)
        super().__init__(
            torch.nn.ModuleDict({"language": model, "heads": heads}),
            [len(row.ids) + extra * (int(row.parts[-1]) + 1) for row in rows],
        )
        self.model, self.heads = model, heads
        self.rows, self.held, self.vocabulary, self.seed = rows, held, vocabulary, seed
        self.objectives = [one for one in objectives if one.learns]
        self.logits = words_head(model)

    def batch(self, rows: Sequence[int], key: Key) -> Batch:
        return self._batch(self.rows, rows, key)

    def _batch(self, source: Sequence[Row], rows: Sequence[int], key: Key) -> Batch:
        changer = next((one for one in self.objectives if one.changes), None)
        shown = [source[row] for row in rows]
        if changer is not None:
            shown = [changer.change(row, draws(key, at), self.vocabulary) for row, at in zip(shown, rows, strict=True)]
        device = next(self.network.parameters()).device
        inputs = tensors(shown, self.vocabulary, self.family, device)
        counts = {one.title: one.count(inputs) for one in self.objectives}
        return Batch(inputs, counts, sum(len(row.ids) for row in shown))

    def loss(self, batch: Batch) -> Mapping[str, torch.Tensor]:
        import torch

        return {
            title: torch.nn.functional.cross_entropy(logits, right, reduction="sum")
            for title, (logits, right) in self.told(batch).items()
        }

    def told(self, batch: Batch) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
        hidden = hidden_states(self.model, batch.inputs)
        heads = dict(self.heads.items())
        return {one.title: one.told(hidden, batch.inputs, self.logits, heads.get(one.title)) for one in self.objectives}

    def evaluate(self) -> Mapping[str, float]:
        """Loss, accuracy and count of each objective on the held-out rows, perplexity of the words, and for decoders bits
        per byte of text."""
        import torch

        if not self.held:
            return {}
        sums: dict[str, float] = dict.fromkeys((one.title for one in self.objectives), 0.0)
        right, counts = dict(sums), dict(sums)
        for rows in passes(range(len(self.held)), [len(row.ids) for row in self.held], _LOOK_TOKENS):
            batch = self._batch(self.held, rows, Key(self.seed, _LOOK))
            for title, (logits, targets) in self.told(batch).items():
                sums[title] += float(torch.nn.functional.cross_entropy(logits, targets, reduction="sum"))
                right[title] += float((logits.argmax(-1) == targets).sum())
                counts[title] += batch.counts[title]
        found = {title: sums[title] / counts[title] for title in sums if counts[title]}
        figures = {"loss": sum(self.shares.get(title, 1.0) * value for title, value in found.items()), **found}
        figures |= {f"{title}_accuracy": right[title] / counts[title] for title in found}
        words = next((one.title for one in self.objectives if one.changes), "")
        if words in found:
            figures["perplexity"] = math.exp(min(700.0, found[words]))
            size = sum(row.size for row in self.held)
            if self.family == "decoder" and size:
                figures["bits_per_byte"] = sums[words] / math.log(2) / size
        return figures

    def save(self, folder: Path) -> None:
        with quiet():
            self.model.save_pretrained(folder)
        write_heads(self.heads, folder)


def tensors(rows: Sequence[Row], vocabulary: Vocabulary, family: Family, device: Any) -> dict[str, Any]:
    """Rows as tensors ``[rows, length]``: ids, types, mask (``[rows, 1, length, length]`` where several documents stand in
    a row, with positions counted in each), labels ``[rows]``; places, in the flattened rows, and targets of what is to be
    predicted there."""
    import torch

    longest = max(len(row.ids) for row in rows)
    shape = len(rows), longest
    ids, types = np.full(shape, vocabulary.pad, np.int64), np.zeros(shape, np.int64)
    parts, targets = np.full(shape, -1, np.int64), np.full(shape, NOTHING, np.int64)
    positions = np.zeros(shape, np.int64)
    for at, row in enumerate(rows):
        size = len(row.ids)
        ids[at, :size], types[at, :size], parts[at, :size] = row.ids, row.types, row.parts
        if row.targets is not None:
            targets[at, :size] = row.targets
        positions[at, :size] = positions_of(row.parts)
    flat = targets.reshape(-1)
    places = np.flatnonzero(flat != NOTHING)
    made: dict[str, Any] = {
        "ids": ids,
        "labels": np.array([row.label for row in rows], np.int64),
        "places": places,
        "targets": flat[places],
    }
    if parts.max() > 0:
        made["positions"] = positions
    elif (parts < 0).any():
        made["mask"] = (parts >= 0).astype(np.int64)
    if family == "encoder":
        made["types"] = types
    held = {name: torch.from_numpy(value).to(device) for name, value in made.items()}
    if "positions" in held:
        held["mask"] = block_mask(torch.from_numpy(parts).to(device), causal=family == "decoder")
    return held
