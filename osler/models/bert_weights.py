"""The weights of a BERT-type encoder, read from a folder without torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from osler.core.errors import DataError

Floats = NDArray[np.float32]
Linear = tuple[Floats, Floats]
FAMILIES = {"bert": "bert.", "roberta": "roberta.", "xlm-roberta": "roberta."}
_ACTIVATIONS = ("gelu", "relu")


@dataclass(frozen=True, slots=True)
class BertLayer:
    """Products as (weight ``[in, out]``, bias ``[out]``), norms as (weight, bias)."""

    query: Linear
    key: Linear
    value: Linear
    out: Linear
    out_norm: Linear
    up: Linear
    down: Linear
    down_norm: Linear


@dataclass(frozen=True, slots=True)
class BertWeights:
    """``words [vocabulary, width]``; ``positions [tokens, width]`` with the vector of the first token type added."""

    words: Floats
    positions: Floats
    norm: Linear
    layers: tuple[BertLayer, ...]
    heads: int
    epsilon: float
    activation: str

    @property
    def width(self) -> int:
        return int(self.words.shape[1])

    @property
    def context(self) -> int:
        """Most tokens of a text."""
        return len(self.positions)


def readable(folder: Path) -> bool:
    """Whether ``folder`` holds a BERT-type encoder that ``read_bert`` understands."""
    config = read_json(folder / "config.json")
    return (
        (folder / "model.safetensors").is_file()
        and config.get("model_type") in FAMILIES
        and config.get("hidden_act", "gelu") in _ACTIVATIONS
        and config.get("position_embedding_type", "absolute") == "absolute"
        and not config.get("is_decoder", False)
    )


def read_bert(folder: Path) -> BertWeights:
    """The weights in ``model.safetensors`` of ``folder``, as float32. DataError where a tensor is missing or misshapen."""
    from safetensors import SafetensorError

    config = read_json(folder / "config.json")
    file = folder / "model.safetensors"
    try:
        stored = _floats(file)
    except (SafetensorError, OSError, ValueError) as error:
        raise DataError(
            f"model.safetensors of {folder.name!r} cannot be read ({type(error).__name__})", hint="fetch it again"
        ) from None
    first = f"{FAMILIES[str(config['model_type'])]}embeddings.word_embeddings.weight"
    prefix = FAMILIES[str(config["model_type"])] if first in stored else ""
    try:
        return _weights(stored, prefix, config)
    except KeyError as error:
        raise DataError(
            f"model.safetensors of {folder.name!r} has no tensor {error.args[0]!r}",
            hint="the folder must hold an encoder of the kind that its config.json says",
        ) from None


def _weights(stored: Mapping[str, Floats], prefix: str, config: Mapping[str, Any]) -> BertWeights:
    def pair(name: str) -> Linear:
        return stored[f"{prefix}{name}.weight"], stored[f"{prefix}{name}.bias"]

    def linear(name: str) -> Linear:
        weight, bias = pair(name)
        return np.ascontiguousarray(weight.T), bias

    def layer(number: int) -> BertLayer:
        name = f"encoder.layer.{number}."
        query, key, value = (linear(f"{name}attention.self.{part}") for part in ("query", "key", "value"))
        return BertLayer(
            query=query,
            key=key,
            value=value,
            out=linear(f"{name}attention.output.dense"),
            out_norm=pair(f"{name}attention.output.LayerNorm"),
            up=linear(f"{name}intermediate.dense"),
            down=linear(f"{name}output.dense"),
            down_norm=pair(f"{name}output.LayerNorm"),
        )

    # RoBERTa counts positions from behind its padding id.
    skipped = int(config.get("pad_token_id", 1)) + 1 if config["model_type"] != "bert" else 0
    kind = stored[f"{prefix}embeddings.token_type_embeddings.weight"][0]
    return BertWeights(
        words=stored[f"{prefix}embeddings.word_embeddings.weight"],
        positions=stored[f"{prefix}embeddings.position_embeddings.weight"][skipped:] + kind,
        norm=pair("embeddings.LayerNorm"),
        layers=tuple(layer(number) for number in range(int(config["num_hidden_layers"]))),
        heads=int(config["num_attention_heads"]),
        epsilon=float(config.get("layer_norm_eps", 1e-12)),
        activation=str(config.get("hidden_act", "gelu")),
    )


def _floats(file: Path) -> dict[str, Floats]:
    from safetensors.numpy import load_file

    found = load_file(str(file))
    return {name: np.asarray(value, np.float32) for name, value in found.items() if "position_ids" not in name}


def read_json(file: Path) -> Mapping[str, Any]:
    """A JSON object from a model's folder; {} where there is no such file. DataError where it is none."""
    if not file.is_file():
        return {}
    try:
        found = orjson.loads(file.read_bytes())
    except orjson.JSONDecodeError:
        raise DataError(
            f"{file.name} of the model folder {file.parent.name!r} is no JSON", hint="fetch it again"
        ) from None
    if not isinstance(found, dict):
        raise DataError(f"{file.name} of the model folder {file.parent.name!r} is no object", hint="fetch it again")
    return found
