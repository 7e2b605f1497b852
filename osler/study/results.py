"""``score``: the results of a study as one JSON value, from what the store holds."""

from __future__ import annotations

import datetime
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import Any

import numpy as np

import osler
from osler.core.block import digest, is_block, replace, to_spec
from osler.core.errors import DataError
from osler.core.store import Store
from osler.core.types import Example, Score
from osler.data.source import under_agreement
from osler.evaluation.metrics.per_case import case_values
from osler.evaluation.table import spelled
from osler.study import gates
from osler.study.answers import Answers, Frame, arms, closed, collect, score_column, scored
from osler.study.calibrating import reports
from osler.study.dataset import cluster, label_counts
from osler.study.disclosure import (
    disclosed,
    hidden_opinions,
    numbered,
    published_settings,
    rater_numbers,
    rows_hash,
    study_text,
    without_paths,
)
from osler.study.evaluate import comparisons, describe, seeds_left_out, systems
from osler.study.judging import title
from osler.study.jury import bench, left_out
from osler.study.learning import fitting, training
from osler.study.matrix import matrix
from osler.study.methods import cautions, methods, source_words
from osler.study.mistakes import mistakes
from osler.study.opinions import Opinion, by_system, of_this_study, opinions, rated, scales_of
from osler.study.people import people
from osler.study.plan import Plan
from osler.study.probes import as_they_are, by_dimension, probes
from osler.study.published import published
from osler.study.rating import RatingRecord, hidden_record, last_record, rating_results
from osler.study.resolve import Study
from osler.study.tuning_gate import tuning
from osler.study.variants import variants


def frame(study: Study) -> Frame:
    return Frame(
        metrics=study.metrics,
        primary=study.primary,
        cluster=study.task.cluster,
        subgroups=tuple(study.settings.get("subgroups") or study.task.subgroups),
        compare=tuple((pair[0], pair[1]) for pair in study.settings.get("compare", ())),
        compare_by=str(study.settings.get("compare_by", "")),
        capability=study.task.capability,
        people=tuple((row["field"], row.get("higher_is_better", True)) for row in study.settings.get("people", ())),
        compare_metrics=tuple(study.settings.get("compare_metrics", ())),
        rank_by=str(study.settings.get("rank_by", "")),
        scales=scales_of(study),
        jury=bench(study.judges, str(study.settings.get("jury", "")), study.models),
    )


def scorers(study: Study) -> set[str]:
    """Under which names the judges of a study, and their jury, score."""
    held = frame(study).jury
    return {title(entry) for entry in study.judges} | ({held["by"]} if held else set())


@dataclass(frozen=True)
class Scored:
    """The results of a study, and what they stand on: answers, opinions, and the ratings of a rating study.

    Raters are numbers already; what else must not leave, ``write_bundle`` takes out.
    """

    results: dict[str, Any]
    answers: list[Answers]
    opinions: list[Opinion]
    rating: RatingRecord | None


def score(plan: Plan, store: Store) -> Scored:
    """Compute all that can be said of a study from what the store holds. Keeps scores and gates in the store."""
    answers = collect(plan, store)
    if not answers:
        raise DataError(
            f"study {plan.study.name!r} has no answer in {store.path}",
            hint=f"run it first: osler run {plan.study.path}",
        )
    record = last_record(plan.study.name, store)
    given = of_this_study(opinions(store, answers), scorers(plan.study))
    numbers_of = rater_numbers(given, {row.rater for row in record.rows} if record else ())
    given = numbered(given, numbers_of)
    test, told = disclosed(plan.study.sensitivity, plan.data.test, answers, frame(plan.study))
    told = scored(test, told, frame(plan.study))
    cases, said = as_they_are(test, told)
    settings = published_settings(plan.study.settings, plan.study.sensitivity)
    heard = hidden_opinions(plan.study.sensitivity, given)
    tried = variants(plan, store)
    results = {**static(plan, cases, said, tried), **numbers(test, told, frame(plan.study), settings, heard)}
    for row in results["systems"]:
        row["training"] = training(plan, store, row)
        row["fitting"] = fitting(plan, store, row)
    rating = hidden_record(plan.study.sensitivity, record, numbers_of)
    results["rating"] = rating_results(rating)
    results["variants"] = tried
    results["judges"] = reports(plan.study.name, plan.study.judges, store)
    results["tuning"] = tuning(plan, store, results)
    results["gates"] = gates.gates(results)
    results["stages"] = gates.stages(results)
    results["cases"] = mistakes(plan, cases, said, frame(plan.study))
    results["warnings"] = [*plan.warnings, *seeds_left_out(results["systems"]), *cautions(results, plan)]
    _keep_scores(plan, store, answers, told)
    gates.record(store, results)
    return Scored(results, answers, given, rating)


def numbers(
    examples: Sequence[Example],
    answers: Sequence[Answers],
    frame: Frame,
    settings: Mapping[str, Any],
    given: Sequence[Opinion] = (),
) -> dict[str, Any]:
    """All that is computed from predictions and opinions alone: what a bundle must reproduce to 1e-9."""
    answers = scored(examples, answers, frame)
    probed = probes(examples, answers, frame)
    examples, answers = as_they_are(examples, answers)
    rows = systems(examples, answers, frame)
    said = rated(examples, answers, frame, given)
    return {
        "metrics": {
            name: {**about, "binary": bool(getattr(frame.metrics[name], "binary", False))}
            for name, about in describe(frame.metrics).items()
        },
        "systems": rows,
        "comparisons": comparisons(examples, answers, frame),
        "published": published(examples, answers, frame, settings),
        "rated": said,
        "jury": left_out(examples, answers, given, frame),
        "people": people(examples, answers, frame),
        "probes": probed,
        "matrix": matrix(frame.capability, rows, frame.metrics, _joined(by_system(said), by_dimension(probed))),
    }


def _joined(*found: Mapping[str, Mapping[str, list[dict[str, Any]]]]) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """What stands beside the metrics, by system and column of the matrix."""
    out: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for part in found:
        for name, columns in part.items():
            for column, values in columns.items():
                out.setdefault(name, {}).setdefault(column, []).extend(values)
    return out


def static(
    plan: Plan, test: Sequence[Example], answers: Sequence[Answers], tried: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """What is known without any number. ``test``: the cases as they may leave; ``tried``: see ``variants``."""
    study, task, data = plan.study, plan.study.task, plan.data
    source, private = task.data, study.sensitivity == "identifiable"
    spec = to_spec(source) if is_block(source) else None
    told = to_spec(replace(task, data=None))  # all of the task but its cases: what another tool needs to put it
    return {
        "osler": osler.__version__,
        "generated": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "study": {
            "name": study.name,
            "question": study.question,
            "toml": study_text(study.toml) if private else study.toml,
            "id": digest(study.toml.encode(), size=8),
            "primary": study.primary,
            "primary_named": bool(study.settings.get("primary")),
            "accept": dict(study.accept) or None,
            "sensitivity": study.sensitivity,
        },
        "task": {
            "name": study.task_name,
            **{
                f: getattr(task, f)
                for f in (
                    "title",
                    "capability",
                    "area",
                    "input",
                    "output",
                    "intended_use",
                    "users",
                    "oversight",
                    "instruction",
                )
            },
            "hazards": list(task.hazards),
            "spec": without_paths(told) if private else told,
            "labels": sorted({example.target for example in test}) if closed(test) else [],
        },
        "data": {
            "source": source_words(source, private=private),
            "spec": without_paths(spec) if private else spec,
            "hash": data.hash,
            "rows_hash": rows_hash(test),
            "n": len(test),
            "clusters": len({cluster(example, task) for example in test}),
            "cluster": task.cluster or "case",
            "splits": _splits(plan),
            "folds": study.folds,
            "labels": label_counts(test) if closed(test) else {},
            "subgroups": {field: _counts(test, field) for field in frame(study).subgroups},
            "overlap": data.overlap,
            "licence": getattr(source, "licence", ""),
            "citation": getattr(source, "citation", ""),
            "synthetic": bool(getattr(source, "synthetic", False)),
            "under_agreement": under_agreement(source),
        },
        "flow": _flow(plan, test, answers),
        "methods": methods(plan, tried),
        "environment": environment(),
    }


def _splits(plan: Plan) -> dict[str, dict[str, int]]:
    task = plan.study.task
    parts: dict[str, Sequence[Example]] = {"test": as_they_are(plan.data.test, ())[0]}
    if not plan.study.folds and len(plan.data.folds[0].train):
        used = plan.data.folds[0].valid
        unused = () if len(used) else task.examples("valid")
        more = {"valid": used, "valid (not used)": unused}
        parts = {"train": plan.data.folds[0].train, **{k: rows for k, rows in more.items() if len(rows)}, **parts}
    return {name: {"n": len(rows), "clusters": len({cluster(e, task) for e in rows})} for name, rows in parts.items()}


def _counts(test: Sequence[Example], field: str) -> dict[str, int]:
    out: dict[str, int] = {}
    for example in test:
        value = spelled(example.meta.get(field))
        out[value] = out.get(value, 0) + 1
    return dict(sorted(out.items()))


def _flow(plan: Plan, test: Sequence[Example], answers: Sequence[Answers]) -> list[dict[str, Any]]:
    answered = {name for cell in answers for name in cell.ids}
    by_arm = [{name for cell in cells for name in cell.ids} for cells in arms(answers).values()]
    everywhere = set.intersection(*by_arm) if by_arm else set()
    limit, variants = plan.study.settings.get("limit"), len(plan.data.test) - len(test)
    notes = [f"limited to the first {limit}"] if limit else []
    notes += [f"beside them {variants:,} variants made by probes"] if variants else []
    return [
        {"step": "cases in the test split", "n": len(test), "note": "; ".join(notes)},
        {"step": "asked of at least one system", "n": len(answered), "note": ""},
        {"step": "asked of every system", "n": len(everywhere), "note": "paired comparisons use these"},
    ]


def _keep_scores(plan: Plan, store: Store, answers: Sequence[Answers], told: Sequence[Answers]) -> None:
    """Per-case scores of the primary metric; a case that was asked again is scored again where its value changed.

    ``told``: the same answers with the scores that were computed of their texts.
    """
    metric, by_id = plan.study.metrics[plan.study.primary], {e.id: e for e in plan.data.test}
    for cell, same in zip(answers, told, strict=True):
        if plan.study.primary in same.scores:
            values = case_values(metric, score_column(plan.study.primary, metric, same, {})).tolist()
        else:
            values = [np.nan] * len(cell.ids)
        kept = store.scores(cell.cell, plan.study.primary)
        known = {name: (value, reason) for name, by, value, reason in kept if by == "machine"}
        rows: list[tuple[str, str, str, float | None, str]] = []
        for name, prediction, value in zip(cell.ids, cell.predictions, values, strict=True):
            found = metric.score(by_id[name], prediction) if value != value else Score(value=value)
            if known.get(name) != (found.value, found.reason):
                rows.append((cell.cell, name, plan.study.primary, found.value, found.reason))
        if rows:
            store.put_scores(rows, by="machine")


def environment() -> dict[str, Any]:
    packages = {}
    for name in ("numpy", "scipy", "aiohttp", "tokenizers", "safetensors", "arro3-core", "torch", "transformers"):
        try:
            packages[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return {"python": platform.python_version(), "platform": platform.platform(terse=True), "packages": packages}
