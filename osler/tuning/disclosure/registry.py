"""Which trained models learnt from a document: all stages of a shelf, with what their bases learnt."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import orjson

from osler.tuning.disclosure import documents
from osler.tuning.shelf import MANIFEST, Shelf


class Card(NamedTuple):
    """A trained model of the shelf. ``data``: hash of all rows that it learnt from; ``base``: of its base. ``documents``:
    what it learnt from, None where it was trained before such lists were kept."""

    key: str
    folder: Path
    stage: str
    data: str
    base: str
    seed: int
    documents: documents.Documents | None


class Found(NamedTuple):
    """The models that a document is in. learnt: from it in their own training. inherited: below them a model did.
    looked: it chose or tested their weights. unknown: they keep no list, so nothing is known."""

    learnt: tuple[Card, ...]
    inherited: tuple[Card, ...]
    looked: tuple[Card, ...]
    unknown: tuple[Card, ...]

    @property
    def to_retrain(self) -> tuple[Card, ...]:
        """Models to train again, or to withdraw, where the document must be forgotten: bases before what stands on them."""
        return self.learnt + self.inherited + self.looked


def models(shelf: str | Path = "") -> list[Card]:
    """Every whole model on the shelf, by key."""
    root = Shelf(shelf).folder
    found = sorted(file.parent for file in root.glob(f"*/{MANIFEST}")) if root.is_dir() else []
    return [_card(folder) for folder in found if not folder.name.startswith(".")]


def trained_on(document: str, shelf: str | Path = "") -> Found:
    """The models that learnt from the document, case or conversation with this id, or stand on one that did."""
    cards = models(shelf)
    how = [card.documents.how(document) if card.documents is not None else "unknown" for card in cards]

    def those(name: str) -> tuple[Card, ...]:
        return tuple(card for card, said in zip(cards, how, strict=True) if said == name)

    return Found(those("learnt"), those("inherited"), those("looked"), those("unknown"))


def _card(folder: Path) -> Card:
    held = orjson.loads((folder / MANIFEST).read_bytes())
    return Card(
        key=folder.name,
        folder=folder,
        stage=held.get("stage", ""),
        data=held.get("data", ""),
        base=held.get("base", ""),
        seed=held.get("seed", 0),
        documents=documents.read(folder),
    )
