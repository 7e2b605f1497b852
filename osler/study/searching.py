"""What ``check`` knows of systems that search, before the first call: what they are judged by and on, what is skipped."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from osler.core.block import snake
from osler.core.types import Example
from osler.models.window import measured, widest
from osler.prompting.abstain import NO_THRESHOLD, Abstain, may_vote
from osler.prompting.around import within
from osler.prompting.few_shot import FewShot
from osler.prompting.ladder import Ladder
from osler.study.dataset import Dataset, Fold, children, cluster, fits_by_calls, inside
from osler.study.file import Problems
from osler.study.fitting import averages, judged_by
from osler.study.resolve import Study

_LONGEST = 5  # prompts of a study, by characters, whose tokens are counted


def searching(study: Study, folds: Sequence[Fold], problems: Problems) -> None:
    """A search needs a metric of single cases, validation cases, and models that can answer those."""
    found = [entry for entry in study.systems if fits_by_calls(entry.block)]
    if not found:
        return
    names = ", ".join(entry.name for entry in found)
    if study.metrics and judged_by(study)[1] is None:
        problems.add(
            f"{names} compares variants case by case, and none of {', '.join(study.metrics)} has a value on one case "
            "and a better end",
            'add such a metric, as in metrics = [..., "accuracy"]',
        )
    known = [fold for fold in folds if len(fold.train)]
    if known and any(not len(fold.valid) and _groups(fold.train, study) < 2 for fold in known):
        problems.add(
            f"{names} needs validation cases beside training cases, and all of the latter are of one "
            f"{study.task.cluster or 'case'}",
            "give the task a valid split, or more training cases",
        )
    for model, system in study.arms():
        listed = getattr(model.block, "ids", None)
        if listed is None or not fits_by_calls(system.block):
            continue
        asked = {example.id for fold in folds for example in (fold.valid if len(fold.valid) else fold.train)}
        unknown = len(asked - set(listed()))
        if unknown:
            problems.add(
                f"{system.name!r} asks the model on validation cases, and {model.name!r} has no recorded answer to "
                f"{unknown:,} of {len(asked):,}",
                f'name a model that can be asked, or add exclude = [{{ model = "{model.name}", system = "{system.name}" }}]',
            )


def told(study: Study, data: Dataset) -> list[str]:
    """What is no fault and should be known before the first call."""
    out = _skipped(study)
    name, metric = judged_by(study)
    searches = [entry.name for entry in study.systems if fits_by_calls(entry.block)]
    if searches and metric is not None and (name != study.primary or not averages(metric)):
        how = name if averages(metric) else f"the mean of what each case alone scores in {name}"
        out.append(
            f"variants of {', '.join(searches)} are compared by {how}; {study.primary} of all cases together may rank "
            "them otherwise"
        )
    return out + _unshown(study) + _few_shown(study, data.folds) + _other_records(study) + _too_long(study, data.test)


def _few_shown(study: Study, folds: Sequence[Fold]) -> list[str]:
    """Systems that are to show more solved cases than there will be."""
    least = min((len(fold.train) for fold in folds), default=0)
    out: dict[str, None] = {}
    for entry in study.systems:
        for part in inside(entry.block):
            if isinstance(part, FewShot) and part.select != "fixed" and least:
                worked = within(part.inner, "keep") if within(part.inner, "self_generated") else 0
                most = min(least, worked) if worked else least
                if part.k > most:
                    cases = (
                        f"works {most:,} of them to find chains" if worked and worked < least else "can show no more"
                    )
                    said = f"{entry.name} asks for {part.k:,} demonstrations of {least:,} training cases and {cases}"
                    out[said] = None
    return list(out)


def voting(study: Study, problems: Problems) -> None:
    """Who abstains needs a confidence, and something that says how sure is sure enough."""
    for model, system in study.arms():
        for part in inside(system.block):
            if not isinstance(part, Abstain):
                continue
            if part.open:
                problems.add(f"{system.name!r} does not say when abstain answers", NO_THRESHOLD)
            if not may_vote(part.inner, model.block.supports):
                problems.add(
                    f"{system.name!r} abstains below a confidence, and what stands inside it gives none: one generated "
                    "answer has no votes",
                    'put a vote inside, as in inner = { use = "self_consistency", k = 5 }, or a system that scores: '
                    '{ use = "zero_shot", by = "score" }',
                )


def _unshown(study: Study) -> list[str]:
    """Chains that a system would write over the training cases, at a price, and never show."""
    return [
        f"{entry.name} writes chains of thought on the training cases and shows none: put few_shot around it"
        for entry in study.systems
        if _writes_in_vain(entry.block)
    ]


def _writes_in_vain(held: Any, shown: bool = False) -> bool:
    """Whether a chain that writes itself stands where no few_shot looks: it looks along ``inner`` alone."""
    if getattr(held, "self_generated", False) and not shown:
        return True
    for item in children(held):
        along = item is getattr(held, "inner", None)
        if _writes_in_vain(item, (shown or isinstance(held, FewShot)) and along):
            return True
    return False


def _other_records(study: Study) -> list[str]:
    """Tools that read other records than those that the questions are about, or none at all."""
    own = getattr(study.task.data, "records", None)
    if own is None:
        return []
    return _without_records(study) + [
        f"the tool {snake(type(item).__name__)} of {entry.name} reads other records than the questions are about: give it "
        "the records of the data"
        for entry in study.systems
        for item in inside(entry.block)
        if hasattr(item, "use") and _records(item) not in (None, own)
    ]


def _without_records(study: Study) -> list[str]:
    """Systems with tools, or with room for them, of which none reads records that the questions are about."""
    held = {entry.name: list(inside(entry.block)) for entry in study.systems}
    return [
        f"the questions are about records and no tool of {name} reads any: give it some that do, such as fhir_reader, or "
        "sql_schema and sql_query"
        for name, parts in held.items()
        if any(hasattr(part, "tools") for part in parts) and all(_records(part) is None for part in parts)
    ]


def _records(tool: Any) -> Any:
    """The records behind a tool, whether it holds them itself or in a database."""
    held = getattr(tool, "records", None)
    return getattr(getattr(tool, "database", None), "records", None) if held is None else held


def _skipped(study: Study) -> list[str]:
    """Rungs that a model cannot climb: the ladder passes over them and says so in its log."""
    out: dict[str, None] = {}
    for model, system in study.arms():
        for ladder in inside(system.block):
            for rung in ladder.climb if isinstance(ladder, Ladder) else ():
                lacking = [n for n in sorted(rung.strategy.needs) if not set(n.split("|")) & set(model.block.supports)]
                if lacking:
                    what = " and ".join(need.replace("|", " or ") for need in lacking)
                    out[f"{system.name} will skip its rung {rung.name!r} with {model.name}, which cannot {what}"] = None
    return list(out)


def _too_long(study: Study, test: Sequence[Example]) -> list[str]:
    """Models whose context cannot hold the longest cases, whatever a system adds to them."""
    heads = [(entry.name, measured(entry.block)) for entry in study.models]
    bound = [(name, model, int(getattr(model, "context", 0) or 0)) for name, model in heads]
    if not any(context for _, _, context in bound) or _running():
        return []
    prompts = [study.task.prompt(example).messages() for example in test]
    prompts.sort(key=lambda messages: sum(len(message.text) for message in messages), reverse=True)
    out = []
    for name, model, context in bound:
        _, size = asyncio.run(widest(model, prompts[:_LONGEST])) if context else (0, None)
        if size is not None and size.tokens >= context:
            least = "" if size.exact else "at least "
            out.append(
                f"the longest case has {least}{size.tokens:,} tokens and the context of {name} is {context:,}: such "
                "cases fail unless the system shortens them"
            )
    return out


def _running() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _groups(examples: Sequence[Any], study: Study) -> int:
    return len({cluster(example, study.task) for example in examples})
