"""What all adapters share: they freeze a network, put their own tensors into it, and are saved beside their base."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import orjson

from osler.core.block import block_id, to_spec
from osler.core.errors import DataError, ModelError
from osler.models import adapter as folders

if TYPE_CHECKING:
    import torch

_BASE_FILES = ("config.json", "generation_config.json", "tokenizer*", "vocab*", "merges.txt", "special_tokens_map.json",
               "added_tokens.json", "*.model", "*.jinja")  # fmt: skip


class Parameters(NamedTuple):
    """``trained`` of ``total`` numbers in a network; ``head``: those of the trained ones outside the adapter."""

    trained: int
    total: int
    head: int

    @property
    def share(self) -> float:
        """Of the numbers of the base, those that are trained in the adapter."""
        own = self.trained - self.head
        return own / max(1, self.total - self.trained)


class Adapter:
    """The part of an adapter that is the same for all methods; one is ``@block class X(Adapter)``.

    ``kind`` names its mechanics in ``models.adapter_network.KINDS``. ``head``: whether a head is trained beside it.
    """

    kind: ClassVar[str] = ""
    head: bool

    @property
    def settings(self) -> dict[str, Any]:
        """What is needed to build the adapter again: the fields, as JSON, but for those that only start it."""
        skipped = {"head", "start", "text"}
        return {field.name: to_spec(getattr(self, field.name)) for field in fields(self) if field.name not in skipped}  # type: ignore[arg-type]

    @property
    def soft_tokens(self) -> int:
        """Places of the context that it takes: texts must be cut by so many tokens more."""
        return 0

    @property
    def can_merge(self) -> bool:
        """Whether it is a change of weights, so that ``merge`` can make it part of them."""
        from osler.models.adapter_network import can_merge

        return can_merge(self.kind)

    def start_values(self, tokenizer: Any) -> Callable[[Any], Any] | None:
        """What gives the first values from the table of embeddings; None for those drawn at random."""
        return None

    def apply(self, network: torch.nn.Module, *, seed: int = 0, tokenizer: Any = None) -> torch.nn.Module:
        """``network`` itself, in place: every weight frozen, the adapter put in; it and the head learn.

        ``network``: a transformers model or any module that holds one. ``seed``: of the first values. ``tokenizer``:
        for a prompt that starts from words. Adapters follow the network's device; their numbers are float32.
        """
        from osler.models.adapter_network import apply

        return apply(network, self.kind, self.settings, seed=seed, head=self.head, start=self.start_values(tokenizer))

    def save(self, network: torch.nn.Module, folder: str | Path, base_folder: str | Path) -> None:
        """Write the adapter folder: trained tensors, ``adapter.json`` that names the base by hash and place, and the
        base's configuration and tokenizer (a stage with other ones writes its own over them).

        DataError where the network's vocabulary is not that of the base: a frozen table cannot have grown.
        """
        from safetensors.torch import save_file

        from osler.models.adapter_network import learnt, transformer_of

        here, base = Path(folder), Path(base_folder)
        transformer = transformer_of(network)
        _same_vocabulary(transformer, base)
        here.mkdir(parents=True, exist_ok=True)
        held = {name: weight.detach().cpu().contiguous() for name, weight in learnt(network).items()}
        save_file(held, here / folders.TENSORS, metadata={"format": "pt"})
        for pattern in _BASE_FILES:
            for file in base.glob(pattern):
                if file.is_file():
                    shutil.copyfile(file, here / file.name)
        count = parameters_of(network)
        about = {
            "format": folders.FORMAT,
            "kind": self.kind,
            "settings": self.settings,
            "adapter": to_spec(self),
            "id": block_id(self),
            "base": {**folders.base_record(base, here), "installed": folders.is_installed_encoder(base)},
            "soft_tokens": self.soft_tokens + folders.soft_tokens(base),
            "trained": count.trained,
            "of": count.total,
            "head": count.head,
        }
        (here / folders.FILE).write_bytes(orjson.dumps(about, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS))


def _same_vocabulary(transformer: Any, base: Path) -> None:
    config: Mapping[str, Any] = orjson.loads((base / "config.json").read_bytes())
    rows, known = transformer.get_input_embeddings().weight.shape[0], config.get("vocab_size")
    if known is not None and known != rows:
        raise DataError(
            f"the network has {rows} embeddings and its base {base.name} has {known}",
            hint="extend the vocabulary in a stage of its own, with full weights, before the adapter",
        )


def parameters_of(network: torch.nn.Module) -> Parameters:
    """How many numbers of ``network`` are trained."""
    from osler.models.adapter_network import head_of

    every = list(network.parameters())
    trained = sum(weight.numel() for weight in every if weight.requires_grad)
    head = sum(weight.numel() for weight in head_of(network).values() if weight.requires_grad)
    return Parameters(trained, sum(weight.numel() for weight in every) + _quantised(network), head)


def _quantised(network: torch.nn.Module) -> int:
    """Weights that are held in few bits are buffers, and counted as the weights they are."""
    from osler.models.adapter_layers import Quantised

    return sum(part.in_features * part.out_features for part in network.modules() if isinstance(part, Quantised))


def need_tokenizer(tokenizer: Any) -> Any:
    if tokenizer is None:
        raise ModelError(
            "a prompt that starts from words needs the tokenizer", hint="adapter.apply(network, tokenizer=...)"
        )
    return tokenizer
