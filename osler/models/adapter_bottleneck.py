"""Bottleneck adapters behind the sublayers of every block; PEFT has none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osler.models.adapter_lora import replace_layer
from osler.models.adapter_network import linear_layers


def attach(transformer: Any, kind: str, settings: Mapping[str, Any]) -> None:
    """Behind attention and feed-forward (Houlsby et al. 2019) or feed-forward alone (Pfeiffer et al. 2021)."""
    from osler.models.adapter_layers import Bottleneck

    for name in linear_layers(transformer, ("o", "down") if settings["places"] == "both" else ("down",)):
        replace_layer(transformer, name, lambda layer: Bottleneck(layer, settings["width"], settings["activation"]))
