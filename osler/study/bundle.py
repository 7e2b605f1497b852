"""The machine-readable bundle of a study, and re-scoring it offline: every number again, equal to 1e-9."""

from __future__ import annotations

import hashlib
import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from osler import recipes
from osler.core.block import from_spec, to_spec
from osler.core.errors import DataError
from osler.core.types import Example
from osler.data.readers import read_parquet, write_parquet
from osler.data.source import dataset_hash
from osler.study import gates
from osler.study.answers import Answers, Frame
from osler.study.bundle_rows import (
    NO_OPINION,
    answers_of,
    example_of,
    example_row,
    opinion_row,
    opinions_of,
    prediction_row,
)
from osler.study.disclosure import disclosed, hidden_opinions, published_settings, rows_hash
from osler.study.opinions import Opinion
from osler.study.probes import as_they_are
from osler.study.rating import RatingRecord, rating_results, record_from
from osler.study.results import numbers

TOLERANCE = 1e-9
MANIFEST = "manifest.json"
FILES = (
    *("README.txt", "examples.parquet", "opinions.parquet", "predictions.parquet"),
    *("ratings.json", "results.json", "study.toml"),
)
README = """This folder holds the results of one Osler study.
results.json         every number, with n, interval, method and data hash; every setting
predictions.parquet  one row per cell and case: answer, votes, evidence, tokens, cost, latency
opinions.parquet     one row per judge or rater, answer and criterion (raters are numbered)
ratings.json         a rating study: every rating, without texts (raters are numbered)
examples.parquet     one row per case: gold answer, choices, subgroup fields (texts only where they may leave)
study.toml           the study file
manifest.json        the SHA-256 of each of these files
Compute every number again, offline:  osler score --from THIS_FOLDER
"""
PRIVATE = """
The data counts as identifiable. No text of a case is here; ids, patients and answers in free text are replaced by
hashes (BLAKE2b, 16 hex characters) and file paths are hidden. Words that decline to answer stay. The real ids are in
the store of the study: osler show takes the hash of an id, too, where that store is. A hash hides an id only from those who cannot guess it, so treat this folder with care.
"""
_KEYS = (
    *("study", "data", "task", "systems", "comparisons", "metrics", "published"),
    *("rated", "people", "probes", "matrix", "gates", "stages", "frame"),
)


def write_bundle(
    folder: Path,
    results: Mapping[str, Any],
    examples: Sequence[Example],
    answers: Sequence[Answers],
    frame: Frame,
    given: Sequence[Opinion] = (),
    rating: RatingRecord | None = None,
) -> None:
    """Write the bundle. Texts and ids of identifiable data stay out of it."""
    folder.mkdir(parents=True, exist_ok=True)
    sensitivity = results["study"]["sensitivity"]
    examples, answers = disclosed(sensitivity, examples, answers, frame)
    spec = {
        "metrics": {name: to_spec(metric) for name, metric in frame.metrics.items()},
        "primary": frame.primary,
        "cluster": frame.cluster,
        "subgroups": list(frame.subgroups),
        "compare": [list(pair) for pair in frame.compare],
        "compare_by": frame.compare_by,
        "capability": frame.capability,
        "people": [list(row) for row in frame.people],
        "rank_by": frame.rank_by,
        "compare_metrics": list(frame.compare_metrics),
        "scales": {name: list(ends) for name, ends in frame.scales.items()},
        "jury": dict(frame.jury),
    }
    settings = published_settings(tomllib.loads(results["study"]["toml"]), sensitivity)
    body = {**results, "frame": spec, "published_settings": settings}
    (folder / "results.json").write_bytes(orjson.dumps(body, option=orjson.OPT_INDENT_2))
    (folder / "study.toml").write_text(results["study"]["toml"], encoding="utf-8")
    readme = README + (PRIVATE if sensitivity == "identifiable" else "")
    (folder / "README.txt").write_text(readme, encoding="utf-8")
    write_parquet(folder / "examples.parquet", [example_row(example) for example in examples])
    rows = [
        prediction_row(cell, place, name, prediction)
        for cell in answers
        for place, (name, prediction) in enumerate(zip(cell.ids, cell.predictions, strict=True))
    ]
    write_parquet(folder / "predictions.parquet", rows)
    heard = [opinion_row(row) for row in hidden_opinions(sensitivity, given)]
    write_parquet(folder / "opinions.parquet", heard or [dict(NO_OPINION)])
    held = {} if rating is None else rating.json()
    (folder / "ratings.json").write_bytes(orjson.dumps(held, option=orjson.OPT_INDENT_2))
    write_manifest(folder)


def write_manifest(folder: Path) -> None:
    """Keep the SHA-256 of every file of a bundle beside them."""
    sums = {name: _sha256(folder / name) for name in FILES}
    (folder / MANIFEST).write_bytes(orjson.dumps(sums, option=orjson.OPT_INDENT_2))


def rescore(folder: Path) -> tuple[dict[str, Any], float]:
    """Compute every number of a bundle again; gives the new numbers and the largest difference from the old ones.

    The numbers' key ``changed`` names the files that are not as they were written; the difference is then infinite
    at least where no number shows it. DataError for a folder that is no bundle or lacks a part of one.
    """
    old = _results(folder)
    changed = _changed(folder)
    try:
        new, written = _again(folder, old)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        told = f"; changed since it was written: {', '.join(changed)}" if changed else ""
        raise DataError(
            f"the bundle {folder} cannot be computed again ({type(error).__name__}{told})",
            hint="write it again with osler report",
        ) from error
    off = max(difference(new[key], written[key], key) for key in new)
    if changed and off <= TOLERANCE:
        off = math.inf
    warnings = [f"{name} is not as it was written: its SHA-256 differs from the manifest's" for name in changed]
    return {**new, "changed": changed, "warnings": warnings}, off


def _results(folder: Path) -> dict[str, Any]:
    try:
        old = orjson.loads((folder / "results.json").read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise DataError(f"{folder} is no bundle ({error})", hint="name the folder that osler report wrote") from error
    lacking = [key for key in _KEYS if not isinstance(old, dict) or key not in old]
    if lacking:
        raise DataError(
            f"results.json of the bundle {folder} lacks {', '.join(lacking)}", hint="write it again with osler report"
        )
    held: dict[str, Any] = old
    return held


def _again(folder: Path, old: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The numbers anew, and the same parts of what was written."""
    examples, answers, frame, given = _parts(folder, old)
    new = numbers(examples, answers, frame, old["published_settings"], given)
    new["rating"] = rating_results(record_from(orjson.loads((folder / "ratings.json").read_bytes())))
    for row, before in zip(new["systems"], old["systems"], strict=True):
        row |= {key: before[key] for key in before if key not in row or key == "training"}
    cases, _ = as_they_are(examples, answers)
    data = {"n": len(cases), "rows_hash": rows_hash(cases)}
    if old["study"]["sensitivity"] != "identifiable":
        data["hash"] = dataset_hash(examples)
    judged = {**old, **new, "data": {**old["data"], **data}}
    new["gates"] = judged["gates"] = gates.gates(judged)
    new |= {"stages": gates.stages(judged), "data": data}
    written = {key: old[key] for key in new} | {"data": {key: old["data"][key] for key in data}}
    return orjson.loads(orjson.dumps(new)), written


@dataclass(frozen=True)
class Bundle:
    """A bundle as it was written: its results, cases, answers, and how its numbers are computed."""

    results: dict[str, Any]
    examples: Sequence[Example]
    answers: Sequence[Answers]
    frame: Frame
    opinions: Sequence[Opinion]


def open_bundle(folder: Path) -> Bundle:
    """Read a bundle. DataError for a folder that is none, or that was changed since it was written."""
    old = _results(folder)
    changed = _changed(folder)
    if changed:
        raise DataError(
            f"the bundle {folder} is not as it was written: {', '.join(changed)}",
            hint="write it again with osler report",
        )
    return Bundle(old, *_parts(folder, old))


def _parts(folder: Path, old: Mapping[str, Any]) -> tuple[list[Example], list[Answers], Frame, list[Opinion]]:
    examples = [example_of(row) for row in read_parquet(folder / "examples.parquet")]
    answers = answers_of(read_parquet(folder / "predictions.parquet"), old)
    _complete(examples, answers, old)
    recipes.discover()
    spec = old["frame"]
    frame = Frame(
        metrics={name: from_spec(held) for name, held in spec["metrics"].items()},
        primary=spec["primary"],
        cluster=spec["cluster"],
        subgroups=tuple(spec["subgroups"]),
        compare=tuple((a, b) for a, b in spec["compare"]),
        compare_by=spec["compare_by"],
        capability=spec["capability"],
        people=tuple((field, higher) for field, higher in spec["people"]),
        rank_by=spec["rank_by"],
        compare_metrics=tuple(spec["compare_metrics"]),
        scales={name: (low, high) for name, (low, high) in spec["scales"].items()},
        jury=spec["jury"],
    )
    return examples, answers, frame, opinions_of(read_parquet(folder / "opinions.parquet"))


def _complete(examples: Sequence[Example], answers: Sequence[Answers], old: Mapping[str, Any]) -> None:
    held = {cell.cell for cell in answers}
    hint = "write the bundle again with osler report"
    for row in old["systems"]:
        if not held.issuperset(row["cells"]):
            raise DataError(f"predictions.parquet lacks answers of {row['name']!r}", hint=hint)
    extra = held - {cell for row in old["systems"] for cell in row["cells"]}
    if extra:
        raise DataError(f"predictions.parquet holds the cell {min(extra)!r}, which results.json lacks", hint=hint)
    ids = {example.id for example in examples}
    unknown = {name for cell in answers for name in cell.ids} - ids
    if unknown:
        raise DataError(
            f"examples.parquet lacks {len(unknown)} case(s) that were answered, such as {min(unknown)!r}", hint=hint
        )


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _changed(folder: Path) -> list[str]:
    """The files of a bundle that the manifest gives another hash."""
    try:
        sums = orjson.loads((folder / MANIFEST).read_bytes())
    except (OSError, orjson.JSONDecodeError):
        sums = None
    if not isinstance(sums, dict):
        return [MANIFEST]
    return [name for name in FILES if not (folder / name).is_file() or _sha256(folder / name) != sums.get(name)]


def difference(new: Any, old: Any, where: str) -> float:
    """The largest difference of two JSON values; infinite where they differ in anything but a number."""
    if isinstance(new, Mapping) and isinstance(old, Mapping) and set(new) == set(old):
        return max((difference(new[key], old[key], f"{where}.{key}") for key in new), default=0.0)
    if isinstance(new, list) and isinstance(old, list) and len(new) == len(old):
        return max((difference(a, b, where) for a, b in zip(new, old, strict=True)), default=0.0)
    numeric = (int, float)
    truth = isinstance(new, bool) + isinstance(old, bool)  # True is no 1 here
    if isinstance(new, numeric) and isinstance(old, numeric) and not truth:
        return abs(float(new) - float(old))
    return 0.0 if new == old and truth != 1 else math.inf
