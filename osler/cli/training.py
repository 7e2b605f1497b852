"""``train``: make a model from a recipe and data, with progress; a second run finds it made."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any, Literal

from osler.cli.out import emit
from osler.core.errors import SpecError


def train(arguments: argparse.Namespace) -> int:
    """Train what a recipe of models, or a model of a study file, names: its bases first."""
    from osler.study.training_told import Told
    from osler.tuning.stage import Stage, made
    from osler.tuning.trainer import stopping
    from osler.tuning.trainer.launch import Launch

    model, pairs = _wanted(arguments)
    kind: Literal["here", "processes", "ray"] = "here" if arguments.processes == 1 else "processes"
    kind = "ray" if arguments.ray else kind
    launch = Launch(kind=kind, processes=arguments.processes, strategy=arguments.strategy)
    if not isinstance(model, Stage):
        raise SpecError(
            f"{arguments.name} is not trained by a stage", hint="osler list models shows which models are trained"
        )
    tell = None if arguments.json else Told(_say)
    with stopping.listening():
        done = made(model, pairs, seed=arguments.seed, shelf=arguments.shelf or "", tell=tell, launch=launch)
    held = done.held
    record, about = held.manifest["record"], held.manifest.get("about", {})
    found = {
        "model": arguments.name,
        "weights": done.weights,
        "folder": str(held.folder),
        "steps": len(record["curve"]),
        "loss": record["curve"][-1]["loss"] if record["curve"] else None,
        "looks": record["looks"][-1:] or [],
        "tokens": record["tokens"],
        "seconds": record["seconds"],
        "cpu_seconds": record["cpu_seconds"],
        "about": about,
    }
    if arguments.json:
        emit(found)
        return 0
    loss = "" if found["loss"] is None else f", last loss {found['loss']:.4f}"
    print(
        f"{arguments.name}: {found['steps']:,} steps, {found['tokens']:,} tokens, {found['cpu_seconds']:,.0f} CPU seconds{loss}"
    )
    for look in found["looks"]:
        print("held out: " + ", ".join(f"{name} {value:.4f}" for name, value in look.items() if name != "step"))
    print(f"weights: {done.weights}\nfolder: {held.folder}")
    card = held.folder / "README.md"
    if card.is_file():
        print(f"card: {card}")
    return 0


def trained(arguments: argparse.Namespace) -> int:
    """The models on the shelf: what each is, from which data, when and how large."""
    from osler.tuning.shelf import Shelf

    if arguments.on:
        return _trained_on(arguments)
    rows = Shelf(arguments.shelf or "").listed()
    if arguments.json:
        emit(rows)
        return 0
    if not rows:
        print("No model was trained on this machine yet: osler train RECIPE")
    for row in rows:
        print(
            f"{row['key']}  {row['stage']:<16} data {row['data'][:12]}  {row['megabytes']:8.1f} MB  {row['cpu_seconds']:8.0f} CPU s"
        )
    return 0


def _trained_on(arguments: argparse.Namespace) -> int:
    """Which models learnt from a document, so that a deletion knows what to train again."""
    found = models_of(arguments.on, arguments.shelf or "")
    if arguments.json:
        emit(found)
        return 0
    for how, keys in found.items():
        print(f"{how}: {', '.join(keys) or 'none'}")
    if found["unknown"]:
        print("unknown: trained before such lists were kept")
    return 0


def models_of(document: str, shelf: str | Path = "") -> dict[str, list[str]]:
    """Keys of the trained models that learnt from ``document``, stand on one that did, or were chosen by it."""
    from osler.tuning.disclosure.registry import trained_on

    found = trained_on(document, shelf)
    return {how: [card.key for card in getattr(found, how)] for how in ("learnt", "inherited", "looked", "unknown")}


def _wanted(arguments: argparse.Namespace) -> tuple[Any, Any]:
    """The model that is to be trained, and the training cases of its study."""
    from osler import recipes

    if arguments.study is None:
        model = recipes.recipe("models", arguments.name, preset=arguments.preset)
        if getattr(model, "wants_pairs", False):
            raise SpecError(
                f"{arguments.name} learns from the training cases of a study",
                hint=f"osler train {arguments.name} --study FILE, or run the study",
            )
        return model, ()
    from osler.study.dataset import training_cases
    from osler.study.plan import plan
    from osler.study.resolve import load

    study = load(arguments.study)
    named = {entry.name: entry.block for entry in study.models}
    model = named.get(arguments.name) or recipes.recipe("models", arguments.name, preset=arguments.preset)
    fold = plan(study).data.folds[0]
    cases, _ = training_cases(model, study, fold)
    return model, [(study.task.prompt(case), case.target) for case in cases]


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
