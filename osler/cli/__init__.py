"""The command line: the verbs of a study. A user's mistake prints one clear error and exits 2."""

from __future__ import annotations

import argparse
import importlib
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from osler import __version__
from osler.cli.knowledge_arguments import steps as knowledge_steps

STORE = "osler.sqlite"
EXCHANGE = ("lm-eval", "helm", "healthbench", "inspect")
WHERE = (
    dict.fromkeys(("compare", "matrix", "export", "import"), "sharing")
    | {"judge": "scoring", "rate": "scoring"}
    | {"knowledge": "knowledge", "train": "training", "trained": "training", "experiment": "experimenting"}
)
LISTS = ("tasks", "models", "systems", "metrics", "sources", "tools", "experiments")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; gives the exit status (0 done, 1 something is amiss, 2 the user's mistake, 130 Ctrl-C)."""
    arguments = _parser().parse_args(argv)
    from osler.cli.out import emit
    from osler.core.errors import OslerError

    verb = _named(arguments.verb)
    try:
        return verb(arguments)
    except OslerError as error:
        if getattr(arguments, "json", None):
            emit({"error": {"kind": type(error).__name__, "message": error.message, "hint": error.hint}})
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as stopped:
        again = shlex.join(["osler", *(argv if argv is not None else sys.argv[1:])])
        where = f" {stopped}" if str(stopped) else ""  # a training says at which step
        print(f"\nStopped.{where} Finished work is kept; go on with: {again}", file=sys.stderr)
        return int(getattr(stopped, "status", 130))
    except BrokenPipeError:
        sys.stderr.close()
        return 0


def _named(name: str) -> Callable[[argparse.Namespace], int]:
    """The function of a verb; "import" is a word of Python and has an underscore there."""
    module = importlib.import_module(f"osler.cli.{WHERE.get(name, 'verbs')}")
    found: Callable[[argparse.Namespace], int] = getattr(module, {"import": "import_"}.get(name, name))
    return found


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="osler",
        description="From a medical task for language models to a report that can be trusted, from one study file.",
        epilog="A first study: osler new my.toml && osler check my.toml && osler run my.toml && osler report my.toml",
    )
    parser.add_argument("--version", action="version", version=f"osler {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)

    new = _verb(verbs, "new", "write a study file to start from")
    new.add_argument("path", type=Path)
    new.add_argument("--question", default="", help="the question of the study")

    check = _verb(verbs, "check", "find everything wrong with a study and print its plan; makes no call")
    _study(check)

    run = _verb(verbs, "run", "run what the store does not have yet, then score and report")
    _study(run)
    _out(run)
    run.add_argument("--no-report", action="store_true", help="only run")
    run.add_argument("--keep-failed", action="store_true", help="do not ask again where a call failed before")

    score = _verb(verbs, "score", "score what was run; or compute a bundle again: --from BUNDLE")
    score.add_argument("study", nargs="?", type=Path, help="the study file")
    score.add_argument("--store", default=STORE, help=f"the store (default: {STORE})")
    score.add_argument("--from", dest="bundle", type=Path, help="a bundle folder to compute again, offline")

    report = _verb(verbs, "report", "write the report (HTML) and the bundle (JSON and Parquet)")
    _study(report)
    _out(report)

    status = _verb(verbs, "status", "where the study stands in the workflow")
    _study(status)

    show = _verb(verbs, "show", "everything about one case: prompt, reply, reading, scores")
    show.add_argument("case", help="the id of a case")
    _study(show)
    show.add_argument(
        "--preview", metavar="SYSTEM", help="what this system would send, answered by a simulated model; needs no run"
    )

    judge = _verb(verbs, "judge", "put the answers of a study before its judges (models), then report")
    _study(judge)
    _out(judge)
    judge.add_argument("--controls", action="store_true", help="measure the judges' biases on these answers, too")

    _rate(_verb(verbs, "rate", "people rate the answers of a study: blinded, twice, adjudicated"))

    compare = _verb(verbs, "compare", "paired differences between the systems of bundles that hold the same cases")
    compare.add_argument("bundles", nargs="+", type=Path, metavar="BUNDLE", help="a folder that report wrote")

    matrix = _verb(verbs, "matrix", "what of each capability was evaluated, by dimension, over bundles")
    matrix.add_argument("bundles", nargs="+", type=Path, metavar="BUNDLE", help="a folder that report wrote")
    matrix.add_argument("--out", type=Path, metavar="FILE", help="write it as a page (HTML), too")

    export = _verb(verbs, "export", "write a bundle in the format of another tool")
    export.add_argument("bundle", type=Path, help="a folder that report wrote")
    export.add_argument("--to", required=True, choices=(*EXCHANGE, "transcripts"), help="the format")
    export.add_argument("--with-texts", action="store_true", help="let texts of patients leave, where that is allowed")
    export.add_argument("--out", type=Path, help="the folder to write to (default: exported)")

    take = _verb(verbs, "import", "make a study of a task in the format of another tool")
    take.add_argument("file", type=Path, help="its task file")
    take.add_argument("--from", dest="source", required=True, choices=EXCHANGE, help="the format")
    take.add_argument("--out", type=Path, required=True, help="the folder to write the study to")

    knowledge_steps(
        _verb(verbs, "knowledge", "what systems may look up: add, update, delete, show and search documents"), _verb
    )

    _train(_verb(verbs, "train", "train a model from a recipe, or one of a study; a second run finds it made"))
    trained = _verb(verbs, "trained", "the models that were trained on this machine")
    trained.add_argument("--shelf", type=Path, help="the folder of trained models")
    trained.add_argument("--on", default="", metavar="ID", help="only those that learnt from this document or case")

    listing = _verb(verbs, "list", "what can be named in a study")
    listing.add_argument("kind", choices=LISTS)

    experiment = _verb(verbs, "experiment", "show the point of a published method on models of known skill")
    experiment.add_argument(
        "name", help="a method (osler list experiments), all, or overview: one page over those that ran"
    )
    experiment.add_argument("--quick", action="store_true", help="fewer cases, for a first look")
    experiment.add_argument("--seed", type=int, default=0, help="the seed of everything drawn (default: 0)")
    experiment.add_argument("--out", type=Path, help="where the page goes (default: reports/experiments/NAME)")

    bench = _verb(verbs, "bench", "measure speed and memory side by side with other tools")
    bench.add_argument("name", help="the benchmark: engine, score, retrieval or train")
    bench.add_argument("--quick", action="store_true", help="fewer rounds, for a first look")
    return parser


def _train(train: argparse.ArgumentParser) -> None:
    train.add_argument("name", help="a recipe (osler list models), or the name of a model in the study")
    train.add_argument("--study", type=Path, help="a study file, whose training cases are learnt from")
    train.add_argument("--preset", choices=("full", "tiny"), default="tiny", help="the recipe's size (default: tiny)")
    train.add_argument("--seed", type=int, default=0, help="the seed of everything drawn (default: 0)")
    train.add_argument("--processes", type=int, default=1, help="processes to share the work out to (default: 1)")
    train.add_argument("--strategy", choices=("ddp", "fsdp"), default="ddp", help="whole copies, or weights in shards")
    train.add_argument("--ray", action="store_true", help="start the processes on a Ray cluster (extra ray)")
    train.add_argument(
        "--shelf", type=Path, help="where trained models go (default: OSLER_MODELS, or the user's cache)"
    )


def _rate(rate: argparse.ArgumentParser) -> None:
    steps = rate.add_subparsers(dest="step", metavar="STEP", required=True)
    for name, words in (
        ("plan", "how many cases it takes to say something, and the raters' hours"),
        ("prepare", "make the blinded book, its key and the sign-in codes"),
        ("results", "take what was rated into the study: agreement, its gate, arms, ranking; then report"),
    ):
        step = _verb(steps, name, words)
        _study(step)
        _out(step)
        if name == "plan":
            step.add_argument("--raters", type=int, default=0, help="how many people rate (default: those per answer)")
        if name == "prepare":
            step.add_argument("--rater", action="append", default=[], metavar="NAME", help="a person who rates; repeat")
            step.add_argument("--adjudicator", default="", metavar="NAME", help="who decides where raters differ")
    serve = _verb(steps, "serve", "serve the rating pages of a book")
    serve.add_argument("book", type=Path, help="the file that prepare wrote")
    serve.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: this machine alone)")
    serve.add_argument("--port", type=int, default=8321)
    for name, words in (
        ("code", "a new sign-in code for a person"),
        ("sheet", "write a person's items as a spreadsheet (.xlsx or .csv)"),
        ("take", "read a filled spreadsheet back; all rows or none"),
    ):
        step = _verb(steps, name, words)
        step.add_argument("book", type=Path, help="the file that prepare wrote")
        step.add_argument("name", help="the person")
        if name != "code":
            step.add_argument("file", type=Path, help="the spreadsheet")


def _verb(verbs: Any, name: str, text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = verbs.add_parser(name, help=text, description=text)
    if name == "bench":
        parser.add_argument(
            "--json",
            metavar="FILE",
            nargs="?",
            const="-",
            default=None,
            help="figures as JSON, to FILE or to the output",
        )
    else:
        parser.add_argument("--json", action="store_true", help="print the result as JSON")
    return parser


def _study(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("study", type=Path, help="the study file")
    parser.add_argument("--store", default=STORE, help=f"the store, one SQLite file (default: {STORE})")


def _out(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, help="where report and bundle go (default: reports/NAME)")
