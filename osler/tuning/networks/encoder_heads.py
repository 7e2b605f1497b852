"""Encoders with the head that predicts words: from a shape or a base, the base's own head where it has one."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osler.core.errors import ModelError
from osler.models.quantised_folder import network_of
from osler.models.quiet import quiet
from osler.tuning.networks.shapes import EncoderShape

if TYPE_CHECKING:
    import torch

HEADS = "objectives.safetensors"


def encoder(base: Any, words: int, pad: int, *, seed: int) -> Any:
    """A masked language model in float32: fresh with ``words`` from a shape, or that of a folder, with a fresh head where
    the folder has none."""
    import transformers

    with seeded(seed), quiet():
        if isinstance(base, EncoderShape):
            inner = base.network(words, pad, seed=seed)
            made = transformers.BertForMaskedLM(inner.config)
            made.bert.load_state_dict(inner.state_dict(), strict=False)  # all but the pooler, which it has not
            return made
        return loaded(transformers.AutoModelForMaskedLM, base)


def loaded(kind: Any, folder: Path) -> Any:
    import torch

    try:
        return network_of(kind, folder, dtype=torch.float32, local_files_only=True)
    except (OSError, ValueError) as error:
        raise ModelError(
            f"the base {folder.name!r} is no model of the kind that this training needs",
            hint="an encoder for masked language, a decoder for next token",
            kind="base",
        ) from error


def hidden_states(model: Any, inputs: Mapping[str, Any]) -> torch.Tensor:
    """Last hidden states ``[rows, length, width]``, without the head of words. ``inputs``: ids, mask ``[rows, length]`` or
    ``[rows, 1, length, length]`` where several documents stand in a row, types and positions where there are any."""
    named = {"input_ids": "ids", "attention_mask": "mask", "position_ids": "positions"}
    if getattr(model.config, "type_vocab_size", 0) > 1:
        named["token_type_ids"] = "types"
    given = {name: inputs[key] for name, key in named.items() if inputs.get(key) is not None}
    if "types" not in inputs:  # a decoder: its cache would undo the mask between documents of one row
        given["use_cache"] = False
    states: torch.Tensor = model.base_model(**given).last_hidden_state
    return states


def words_head(model: Any) -> Callable[[Any], Any]:
    """From hidden states to words, as the model itself does it, on whatever places it is given."""
    for name in ("cls", "lm_head"):
        head = getattr(model, name, None)
        if head is not None:
            found: Callable[[Any], Any] = head
            return found
    if hasattr(model, "head") and hasattr(model, "decoder"):  # ModernBERT
        return lambda states: model.decoder(model.head(states))
    if hasattr(model, "vocab_transform"):  # DistilBERT
        return lambda states: model.vocab_projector(
            model.vocab_layer_norm(model.activation(model.vocab_transform(states)))
        )
    raise ModelError(
        f"the words' head of {type(model).__name__} is not known",
        hint="use a BERT, RoBERTa, DistilBERT or ModernBERT type of encoder",
        kind="base",
    )


def write_heads(heads: torch.nn.ModuleDict, folder: Path) -> None:
    """The heads of the objectives beside the model, which loads without them."""
    from safetensors.torch import save_file

    held = {name: weight.detach().contiguous().cpu() for name, weight in heads.state_dict().items()}
    if held:
        save_file(held, str(folder / HEADS))


def read_heads(heads: torch.nn.ModuleDict, folder: Path) -> list[str]:
    """Fill ``heads`` from a base that was trained with the same objectives; the titles of those that were found."""
    if not (folder / HEADS).is_file():
        return []
    from safetensors.torch import load_file

    held = load_file(str(folder / HEADS))
    found = []
    for title, head in heads.items():
        mine = {name.removeprefix(f"{title}."): one for name, one in held.items() if name.startswith(f"{title}.")}
        wanted = {name: weight.shape for name, weight in head.state_dict().items()}
        if {name: weight.shape for name, weight in mine.items()} == wanted:
            head.load_state_dict(mine)
            found.append(title)
    return found


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Fresh weights by this seed, without a trace in the state of torch."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield
