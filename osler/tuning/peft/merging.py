"""An adapter made part of the weights of its base, and the base given back bit for bit."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from osler.core.errors import DataError, SpecError
from osler.models import adapter as folders

RECORD = "merged.json"
_BESIDE = ("tokenizer*", "vocab*", "merges.txt", "special_tokens_map.json", "added_tokens.json", "*.model", "*.jinja")


class Merged(NamedTuple):
    """``difference``: most that an output of the network (logits, hidden states) moved by merging, on a fixed text of
    random tokens; ``change``: most that a weight moved away from the base."""

    folder: Path
    difference: float
    change: float


def merge(adapter_folder: str | Path, folder: str | Path) -> Merged:
    """Write the model of ``adapter_folder`` with whole weights to ``folder``, which needs neither adapter nor base.

    A base that is an adapter itself is merged too. SpecError for methods that are no change of weights.
    """
    import torch

    from osler.models.adapter_network import can_merge, transformer_of
    from osler.models.adapter_network import merge as merge_network

    here, there = Path(adapter_folder), Path(folder)
    about = folders.read_adapter(here)
    if not can_merge(about["kind"]):
        raise SpecError(
            f"an adapter of the kind {about['kind']!r} is no change of weights, so it cannot be merged",
            hint="serve it as an adapter, or train with LoRA",
        )
    network = folders.adapted(here, lambda base: _network(base, here)).eval()
    before = _outputs(network)
    merge_network(network)
    moved = float((_outputs(network) - before).abs().max())
    base = folders.ready_base(folders.base_of(here), lambda path: _network(path, here))
    known = dict(transformer_of(base).named_parameters())
    with torch.no_grad():
        change = max(
            float((weight - known[name]).abs().max()) for name, weight in transformer_of(network).named_parameters()
        )
    there.mkdir(parents=True, exist_ok=True)
    network.save_pretrained(there)
    for pattern in _BESIDE:
        for file in here.glob(pattern):
            shutil.copyfile(file, there / file.name)
    record = {
        "base": {**about["base"], **folders.base_record(folders.base_of(here), there)},
        "adapter": folders.model_hash(here),
        "difference": moved,
        "change": change,
    }
    (there / RECORD).write_bytes(orjson.dumps(record, option=orjson.OPT_INDENT_2))
    return Merged(there, moved, change)


def unmerge(merged_folder: str | Path, folder: str | Path) -> Path:
    """Write the base of a merged model to ``folder``, bit for bit: from the base's own files, held against their hash,
    since subtracting in floating point would not give it back. DataError where the base is gone or is another one."""
    here, there = Path(merged_folder), Path(folder)
    if not (here / RECORD).is_file():
        raise DataError(f"the folder {here.name} holds no merged model", hint=f"it has no {RECORD}")
    base = folders.found_base(orjson.loads((here / RECORD).read_bytes())["base"], here)
    shutil.copytree(base, there, dirs_exist_ok=True)
    return there


def _network(base: Path, adapter: Path) -> Any:
    """The network of a base with the architecture that the adapter's configuration names."""
    import torch
    import transformers

    config: Mapping[str, Any] = orjson.loads((adapter / "config.json").read_bytes())
    named = (config.get("architectures") or ["AutoModel"])[0]
    kind = getattr(transformers, named, transformers.AutoModel)
    known = transformers.AutoConfig.from_pretrained(adapter, local_files_only=True)
    return kind.from_pretrained(base, config=known, local_files_only=True, dtype=torch.float32)


def _outputs(network: Any) -> Any:
    """What the network says of two rows of 16 tokens, the same for every network of this vocabulary."""
    import torch

    rows = network.get_input_embeddings().weight.shape[0]
    ids = torch.randint(0, rows, (2, 16), generator=torch.Generator().manual_seed(0)).to(network.device)
    with torch.inference_mode():
        return network(input_ids=ids, attention_mask=torch.ones_like(ids))[0].float().clone()
