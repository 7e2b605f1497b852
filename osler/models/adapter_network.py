"""Adapters on a torch network: what is frozen, where they sit, what is saved. Imported only when a network is used.

A network is a transformers model, or any module that holds one beside a head. The transformer inside is what adapters
change; everything outside it but the language head is the head. Names of tensors are relative to either.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osler.core.errors import DataError, ModelError, SpecError
from osler.models.adapter import TENSORS, read_adapter

if TYPE_CHECKING:
    import torch

# kind -> module with ``attach(transformer, settings, seed)``
KINDS: Mapping[str, str] = {
    "lora": "osler.models.adapter_lora",
    "ia3": "osler.models.adapter_lora",
    "bottleneck": "osler.models.adapter_bottleneck",
    "prefix": "osler.models.adapter_prefix",
    "prompt": "osler.models.adapter_prompt",
}
_MERGED = ("lora", "ia3")
_ROLES: Mapping[str, str] = {
    **dict.fromkeys(("q_proj", "query", "q_lin", "wq", "q"), "q"),
    **dict.fromkeys(("k_proj", "key", "k_lin", "wk", "k"), "k"),
    **dict.fromkeys(("v_proj", "value", "v_lin", "wv", "v"), "v"),
    **dict.fromkeys(("c_attn", "query_key_value", "qkv_proj", "Wqkv"), "qkv"),
    **dict.fromkeys(("o_proj", "out_proj", "out_lin", "wo", "o"), "o"),
    **dict.fromkeys(("up_proj", "gate_proj", "gate_up_proj", "fc1", "c_fc", "lin1", "dense_h_to_4h", "wi"), "up"),
    **dict.fromkeys(("down_proj", "fc2", "lin2", "dense_4h_to_h"), "down"),
}
ROLES = ("q", "k", "v", "o", "up", "down")


def transformer_of(network: torch.nn.Module) -> Any:
    """The transformer without a head inside ``network``. ModelError where there is none, or more than one."""
    import transformers

    if isinstance(network, transformers.PreTrainedModel):
        return network.base_model
    held = [module for _, module in network.named_modules() if isinstance(module, transformers.PreTrainedModel)]
    inner = [module for module in held if not any(module is not other and _holds(other, module) for other in held)]
    if len(inner) != 1:
        raise ModelError(
            f"an adapter needs a network with one transformer inside, this {type(network).__name__} has {len(inner)}",
            hint="adapt the encoder and the decoder by themselves",
        )
    return inner[0].base_model


def _holds(outer: torch.nn.Module, inner: torch.nn.Module) -> bool:
    return any(module is inner for module in outer.modules())


def head_of(network: torch.nn.Module) -> dict[str, torch.nn.Parameter]:
    """The parameters outside the transformer by name, without the language head."""
    inside = {id(weight) for weight in transformer_of(network).parameters()}
    for module in network.modules():
        out = module.get_output_embeddings() if hasattr(module, "get_output_embeddings") else None
        if out is not None:
            inside |= {id(weight) for weight in out.parameters()}
    return {name: weight for name, weight in network.named_parameters() if id(weight) not in inside}


def role_of(name: str) -> str:
    """What the linear layer ``name`` does in its block: one of q, k, v, qkv, o, up, down; "" for anything else."""
    parts = [part for part in name.split(".") if part not in ("base", "base_layer")]
    if len(parts) < 2 or not any(part.isdigit() for part in parts):
        return ""  # not in a block: embeddings, pooler, head
    leaf, above = parts[-1], parts[:-1]
    attends = any("attn" in part or "attention" in part.lower() for part in above)
    if leaf == "c_proj" or (leaf == "dense" and above[-1] == "output"):
        return "o" if attends else "down"
    if leaf == "dense":
        return "up" if above[-1] == "intermediate" else "o" if attends else ""
    return _ROLES.get(leaf, "")


def linear_layers(transformer: torch.nn.Module, targets: str | Sequence[str]) -> list[str]:
    """Names of the linear layers in the blocks that play a role of ``targets`` ("all": any of them). A layer that makes
    queries, keys and values at once is taken for any of the three. ModelError where there is none."""
    import torch
    from transformers.pytorch_utils import Conv1D

    wanted = set(ROLES if targets == "all" else targets)
    if wanted & {"q", "k", "v"}:
        wanted.add("qkv")
    found = [
        name
        for name, module in transformer.named_modules()
        if isinstance(module, (torch.nn.Linear, Conv1D)) and role_of(name) in wanted
    ]
    if not found:
        raise ModelError(
            f"no layer of {type(transformer).__name__} plays a role of {targets!r}", hint='set targets = "all"'
        )
    return found


def apply(
    network: torch.nn.Module,
    kind: str,
    settings: Mapping[str, Any],
    *,
    seed: int = 0,
    head: bool = True,
    start: Callable[[Any], Any] | None = None,
) -> torch.nn.Module:
    """Freeze ``network`` and put an adapter of ``kind`` into it, in place; it and the head (``head``) are to be trained.

    The same seed gives the same first values; the global random state stays as it was. ``start``: what gives a soft
    prompt its first values, from the table of embeddings.
    """
    import torch

    transformer = transformer_of(network)
    outside = list(head_of(network).values())
    given = list(network.parameters())  # held on to: the place of a freed weight may go to a new one
    before = {id(weight) for weight in given}
    for weight in network.parameters():
        weight.requires_grad_(False)
    devices = range(torch.cuda.device_count()) if torch.cuda.is_available() else []
    with torch.random.fork_rng(devices=list(devices)):
        torch.manual_seed(seed)
        importlib.import_module(KINDS[kind]).attach(transformer, kind, settings)
    if start is not None:
        with torch.no_grad():
            transformer.osler_prompt.fill(start(transformer.get_input_embeddings().weight))
    for weight in network.parameters():
        weight.requires_grad_(id(weight) not in before)
    for weight in outside:
        weight.requires_grad_(head)
    network.train(network.training)  # new parts are made in training mode, whatever the network is in
    held = getattr(transformer, "osler_kinds", ())
    transformer.osler_kinds = (*held, kind)
    return network


def can_merge(kind: str) -> bool:
    """Whether an adapter of ``kind`` is a change of weights, and so can become part of them."""
    return kind in _MERGED


def merge(network: torch.nn.Module) -> torch.nn.Module:
    """Make the adapter part of the weights, in place. SpecError where its method is no change of weights."""
    transformer = transformer_of(network)
    for kind in getattr(transformer, "osler_kinds", ()):
        if not can_merge(kind):
            raise SpecError(
                f"an adapter of the kind {kind!r} is no change of weights, so it cannot be merged",
                hint="serve it as an adapter, or train with LoRA",
            )
    importlib.import_module(KINDS["lora"]).merge(transformer)
    transformer.osler_kinds = ()
    return network


def learnt(network: torch.nn.Module) -> dict[str, torch.Tensor]:
    """The trained tensors under the names that an adapter folder has: "transformer." or "head." and the rest."""
    transformer = transformer_of(network)
    inside = {id(weight): name for name, weight in transformer.named_parameters()}
    return {
        f"transformer.{inside[id(weight)]}" if id(weight) in inside else f"head.{name}": weight
        for name, weight in network.named_parameters()
        if weight.requires_grad
    }


def fill(network: torch.nn.Module, folder: Path) -> torch.nn.Module:
    """Put the adapter of ``folder`` into ``network``, the base. A head that the network lacks is left out.

    DataError where the tensors do not fit this network.
    """
    import torch
    from safetensors.torch import load_file

    about = read_adapter(folder)
    held = load_file(folder / TENSORS)
    apply(network, about["kind"], about["settings"], head=any(name.startswith("head.") for name in held))
    known = learnt(network)
    has_head = any(name.startswith("head.") for name in known)
    wanted = {name: value for name, value in held.items() if has_head or not name.startswith("head.")}
    wrong = sorted(set(known) ^ set(wanted)) + [
        name for name in set(known) & set(wanted) if known[name].shape != wanted[name].shape
    ]
    if wrong:
        raise DataError(
            f"the adapter {folder.name} does not fit this network: {wrong[0]!r} and {len(wrong) - 1} others differ",
            hint="load it with the network that it was trained on",
        )
    with torch.no_grad():
        for name, weight in known.items():
            weight.copy_(wanted[name])
    return network
