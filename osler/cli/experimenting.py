"""``experiment``: show the point of a method; all of them, and one page over what held and what did not."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from osler.cli.out import emit


def experiment(arguments: argparse.Namespace) -> int:
    from osler import experiments
    from osler.cli import text
    from osler.experiments import overview
    from osler.experiments.page import write

    name = arguments.name.replace("-", "_").lower()
    folder = arguments.out or Path("reports") / "experiments" / ("" if name in _MANY else name)
    if name in _MANY:
        return _experiments(arguments, folder, [] if name == "overview" else experiments.names())
    found = experiments.experiment(name, quick=arguments.quick, seed=arguments.seed)
    page = write(found, folder)
    if arguments.out is None:
        overview.write(folder.parent)
    if arguments.json:
        emit(found.json())
    else:
        text.experiment(found)
        print(f"\nreport: {page}")
    return 1 if found.failed else 0


_MANY = ("all", "overview")


def _experiments(arguments: argparse.Namespace, folder: Path, wanted: Sequence[str]) -> int:
    """Those of ``wanted`` whose results are not there yet, one after another, then the page over all that are there."""
    from osler import experiments
    from osler.experiments import overview
    from osler.experiments.page import write

    there = {row.name for row in overview.rows(folder) if arguments.quick or not row.quick}
    for name in (name for name in wanted if name not in there):
        print(f"{name} ...", file=sys.stderr, flush=True)
        write(experiments.experiment(name, quick=arguments.quick, seed=arguments.seed), folder / name)
        overview.write(folder)
    folder.mkdir(parents=True, exist_ok=True)
    page, found = overview.write(folder), overview.rows(folder)
    if arguments.json:
        emit([row._asdict() for row in found])
    else:
        for row in found:
            print(
                f"{row.name:<28} {row.held:>3} hold  {row.failed:>3} do not  {row.open:>3} not settled  {row.seconds:7.0f} s"
            )
        print(f"\noverview: {page}")
    return 1 if any(row.failed for row in found) else 0
