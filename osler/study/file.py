"""A study file as it is written: TOML, names only. Everything wrong with it is found in one pass."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from osler.core.errors import OslerError, SpecError, nearest

SENSITIVITIES = ("synthetic", "public", "deidentified", "identifiable")

# key: (types, what it must be)
_NUMBER, _TABLE, _LIST = (int, float), (dict,), (list,)
KEYS: Mapping[str, tuple[tuple[type, ...], str]] = {
    "question": ((str,), "a sentence"),
    "task": ((str, dict), "the name of a task"),
    "data": (_TABLE, 'a table such as { source = "cohort", patients = 60 }'),
    "models": (_LIST, "a list of model names or tables"),
    "systems": (_LIST, "a list of system names or tables"),
    "metrics": (_LIST, 'a list of metric names or tables such as { use = "bleu", n = 1 }'),
    "primary": ((str,), "the name of one of the metrics"),
    "seeds": (_LIST, "a list of whole numbers"),
    "guards": (_LIST, "a list of guard names"),
    "accept": (_TABLE, 'a table such as { metric = "accuracy", at_least = 0.7, lower_bound = true }'),
    "budget_usd": (_NUMBER, "an amount in US dollars"),
    "budget_tokens": ((int,), "a whole number"),
    "budget_calls": ((int,), "a whole number"),
    "exclude": (_LIST, 'a list such as [{ model = "majority", system = "few_shot" }]'),
    "compare": (_LIST, 'a list of pairs such as [["zero_shot", "few_shot"]]'),
    "compare_metrics": (_LIST, "a list of metrics that are compared beside the primary one"),
    "compare_by": ((str,), "a field of the cases"),
    "subgroups": (_LIST, "a list of fields of the cases"),
    "published": (_LIST, "a list of tables with system, group, metric, value"),
    "people": (_LIST, 'a list such as [{ field = "human_score", higher_is_better = true }]'),
    "rank_by": ((str,), "a field of the cases, such as the system that wrote the output"),
    "published_source": ((str,), "where the published values stand"),
    "reading": ((str,), "the name of a metric that reads replies as a published source did"),
    "sensitivity": ((str,), "one of " + ", ".join(SENSITIVITIES)),
    "covered_endpoints": (_LIST, "a list of addresses that a contract covers"),
    "judges": (_LIST, 'a list such as [{ model = "NAME", rubric = "seven_dimensions" }]'),
    "jury": ((str,), 'how the judges decide together: "median" or "majority"'),
    "rating": (
        _TABLE,
        'a table such as { rubric = "seven_dimensions", cases = 30 }',
    ),
    "tuning": (_TABLE, "a table such as { minimum = 50, usd_per_hour = 2.5, calls = 100000 }"),
    "limit": ((int,), "a whole number of cases"),
    "name": ((str,), "a short name"),
}
REQUIRED = ("question", "task", "models", "systems")
_PEOPLE = {"field", "higher_is_better"}
NAMES = ("guards", "compare_metrics", "subgroups", "covered_endpoints")  # lists that hold texts and nothing else


@dataclass
class Problems:
    """What is wrong with a study, collected so that all of it is said at once."""

    source: str
    found: list[tuple[str, str]] = field(default_factory=list)

    def add(self, message: str, hint: str = "") -> None:
        if (message, hint) not in self.found:
            self.found.append((message, hint))

    def take(self, error: Exception, where: str = "") -> None:
        if isinstance(error, Several):
            for one in error.errors:
                self.take(one, where)
            return
        message = getattr(error, "message", str(error))
        self.add(f"{where}: {message}" if where else message, getattr(error, "hint", ""))

    def raise_any(self) -> None:
        if not self.found:
            return
        lines = [f"{message}\n  hint: {hint}" if hint else message for message, hint in self.found]
        count = "one problem" if len(lines) == 1 else f"{len(lines)} problems"
        raise StudyError(f"{self.source} has {count}:\n- " + "\n- ".join(lines), problems=self.found)


def attempt(problems: Problems, where: str, make: Any) -> Any:
    """What ``make()`` gives, or None with the problem noted."""
    try:
        return make()
    except OslerError as error:
        problems.take(error, where)
    except (TypeError, ValueError) as error:
        problems.add(f"{where}: {error}")
    return None


class Several(SpecError):
    """Mistakes of one block, all that are known."""

    def __init__(self, errors: Sequence[SpecError]) -> None:
        self.errors: list[SpecError] = [
            one for error in errors for one in (error.errors if isinstance(error, Several) else [error])
        ]
        super().__init__(
            "; ".join(one.message for one in self.errors), hint="; ".join(o.hint for o in self.errors if o.hint)
        )


def raise_all(errors: Sequence[SpecError]) -> None:
    """Raise what there is: one error as it is, more of them as ``Several``."""
    if errors:
        raise errors[0] if len(errors) == 1 else Several(errors)


class StudyError(SpecError):
    """A study file with problems; ``problems`` holds each as (message, hint)."""

    def __init__(self, message: str, *, problems: list[tuple[str, str]]) -> None:
        super().__init__(message)
        self.problems = problems


def read_study(path: str | Path) -> tuple[dict[str, Any], str, Problems]:
    """The table of a study file, its text, and the problems of its shape. Raises when it is no TOML at all.

    What has the wrong shape is told and left out of the table, so that whoever reads on can rely on the types.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        near = nearest(path.name, [p.name for p in path.parent.glob("*.toml")] if path.parent.is_dir() else [])
        raise SpecError(f"there is no study file {path}", hint=f"osler new {path} writes one ({near})") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"the study file {path} cannot be read ({error})", hint="save it as UTF-8 text") from error
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SpecError(
            f"the study file {path} is not valid TOML: {error}",
            hint='texts stand in quotes, lists in [ ], tables in { }; compare with the output of "osler new"',
        ) from error
    problems = Problems(str(path))
    return _shape(table, problems), text, problems


def _shape(table: Mapping[str, Any], problems: Problems) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for key, value in table.items():
        if key not in KEYS:
            problems.add(f"unknown setting {key!r}", nearest(key, KEYS))
            continue
        kinds, wanted = KEYS[key]
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            problems.add(f"{key} must be {wanted}, got {_shown(value)}", f"write {key} as {wanted}")
        elif value in ([], ""):
            problems.add(
                f"{key} is empty",
                f"write {key} as {wanted}, or leave it out" if key not in REQUIRED else f"write {wanted}",
            )
        else:
            kept[key] = _items(key, value, problems)
    for key in REQUIRED:
        if key not in table:
            problems.add(f"the setting {key!r} is missing", f"add {key} = {KEYS[key][1]}")
    _values(kept, problems)
    return kept


def _items(key: str, value: Any, problems: Problems) -> Any:
    if key == "published":
        for row in value:
            if not isinstance(row, dict) or "system" not in row or not isinstance(row.get("value"), (int, float)):
                problems.add(
                    f"published must hold tables with system and value, got {_shown(row)}",
                    'published = [{ system = "zero_shot", metric = "accuracy", value = 0.87 }]',
                )
    if key == "people":
        for row in value:
            if (
                not isinstance(row, dict)
                or not isinstance(row.get("field"), str)
                or set(row) - _PEOPLE
                or not isinstance(row.get("higher_is_better", True), bool)
            ):
                problems.add(
                    f"people must hold tables with field and higher_is_better, got {_shown(row)}",
                    'people = [{ field = "human_score", higher_is_better = true }]',
                )
        return [row for row in value if isinstance(row, dict) and isinstance(row.get("field"), str)]
    if key == "metrics":
        for item in value:
            if not _names_metric(item):
                problems.add(
                    f"metrics must hold names in quotes or tables with use, got {_shown(item)}",
                    'metrics = ["accuracy", { use = "bleu", n = 1, name = "bleu1" }]',
                )
        return [item for item in value if _names_metric(item)]
    if key not in NAMES:
        return value
    for item in value:
        if not isinstance(item, str):
            problems.add(f"{key} must hold names in quotes, got {_shown(item)}", f'{key} = ["..."]')
    return [item for item in value if isinstance(item, str)]


def _names_metric(item: Any) -> bool:
    if isinstance(item, dict):
        name = item.get("name", "?")
        return isinstance(item.get("use"), str) and isinstance(name, str) and name != ""
    return isinstance(item, str)


def _values(table: Mapping[str, Any], problems: Problems) -> None:
    for key in ("budget_usd", "budget_tokens", "budget_calls", "limit"):
        value = table.get(key)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and not value > 0:  # nan is not, either
            problems.add(f"{key} must be above 0, got {value}", "leave the key out for no limit")
    seeds = table.get("seeds", [0])
    if isinstance(seeds, list):
        if not all(isinstance(seed, int) and not isinstance(seed, bool) and seed >= 0 for seed in seeds):
            problems.add(f"seeds must be whole numbers from 0, got {_shown(seeds)}", "seeds = [0, 1, 2]")
        elif len(set(seeds)) != len(seeds):
            problems.add(f"seeds holds a number twice: {seeds}", "each seed is one repeat; give each once")
    name = table.get("name")
    if isinstance(name, str) and name and not _plain(name):
        problems.add(
            f"name must be the name of a folder, got {_shown(name)}",
            "the report goes to reports/NAME: use up to 100 characters, no / or \\, no dot or space at either end",
        )
    sensitivity = table.get("sensitivity")
    if isinstance(sensitivity, str) and sensitivity and sensitivity not in SENSITIVITIES:
        problems.add(f"sensitivity {sensitivity!r} is not known", nearest(sensitivity, SENSITIVITIES))
    accept = table.get("accept")
    if isinstance(accept, dict):
        _accept(accept, problems)


def _accept(accept: Mapping[str, Any], problems: Problems) -> None:
    known = ("metric", "at_least", "at_most", "lower_bound")
    for key in accept:
        if key not in known:
            problems.add(f"accept has no setting {key!r}", nearest(key, known))
    if "metric" not in accept:
        problems.add("accept names no metric", 'accept = { metric = "accuracy", at_least = 0.7 }')
    elif not isinstance(accept["metric"], str):
        problems.add(
            f"accept.metric must be the name of a metric, got {_shown(accept['metric'])}", 'metric = "accuracy"'
        )
    bounds = [key for key in ("at_least", "at_most") if key in accept]
    if len(bounds) != 1:
        problems.add("accept needs one of at_least and at_most", 'accept = { metric = "accuracy", at_least = 0.7 }')
    for key in bounds:
        if not isinstance(accept[key], (int, float)) or isinstance(accept[key], bool):
            problems.add(f"accept.{key} must be a number, got {_shown(accept[key])}", f"{key} = 0.7")


def _plain(name: str) -> bool:
    """Whether a name is safe as that of a folder: it stays inside reports/ and can be typed."""
    return len(name) <= 100 and name == name.strip(". ") and name.isprintable() and not set(name) & set("/\\:")


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
