"""From names to blocks: what a study file means. Every name that does not resolve is a problem with a hint."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from osler import recipes
from osler.core.block import block_id, build, replace
from osler.core.errors import nearest
from osler.core.types import Metric
from osler.data.source import parts_of
from osler.study.file import Problems, attempt, read_study
from osler.study.names import Entry, changed, entry_name, resolve
from osler.study.scorers import judges_of, metrics_of
from osler.tasks.template import Template


@dataclass(frozen=True)
class Study:
    """A study file, resolved. ``name`` ties its events together; cells are addressed by what they are."""

    name: str
    path: str
    toml: str
    question: str
    task_name: str
    task: Template
    folds: int
    models: tuple[Entry, ...]
    systems: tuple[Entry, ...]
    metrics: Mapping[str, Metric]
    primary: str
    seeds: tuple[int, ...]
    accept: Mapping[str, Any]
    budget: Mapping[str, float]
    settings: Mapping[str, Any]
    sensitivity: str
    judges: tuple[Entry, ...] = ()

    def arms(self) -> list[tuple[Entry, Entry]]:
        """Every model with every system, less what the study excludes."""
        out = []
        for model in self.models:
            for system in self.systems:
                if not any(_excluded(rule, model.name, system.name) for rule in self.settings.get("exclude", ())):
                    out.append((model, system))
        return out

    def label(self, model: str, system: str) -> str:
        """The name of an arm: what varies in this study. A system that asks no model goes by its own name."""
        if any(entry.name == model and not entry.block.supports for entry in self.models):
            return system
        if len(self.systems) == 1:
            return model
        return system if len(self.models) == 1 else f"{model} + {system}"


def load(path: str | Path) -> Study:
    """Read and resolve a study file. Raises one StudyError that names every problem."""
    table, text, problems = read_study(path)
    task_name, task = _task(table, problems)
    data = table.get("data")
    folds = 0
    if isinstance(data, dict) and task is not None:
        folds = _folds(data, problems)
        source = attempt(problems, "data", lambda: resolve("source", {k: v for k, v in data.items() if k != "folds"}))
        if source is not None:
            task = _with_source(task, source, Path(path).parent)
    elif task is not None and task.data is None:
        names = ", ".join(task.sources) or "file"
        problems.add("the setting 'data' is missing", f'add data = {{ source = "..." }} ({names})')
    models = _entries("model", table.get("models"), problems)
    systems = _entries("system", table.get("systems"), problems)
    metrics = metrics_of(table, task, problems)
    _guards(table, problems)
    study = Study(
        name=str(table.get("name") or Path(path).stem),
        path=str(path),
        toml=text,
        question=str(table.get("question", "")),
        task_name=task_name,
        task=task or Template(title="?", capability="structurization", question="{text}"),
        folds=folds,
        models=models,
        systems=systems,
        metrics=metrics,
        primary=str(table.get("primary") or next(iter(metrics), "accuracy")),
        seeds=tuple(s for s in table.get("seeds", [0]) if isinstance(s, int))
        if isinstance(table.get("seeds", [0]), list)
        else (0,),
        accept=table.get("accept") or (dict(task.accept) if task is not None else {}),
        budget={key[7:]: table[key] for key in ("budget_usd", "budget_tokens", "budget_calls") if key in table},
        settings=table,
        sensitivity=str(table.get("sensitivity") or _sensitivity(task)),
        judges=judges_of(table, problems),
    )
    if study.metrics and study.primary not in study.metrics:
        problems.add(
            f"primary names {study.primary!r}, which is not among the metrics", nearest(study.primary, study.metrics)
        )
    for name in table.get("compare_metrics", ()):
        if name not in study.metrics:
            problems.add(
                f"compare_metrics names {name!r}, which is not among the metrics", nearest(str(name), study.metrics)
            )
    _pairs(study, problems)
    problems.raise_any()
    return study


def _task(table: Mapping[str, Any], problems: Problems) -> tuple[str, Template | None]:
    value = table.get("task")
    if isinstance(value, str) and value:
        return value, attempt(problems, "task", lambda: recipes.recipe("tasks", value))
    if isinstance(value, dict):
        settings = {key: item for key, item in value.items() if key != "from"}
        if "from" in value:
            made = attempt(problems, "task", lambda: _changed(recipes.recipe("tasks", str(value["from"])), settings))
            return str(value["from"]), made
        return "own", attempt(problems, "task", lambda: build(Template, settings))
    return "", None


def _changed(task: Template, settings: Mapping[str, Any]) -> Template:
    """A task with other settings; blocks among them, such as the patient of a consultation, may be tables."""
    held: Template = changed(task, settings)
    return held


def _with_source(task: Template, source: Any, folder: Path) -> Template:
    """The task on that source. A file is looked for beside the study too; a source may name the patient's field."""
    file = getattr(source, "path", "")
    if file and not file.startswith("$") and not Path(file).exists() and (folder / file).exists():
        source = replace(source, path=str(folder / file))
    cluster = task.cluster or str(getattr(source, "cluster", ""))
    return replace(task, data=source, cluster=cluster)


def _folds(data: Mapping[str, Any], problems: Problems) -> int:
    folds = data.get("folds", 0)
    if not isinstance(folds, int) or isinstance(folds, bool) or folds < 0 or folds == 1:
        problems.add(f"data.folds must be 0 or at least 2, got {folds!r}", "data = { ..., folds = 5 }")
        return 0
    return folds


def _entries(kind: Literal["model", "system"], values: Any, problems: Problems) -> tuple[Entry, ...]:
    out: list[Entry] = []
    for i, value in enumerate(values if isinstance(values, list) else ()):
        made = attempt(problems, f"{kind}s[{i + 1}]", lambda value=value: resolve(kind, value))
        if made is None:
            continue
        name = entry_name(value, made)
        if any(entry.name == name for entry in out):
            problems.add(f"two {kind}s are named {name!r}", 'give one of them another: { ..., name = "..." }')
            continue
        if any(block_id(entry.block) == block_id(made) for entry in out):
            same = next(entry.name for entry in out if block_id(entry.block) == block_id(made))
            problems.add(f"{kind} {name!r} is the same as {same!r}", "change a setting of one, or drop one")
        out.append(Entry(name, made))
    return tuple(out)


def _guards(table: Mapping[str, Any], problems: Problems) -> None:
    guards = table.get("guards")
    for name in guards if isinstance(guards, list) else ():
        problems.add(f"no guard is named {name!r}", "this version of Osler ships none yet; leave guards out")


def _pairs(study: Study, problems: Problems) -> None:
    names = {study.label(model.name, system.name) for model, system in study.arms()}
    if not names and study.models and study.systems:
        problems.add("exclude leaves nothing to run", "drop a rule of exclude")
    for pair in study.settings.get("compare", ()) if isinstance(study.settings.get("compare", ()), list) else ():
        if not isinstance(pair, list) or len(pair) != 2 or not all(isinstance(name, str) for name in pair):
            problems.add(f"compare must hold pairs of names, got {pair!r}", 'compare = [["a", "b"]]')
            continue
        for name in pair:
            if name not in names:
                problems.add(f"compare names {name!r}, which this study does not run", nearest(str(name), names))
    _published(study, names, problems)
    for rule in study.settings.get("exclude", ()) if isinstance(study.settings.get("exclude", ()), list) else ():
        if not isinstance(rule, dict) or not rule or set(rule) - {"model", "system"}:
            problems.add(
                f"exclude must hold tables with model and system, got {rule!r}",
                'exclude = [{ model = "majority", system = "few_shot" }]',
            )
            continue
        for key, entries in (("model", study.models), ("system", study.systems)):
            known = [entry.name for entry in entries]
            if key in rule and rule[key] not in known:
                problems.add(
                    f"exclude names the {key} {rule[key]!r}, which this study does not have",
                    nearest(str(rule[key]), known),
                )


def _published(study: Study, names: Collection[str], problems: Problems) -> None:
    """A published value is one of an arm and of a metric of the study; its group is checked with the cases."""
    listed = study.settings.get("published", ())
    for row in listed if isinstance(listed, list) else ():
        if not isinstance(row, dict) or "system" not in row:
            continue
        if row["system"] not in names:
            problems.add(
                f"published names {row['system']!r}, which this study does not run", nearest(str(row["system"]), names)
            )
        metric = row.get("metric", "accuracy")
        if study.metrics and metric not in study.metrics:
            problems.add(
                f"published names the metric {metric!r}, which is not among the metrics",
                nearest(str(metric), study.metrics),
            )


def _excluded(rule: Any, model: str, system: str) -> bool:
    if not isinstance(rule, Mapping) or not rule:
        return False
    return bool(rule.get("model", model) == model and rule.get("system", system) == system)


def _sensitivity(task: Template | None) -> str:
    """What is known of a source; a user's own file counts as identifiable until the study says otherwise."""
    source = task.data if task is not None else None
    if source is None:
        return "identifiable"
    parts = list(parts_of(source))  # a source of variants is as sensitive as what they are made of
    if all(getattr(part, "synthetic", False) for part in parts):
        return "synthetic"
    known = all(getattr(part, "synthetic", False) or getattr(part, "licence", "") for part in parts)
    return "public" if known else "identifiable"
