"""Adapter folders: a few trained tensors beside the name and hash of the base that they belong to.

An adapter folder holds ``adapter.json`` (method, settings, base), ``adapter_model.safetensors``, and copies of the base's
``config.json`` and tokenizer, so that it can be asked like any model folder. This module reads no weights but hashes.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from osler.core.errors import DataError
from osler.models.minilm import model_folder

if TYPE_CHECKING:
    import torch

FILE = "adapter.json"
TENSORS = "adapter_model.safetensors"
FORMAT = 1
_DECISIVE = ("*.safetensors", "*.bin", "config.json", FILE)


def is_adapter(folder: str | Path) -> bool:
    return (Path(folder) / FILE).is_file()


def read_adapter(folder: str | Path) -> Mapping[str, Any]:
    """What ``adapter.json`` says. DataError where it is of another format."""
    found: Mapping[str, Any] = orjson.loads((Path(folder) / FILE).read_bytes())
    if found.get("format") != FORMAT:
        raise DataError(
            f"the adapter {Path(folder).name} has format {found.get('format')!r}, this version reads {FORMAT}",
            hint="train it again with this version",
        )
    return found


def model_hash(folder: Path) -> str:
    """BLAKE2b (32 hex characters) over all bytes of the weights and the configuration of the model in ``folder``.

    Every byte counts, unlike in ``content_hash_of``: two models that share their first and last layers are told apart.
    """
    found = hashlib.blake2b(digest_size=16)
    for file in sorted({item for pattern in _DECISIVE for item in folder.glob(pattern)}):
        with file.open("rb") as opened:
            inner = hashlib.file_digest(opened, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
        found.update(f"{file.name}\0{inner}\0".encode())
    return found.hexdigest()


def base_record(base: Path, folder: Path) -> dict[str, str]:
    """How an adapter in ``folder`` names its base: by hash, and by a path that holds when both are moved together."""
    beside = base.resolve().parent == folder.resolve().parent
    return {
        "hash": model_hash(base),
        "beside": base.resolve().name if beside else "",
        "path": "" if beside else str(base.resolve()),
    }


def base_of(folder: str | Path) -> Path:
    """The folder of the base of the adapter in ``folder``. DataError as ``found_base``."""
    return found_base(read_adapter(folder)["base"], Path(folder))


def found_base(named: Mapping[str, Any], folder: Path) -> Path:
    """The folder of the base that ``named`` describes (see ``base_record``): beside ``folder`` on the shelf, at its own
    place, or the installed encoder. DataError where it is not there, or is another model than the one named."""
    places = [folder.parent / named["beside"]] if named["beside"] else [Path(named["path"])]
    places += [folder.parent / place.name for place in places]
    if named.get("installed"):
        places.append(model_folder(""))
    found = [place for place in dict.fromkeys(places) if place.is_dir()]
    for place in found:
        if model_hash(place) == named["hash"]:
            return place
    if not found:
        raise DataError(
            f"the base {places[0].name} of the adapter {folder.name} is not on this machine",
            hint="copy the base's folder beside the adapter's",
        )
    raise DataError(
        f"the model in {found[0].name} is not the base that the adapter {folder.name} was trained on",
        hint=f"put the model with the hash {named['hash']} there, or train the adapter again",
    )


def soft_tokens(folder: str | Path) -> int:
    """How many places of the context the adapter in ``folder`` takes, with those of its base; 0 for any other model."""
    if not is_adapter(folder):
        return 0
    return int(read_adapter(folder)["soft_tokens"])


def adapted(folder: str | Path, build: Callable[[Path], torch.nn.Module]) -> torch.nn.Module:
    """The network of a model folder, with its adapter where it is an adapter folder.

    ``build`` gives the network of a folder of full weights, with whatever head it has; it is called with the base.
    An adapter below another one is merged into the weights where its method can be (see ``adapter_network.merge``).
    """
    from osler.models.adapter_network import fill

    here = Path(folder)
    if not is_adapter(here):
        return build(here)
    return fill(ready_base(base_of(here), build), here)


def ready_base(folder: str | Path, build: Callable[[Path], torch.nn.Module]) -> torch.nn.Module:
    """The network of ``folder`` as a base to train on: as ``adapted``, and merged where its method can be."""
    from osler.models.adapter_network import can_merge, merge

    network = adapted(folder, build)
    if is_adapter(folder) and can_merge(read_adapter(folder)["kind"]):
        merge(network)
    return network


def is_installed_encoder(base: Path) -> bool:
    """Whether ``base`` is the encoder that comes with the package, found wherever it is installed."""
    try:
        return os.path.samefile(base, model_folder(""))
    except (OSError, DataError):
        return False
