"""The cells of the experiment ``encoder_tuning``: which task, trained how, with which seed; run once, kept on the shelf."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import resource
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import orjson

from osler.core.block import block_id, replace
from osler.core.types import Example, Prediction
from osler.data.sets.bc5cdr import Bc5cdr
from osler.data.sets.ncbi_disease import NcbiDisease
from osler.data.trialgpt import TrialGPT
from osler.evaluation.metrics.structure.entities import EntityF1
from osler.models.encoder import Encoder
from osler.recipes.tasks.abstract_topic import RECIPE as TOPICS
from osler.recipes.tasks.chemical_disease_mentions import RECIPE as CHEMICALS
from osler.recipes.tasks.disease_mentions import RECIPE as DISEASES
from osler.recipes.tasks.pubmed_qa import RECIPE as PUBMED_QA
from osler.recipes.tasks.trial_matching import RECIPE as TRIALS
from osler.tuning.heads.classifier import Classifier
from osler.tuning.heads.tagger import Tagger
from osler.tuning.peft.bottleneck import Bottleneck
from osler.tuning.peft.lora import LoRA
from osler.tuning.peft.prefix import Prefix
from osler.tuning.peft.prompt_tuning import PromptTuning
from osler.tuning.schedule import Schedule
from osler.tuning.shelf import Shelf
from osler.tuning.stage import made

FOLDS = 5  # of TrialGPT, whose annotations have no training part: by patient
RESAMPLES = 2000

TASKS: Mapping[str, Any] = {
    "ncbi_disease": replace(DISEASES, data=NcbiDisease()),
    "bc5cdr": replace(CHEMICALS, data=Bc5cdr()),
    "medical_abstracts": TOPICS,
    "pubmed_qa": PUBMED_QA,
    "trialgpt": replace(TRIALS, data=TrialGPT()),
}
ADAPTERS: Mapping[str, Any] = {
    "LoRA": LoRA(rank=16, alpha=16.0, targets="all"),
    "prefix": Prefix(length=32),
    "prompt": PromptTuning(length=32),
    "bottleneck": Bottleneck(width=48),
}
METHODS = ("full", "after BC5CDR", *ADAPTERS)
_RATES = {"LoRA": 1e-3, "prefix": 5e-3, "prompt": 1e-2, "bottleneck": 1.5e-3}
_FOREIGN = Tagger(
    data=replace(CHEMICALS, data=Bc5cdr(types=("Disease",))),
    schedule=Schedule(epochs=3.0, batch_tokens=2048, learning_rate=3e-4, warm_up=0.1),
)


@dataclasses.dataclass(frozen=True)
class Cell:
    """``fold``: of TrialGPT; -1 elsewhere."""

    task: str
    method: str
    seed: int
    fold: int = -1

    @property
    def name(self) -> str:
        return f"{self.task}/{self.method}/{self.seed}" + (f"/{self.fold}" if self.fold >= 0 else "")


@dataclasses.dataclass(frozen=True)
class Measured:
    """What a cell gave: its answers to the test cases and, where there is such a part, to the valid cases; parameters
    that learnt and all of them; CPU seconds of the training and the most memory of the process that did it."""

    cell: Cell
    answers: tuple[str, ...]
    valid: tuple[str, ...]
    parameters: int
    of: int
    seconds: float
    peak_mb: float


def model_of(cell: Cell) -> Any:
    """The head of a cell, still to be trained."""
    adapter = ADAPTERS.get(cell.method)
    if cell.task in ("ncbi_disease", "bc5cdr"):
        base = _FOREIGN if cell.method == "after BC5CDR" else Encoder()
        epochs = 8.0 if cell.task == "ncbi_disease" else 5.0
        rate = _RATES.get(cell.method, 3e-4)
        schedule = Schedule(epochs=epochs, batch_tokens=2048, learning_rate=rate, warm_up=0.1)
        return Tagger(base=base, adapter=adapter, schedule=schedule)
    epochs, length = {"medical_abstracts": (4.0, 256), "pubmed_qa": (6.0, 448), "trialgpt": (4.0, 320)}[cell.task]
    rate = _RATES.get(cell.method, 1e-4)
    schedule = Schedule(epochs=epochs, batch_tokens=4096, learning_rate=rate, warm_up=0.1)
    return Classifier(adapter=adapter, length=length, schedule=schedule, balanced=cell.task == "pubmed_qa")


def divided(cell: Cell) -> tuple[Sequence[Example], Sequence[Example]]:
    """Training and test cases: the published parts; of TrialGPT every fifth patient is the test."""
    task = TASKS[cell.task]
    if cell.task != "trialgpt":
        return task.examples("train"), task.examples("test")
    cases = task.examples("test")
    order = {name: at for at, name in enumerate(sorted({str(case.meta["patient"]) for case in cases}))}
    inside = [order[str(case.meta["patient"])] % FOLDS == cell.fold for case in cases]
    train = [case for case, held in zip(cases, inside, strict=True) if not held]
    return train, [case for case, held in zip(cases, inside, strict=True) if held]


async def measured(cell: Cell, shelf: str = "") -> Measured:
    """Train the cell, or find it, and let it answer the test cases; both are kept, so a second run does neither."""
    task = TASKS[cell.task]
    train, test = divided(cell)
    kept = Shelf(shelf).folder / "answers" / f"{_key(cell)}.json"
    if not kept.is_file():
        pairs = [(task.prompt(case), case.target) for case in train]
        trained = await asyncio.to_thread(made, model_of(cell), pairs, seed=cell.seed, shelf=shelf)
        answers = await _answers(trained, task, test)
        held = task.examples("valid") if cell.task != "trialgpt" else ()
        about = trained.held.manifest
        row = {
            "answers": answers,
            "valid": await _answers(trained, task, held),
            "parameters": about["about"]["parameters"],
            "seconds": about["record"]["cpu_seconds"],
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }
        kept.parent.mkdir(parents=True, exist_ok=True)
        part = kept.with_suffix(f".{os.getpid()}.part")
        part.write_bytes(orjson.dumps(row))
        part.replace(kept)
    found = orjson.loads(kept.read_bytes())
    return Measured(
        cell,
        tuple(found["answers"]),
        tuple(found["valid"]),
        found["parameters"]["trained"],
        found["parameters"]["all"],
        found["seconds"],
        found["peak_mb"],
    )


def kept(cell: Cell, shelf: str = "") -> bool:
    """Whether ``measured`` would find the cell."""
    return (Shelf(shelf).folder / "answers" / f"{_key(cell)}.json").is_file()


def _key(cell: Cell) -> str:
    return f"{block_id(model_of(cell))}-{cell.name.replace('/', '-').replace(' ', '-')}"


async def _answers(model: Any, task: Any, cases: Sequence[Example]) -> list[str]:
    return list(await asyncio.gather(*(_answer(model, task, case) for case in cases)))


async def _answer(model: Any, task: Any, case: Example) -> str:
    prompt = task.prompt(case)
    if prompt.labels:
        return str((await model.score(prompt.messages(), prompt.labels)).text)
    return str((await model.generate(prompt.messages(), schema=task.schema)).text)


@dataclasses.dataclass(frozen=True)
class Figure:
    """A figure with its 95 % interval by resampling clusters (abstracts, patients, else cases)."""

    value: float
    low: float
    high: float
    draws: Any

    def told(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


def figure(parts: Sequence[Measured], *, valid: bool = False) -> Figure:
    """The figure of one seed: entity F1, exact span and type, of mentions; macro-F1 of labels. ``parts``: the folds.
    ``valid``: on the valid cases, by which settings are chosen, in place of the test cases."""
    sums = np.concatenate([counts(part, valid=valid) for part in parts])
    draw = np.random.default_rng(0)
    picked = draw.integers(0, len(sums), (RESAMPLES, len(sums)))
    draws = np.array([_value(sums[rows].sum(axis=0)) for rows in picked])
    low, high = np.quantile(draws, (0.025, 0.975))
    return Figure(_value(sums.sum(axis=0)), float(low), float(high), draws)


def gap(first: Sequence[Measured], second: Sequence[Measured]) -> tuple[float, float, float]:
    """How much more the second gives than the first on the same cases, with the interval of paired resamples."""
    one, two = figure(first), figure(second)
    low, high = np.quantile(two.draws - one.draws, (0.025, 0.975))
    return two.value - one.value, float(low), float(high)


def counts(part: Measured, *, valid: bool = False) -> Any:
    """For each cluster of the cases, in the order of their names, right, said and gold: [clusters, classes, 3]."""
    cases = TASKS[part.cell.task].examples("valid") if valid else divided(part.cell)[1]
    answers = part.valid if valid else part.answers
    groups = _groups(part.cell, cases)
    order = {name: at for at, name in enumerate(sorted(set(groups)))}
    mentions = part.cell.task in ("ncbi_disease", "bc5cdr")
    rows = _entity_rows(cases, answers) if mentions else _label_rows(cases, answers, TASKS[part.cell.task])
    out = np.zeros((len(order), *rows.shape[1:]))
    np.add.at(out, [order[name] for name in groups], rows)
    return out


def _groups(cell: Cell, cases: Sequence[Example]) -> list[str]:
    name = {"ncbi_disease": "abstract", "bc5cdr": "abstract", "trialgpt": "patient"}.get(cell.task, "")
    return [str(case.meta[name]) if name else case.id for case in cases]


def _entity_rows(cases: Sequence[Example], answers: Sequence[str]) -> Any:
    metric = EntityF1(align=False)
    return np.array(
        [[metric.sums(case, Prediction(answer=said))] for case, said in zip(cases, answers, strict=True)], np.float64
    )


def _label_rows(cases: Sequence[Example], answers: Sequence[str], task: Any) -> Any:
    labels = sorted({case.target for case in task.examples("test")})
    out = np.zeros((len(cases), len(labels), 3))
    for at, (case, said) in enumerate(zip(cases, answers, strict=True)):
        out[at, labels.index(case.target), 2] = 1
        if said in labels:
            out[at, labels.index(said), 1] = 1
            out[at, labels.index(said), 0] = said == case.target
    return out


def _value(sums: Any) -> float:
    """Mean over the classes that occur of 2 right / (said + gold); entities are one class."""
    occurs = sums[:, 2] > 0
    each = 2 * sums[:, 0] / np.maximum(sums[:, 1] + sums[:, 2], 1)
    return float(each[occurs].mean())
