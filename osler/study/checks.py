"""What ``check`` holds a study against: what its models can do, where text may go, and what its cases are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from osler.core.block import snake, to_spec
from osler.core.errors import nearest
from osler.core.types import LETTERS, Example
from osler.data.source import under_agreement
from osler.evaluation.consultation.engine import Interactive
from osler.evaluation.metrics import reads_labels
from osler.evaluation.metrics.kinds import Summed, TableMetric
from osler.evaluation.probes import is_probed, is_variant, unknown_to
from osler.evaluation.rubrics.rubric import rubric
from osler.evaluation.table import spelled
from osler.study.conversations import taking_part
from osler.study.dataset import Fold, has_pool, inside, learns
from osler.study.file import Problems, attempt
from osler.study.matrix import dimension
from osler.study.names import Entry
from osler.study.resolve import Study
from osler.tuning.stage import Stage

LABEL = 160  # characters; a longer choice is a text and no label


def capabilities(study: Study, problems: Problems) -> None:
    for model, system in study.arms():
        for need in sorted(system.block.needs):
            if not set(need.split("|")) & set(model.block.supports):
                able = [e.name for e in study.models if set(need.split("|")) & set(e.block.supports)]
                problems.add(
                    f"the system {system.name!r} needs a model that can {need.replace('|', ' or ')}, "
                    f"and {model.name!r} can only {', '.join(sorted(model.block.supports - {'train'})) or 'do nothing'}",
                    f'add exclude = [{{ model = "{model.name}", system = "{system.name}" }}]'
                    + (f"; models that can: {', '.join(able)}" if able else ""),
                )


def policy(study: Study, problems: Problems) -> None:
    """Identifiable text goes to local models or to endpoints that a contract covers; this is a hard block.

    So does text under a data use agreement, whatever its sensitivity: PhysioNet's is de-identified and still may reach
    no third party.
    """
    agreed = under_agreement(study.task.data)
    if study.sensitivity != "identifiable" and not agreed:
        return
    why = "is under a data use agreement" if agreed else "counts as identifiable"
    way = "" if agreed else '; or, once it is true, say sensitivity = "deidentified"'
    covered = set(study.settings.get("covered_endpoints", ()))
    asked = [(entry.name, entry.block) for entry in (*study.models, *study.systems, *study.judges)]
    for name, held in [*asked, (study.task_name, study.task)]:  # a task may ask a model, too: a played patient
        asked_at = dict.fromkeys(_addresses(to_spec(held)), "is an endpoint at")
        for url, does in (dict.fromkeys(_sent_by_tools(held), "has a tool that sends to") | asked_at).items():
            if _loopback(url) or url in covered:
                continue
            problems.add(
                f"the data {why} and {name!r} {does} {_host(url)}",
                f'use a local model; or attest a contract with covered_endpoints = ["{url}"]{way}',
            )


def _addresses(spec: Any) -> Iterator[str]:
    """Where a model or system sends text, however deep the endpoint stands in it."""
    if isinstance(spec, dict):
        if spec.get("base_url"):
            yield str(spec["base_url"])
        spec = list(spec.values())
    if isinstance(spec, list):
        for item in spec:
            yield from _addresses(item)


def _sent_by_tools(held: Any) -> Iterator[str]:
    """Where the tools of a system send what a model writes into a call."""
    for part in inside(held):
        yield from getattr(part, "sends_to", ())


def _host(url: str) -> str | None:
    return urlsplit(url if "//" in url else f"//{url}").hostname


def _loopback(url: str) -> bool:
    return _host(url) in ("localhost", "127.0.0.1", "::1")


def answers(study: Study, test: Sequence[Example], problems: Problems) -> None:
    """An answer is read as one of the choices, as a text or as JSON; the metrics and models must fit that."""
    many = next((example.id for example in test if len(example.choices) > len(LETTERS)), None)
    if study.task.lettered and many is not None:
        problems.add(
            f"the case {many!r} has more than {len(LETTERS)} choices, and they are lettered",
            "lettered = true is for cases with a few options each: name the column that holds them, as in data = { ..., "
            'choices_column = "choices" }; without it the choices are labels that all cases share',
        )
        return
    odd = next((case.id for case in test if case.choices and case.target not in _labels(study, case)), None)
    if odd is not None:
        problems.add(
            f"the gold answer of the case {odd!r} is none of its {'letters' if study.task.lettered else 'choices'}, so no "
            "answer could be right",
            "targets are letters where the task says lettered = true, and the choices themselves where it does not",
        )
    bare = next((example.id for example in test if not example.choices), None)
    if bare is None:
        longest = 0 if study.task.lettered else max(map(len, test[0].choices))
        if longest > LABEL:
            problems.add(
                f"the choices of {test[0].id!r} are texts of up to {longest:,} characters: every model would be shown "
                "them and pick one",
                "say open = true in data where answers are texts; or give short labels",
            )
        return
    if any(example.choices for example in test):
        problems.add(
            f"some cases have choices and others, such as {bare!r}, have none", "give all of them choices, or none"
        )
        return
    count = len({example.target for example in test})  # a count and no words: gold answers may be patient text
    compare = [name for name, metric in study.metrics.items() if reads_labels(metric)]
    if compare:
        problems.add(
            f"the cases have no choices, such as {bare!r}, and {', '.join(compare)} compares labels",
            'name metrics of texts, as in metrics = ["rouge_l", "fact_recall"], or give the choices, as in '
            f'data = {{ ..., choices = ["...", "..."] }}; the gold answers are {count:,} different texts',
        )
    mute = [model.name for model in study.models if "generate" not in model.block.supports]
    if mute and any(system.block.needs for system in study.systems):  # a search by itself asks no model
        problems.add(
            f"the answers are texts, and {', '.join(mute)} can only score choices", "name models that can generate"
        )
    told = {name: dimension(metric) for name, metric in study.metrics.items() if isinstance(metric, Summed)}
    if study.task.capability in ("summarization", "translation") and told and "faithfulness" not in told.values():
        problems.add(
            f"none of {', '.join(told)} is a measure of faithfulness: a wrong dose or a lost negation hardly moves them",
            'add a metric of faithfulness, such as "fact_recall", "fabrication_rate" or "number_unit_fidelity"',
        )


def _labels(study: Study, case: Example) -> Sequence[str]:
    """What a prompt of that case will let be answered."""
    return tuple(LETTERS[: len(case.choices)]) if study.task.lettered else case.choices


def probed(study: Study, test: Sequence[Example], problems: Problems) -> None:
    """A recorded model has answers to the cases that it was asked, and to none that a probe makes of them."""
    for entry in study.models:
        unknown = attempt(problems, f"the model {entry.name!r}", lambda block=entry.block: unknown_to(block, test))
        if unknown:
            problems.add(
                f"{entry.name!r} replays recorded answers and has none to {unknown:,} variants that the probes make",
                "name models that can be asked, or take the probes out of data",
            )
    if any(map(is_probed, test)) and not any(map(is_variant, test)) and not test[0].meta.get("probe_period"):
        why = Counter(reason for case in test for reason in (case.meta.get("probe_unmade") or {}).values())
        problems.add(
            f"the probes make no variant of any case: {'; '.join(name for name, _ in why.most_common(3))}",
            "name other probes, or the fields of prose with data.fields",
        )


def talks(study: Study, test: Sequence[Example], problems: Problems) -> None:
    """What can hold a conversation: solved cases are no turns of one, and a list of answers has none to its turns."""
    if not isinstance(study.task, Interactive):
        return
    learned = [e.name for e in (*study.models, *study.systems) if wants_training(e)]
    if learned:
        problems.add(
            f"{', '.join(learned)} learns from solved cases, and the cases of {study.task_name!r} are conversations",
            'use systems that need no training cases, such as "zero_shot" or "chain_of_thought"',
        )
    for entry in study.models:
        if hasattr(entry.block, "keyed") or hasattr(entry.block, "ids"):
            problems.add(
                f"{entry.name!r} answers from a list of cases, and the turns of a conversation are not in it",
                'name models that can be asked, or doctors that follow rules, such as "bian_que_doctor"',
            )
    if any(map(is_variant, test)):
        problems.add(
            "the probes change the note at the door and nothing of what the patient says later",
            "take the probes out of data: a conversation needs probes of its own",
        )
    for other in attempt(problems, "data", lambda: taking_part(study.task, test[0])) or []:
        if "generate" not in other.supports:
            problems.add(
                f"the patient is played by {snake(type(other).__name__)}, which can only score choices",
                "name a model that can generate",
            )


def training(study: Study, folds: Sequence[Fold], problems: Problems) -> None:
    """Who learns from cases needs some."""
    if isinstance(study.task, Interactive) or not learns(study) or any(len(fold.train) for fold in folds):
        return
    needy = [e.name for e in (*study.models, *study.systems) if wants_training(e)]
    if needy:
        problems.add(
            f"{', '.join(needy)} needs training cases and the source has none",
            "use a source with a train split, or data = { ..., folds = 5 }",
        )


def rating(study: Study, problems: Problems) -> None:
    """The design of a rating study, long before anybody rates."""
    table = study.settings.get("rating")
    if table is None:
        return
    from osler.study.rating import design_of  # it stands on plans, and a plan on this

    cases = table.get("cases", 1)
    if not isinstance(cases, int) or isinstance(cases, bool) or cases < 1:
        problems.add(f"rating.cases must be a whole number from 1, got {cases!r}", "cases = 30")
    design = attempt(problems, "rating", lambda: design_of(study))
    if design is not None:
        attempt(problems, "rating", lambda: rubric(design.rubric))


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def wants_training(entry: Entry) -> bool:
    own = getattr(entry.block, "data", None)
    if isinstance(entry.block, Stage):
        return entry.block.wants_pairs or has_pool(entry.block)
    return ("train" in getattr(entry.block, "supports", ()) and own in (None, "train")) or has_pool(entry.block)


def fields(study: Study, test: Sequence[Example], problems: Problems) -> None:
    """Fields that the study groups by must exist on the cases."""
    known = set(test[0].meta) if len(test) else set()
    outputs = len(study.arms()) * len(study.seeds)
    if study.settings.get("people") and outputs > 1:
        problems.add(
            f"people names scores of one output of each case, and the study makes {outputs} of each",
            "name the one recorded model whose outputs people scored, one system and one seed",
        )
    for row in study.settings.get("people", ()):
        if row["field"] not in known:
            problems.add(
                f"people names the field {row['field']!r}, which the cases do not have", nearest(row["field"], known)
            )
        elif not any(_number(example.meta.get(row["field"])) for example in test):
            problems.add(
                f"people names the field {row['field']!r}, which holds no number", "name a field of people's scores"
            )
    reading = [metric for metric in study.metrics.values() if not isinstance(metric, TableMetric)]
    if len(reading) < 2 and not problems.found:
        for key in {"people", "rank_by"} & study.settings.keys():
            problems.add(
                f"{key} holds measures of texts against each other, and the study has {len(reading)} of them",
                'metrics = ["rouge_l", "fact_recall", ...]',
            )
    wanted = [("subgroups", field) for field in study.settings.get("subgroups", ())]
    wanted += [(key, study.settings[key]) for key in ("compare_by", "rank_by") if study.settings.get(key)]
    for key, field in wanted:
        if field not in known:
            problems.add(f"{key} names {field!r}, which the cases do not have", nearest(str(field), known))
    listed = study.settings.get("published", ())
    groups = {spelled(row["group"]): None for row in listed if isinstance(row, dict) and row.get("group", "") != ""}
    field = study.settings.get("compare_by")
    if groups and not field:
        problems.add(
            "published names groups, and the study does not say of which field", 'add compare_by = "..." or drop group'
        )
    elif groups and field in known and not study.settings.get("limit"):  # a limit may leave groups out
        values = {spelled(example.meta.get(field)) for example in test}
        for group in groups:
            if group not in values:
                problems.add(
                    f"published names the group {group!r}, which no case has as its {field}",
                    nearest(group, sorted(values)),
                )
