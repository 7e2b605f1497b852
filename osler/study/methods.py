"""What a study did and what its numbers do not show, in words that a paper can use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from osler.models.simulated import Simulated
from osler.prompting.ladder import Ladder
from osler.prompting.optimise.optimiser import Optimiser
from osler.study import gates
from osler.study.dataset import fits_by_calls, inside
from osler.study.fitting import judged_by
from osler.study.plan import Plan


def methods(plan: Plan, tried: Sequence[Mapping[str, Any]] = ()) -> list[str]:
    """The methods paragraphs of every report: what was done, in words that a paper can use.

    ``tried``: the searches of the study (``osler.study.variants``), which say how many cases each of them used.
    """
    study, data = plan.study, plan.data
    task = study.task
    by = task.cluster or "case"
    out = [
        f"Each of {len(data.test):,} test cases was put to {len(study.arms())} systems"
        f" with {len(study.seeds)} seed(s). The data set has the hash {data.hash}.",
        f"Intervals are 95 %. Where every {by} has one row and the score is right or wrong they are Wilson intervals "
        f"(Clopper-Pearson for few cases or values near 0 or 1); else they are percentile bootstraps that resample "
        f"whole {by}s 10,000 times (1,000 for measures that cannot be added up).",
        "Systems are compared on the same cases: exact McNemar where cases are independent and right or wrong, else a "
        f"paired bootstrap over {by}s. P-values of one family are adjusted by Holm's method.",
        "An answer that could not be read counts as wrong and is shown apart; so does a call that failed. A case that "
        "cannot be scored by a measure is left out of it and counted.",
    ]
    if study.folds:
        out.append(
            f"Trained systems and demonstrations use {study.folds} folds by {by}: every case is answered by a system that never saw its {by}."
        )
    elif len(data.folds[0].train):
        out.append(
            f"Training and demonstrations use the training split ({len(data.folds[0].train):,} cases of other {by}s)."
        )
    return [*out, *_searches(plan, tried)]


def _searches(plan: Plan, tried: Sequence[Mapping[str, Any]]) -> list[str]:
    """How variants were chosen, where any system does so, and on how many cases each search really held them apart."""
    found = [entry.name for entry in plan.study.systems if fits_by_calls(entry.block)]
    if not any(isinstance(part, (Optimiser, Ladder)) for entry in plan.study.systems for part in inside(entry.block)):
        return []
    by, valid = plan.study.task.cluster or "case", sum(len(fold.valid) for fold in plan.data.folds)
    where = f"cases of the validation split ({valid:,})" if valid else f"training cases set apart by {by}"
    used: dict[str, set[int]] = {}
    for search in tried:
        several = len({other["optimiser"] for other in tried if other["name"] == search["name"]}) > 1
        within = f" ({search['optimiser'].replace('_', ' ')})" if several else ""
        used.setdefault(search["name"] + within, set()).add(int(search["n"]))
    counts = [f"{name} {_range(sizes)}" for name, sizes in used.items()]
    most = f" Cases that each search used: {', '.join(counts)}." if counts else ""
    return [
        f"Systems that search ({', '.join(found)}) compared their variants on {where}, case by case by "
        f"{judged_by(plan.study)[0] or 'right and wrong'}; the winner was frozen before the first test case was asked."
        f"{most}"
    ]


def _range(sizes: set[int]) -> str:
    low, high = min(sizes), max(sizes)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def source_words(source: Any, *, private: bool) -> str:
    """What a report calls the data. A file of identifiable data keeps its name to itself: it may name a person."""
    said = str(getattr(source, "title", type(source).__name__))
    return "a private file" if private and Path(str(getattr(source, "path", ""))).name == said else said


def cautions(results: Mapping[str, Any], plan: Plan) -> list[str]:
    """What a reader must know before quoting a number."""
    out = []
    if results["data"]["synthetic"]:
        out.append(
            "The cases are synthetic. The figures show how systems compare on them, not how they would do on patients."
        )
    if len(results["systems"]) > 1:
        same = all(row["cases"] == results["data"]["n"] for row in results["systems"])
        out.append(
            f"{len(results['systems'])} systems were compared{' on the same cases' if same else ''}: "
            "the figure of the best of them is optimistic."
        )
    out += getattr(plan.study.task.data, "cautions", ())
    told = [entry.name for entry in plan.study.models if isinstance(entry.block, Simulated)]
    if told:
        verb, they = ("is", "it is") if len(told) == 1 else ("are", "they are")
        out.append(f"{', '.join(told)} {verb} simulated: {they} told the answers, and nothing of that is a result.")
    judges = [entry.name for entry in plan.study.judges if getattr(entry.block.model, "baseline", False)]
    if judges:
        out.append(f"The judge {', '.join(judges)} is simulated: its scores show how judging works and judge nothing.")
    if any(row["kind"] != "rater" for row in results.get("rated", ())):
        out.append(
            "What judges (models) said is exploratory and carries no claim unless it is shown to agree with people."
        )
    if results["data"]["n"] < gates.FEW:
        out.append(f"{results['data']['n']} cases make this a development evaluation: enough to choose, not to claim.")
    for row in results["systems"]:
        if row["cases"] < results["data"]["n"]:
            out.append(f"{row['name']} has answers to {row['cases']:,} of {results['data']['n']:,} cases.")
        ran = len(row["seeds"]) + len(row["left_out"])
        if ran < len(plan.study.seeds):
            out.append(f"{row['name']} has answers with {ran} of {len(plan.study.seeds)} seeds.")
        if row["unparsed"]:
            out.append(f"{row['unparsed']:,} answers of {row['name']} could not be read; they count as wrong.")
        if row["failures"]:
            kinds = ", ".join(f"{kind} {n}" for kind, n in row["failures"].items())
            out.append(
                f"{sum(row['failures'].values()):,} calls of {row['name']} failed ({kinds}); they count as wrong."
            )
    return out
