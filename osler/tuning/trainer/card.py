"""The card of a trained model: README.md and curve.svg in its folder, written from what training recorded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from osler.core.block import snake
from osler.tuning.trainer import curve

NOT_FOR_CARE = (
    "This model was made for research and teaching. It is not a medical device, was not tested on patients, and must "
    "not be used for care: neither for a diagnosis nor for a treatment."
)
_LAST = 5  # steps whose mean loss stands for the end
_SHORT = 160  # characters of a value in a table


def write(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Write the card and the curve of the model in ``folder``; a README.md of a library (PEFT writes one) is replaced."""
    (folder / "curve.svg").write_text(curve.svg(manifest["record"], f"{manifest['stage']}: loss"), "utf-8")
    (folder / "README.md").write_text("\n".join(_lines(manifest)) + "\n", "utf-8")


def _lines(manifest: Mapping[str, Any]) -> Iterator[str]:
    about: Mapping[str, Any] = manifest["about"]
    spec: Mapping[str, Any] = manifest["spec"]
    yield from (
        f"# {manifest['stage']}, trained with Osler",
        "",
        NOT_FOR_CARE,
        "",
        "![The loss by step](curve.svg)",
        "",
    )
    yield from ("## What it is", "", "| | |", "|---|---|")
    yield from _table(
        {
            "stage": manifest["stage"],
            "base": _named(spec.get("base"), "none"),
            "hash of the base": manifest["base"],
            "data": _named(spec.get("data"), "the study's training cases"),
            "hash of the data": manifest["data"],
            "seed": manifest["seed"],
            "licence": about.get("licence", "not known: see those of the base and of the data"),
        }
    )
    schedule: Mapping[str, Any] = spec.get("schedule") or {}
    yield from ("", "## Schedule", "", "| setting | value |", "|---|---|")
    yield from _table({name: value for name, value in schedule.items() if name != "block"})
    yield from ("", "## What training did", "", "| | |", "|---|---|")
    yield from _table(_figures(manifest["record"], manifest.get("cost", {})))
    if about:
        yield from ("", "## Figures of the stage", "", "| | |", "|---|---|")
        yield from _table({name: value for name, value in about.items() if name not in ("overlap", "licence")})
    yield from ("", "## Overlap with test data", "")
    overlap = about.get("overlap")
    if overlap is None:
        yield "Not checked in this training."
    else:
        yield from ("| | |", "|---|---|")
        yield from _table(overlap if isinstance(overlap, Mapping) else {"overlap": overlap})
    yield from ("", "`training.json` has the whole record.")


def _figures(record: Mapping[str, Any], cost: Mapping[str, Any]) -> dict[str, Any]:
    losses = [row["loss"] for row in record["curve"]]
    last = losses[-_LAST:]
    looks = record["looks"]
    found: dict[str, Any] = {
        "steps applied": len(losses),
        "loss at the first step": losses[0] if losses else None,
        f"mean loss of the last {len(last)} steps": sum(last) / len(last) if last else None,
        "held-out rows, last look": looks[-1] if looks else "none were looked at",
        "step of the kept weights": record["best"],
        "ended early": record["stopped"] or "no",
        "tokens": record["tokens"],
        "seconds": record["seconds"],
        "CPU seconds": record["cpu_seconds"],
        "tokens a second": record["tokens"] / record["seconds"] if record["seconds"] else None,
        "most memory, MB": record["memory_mb"] or None,
        "processes": f"{record['processes']} {record['strategy']}".strip(),
        "device": record["device"],
        "weights that learnt": record["learning_weights"],
        "frozen weights": record["frozen_weights"],
        "SHA-256 of the frozen weights, before and after": record["frozen"] or "none are frozen",
        "updates not applied (no number)": len(record["skipped"]),
        "energy, kWh": cost.get("kwh", "not measured"),
        "energy by": cost.get("energy_by"),
        "price, US dollars": cost.get("usd"),
        "taken up again at steps": record["resumed"] or None,
        "notes": "; ".join(record["notes"]) or None,
    }
    return {name: value for name, value in found.items() if value is not None}


def _named(spec: Any, without: str) -> str:
    """A block by its class and its first telling setting, never its data."""
    if isinstance(spec, Mapping) and "block" in spec:
        named = [str(spec[key]) for key in ("weights", "path", "name", "source") if isinstance(spec.get(key), str)]
        known = next((name for name in named if name), "")
        return snake(str(spec["block"])) + (f" ({Path(known).name if '/' in known else known})" if known else "")
    return without if spec is None else _written(spec)


def _table(rows: Mapping[str, Any]) -> Iterator[str]:
    for name, value in rows.items():
        yield f"| {name} | {_written(value)} |"


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.5g}"
    text = value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
    text = text.replace("|", "\\|").replace("\n", " ")
    return text if len(text) <= _SHORT else text[: _SHORT - 3] + "..."
