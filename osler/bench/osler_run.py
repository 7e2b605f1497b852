"""Osler's own runner: a study file, its plan and its store, as ``osler run`` does it."""

from __future__ import annotations

import asyncio
import importlib
import tempfile
from pathlib import Path

from osler import recipes
from osler.bench.contender import Contender
from osler.bench.questions import BenchQuestions
from osler.core.block import snake
from osler.core.errors import OslerError
from osler.core.store import Store
from osler.study.plan import plan
from osler.study.progress import Silent
from osler.study.resolve import load
from osler.study.run import run

STUDY = """
question = "How fast is the runner?"
task = "mirage"
data = {{ source = "{source}", n = {n} }}
models = [{{ use = "endpoint", model = "stub", base_url = "{url}", api_key_env = "", concurrency = {width} }}]
systems = ["zero_shot"]
"""


def main(contender: Contender) -> None:
    """The warm-up is a study of its own with a store of its own."""
    with tempfile.TemporaryDirectory(prefix="osler-bench-") as folder:
        for name, n in (("warm_up", contender.warm_up), ("measured", contender.calls)):
            contender.marks.clear()
            if n:
                study_run(Path(folder) / f"{name}.toml", n, contender)


class FirstCall(Silent):
    """Progress that marks the moment before the first call, when the cases stand in the store."""

    def __init__(self, contender: Contender) -> None:
        self._contender = contender

    def start(self, total: int) -> None:
        self._contender.mark()


def study_run(path: Path, n: int, contender: Contender) -> None:
    path.write_text(
        STUDY.format(source=snake(BenchQuestions.__name__), n=n, url=contender.url, width=contender.width),
        encoding="utf-8",
    )
    with Store(path.with_suffix(".sqlite")) as store:
        made = plan(load(path), store)
        outcome = asyncio.run(run(made, store, progress=FirstCall(contender)))
        contender.mark()
    if outcome.calls != n or outcome.failed or outcome.stopped:
        raise OslerError(f"the run made {outcome.calls} calls of {n}, {outcome.failed} failed ({outcome.stopped})")


if __name__ == "__main__":
    recipes.discover()
    importlib.import_module("osler.models.endpoint_transport")  # the first call would import it: start-up counts it
    made = Contender.ready()
    main(made)
    made.report()
