"""What a system of a study would send for one case, before anything is run: fitted and answered by a simulated model.

No call leaves the machine and nothing is kept. What a real model says may differ, and with it the chains that it keeps,
the demonstrations drawn from those, and every later turn that quotes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osler.core.block import snake
from osler.core.errors import SpecError, nearest
from osler.evaluation.consultation.engine import Interactive
from osler.models.simulated import Simulated
from osler.prompting.preview import preview
from osler.study.dataset import Dataset, Fold, has_pool, inside
from osler.study.fitting import cases_of
from osler.study.names import Entry
from osler.study.resolve import Study


async def sending(study: Study, data: Dataset, case: str, system: str) -> dict[str, Any]:
    """The calls of ``system`` for the test case ``case`` as text, and how they were got. SpecError for unknown names,
    for conversations, and for systems that ask others than the model of the study."""
    entry = next((entry for entry in study.systems if entry.name == system), None)
    if entry is None:
        raise SpecError(
            f"no system of the study {study.name!r} is named {system!r}",
            hint=nearest(system, [entry.name for entry in study.systems]),
        )
    if isinstance(study.task, Interactive):
        raise SpecError("the turns of a conversation are made as it goes, so they cannot be shown before it")
    _stays_here(entry)
    fold, example = _found(study, data, case)
    answering = _model(study, entry)
    model = answering.keyed([*fold.test, *fold.train, *fold.valid], lettered=study.task.lettered)
    learnt: list[Mapping[str, Any]] = []
    cases = cases_of(study, fold, seed=study.seeds[0], log=learnt.append) if has_pool(entry.block) else None
    text = await preview(entry.block, model, study.task.prompt(example), seed=study.seeds[0], train=cases)
    return {
        "id": case,
        "system": system,
        "seed": study.seeds[0],
        "model": snake(type(answering).__name__),
        "training": 0 if cases is None else len(cases) + len(cases.valid),
        "calls": text,
    }


def _found(study: Study, data: Dataset, case: str) -> tuple[Fold, Any]:
    for fold in data.folds:
        for example in fold.test:
            if example.id == case:
                return fold, example
    raise SpecError(
        f"no test case of the study {study.name!r} has the id {case!r}",
        hint=nearest(case, [example.id for example in data.test]),
    )


def _stays_here(entry: Entry) -> None:
    """Refuse what would ask somebody else: another model, or a tool that sends what is written into its calls."""
    for part in inside(entry.block):
        sends_to: tuple[str, ...] = getattr(part, "sends_to", ())
        if getattr(part, "base_url", "") or sends_to:
            raise SpecError(
                f"{entry.name!r} asks {snake(type(part).__name__)} itself, and a preview sends nothing",
                hint="run the study with limit = 1; osler show then prints every call",
            )


def _model(study: Study, entry: Entry) -> Any:
    """A simulated model that can answer the system: the first of the study, or one that is always right."""
    own = [model.block for model in study.models if hasattr(model.block, "keyed")]
    for model in (*own, Simulated(skill=1.0)):
        if all(set(need.split("|")) & set(model.supports) for need in entry.block.needs):
            return model
    raise SpecError(
        f"{entry.name!r} needs a model that can {', '.join(sorted(entry.block.needs))}, and no simulated one of the study "
        "can",
        hint='add one, as in models = [{ use = "simulated_agent" }], or run the study with limit = 1',
    )
