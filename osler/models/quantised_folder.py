"""Model folders whose weights are held in 4 or 8 bits, and made whole when they are loaded.

A folder holds ``quantised.json`` (how each tensor is held), ``quantised.safetensors``, and the configuration and tokenizer
of the model that it was made from. The codes are those of ``adapter_quantise``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from osler.core.errors import DataError
from osler.models.adapter_quantise import Packed, pack, unpack

if TYPE_CHECKING:
    import torch

FILE = "quantised.json"
TENSORS = "quantised.safetensors"
FORMAT = 1
_LEAST = 16  # weights that share a scale at least: below that the scales would outweigh what they scale


def is_quantised(folder: str | Path) -> bool:
    return (Path(folder) / FILE).is_file()


def width_of(columns: int, group: int) -> int:
    """How many weights of a row share a scale: the largest divisor of ``columns`` that is at most ``group``; the whole
    row for 0, and where no divisor of at least 16 is."""
    if not group:
        return columns
    found = next((width for width in range(min(group, columns), 0, -1) if columns % width == 0), columns)
    return found if found >= min(_LEAST, columns) else columns


def packed(weights: torch.Tensor, kind: str, width: int) -> Packed:
    """``weights [..., columns]`` in ``kind``, a scale for each ``width`` of a row; NF4 has blocks of its own."""
    return pack(weights.reshape(-1, weights.shape[-1] if kind == "nf4" else width), kind)


def unpacked(held: Packed, kind: str, shape: tuple[int, ...], width: int) -> torch.Tensor:
    """The weights ``shape`` that ``held`` stands for, float32."""
    size = 1
    for one in shape:
        size *= one
    columns = shape[-1] if kind == "nf4" else width
    return unpack(held, kind, (size // columns, columns)).reshape(shape)


def read_quantised(folder: str | Path) -> Mapping[str, Any]:
    """What ``quantised.json`` says. DataError where it is of another format."""
    found: Mapping[str, Any] = orjson.loads((Path(folder) / FILE).read_bytes())
    if found.get("format") != FORMAT:
        raise DataError(
            f"the quantised model {Path(folder).name} has format {found.get('format')!r}, this version reads {FORMAT}",
            hint="quantise it again with this version",
        )
    return found


def whole_tensors(folder: str | Path) -> dict[str, torch.Tensor]:
    """All weights in ``folder`` as floating-point tensors under the names of the model that it was made from."""
    import torch
    from safetensors import safe_open

    about = read_quantised(folder)
    found: dict[str, torch.Tensor] = {}
    with safe_open(Path(folder) / TENSORS, framework="pt") as held:
        for name, one in about["tensors"].items():
            if one is None:
                found[name] = held.get_tensor(name)
                continue
            parts = Packed(*(held.get_tensor(f"{name}.{part}") for part in Packed._fields))
            whole = unpacked(parts, about["weights"], tuple(one["shape"]), one["width"])
            found[name] = whole.to(getattr(torch, one["dtype"]))
    return found


def network_of(kind: Any, folder: str | Path, **settings: Any) -> Any:
    """``kind.from_pretrained(folder, **settings)`` for an Auto class of transformers, of a quantised folder, too."""
    if not is_quantised(folder):
        return kind.from_pretrained(folder, **settings)
    import torch
    import transformers

    config = transformers.AutoConfig.from_pretrained(folder, local_files_only=True)
    with torch.device("meta"):
        own = type(kind.from_config(config))
    return own.from_pretrained(None, config=config, state_dict=whole_tensors(folder), dtype=settings.get("dtype"))
