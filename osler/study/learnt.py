"""What a fitted system has learnt by heart, as a run and its report say it: chains that were kept, demonstrations held.

MedPrompt without one chain is a plain vote over orders under a great name. That must be read beside its figure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from osler.core.store import Store

if TYPE_CHECKING:
    from osler.study.cells import Cell  # a cell stands on fitting, which stands on this
    from osler.study.resolve import Study

KIND = "learnt"  # of the events, one for each thing learnt


def sentence(row: Mapping[str, Any]) -> str:
    """One thing learnt in words, without the name of the system; "" for what needs no word."""
    if row.get("step") == "chains":
        return (
            f"kept {row['kept']:,} of {row['worked']:,} chains that the model wrote: those that end in the gold answer"
        )
    if row.get("step") == "pool" and not row["held"]:
        return f"shows no demonstration in place of {row['k']}: what it scores is what stands inside it, and no more"
    if row.get("step") == "pool":
        return f"shows at most {row['held']} demonstrations in place of {row['k']}: there are no more"
    return ""


def is_short(row: Mapping[str, Any]) -> bool:
    """Whether fewer demonstrations are there than the system was to show."""
    return row.get("step") == "pool"


def told(name: str, row: Mapping[str, Any], fold: int, folds: int) -> str:
    """One thing learnt by the arm ``name``, in words; "" for what needs no word."""
    said = sentence(row)
    where = f" (fold {fold + 1})" if folds else ""
    return f"{name}{where} {said}" if said else ""


def learnt(study: Study, cells: Iterable[Cell], store: Store) -> list[str]:
    """What the cells of a study have learnt so far. A fit that was started again says the same again: it is told
    once."""
    events = store.events(study.name, KIND)
    out: dict[str, None] = {}
    for cell in cells:
        label = study.label(cell.model.name, cell.system.name)
        own = [event for event in events if event["cell"] == cell.id]
        out.update((told(label, event, int(event["fold"]), study.folds), None) for event in own)
    return [said for said in out if said]
