"""What the trainer trains of a bi-encoder: batches of queries and texts, and InfoNCE over them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import orjson

from osler.models.quiet import quiet
from osler.tuning.objectives.contrastive import InfoNCE, cached, excused
from osler.tuning.pair_data import Matched
from osler.tuning.trainer.learner import Batch, Key, Learner, draws
from osler.tuning.trainer.order import passes

if TYPE_CHECKING:
    import torch

    from osler.tuning.bi_encoder_layers import Side, TwoEncoders

_LOOKED_AT = 64  # held-out rows that stand against each other in a look
Ids = Sequence[int]


class BiEncoderLearner(Learner):
    """``network`` reads rows in their order; the rows of a step stay together, as each is a negative of the others.

    micro_tokens: padded tokens of one forward pass of the gradient cache; 0 takes a side of the batch at once.
    """

    splits: ClassVar[bool] = False
    network: TwoEncoders

    def __init__(
        self,
        network: TwoEncoders,
        tokenizer: Any,
        rows: Sequence[Matched],
        objective: InfoNCE,
        *,
        query_tokens: int,
        text_tokens: int,
        micro_tokens: int = 0,
        held_out: Sequence[Matched] = (),
    ) -> None:
        self.tokenizer, self.objective, self.micro_tokens = tokenizer, objective, micro_tokens
        self.query_tokens, self.text_tokens = query_tokens, text_tokens
        self.rows, self.held_out = rows, held_out
        self._ids: dict[tuple[str, int], Ids] = {}
        for part in (rows, held_out):
            self._read([one.query for one in part], query_tokens)
            self._read([text for one in part for text in (one.text, *one.wrong)], text_tokens)
        lengths = [
            len(self._ids[one.query, query_tokens]) + len(self._ids[one.text, text_tokens]) * (1 + objective.hard)
            for one in rows
        ]
        super().__init__(network, lengths)

    def _read(self, texts: Sequence[str], most: int) -> None:
        fresh = [text for text in dict.fromkeys(texts) if (text, most) not in self._ids]
        if fresh:
            clean = [text.encode("utf-8", "replace").decode() for text in fresh]
            made = self.tokenizer(clean, truncation=True, max_length=most, padding=False)["input_ids"]
            self._ids |= {(text, most): ids for text, ids in zip(fresh, made, strict=True)}

    def batch(self, rows: Sequence[int], key: Key) -> Batch:
        chosen = [self.rows[row] for row in rows]
        wrong = []
        for row, one in zip(rows, chosen, strict=True):
            count = min(self.objective.hard, len(one.wrong))
            wrong += (
                [one.wrong[at] for at in draws(key, row).choice(len(one.wrong), count, replace=False)] if count else []
            )
        return self._batch(chosen, wrong)

    def _batch(self, rows: Sequence[Matched], wrong: Sequence[str]) -> Batch:
        import torch

        device = next(self.network.parameters()).device
        queries = [self._ids[one.query, self.query_tokens] for one in rows]
        texts = [self._ids[text, self.text_tokens] for text in (*(one.text for one in rows), *wrong)]
        names = self._names(rows, wrong)
        masked = self.objective.masked
        out = excused([one.query for one in rows], names, [one.also for one in rows]) if masked else np.zeros(
            (len(queries), len(texts)), bool
        )  # fmt: skip
        weights = [one.weight for one in rows]
        return Batch(
            {
                "queries": self._pieces(queries, device),
                "texts": self._pieces(texts, device),
                "weights": torch.tensor(weights, dtype=torch.float32, device=device),
                "excused": torch.from_numpy(out).to(device),
            },
            {"contrast": float(sum(weights))},
            sum(map(len, queries)) + sum(map(len, texts)),
        )

    def _names(self, rows: Sequence[Matched], wrong: Sequence[str]) -> list[str]:
        """What tells texts apart: the id of a right one, also where it stands as another row's wrong one."""
        known = {one.text: one.id for one in rows}
        return [one.id for one in rows] + [known.get(text, f"wrong {place}") for place, text in enumerate(wrong)]

    def _pieces(self, rows: Sequence[Ids], device: torch.device) -> tuple[list[tuple[torch.Tensor, ...]], torch.Tensor]:
        """(ids, mask) of each forward pass, rows of like length together, and the place of each row in them."""
        import torch

        lengths = [len(row) for row in rows]
        order = np.argsort(lengths, kind="stable").tolist() if self.micro_tokens else list(range(len(rows)))
        pad = self.tokenizer.pad_token_id or 0
        pieces = []
        for piece in passes(order, lengths, self.micro_tokens):
            width = max(lengths[row] for row in piece)
            ids = torch.full((len(piece), width), pad, dtype=torch.long)
            mask = torch.zeros((len(piece), width), dtype=torch.long)
            for place, row in enumerate(piece):
                ids[place, : lengths[row]] = torch.tensor(rows[row], dtype=torch.long)
                mask[place, : lengths[row]] = 1
            pieces.append((ids.to(device), mask.to(device)))
        return pieces, torch.from_numpy(np.argsort(order)).to(device)

    def _vectors(self, side: Side, found: tuple[list[tuple[torch.Tensor, ...]], torch.Tensor]) -> torch.Tensor:
        import torch

        def encode(piece: tuple[torch.Tensor, ...]) -> torch.Tensor:
            out: torch.Tensor = self.network(side, *piece)
            return out

        pieces, places = found
        whole = cached(encode, pieces) if self.micro_tokens and torch.is_grad_enabled() else torch.cat(
            [encode(piece) for piece in pieces]
        )  # fmt: skip
        return whole[places]

    def loss(self, batch: Batch) -> Mapping[str, torch.Tensor]:
        queries, texts = (self._vectors(*side) for side in self._sides(batch))
        return {"contrast": self.objective.loss(queries, texts, batch.inputs["weights"], batch.inputs["excused"])}

    def _sides(self, batch: Batch) -> tuple[tuple[Side, Any], tuple[Side, Any]]:
        return ("query", batch.inputs["queries"]), ("text", batch.inputs["texts"])

    def evaluate(self) -> Mapping[str, float]:
        """Of held-out rows against each other: the loss, and how often a query's own text comes first."""
        if not self.held_out:
            return {}
        loss = right = weight = 0.0
        for start in range(0, len(self.held_out), _LOOKED_AT):
            batch = self._batch(self.held_out[start : start + _LOOKED_AT], ())
            queries, texts = (self._vectors(*side) for side in self._sides(batch))
            loss += float(self.objective.loss(queries, texts, batch.inputs["weights"], batch.inputs["excused"]))
            weight += batch.counts["contrast"]
            scores = (queries @ texts.T).masked_fill(batch.inputs["excused"], -float("inf"))
            right += float((scores.argmax(1).cpu() == self._range(len(scores))).sum())
        return {"loss": loss / weight, "first": right / len(self.held_out)}

    def _range(self, n: int) -> torch.Tensor:
        import torch

        return torch.arange(n)

    def save(self, folder: Path) -> None:
        """One encoder: ``folder``. Two: the texts' one in ``folder``, the queries' one in ``folder/query``."""
        unit = self.objective.similarity == "cosine"
        sides = {folder: (self.network.text or self.network.query, self.text_tokens)}
        if self.network.text is not None:
            sides[folder / "query"] = (self.network.query, self.query_tokens)
        for place, (network, tokens) in sides.items():
            place.mkdir(parents=True, exist_ok=True)
            with quiet():
                network.save_pretrained(place)
            self.tokenizer.save_pretrained(place)
            write_sentence_folder(place, self.network.pooling, network.config.hidden_size, tokens, unit=unit)


def write_sentence_folder(folder: Path, pooling: str, width: int, tokens: int, *, unit: bool) -> None:
    """What makes the folder of a transformer one of a sentence encoder: how it pools, how long texts are, unit length."""
    parts = ["Transformer", "Pooling", *(["Normalize"] if unit else [])]
    places = ["", "1_Pooling", "2_Normalize"]
    modules = [
        {"idx": place, "name": str(place), "path": places[place], "type": f"sentence_transformers.models.{part}"}
        for place, part in enumerate(parts)
    ]
    ways = {f"pooling_mode_{way}": way.startswith(pooling) for way in ("cls_token", "mean_tokens", "max_tokens")}
    held = {
        "modules.json": modules,
        "sentence_bert_config.json": {"max_seq_length": tokens, "do_lower_case": False},
        "1_Pooling/config.json": {"word_embedding_dimension": width, **ways},
    }
    for name, value in held.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(orjson.dumps(value, option=orjson.OPT_INDENT_2))
