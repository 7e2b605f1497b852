"""What the trainer trains of a cross-encoder: pairs of texts, as lists with the right one first or with a label each."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from osler.core.errors import SpecError
from osler.models.cross_encoder_engine import padded, pair_ids
from osler.models.quiet import quiet
from osler.tuning.objectives.listwise import listwise
from osler.tuning.trainer.learner import Batch, Key, Learner

if TYPE_CHECKING:
    import torch

# Share by which a length may count as longer or shorter: sorted strictly, a batch could hold one label alone.
_JITTER = 0.25


class Listed(NamedTuple):
    """A query with texts of which the FIRST is the right one: a case of a listwise loss."""

    query: str
    texts: tuple[str, ...]


class Judged(NamedTuple):
    """A pair with its label: a case of a classification loss."""

    query: str
    text: str
    label: str


class PairLearner(Learner):
    """Lists: softmax over each list. Judged pairs: cross-entropy over ``labels``. max_length: tokens of a pair."""

    splits: ClassVar[bool] = True

    def __init__(
        self,
        network: Any,
        tokenizer: Any,
        cases: Sequence[Listed] | Sequence[Judged],
        *,
        labels: Sequence[str] = (),
        max_length: int,
        seed: int = 0,
    ) -> None:
        self.tokenizer = tokenizer
        self._rows = [_rows(tokenizer, case, max_length) for case in cases]
        self._targets = [labels.index(case.label) if isinstance(case, Judged) else 0 for case in cases]
        self._lists = not isinstance(cases[0], Judged)
        chance = random.Random(seed)
        lengths = [
            round(max(len(row["input_ids"]) for row in case) * len(case) * chance.uniform(1 - _JITTER, 1 + _JITTER))
            for case in self._rows
        ]
        super().__init__(network, lengths)

    def batch(self, rows: Sequence[int], key: Key) -> Batch:
        import torch

        cases = [self._rows[row] for row in rows]
        texts = [text for case in cases for text in case]
        device = next(self.network.parameters()).device
        inputs = {
            "pairs": padded(texts, self.tokenizer.pad_token_id or 0, device),
            "sizes": [len(case) for case in cases],
            "targets": torch.tensor([self._targets[row] for row in rows], device=device),
        }
        name = "lists" if self._lists else "labels"
        return Batch(inputs, {name: float(len(rows))}, sum(len(text["input_ids"]) for text in texts))

    def loss(self, batch: Batch) -> Mapping[str, torch.Tensor]:
        import torch

        logits = self.network(**batch.inputs["pairs"]).logits.float()
        if self._lists:
            return {"lists": listwise(logits[:, 0], batch.inputs["sizes"])}
        return {"labels": torch.nn.functional.cross_entropy(logits, batch.inputs["targets"], reduction="sum")}

    def save(self, folder: Path) -> None:
        with quiet():
            self.network.save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)


def _rows(tokenizer: Any, case: Listed | Judged, length: int) -> list[dict[str, list[int]]]:
    texts = (case[1],) if isinstance(case[1], str) else case[1]
    return pair_ids(tokenizer, [(case[0], text) for text in texts], length)


def cross_encoder_from(folder: Path, labels: Sequence[str], *, frozen_layers: int = 0, seed: int = 0) -> Any:
    """The encoder in ``folder`` with a new head: one output for each of ``labels``. The embeddings and the first
    ``frozen_layers`` layers stay as they are; SpecError where it has not so many."""
    import torch
    import transformers

    names = dict(enumerate(labels))
    with torch.random.fork_rng(devices=[]), quiet():
        torch.manual_seed(seed)
        network = transformers.AutoModelForSequenceClassification.from_pretrained(
            folder,
            num_labels=len(labels),
            id2label=names,
            label2id={name: place for place, name in names.items()},
            local_files_only=True,
            dtype="float32",
        )
    _freeze(network, frozen_layers)
    return network


def _freeze(network: Any, layers: int) -> None:
    if not layers:
        return
    body = network.base_model
    held = getattr(getattr(body, "encoder", None), "layer", None)
    if held is None or not hasattr(body, "embeddings") or layers > len(held):
        raise SpecError(
            f"the base has not {layers} layers that could be frozen", hint="set frozen_layers = 0, or fewer layers"
        )
    for part in (body.embeddings, *held[:layers]):
        part.requires_grad_(requires_grad=False)
