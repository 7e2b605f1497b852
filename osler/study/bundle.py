"""The machine-readable bundle of a study, and re-scoring it offline: every number again, equal to 1e-9."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from osler import recipes
from osler.core.block import build
from osler.core.errors import DataError
from osler.core.types import Example, Prediction, Reply
from osler.data.readers import read_parquet, write_parquet
from osler.study.evaluate import Answers, Frame
from osler.study.results import numbers

TOLERANCE = 1e-9
README = """This folder holds the results of one Osler study.
results.json         every number, with n, interval, method and data hash; every setting
predictions.parquet  one row per cell and case: answer, votes, evidence, tokens, cost, latency
examples.parquet     one row per case: gold answer, choices, subgroup fields (texts only where they may leave)
study.toml           the study file
Compute every number again, offline:  osler score --from THIS_FOLDER
"""


def write_bundle(
    folder: Path, results: Mapping[str, Any], examples: Sequence[Example], answers: Sequence[Answers], frame: Frame
) -> None:
    """Write the bundle. Texts of identifiable data stay out of it."""
    folder.mkdir(parents=True, exist_ok=True)
    private = results["study"]["sensitivity"] == "identifiable"
    spec = {
        "metrics": list(frame.metrics),
        "primary": frame.primary,
        "cluster": frame.cluster,
        "subgroups": list(frame.subgroups),
        "compare": [list(pair) for pair in frame.compare],
        "compare_by": frame.compare_by,
    }
    settings = _published_settings(results)
    body = {**results, "frame": spec, "published_settings": settings}
    (folder / "results.json").write_bytes(orjson.dumps(body, option=orjson.OPT_INDENT_2))
    (folder / "study.toml").write_text(results["study"]["toml"], encoding="utf-8")
    (folder / "README.txt").write_text(README, encoding="utf-8")
    write_parquet(folder / "examples.parquet", [_example_row(example, private) for example in examples])
    rows = [
        _prediction_row(cell, name, prediction, private)
        for cell in answers
        for name, prediction in zip(cell.ids, cell.predictions, strict=True)
    ]
    write_parquet(folder / "predictions.parquet", rows)


def rescore(folder: Path) -> tuple[dict[str, Any], float]:
    """Compute every number of a bundle again; gives the new numbers and the largest difference from the old ones."""
    try:
        old = orjson.loads((folder / "results.json").read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise DataError(f"{folder} is no bundle ({error})", hint="name the folder that osler report wrote") from error
    examples = [_example(row) for row in read_parquet(folder / "examples.parquet")]
    answers = _answers(read_parquet(folder / "predictions.parquet"), old)
    recipes.discover()
    known = recipes.named_blocks("metric")
    spec = old["frame"]
    frame = Frame(
        metrics={name: build(known[name], {}) for name in spec["metrics"]},
        primary=spec["primary"],
        cluster=spec["cluster"],
        subgroups=tuple(spec["subgroups"]),
        compare=tuple((a, b) for a, b in spec["compare"]),
        compare_by=spec["compare_by"],
    )
    new = numbers(examples, answers, frame, old["published_settings"])
    for row, before in zip(new["systems"], old["systems"], strict=True):
        row["training"] = before["training"]
    plain = orjson.loads(orjson.dumps(new))
    return plain, max(difference(plain[key], old[key], key) for key in plain)


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


def _published_settings(results: Mapping[str, Any]) -> dict[str, Any]:
    import tomllib

    table = tomllib.loads(results["study"]["toml"])
    return {key: table[key] for key in ("published", "reading", "compare_by", "published_source") if key in table}


def _example_row(example: Example, private: bool) -> dict[str, Any]:
    return {
        "id": example.id,
        "target": example.target,
        "choices": orjson.dumps(example.choices).decode(),
        "meta": orjson.dumps(dict(example.meta)).decode(),
        "input": "{}" if private else orjson.dumps(dict(example.input)).decode(),
    }


def _example(row: Mapping[str, Any]) -> Example:
    return Example(
        id=row["id"],
        input=orjson.loads(row["input"]),
        target=row["target"],
        choices=tuple(orjson.loads(row["choices"])),
        meta=orjson.loads(row["meta"]),
    )


def _prediction_row(cell: Answers, name: str, prediction: Prediction, private: bool) -> dict[str, Any]:
    replies = [
        {
            "text": "" if private else reply.text,
            "tokens_in": reply.tokens_in,
            "tokens_out": reply.tokens_out,
            "latency_s": reply.latency_s,
            "cost_usd": reply.cost_usd,
            "cached": reply.cached,
            "model": reply.model,
            "key": reply.key,
        }
        for reply in prediction.replies
    ]
    evidence = prediction.evidence
    return {
        "cell": cell.cell,
        "label": cell.label,
        "model": cell.model,
        "system": cell.system,
        "seed": cell.seed,
        "id": name,
        "answer": prediction.answer,
        "parsed": prediction.parsed,
        "failure": prediction.failure,
        "votes": orjson.dumps(dict(prediction.votes)).decode(),
        "evidence": None if evidence is None else orjson.dumps(evidence).decode(),
        "rationale": "" if private else prediction.rationale,
        "replies": orjson.dumps(replies).decode(),
    }


def _answers(rows: Sequence[Mapping[str, Any]], old: Mapping[str, Any]) -> list[Answers]:
    cells: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        cells.setdefault(row["cell"], []).append(row)
    specs = {cell: row["spec"] for row in old["systems"] for cell in row["cells"]}
    return [
        Answers(
            cell=cell,
            label=found[0]["label"],
            model=found[0]["model"],
            system=found[0]["system"],
            seed=found[0]["seed"],
            spec=specs.get(cell, {}),
            ids=tuple(row["id"] for row in found),
            predictions=tuple(_prediction(row) for row in found),
        )
        for cell, found in cells.items()
    ]


def _prediction(row: Mapping[str, Any]) -> Prediction:
    evidence = row["evidence"]
    return Prediction(
        answer=row["answer"],
        rationale=row["rationale"],
        evidence=None if evidence is None else tuple(orjson.loads(evidence)),
        replies=tuple(Reply(**reply) for reply in orjson.loads(row["replies"])),
        votes=orjson.loads(row["votes"]),
        parsed=row["parsed"],
        failure=row["failure"],
    )
