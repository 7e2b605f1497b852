"""LoRA, DoRA and IA3 by the layers of the PEFT library, put into a network in place; over quantised weights too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from osler.core.errors import ModelError
from osler.models.adapter_network import linear_layers

if TYPE_CHECKING:
    import torch

_NAME = "osler"


def attach(transformer: Any, kind: str, settings: Mapping[str, Any]) -> None:
    """PEFT layers around the targets of ``settings``; frozen linear layers are quantised first where it says so."""
    peft = _peft()
    if any(isinstance(module, peft.tuners.tuners_utils.BaseTunerLayer) for module in transformer.modules()):
        raise ModelError(
            "the network has low-rank layers already",
            hint="merge the first adapter, or save it and train on its folder",
        )
    if settings.get("weights"):
        from osler.models.adapter_layers import Quantised

        for name in linear_layers(transformer, "all"):
            replace_layer(transformer, name, lambda layer: Quantised(layer, settings["weights"]))
    peft.inject_adapter_in_model(_config(peft, transformer, kind, settings), transformer, adapter_name=_NAME)


def _config(peft: Any, transformer: Any, kind: str, settings: Mapping[str, Any]) -> Any:
    from transformers.pytorch_utils import Conv1D

    turned = any(isinstance(module, Conv1D) for module in transformer.modules())
    if kind == "ia3":
        inner = linear_layers(transformer, ("down",))
        return peft.IA3Config(
            target_modules=linear_layers(transformer, ("k", "v")) + inner,
            feedforward_modules=inner,
            fan_in_fan_out=turned,
        )
    return peft.LoraConfig(
        r=settings["rank"],
        lora_alpha=settings["alpha"],
        lora_dropout=settings["dropout"],
        target_modules=linear_layers(transformer, settings["targets"]),
        use_dora=settings.get("decomposed", False),
        fan_in_fan_out=turned,
    )


def merge(transformer: Any) -> None:
    """W + scale * B A in place of W and the pair, in float32; quantised weights become the full ones they stand for."""
    peft = _peft()
    from osler.models.adapter_layers import Quantised

    turned = []
    for name, module in list(transformer.named_modules()):
        if isinstance(module, Quantised):
            replace_layer(transformer, name, lambda layer: layer.full())
            turned += [name.removesuffix(".base_layer")] if module.turned else []
    for name, module in list(transformer.named_modules()):
        if isinstance(module, peft.tuners.tuners_utils.BaseTunerLayer):
            module.merge(safe_merge=True)
            replace_layer(transformer, name, lambda layer: layer.get_base_layer())
    for name in turned:
        replace_layer(transformer, name, _turned)
    if hasattr(transformer, "peft_config"):
        del transformer.peft_config


def _turned(layer: Any) -> Any:
    """The same product as the layer type of GPT-2, which holds its weights the other way round."""
    import torch
    from transformers.pytorch_utils import Conv1D

    rows, columns = layer.weight.shape
    made = Conv1D(rows, columns)
    made.weight = torch.nn.Parameter(layer.weight.detach().T.contiguous(), requires_grad=False)
    made.bias = layer.bias
    return made


def replace_layer(transformer: torch.nn.Module, name: str, make: Any) -> None:
    """Put ``make(layer)`` where the layer ``name`` is."""
    above, _, leaf = name.rpartition(".")
    parent = transformer.get_submodule(above)
    setattr(parent, leaf, make(getattr(parent, leaf)))


def _peft() -> Any:
    try:
        import peft
    except ImportError:
        raise ModelError("LoRA needs the package peft", hint="pip install 'osler[train]'", kind="missing") from None
    return peft
