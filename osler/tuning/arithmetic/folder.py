"""Folders of whole weights read and written tensor by tensor: what is held in memory is one tensor of each model."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from osler.core.block import canonical, digest
from osler.core.errors import DataError, SpecError
from osler.models.adapter import is_adapter
from osler.models.quantised_folder import is_quantised

if TYPE_CHECKING:
    import torch

SINGLE = "model.safetensors"
INDEX = "model.safetensors.index.json"
BITS = {"F64": 64, "F32": 32, "F16": 16, "BF16": 16, "I64": 64, "I32": 32, "I16": 16, "I8": 8, "U8": 8, "BOOL": 8}
_FLOATS = ("F64", "F32", "F16", "BF16")
_BESIDE = (
    "config.json", "generation_config.json", "tokenizer*", "vocab*", "merges.txt", "special_tokens_map.json",
    "added_tokens.json", "*.model", "*.jinja",
)  # fmt: skip
_ABOUT = ("_name_or_path", "transformers_version", "torch_dtype", "dtype", "use_cache", "_attn_implementation")
_WORDS = ("vocab.txt", "vocab.json", "merges.txt", "tokenizer.model", "spiece.model", "sentencepiece.bpe.model")


class Kept(NamedTuple):
    """How a tensor is stored: the type as safetensors names it, and its shape."""

    dtype: str
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        found = 1
        for one in self.shape:
            found *= one
        return found

    @property
    def bytes(self) -> int:
        return self.size * BITS[self.dtype] // 8

    @property
    def floating(self) -> bool:
        return self.dtype in _FLOATS


class Tensors:
    """The tensors of an opened model folder: ``kept`` says how each is stored, ``read`` gives one."""

    def __init__(self, files: Mapping[str, Any], kept: Mapping[str, Kept]) -> None:
        self._files = files
        self.kept = kept

    def read(self, name: str) -> torch.Tensor:
        found: torch.Tensor = self._files[name].get_tensor(name)
        return found


@contextlib.contextmanager
def opened(folder: Path) -> Iterator[Tensors]:
    """The weights of a model folder. DataError for adapters, quantised models, and weights that are not safetensors."""
    from safetensors import safe_open

    _refuse_parts(folder)
    with contextlib.ExitStack() as stack:
        files: dict[str, Any] = {}
        kept: dict[str, Kept] = {}
        for file in _files(folder):
            held: Any = stack.enter_context(safe_open(file, framework="pt"))
            for name in held.keys():  # noqa: SIM118 - it is no mapping
                part = held.get_slice(name)
                kept[name] = Kept(part.get_dtype(), tuple(part.get_shape()))
                files[name] = held
        strange = next((one.dtype for one in kept.values() if one.dtype not in BITS), "")
        if strange:
            raise DataError(
                f"the weights in {folder.name} have the type {strange}", hint="give a model in full weights"
            )
        yield Tensors(files, kept)


def _refuse_parts(folder: Path) -> None:
    if is_adapter(folder):
        raise DataError(
            f"{folder.name} holds an adapter, not the weights of a model",
            hint="make it part of its base first: osler.tuning.peft.merging.merge",
        )
    if is_quantised(folder):
        raise DataError(f"{folder.name} holds quantised weights", hint="give the model that it was made from")


def _files(folder: Path) -> Sequence[Path]:
    if (folder / INDEX).is_file():
        names = orjson.loads((folder / INDEX).read_bytes())["weight_map"].values()
        return [folder / name for name in sorted(set(names))]
    if (folder / SINGLE).is_file():
        return [folder / SINGLE]
    raise DataError(f"the folder {folder.name} has no weights as safetensors", hint=f"save it with a {SINGLE}")


def write(file: Path, kept: Mapping[str, Kept], tensors: Iterator[torch.Tensor]) -> None:
    """A safetensors file of ``tensors``, which come in the order of ``kept`` and are let go of one by one."""
    import torch

    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    at = 0
    for name, one in kept.items():
        header[name] = {"dtype": one.dtype, "shape": one.shape, "data_offsets": (at, at + one.bytes)}
        at += one.bytes
    told = orjson.dumps(header)
    told += b" " * (-len(told) % 8)
    with file.open("wb") as out:
        out.write(len(told).to_bytes(8, "little") + told)
        for one, tensor in zip(kept.values(), tensors, strict=True):
            raw = tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy()
            if raw.nbytes != one.bytes:
                raise DataError(f"a tensor has {raw.nbytes} bytes where {one.bytes} were announced")
            out.write(memoryview(raw))


def copy_beside(folder: Path, there: Path) -> None:
    """Configuration and tokenizer of ``folder``."""
    for pattern in _BESIDE:
        for file in folder.glob(pattern):
            shutil.copyfile(file, there / file.name)


def refuse_strangers(folders: Sequence[Path]) -> None:
    """SpecError where the models do not have the same architecture and the same tokenizer."""
    first, *others = folders
    config, words = _architecture(first), tokenizer_hash(first)
    for other in others:
        found = _architecture(other)
        differs = sorted(key for key in config.keys() | found.keys() if config.get(key) != found.get(key))
        if differs:
            raise SpecError(
                f"the models {first.name} and {other.name} have different architectures: {differs[0]} differs",
                hint="merge models that were tuned from the same base",
            )
        if tokenizer_hash(other) != words:
            raise SpecError(
                f"the models {first.name} and {other.name} have different tokenizers",
                hint="merge models whose words have the same numbers",
            )


def refuse_shapes(models: Sequence[Tensors]) -> None:
    """SpecError where the models do not have the same tensors."""
    first, *others = models
    for other in others:
        differs = sorted(
            name
            for name in first.kept.keys() | other.kept.keys()
            if name not in first.kept or name not in other.kept or first.kept[name].shape != other.kept[name].shape
        )
        if differs:
            raise SpecError(
                f"the models differ in {len(differs)} tensors, the first is {differs[0]!r}",
                hint="merge models that were tuned from the same base, with the same head",
            )


def _architecture(folder: Path) -> Mapping[str, Any]:
    file = folder / "config.json"
    if not file.is_file():
        raise DataError(f"the folder {folder.name!r} has no config.json, so it holds no model")
    config: dict[str, Any] = orjson.loads(file.read_bytes())
    return {key: value for key, value in config.items() if key not in _ABOUT and value is not None}


def tokenizer_hash(folder: Path) -> str:
    """Hash of how text becomes numbers; how far it is cut or filled up in one use of it does not count."""
    whole = folder / "tokenizer.json"
    if whole.is_file():
        held = orjson.loads(whole.read_bytes())
        return digest(canonical({key: value for key, value in held.items() if key not in ("truncation", "padding")}))
    files = [folder / name for name in _WORDS if (folder / name).is_file()]
    if not files:
        raise DataError(f"the folder {folder.name} has no tokenizer", hint="copy that of its base into it")
    return digest(canonical([[file.name, hashlib.blake2b(file.read_bytes()).hexdigest()] for file in files]))
