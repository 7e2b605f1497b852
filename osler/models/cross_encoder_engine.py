"""The torch side of a cross-encoder: loading, and pairs in batches by length. Imported only when a model is used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from osler.core.errors import DataError
from osler.models.batching import batches
from osler.models.local_engine import read_config, read_tokenizer
from osler.models.local_text import context_in
from osler.models.minilm import Floats

if TYPE_CHECKING:
    from osler.models.cross_encoder import CrossEncoder, PairText

_INPUTS = ("input_ids", "attention_mask", "token_type_ids")


def load(model: CrossEncoder) -> PairEngine:
    """The engine of ``model`` with its weights on the device. DataError where it is not there or is no classifier."""
    config = read_config(model.path, model.local_files_only, model.revision)
    name = Path(model.path).name
    heads = config.get("architectures") or ()
    if not any(str(head).endswith("ForSequenceClassification") for head in heads):
        raise DataError(
            f"the model {name!r} has no head that scores pairs",
            hint="give a sequence-classification model; transformers would make up random weights for the head",
        )
    tokenizer = read_tokenizer(model.path, model.local_files_only, model.revision)
    import torch
    import transformers

    device = model.device if model.device != "auto" else "cuda" if torch.cuda.is_available() else "cpu"
    dtype = model.dtype if model.dtype != "auto" else "float32" if device == "cpu" else "auto"
    try:
        loaded, told = transformers.AutoModelForSequenceClassification.from_pretrained(
            model.path,
            dtype=dtype if dtype == "auto" else getattr(torch, dtype),
            local_files_only=model.local_files_only,
            revision=model.revision or "main",
            output_loading_info=True,
        )
    except (OSError, ValueError) as error:
        raise DataError(f"the weights of the model {name!r} cannot be read", hint="fetch or train it again") from error
    if told["missing_keys"]:
        raise DataError(
            f"the model {name!r} lacks {len(told['missing_keys'])} of its weights",
            hint="fetch or train it again; transformers would make up random ones",
        )
    return PairEngine(loaded.eval().to(device), tokenizer, model)


class PairEngine:
    """A loaded cross-encoder. ``run`` gives for each call its logits ``[pairs, outputs]`` and its tokens."""

    def __init__(self, network: Any, tokenizer: Any, settings: CrossEncoder) -> None:
        self.network = network
        self.tokenizer = tokenizer
        self.most = settings.max_batch_tokens
        limit = context_in(network.config.to_dict())
        self.length = min(settings.max_length, limit) if limit else settings.max_length

    def run(self, calls: Sequence[tuple[PairText, ...]]) -> list[tuple[Floats, int]]:
        import torch

        rows = pair_ids(self.tokenizer, [pair for call in calls for pair in call], self.length)
        lengths = [len(row["input_ids"]) for row in rows]
        out = np.empty((len(rows), self.network.config.num_labels), np.float32)
        with torch.inference_mode():
            for batch in batches([(length, None) for length in lengths], self.most):
                inputs = padded([rows[row] for row in batch], self.tokenizer.pad_token_id or 0, self.network.device)
                out[batch] = self.network(**inputs).logits.float().cpu().numpy()
        stops = np.cumsum([len(call) for call in calls])[:-1]
        tokens = [int(part.sum()) for part in np.split(np.asarray(lengths), stops)]
        return list(zip(np.split(out, stops), tokens, strict=True))


def pair_ids(tokenizer: Any, pairs: Sequence[PairText], length: int) -> list[dict[str, list[int]]]:
    """The inputs of each pair as lists of ids, at most ``length`` tokens: of the two texts the longer is cut."""
    clean = [[text.encode("utf-8", "replace").decode() for text in side] for side in zip(*pairs, strict=True)]
    made: Mapping[str, Any] = tokenizer(*clean, truncation="longest_first", max_length=length)
    names = [name for name in _INPUTS if name in made]
    return [{name: made[name][row] for name in names} for row in range(len(pairs))]


def padded(rows: Sequence[Mapping[str, Sequence[int]]], pad: int, device: Any) -> dict[str, Any]:
    """``rows`` as tensors ``[n, longest]`` on the device."""
    import torch

    longest = max(len(row["input_ids"]) for row in rows)
    found = {}
    for name in rows[0]:
        fill = pad if name == "input_ids" else 0
        made = torch.full((len(rows), longest), fill, dtype=torch.long)
        for place, row in enumerate(rows):
            made[place, : len(row[name])] = torch.tensor(row[name], dtype=torch.long)
        found[name] = made.to(device)
    return found
