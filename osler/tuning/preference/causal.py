"""The writing network that learning from preferences begins with, and how it is written back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from osler.core.errors import ModelError, SpecError
from osler.models.adapter import ready_base
from osler.models.local_engine import read_tokenizer
from osler.models.quiet import quiet
from osler.tuning.stage import folder_of


def base_folder(base: Any) -> Path:
    """The folder of a base that can write. SpecError for a shape: preferences choose among what a model already writes."""
    folder = folder_of(base)
    if folder is None:
        raise SpecError(
            f"{type(base).__name__} has no weights to begin with",
            hint="give a trained base: a local model or an SFT stage",
        )
    return folder


def causal_of(base: Any) -> tuple[Any, Any]:
    """(network, tokenizer) of ``base``, weights in float32. ModelError where the base writes nothing."""
    import torch
    import transformers

    folder = base_folder(base)
    config = transformers.AutoConfig.from_pretrained(str(folder), local_files_only=True)
    if config.is_encoder_decoder or not _writes(config):
        raise ModelError(
            f"the base of type {config.model_type!r} is no causal language model",
            hint="use a decoder, such as a Llama-type model",
            kind="unsupported",
        )
    with quiet():
        network = ready_base(
            folder,
            lambda place: transformers.AutoModelForCausalLM.from_pretrained(
                str(place), local_files_only=True, dtype=torch.float32
            ),
        )
    return network.eval(), read_tokenizer(str(folder), True, "")


def _writes(config: Any) -> bool:
    names = getattr(config, "architectures", None) or ()
    return any(name.endswith(("ForCausalLM", "LMHeadModel")) for name in names)


def reward_network(base: Any, *, seed: int) -> tuple[Any, Any]:
    """(network with a head of one value, tokenizer) of ``base``, a decoder or an encoder; a new head hangs on ``seed``."""
    import torch

    folder = base_folder(base)
    with torch.random.fork_rng(devices=[]), quiet():
        torch.manual_seed(seed)
        network = ready_base(folder, valued_network)
    tokenizer = read_tokenizer(str(folder), True, "")
    if network.config.pad_token_id is None:
        pad = tokenizer.pad_token_id
        network.config.pad_token_id = tokenizer.eos_token_id if pad is None else pad
    return network.eval(), tokenizer


def valued_network(folder: Path) -> Any:
    """The network in ``folder`` with a head of one value, new where it has none."""
    import torch
    import transformers

    with quiet():
        return transformers.AutoModelForSequenceClassification.from_pretrained(
            str(folder), num_labels=1, local_files_only=True, dtype=torch.float32
        )


def adapted_network(network: Any, adapter: Any, *, seed: int) -> Any:
    """``network`` with ``adapter`` in it, everything else frozen; the network itself without one.

    SpecError for an adapter of tokens put before the text: the log-probabilities here are read behind it.
    """
    if adapter is None:
        return network
    if adapter.soft_tokens:
        raise SpecError(
            f"{type(adapter).__name__} cannot learn from preferences",
            hint="use an adapter inside the layers, such as LoRA",
        )
    return adapter.apply(network, seed=seed)


def write(network: Any, tokenizer: Any, folder: Path, *, adapter: Any = None, base: Any = None) -> None:
    """A folder that Local reads: whole weights, or the adapter beside its base."""
    if adapter is None:
        with quiet():
            network.save_pretrained(str(folder))
    else:
        adapter.save(network, folder, base_folder(base))
        if network.can_generate():
            network.generation_config.save_pretrained(str(folder))
    tokenizer.save_pretrained(str(folder))
