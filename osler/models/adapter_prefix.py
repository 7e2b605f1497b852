"""Prefix tuning and P-tuning v2: learnt keys and values in every attention layer, joined where attention is computed.

PEFT hands a prefix to the model as a cache, which moves the positions of the tokens and breaks with gradient
checkpointing. Here the attention function joins it, so caches, positions and packed masks stay those of the tokens.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from osler.core.errors import ModelError
from osler.models.adapter_network import role_of

if TYPE_CHECKING:
    import torch

_NAME = "osler_prefix"


def attach(transformer: Any, kind: str, settings: Mapping[str, Any]) -> None:
    from transformers import AttentionInterface, AttentionMaskInterface
    from transformers.masking_utils import sdpa_mask

    from osler.models.adapter_layers import Prefix, PrefixTrunk

    layers = _attention_layers(transformer)
    if any(hasattr(layer, _NAME) for layer in layers):
        raise ModelError("the network has a prefix already", hint="use one that is longer")
    device = transformer.get_input_embeddings().weight.device
    width, trunk = transformer.get_input_embeddings().weight.shape[1], None
    if settings["inner"]:
        trunk = transformer.osler_trunk = PrefixTrunk(settings["length"], width, settings["inner"], device)
    for layer in layers:
        heads, size = _heads(transformer, layer)
        layer.osler_prefix = Prefix(heads, settings["length"], size, trunk, device)
    AttentionInterface.register(_NAME, _attention)
    AttentionMaskInterface.register(_NAME, sdpa_mask)
    transformer.config._attn_implementation = _NAME


def _attention_layers(transformer: Any) -> list[Any]:
    """The modules that compute self-attention, in order. ModelError where they do not use the attention interface."""
    found: dict[int, Any] = {}
    for name, _ in transformer.named_modules():
        if role_of(name) in ("k", "qkv"):
            layer = transformer.get_submodule(name.rpartition(".")[0])
            found[id(layer)] = layer
    for layer in found.values():
        if not hasattr(sys.modules[type(layer).__module__], "ALL_ATTENTION_FUNCTIONS"):
            found = {}
            break
    if not found:
        raise ModelError(
            f"{type(transformer).__name__} computes attention in a way that a prefix cannot join",
            hint="use LoRA or a bottleneck",
        )
    return list(found.values())


def _heads(transformer: Any, layer: Any) -> tuple[int, int]:
    """Heads of keys and values, and the width of one."""
    config = transformer.config
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    size = getattr(layer, "head_dim", None) or config.hidden_size // config.num_attention_heads
    return int(heads), int(size)


def _attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    **given: Any,
) -> Any:
    """Attention over the prefix and the tokens; every token sees the whole prefix of its layer."""
    import torch
    from transformers.integrations.sdpa_attention import sdpa_attention_forward

    prefix: Any = getattr(module, _NAME, None)
    if prefix is None:
        return sdpa_attention_forward(module, query, key, value, attention_mask, **given)
    causal = given.pop("is_causal", None)
    causal = getattr(module, "is_causal", True) if causal is None else causal
    asks, reads = query.shape[2], key.shape[2]
    if attention_mask is None and causal and asks > 1:
        attention_mask = torch.ones(asks, reads, dtype=torch.bool, device=query.device).tril(reads - asks)[None, None]
    keys, values = (part.to(key.dtype).expand(key.shape[0], -1, -1, -1) for part in prefix())
    if attention_mask is not None:
        seen = attention_mask.new_full((*attention_mask.shape[:-1], keys.shape[2]), attention_mask.dtype == torch.bool)
        attention_mask = torch.cat([seen, attention_mask], dim=-1)
    key, value = torch.cat([keys, key], dim=2), torch.cat([values, value], dim=2)
    return sdpa_attention_forward(module, query, key, value, attention_mask, is_causal=False, **given)
