"""What each system sends for three fixed cases, kept as text that people can read and hold against the paper.

``OSLER_SNAPSHOTS=write pytest tests/contract/test_conformance.py`` writes the snapshots anew; look at the difference
before you keep it.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from shapes import Shape, shapes_of, system

from osler import recipes
from osler.models.heard import Call, Heard
from osler.prompting.preview import written

FOLDER = Path(__file__).with_name("snapshots")
PROVED: dict[str, dict[str, object]] = {}


async def _sent(name: str, shape: Shape) -> list[tuple[str, list[Call]]]:
    """The calls for three cases after fitting on the others."""
    task, model = shape.task, shape.model()
    pairs = [(task.prompt(case), case.target) for case in shape.cases[3:]]
    fitted = await system(name).fit(pairs, model)
    out = []
    for case in shape.cases[:3]:
        heard = Heard(model)
        await fitted.predict(task.prompt(case), heard, seed=0)
        out.append((case.id, heard.calls))
    return out


def _page(name: str, sent: list[tuple[str, list[Call]]]) -> str:
    lines = [f"# {recipes.summary('systems', name)}", ""]
    for case, calls in sent:
        lines += [f"## Case {case}: {len(calls)} calls", "", written(calls)]
    return "\n".join(lines)


@pytest.mark.parametrize("name", recipes.names("systems"))
def test_what_a_system_sends_is_what_was_read_and_kept(name: str) -> None:
    if shapes_of(name)[0].needs_data and not os.environ.get("OSLER_DATA"):
        pytest.skip("OSLER_DATA is not set: this system reads the public data folder")
    made = _page(name, asyncio.run(_sent(name, shapes_of(name)[0])))
    file = FOLDER / f"{name}.md"
    if os.environ.get("OSLER_SNAPSHOTS") == "write":
        FOLDER.mkdir(exist_ok=True)
        file.write_text(made, encoding="utf-8")
    assert file.exists(), "write it with OSLER_SNAPSHOTS=write"
    assert made == file.read_text(encoding="utf-8")


def test_no_snapshot_is_left_of_a_system_that_is_gone() -> None:
    assert {file.stem for file in FOLDER.glob("*.md")} == set(recipes.names("systems"))
