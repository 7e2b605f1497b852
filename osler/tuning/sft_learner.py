"""The loss of fine-tuning on dialogue: the next token, read at the marked places only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osler.tuning.dialogue.rows import Row
from osler.tuning.trainer.learner import Batch, Key, Learner
from osler.tuning.trainer.order import passes

if TYPE_CHECKING:
    import torch

LOSS = "replies"
# Models whose forward pass is the decoder and then the head, with nothing in between.
_PLAIN = ("llama", "mistral", "qwen2", "qwen3", "gpt2", "gpt_neox")


def packs(rows: Sequence[Row], length: int) -> list[tuple[int, ...]]:
    """Places of rows that share a packed row of at most ``length`` tokens: first fit, the longest rows first."""
    made: list[list[int]] = []
    room: list[int] = []
    for at in sorted(range(len(rows)), key=lambda at: (-len(rows[at].ids), at)):
        need = len(rows[at].ids)
        place = next((number for number, left in enumerate(room) if left >= need), None)
        if place is None:
            made.append([at])
            room.append(length - need)
        else:
            made[place].append(at)
            room[place] -= need
    return [tuple(pack) for pack in made]


class DialogueLearner(Learner):
    """Rows of ids with marks. ``packed``: tokens of a packed row, 0 for a row each; no row sees its neighbours."""

    def __init__(
        self,
        network: torch.nn.Module,
        rows: Sequence[Row],
        *,
        held: Sequence[Row] = (),
        packed: int = 0,
        most: int = 4096,
    ) -> None:
        self.rows, self.held, self._most = rows, held, most
        self._packs = packs(rows, packed) if packed else [(at,) for at in range(len(rows))]
        super().__init__(network, [sum(len(rows[at].ids) for at in pack) for pack in self._packs])
        config: Any = getattr(network, "config", None)
        self._plain = getattr(config, "model_type", "") in _PLAIN

    def batch(self, rows: Sequence[int], key: Key) -> Batch:
        return self._batch([[self.rows[at] for at in self._packs[row]] for row in rows])

    def _batch(self, packed: Sequence[Sequence[Row]]) -> Batch:
        import torch

        device = next(self.network.parameters()).device
        longest = max(sum(len(row.ids) for row in pack) for pack in packed)
        shape = (len(packed), longest)
        ids, places = torch.zeros(shape, dtype=torch.long), torch.zeros(shape, dtype=torch.long)
        learnt, owner = torch.zeros(shape, dtype=torch.bool), torch.zeros(shape, dtype=torch.long)
        for number, pack in enumerate(packed):
            at = 0
            for part, row in enumerate(pack, start=1):
                size = len(row.ids)
                ids[number, at : at + size] = torch.tensor(row.ids)
                learnt[number, at + 1 : at + size] = torch.tensor(row.learnt[1:])  # nothing comes before a first token
                places[number, at : at + size] = torch.arange(size)
                owner[number, at : at + size] = part
                at += size
        inputs = {"input_ids": ids, "learnt": learnt, "position_ids": places, "attention_mask": (owner > 0).long()}
        if any(len(pack) > 1 for pack in packed):
            inputs["attention_mask"] = _block_mask(owner)
        count = float(learnt.sum())
        tokens = int((owner > 0).sum())
        return Batch({name: value.to(device) for name, value in inputs.items()}, {LOSS: count}, tokens)

    def loss(self, batch: Batch) -> Mapping[str, torch.Tensor]:
        import torch

        logits, wanted = self._logits(batch)
        return {LOSS: torch.nn.functional.cross_entropy(logits, wanted, reduction="sum")}

    def _logits(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits ``[learnt tokens, vocabulary]`` in float32 and the tokens that stand there."""
        given = {name: batch.inputs[name] for name in ("input_ids", "attention_mask", "position_ids")}
        spots = batch.inputs["learnt"][:, 1:]
        wanted = batch.inputs["input_ids"][:, 1:][spots]
        network: Any = self.network
        if self._plain:  # the head is the dearest part of a small network, so it sees marked places only
            hidden = network.get_decoder()(**given, use_cache=False).last_hidden_state
            return network.get_output_embeddings()(hidden[:, :-1][spots]).float(), wanted
        logits = network(**given, use_cache=False).logits[
            :, -given["input_ids"].shape[1] :
        ]  # virtual tokens stand first
        return logits[:, :-1][spots].float(), wanted

    def evaluate(self) -> Mapping[str, float]:
        """Loss and share of right tokens over the marked tokens of the held-out rows."""
        import torch

        total = right = count = 0.0
        sizes = [len(row.ids) for row in self.held]
        order = sorted(range(len(sizes)), key=lambda at: sizes[at])
        for piece in passes(order, sizes, self._most):
            logits, wanted = self._logits(self._batch([[self.held[at]] for at in piece]))
            total += float(torch.nn.functional.cross_entropy(logits, wanted, reduction="sum"))
            right += float((logits.argmax(1) == wanted).sum())
            count += len(wanted)
        return {"loss": total / count, "accuracy": right / count} if count else {}

    def save(self, folder: Path) -> None:
        network: Any = self.network
        network.save_pretrained(folder)


def _block_mask(owner: torch.Tensor) -> torch.Tensor:
    """``[n, 1, tokens, tokens]``: whether a token may look at another: earlier ones of its own row. Without it, rows that
    share a packed row would read each other in silence. Padding looks at itself, since a row of nothing has no softmax.
    """
    import torch

    size = owner.shape[1]
    same = owner[:, :, None] == owner[:, None, :]
    causal = torch.tril(torch.ones((size, size), dtype=torch.bool))
    return (same & causal)[:, None]
