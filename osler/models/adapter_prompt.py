"""Soft prompts: learnt vectors before the embeddings of the tokens, by hooks on the transformer.

What comes out is as long as what went in, so heads, losses, pooling of the first token and generation see no
difference. The vectors take places of the context.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from osler.core.errors import ModelError
from osler.models.local_text import context_in


def attach(transformer: Any, kind: str, settings: Mapping[str, Any]) -> None:
    from osler.models.adapter_layers import SoftPrompt

    if hasattr(transformer, "osler_prompt"):
        raise ModelError("the network has a soft prompt already", hint="use one that is longer")
    table = transformer.get_input_embeddings().weight
    transformer.osler_prompt = SoftPrompt(
        settings["length"],
        table.shape[1],
        inner=settings.get("inner", 0),
        spread=settings.get("spread", 0.5),
        device=table.device,
    )
    transformer.register_forward_pre_hook(_before, with_kwargs=True)
    transformer.register_forward_hook(_after)
    if getattr(transformer, "pooler", None) is not None:
        transformer.pooler.register_forward_pre_hook(lambda _, given: (given[0][:, transformer.osler_prompt.ahead :],))


def _before(transformer: Any, given: tuple[Any, ...], named: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    import torch

    names = list(inspect.signature(type(transformer).forward).parameters)[1:]
    asked = {**dict(zip(names, given, strict=False)), **named}
    prompt = transformer.osler_prompt
    cache = asked.get("past_key_values")
    seen = cache.get_seq_length() if cache is not None else 0
    read = asked["input_ids"] if asked.get("input_ids") is not None else asked["inputs_embeds"]
    rows, tokens = read.shape[:2]
    _need_room(transformer, prompt.length + tokens)
    prompt.ahead = 0 if seen else prompt.length

    mask = asked.get("attention_mask")
    if mask is not None:
        if mask.dim() != 2:
            raise ModelError(
                "a soft prompt cannot stand before each of several packed texts", hint="train without packing"
            )
        asked["attention_mask"] = torch.cat([mask.new_ones(rows, prompt.length), mask], dim=1)
    places = asked.get("position_ids")
    if places is not None:
        asked["position_ids"] = places + prompt.length
    if seen:
        return (), asked
    if places is not None:
        first = torch.arange(prompt.length, device=places.device).expand(places.shape[0], -1)
        asked["position_ids"] = torch.cat([first, asked["position_ids"]], dim=1)
    kinds = asked.get("token_type_ids")
    if kinds is not None:
        asked["token_type_ids"] = torch.cat([kinds.new_zeros(rows, prompt.length), kinds], dim=1)
    ids = asked.pop("input_ids", None)
    embeddings = transformer.get_input_embeddings()(ids) if ids is not None else asked["inputs_embeds"]
    asked["inputs_embeds"] = torch.cat([prompt().to(embeddings.dtype).expand(rows, -1, -1), embeddings], dim=1)
    return (), asked


def _need_room(transformer: Any, tokens: int) -> None:
    limit = context_in(transformer.config.to_dict())
    if limit and tokens > limit:
        raise ModelError(
            f"soft prompt and text have {tokens} tokens and the model reads {limit}",
            hint="cut the texts by the length of the prompt (adapter.soft_tokens), or use a prefix",
            kind="context",
        )


def _after(transformer: Any, _: Any, found: Any) -> Any:
    ahead = transformer.osler_prompt.ahead
    if not ahead:
        return found
    if isinstance(found, tuple):
        return (found[0][:, ahead:], *found[1:])
    found.last_hidden_state = found.last_hidden_state[:, ahead:]
    if found.get("hidden_states") is not None:
        found.hidden_states = tuple(layer[:, ahead:] for layer in found.hidden_states)
    return found
