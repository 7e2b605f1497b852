"""The adapters on a shelf: what each is and which base it belongs to. Who learnt a document: ``disclosure.registry``."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import orjson

from osler.models import adapter as folders
from osler.tuning.shelf import MANIFEST, Shelf


class Card(NamedTuple):
    """An adapter on the shelf. ``method``: its block as JSON. ``base``: hash of its base. ``data``: hash of all rows that
    it learnt from; ``spec``: the stage that trained it. ``trained`` of ``parameters`` numbers; ``bytes`` of tensors."""

    key: str
    folder: Path
    stage: str
    method: dict[str, Any]
    base: str
    data: str
    spec: dict[str, Any]
    seed: int
    trained: int
    parameters: int
    bytes: int


def adapters(shelf: str | Path = "") -> list[Card]:
    """Every whole adapter on the shelf, by key."""
    root = Shelf(shelf).folder
    found = sorted(file.parent for file in root.glob(f"*/{folders.FILE}")) if root.is_dir() else []
    return [_card(folder) for folder in found if (folder / MANIFEST).is_file() and not folder.name.startswith(".")]


def _card(folder: Path) -> Card:
    about = folders.read_adapter(folder)
    manifest = orjson.loads((folder / MANIFEST).read_bytes())
    return Card(
        key=folder.name,
        folder=folder,
        stage=manifest["stage"],
        method=about["adapter"],
        base=about["base"]["hash"],
        data=manifest["data"],
        spec=manifest["spec"],
        seed=manifest["seed"],
        trained=about["trained"],
        parameters=about["of"],
        bytes=(folder / folders.TENSORS).stat().st_size,
    )
