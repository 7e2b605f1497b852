"""What each verb does. Output for people goes to standard output as text, for machines as JSON with --json."""

from __future__ import annotations

import argparse
import asyncio
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import orjson

from osler.cli.out import emit
from osler.core.errors import DataError, SpecError, nearest
from osler.core.store import Store


def new(arguments: argparse.Namespace) -> int:
    from osler.study.new import new_study

    path = new_study(arguments.path, question=arguments.question)
    if arguments.json:
        emit({"study": str(path)})
    else:
        print(f"wrote {path}\nnext: osler check {path}")
    return 0


def check(arguments: argparse.Namespace) -> int:
    from osler.cli import text
    from osler.study.plan import plan
    from osler.study.resolve import load

    study = load(arguments.study)
    path = Path(arguments.store)
    if path.exists():
        with Store(path) as store:
            made = plan(study, store)
    else:  # a check leaves nothing behind
        made = plan(study)
    if arguments.json:
        emit(made.json())
    else:
        text.plan(made)
    return 0


def run(arguments: argparse.Namespace) -> int:
    from osler.cli import text
    from osler.study.lock import only_run
    from osler.study.plan import against, plan
    from osler.study.progress import progress
    from osler.study.resolve import load
    from osler.study.run import run as run_study

    study = load(arguments.study)
    planned = plan(study)  # before the store is opened: a study with a fault leaves none behind
    if not arguments.no_report:
        folder_of(arguments, study.name)
    with only_run(Path(arguments.store), study.name), Store(arguments.store) as store:
        made = against(planned, store)
        if not arguments.json:
            text.plan(made)
        with listening(made), progress(quiet=arguments.json) as show:
            outcome = asyncio.run(run_study(made, store, progress=show, retry_failed=not arguments.keep_failed))
        if not arguments.json:
            text.outcome(outcome)
        results: dict[str, Any] | None = None
        if (not arguments.no_report and outcome.left < sum(row.todo for row in made.rows)) or not outcome.stopped:
            results = None if arguments.no_report else write_report(arguments, against(made, store), store)
        if arguments.json:
            emit({"outcome": vars(outcome), "results": results})
    return 1 if outcome.stopped else 0


def listening(made: Any) -> AbstractContextManager[None]:
    """Where a run trains models, Ctrl-C and SIGTERM wait for a checkpoint."""
    from osler.study.tuning_rule import is_tuned
    from osler.tuning.trainer import stopping

    return stopping.listening() if any(is_tuned(row.cell.model) for row in made.rows) else nullcontext()


def kept(arguments: argparse.Namespace) -> Store:
    """The store of an earlier run; a verb that only looks makes none."""
    if not Path(arguments.store).exists():
        raise DataError(
            f"there is no store {arguments.store} here",
            hint=f"run the study first (osler run {arguments.study}), or name its store with --store",
        )
    return Store(arguments.store)


def folder_of(arguments: argparse.Namespace, study: str) -> Path:
    """Where report and bundle go. Looked at before anything is asked, so that no run ends without its report."""
    folder: Path = arguments.out or Path("reports") / study
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(
            f"the report cannot be written to {folder} ({error.strerror})", hint="name a folder with --out"
        ) from None
    return folder


def score(arguments: argparse.Namespace) -> int:
    from osler.cli import text

    if arguments.bundle is not None:
        from osler.study.bundle import TOLERANCE, rescore

        results, off = rescore(arguments.bundle)
        equal = off <= TOLERANCE
        if arguments.json:
            emit({"largest_difference": off, "equal": equal, "results": results})
        else:
            text.results(results)
            print(f"\nlargest difference from the bundle's numbers: {off:.3g} ({'equal' if equal else 'NOT EQUAL'})")
        return 0 if equal else 1
    if arguments.study is None:
        raise SpecError(
            "score needs a study file or a bundle", hint="osler score my.toml, or osler score --from BUNDLE"
        )
    from osler.study.plan import plan
    from osler.study.resolve import load
    from osler.study.results import score as score_study

    with kept(arguments) as store:
        results = score_study(plan(load(arguments.study), store), store).results
    if arguments.json:
        emit(results)
    else:
        text.results(results)
    return 0


def report(arguments: argparse.Namespace) -> int:
    from osler.study.plan import plan
    from osler.study.resolve import load

    with kept(arguments) as store:
        results = write_report(arguments, plan(load(arguments.study), store), store)
    if arguments.json:
        emit(results)
    return 0


def write_report(arguments: argparse.Namespace, made: Any, store: Store) -> dict[str, Any]:
    from osler.cli import text
    from osler.study.bundle import write_bundle
    from osler.study.report import render
    from osler.study.results import frame
    from osler.study.results import score as score_study

    scored = score_study(made, store)
    results = scored.results
    folder = folder_of(arguments, made.study.name)
    page = folder / "report.html"
    page.write_text(render(results), encoding="utf-8")
    write_bundle(
        folder / "bundle",
        results,
        made.data.test,
        scored.answers,
        frame(made.study),
        scored.opinions,
        scored.rating,
    )
    store.event(made.study.name, "report", folder=str(folder))
    if not arguments.json:
        text.results(results)
        print(f"\nreport: {page}\nbundle: {folder / 'bundle'}")
    return results


def status(arguments: argparse.Namespace) -> int:
    from osler.cli import text
    from osler.study.plan import plan
    from osler.study.resolve import load
    from osler.study.status import status as status_of

    with kept(arguments) as store:
        found = status_of(plan(load(arguments.study), store), store)
    if arguments.json:
        emit(found)
    else:
        text.status(found)
    return 0


def show(arguments: argparse.Namespace) -> int:
    from osler.cli import text
    from osler.study.dataset import dataset
    from osler.study.resolve import load
    from osler.study.status import show as show_case

    study = load(arguments.study)
    if arguments.preview is not None:
        return _preview(arguments, study, dataset(study))
    with kept(arguments) as store:
        found = show_case(study, dataset(study), store, arguments.case)
    if arguments.json:
        emit(found)
    else:
        text.case(found)
    return 0


def _preview(arguments: argparse.Namespace, study: Any, data: Any) -> int:
    from osler.study.sending import sending

    found = asyncio.run(sending(study, data, arguments.case, arguments.preview))
    if arguments.json:
        emit(found)
        return 0
    fitted = f"fitted on {found['training']:,} training cases and " if found["training"] else ""
    print(f"{found['system']} on {found['id']}, {fitted}answered by {found['model']}; nothing was sent or kept\n")
    print(found["calls"])
    return 0


def list(arguments: argparse.Namespace) -> int:
    from osler.cli import text

    rows = rows_of(arguments.kind)
    if arguments.json:
        emit(rows)
    else:
        text.listing(arguments.kind, rows)
    return 0


def rows_of(kind: str) -> Any:
    """What ``list`` prints of a kind: name, what it is, settings."""
    from osler import experiments
    from osler.study.listing import listing

    if kind == "experiments":
        return [{"name": n, "what": experiments.module(n).TITLE, "settings": {}} for n in experiments.names()]
    return listing(kind)


def bench(arguments: argparse.Namespace) -> int:
    from osler.bench import BENCHMARKS
    from osler.bench import bench as measure
    from osler.cli import text

    if arguments.name not in BENCHMARKS:
        raise SpecError(f"no benchmark is named {arguments.name!r}", hint=nearest(arguments.name, BENCHMARKS))
    found = measure(arguments.name, quick=arguments.quick)
    if arguments.json == "-":
        emit(found)
        return 0
    if arguments.json:
        Path(arguments.json).write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2))
    text.bench(found)
    return 0
