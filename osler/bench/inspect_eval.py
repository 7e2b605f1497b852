"""inspect_ai: a task of the same questions, set up for speed as its documentation says.

No display, no log while it runs, no samples in the log. Its times are taken from the first call to the last one, so
the set-up and the end of an evaluation do not count.
"""

from __future__ import annotations

import os
import tempfile
from typing import Any

from inspect_ai import Task, eval
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ChatMessageSystem, ChatMessageUser
from inspect_ai.solver import Generate, TaskState, solver

from osler.bench.contender import INSTRUCTION, Contender, user_text
from osler.bench.questions import Questions
from osler.core.errors import OslerError


@solver  # type: ignore[untyped-decorator]
def timed(contender: Contender) -> Any:
    async def solve(state: TaskState, generate: Generate) -> TaskState:
        if not contender.marks:
            contender.mark()
        state = await generate(state)
        contender.mark()
        return state

    return solve


def main(contender: Contender) -> None:
    os.environ["STUB_API_KEY"] = "none"
    for cases in (
        Questions(range(contender.warm_up)),
        Questions(range(contender.warm_up, contender.warm_up + contender.calls)),
    ):
        contender.marks.clear()
        samples = [
            Sample(
                id=example.id,
                input=[ChatMessageSystem(content=INSTRUCTION), ChatMessageUser(content=user_text(example))],
            )
            for example in cases
        ]
        with tempfile.TemporaryDirectory(prefix="osler-bench-") as folder:
            (log,) = eval(
                Task(dataset=MemoryDataset(samples), solver=timed(contender)),
                model="openai-api/stub/stub",
                model_base_url=contender.url,
                max_connections=contender.width,
                max_samples=contender.width,
                display="none",
                log_level="error",
                log_samples=False,
                log_realtime=False,
                log_dir=folder,
                temperature=0.0,
                seed=0,
                max_tokens=256,
            )
        if log.status != "success":
            raise OslerError(f"inspect_ai ended with {log.status}")


if __name__ == "__main__":
    made = Contender.ready()
    main(made)
    made.report()
