"""What each system sends for three fixed cases, kept as text that people can read and hold against the paper.

``OSLER_SNAPSHOTS=write pytest tests/contract/test_conformance.py`` writes the snapshots anew; look at the difference
before you keep it.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from pathlib import Path

import pytest
from shapes import Shape, shapes_of, system

from osler import recipes
from osler.core.block import replace
from osler.models.heard import Call, Heard
from osler.models.simulated_features import SimulatedCritic, SimulatedFeatures
from osler.prompting.preview import written

FOLDER = Path(__file__).with_name("snapshots")
# What the papers say is sent for one case: calls by temperature, and solved cases shown before the question.
PUBLISHED: dict[str, tuple[dict[float, int], int]] = {
    "alpacare": ({1.0: 13}, 0),  # 12 tasks from 3 seeds, then one answer each
    "automedprompt": ({0.4: 1}, 0),
    "chemcrow": ({0.1: 2}, 0),
    "codex": ({0.0: 10}, 0),  # five cues, each with its extraction
    "codex_few_shot": ({0.50: 20, 0.51: 20, 0.52: 20, 0.53: 20, 0.54: 20}, 5),
    "deid_gpt": ({0.05: 1}, 0),
    "ehragent": ({0.0: 2}, 0),
    "genegpt": ({0.0: 1}, 4),
    "med_palm": ({0.7: 11}, 5),
    "med_palm_2": ({0.7: 44}, 5),
    "meditron": ({0.8: 5}, 0),
    "medprompt": ({0.0: 5}, 5),
    "trialgpt": ({0.0: 1}, 0),
    "trialgpt_ranking": ({0.0: 6}, 0),  # two trials: inclusion, exclusion, rating
    "trialgpt_retrieval": ({0.0: 1}, 0),
}


async def _sent(name: str, shape: Shape) -> list[tuple[str, list[Call]]]:
    """The calls for three cases after fitting on the others; what fitting sends stands first, where it sends anything."""
    task, model = shape.task, shape.model()
    pairs = [(task.prompt(case), case.target) for case in shape.cases[3:]]
    learning = Heard(model)
    fitted = await system(name).fit(pairs, learning)
    out = [("", learning.calls)] if learning.calls else []
    for case in shape.cases[:3]:
        heard = Heard(model)
        await fitted.predict(task.prompt(case), heard, seed=0)
        out.append((case.id, heard.calls))
    return out


def _page(name: str, sent: list[tuple[str, list[Call]]]) -> str:
    lines = [f"# {recipes.summary('systems', name)}", ""]
    for case, calls in sent:
        if case:
            lines += [f"## Case {case}: {len(calls)} calls", "", written(calls)]
        else:
            lines += [f"## Fitting: {len(calls)} calls, one of each kind", "", written(_kinds(calls))]
    return "\n".join(lines)


def _kinds(calls: list[Call]) -> list[Call]:
    """The first call of each kind: of the same turns with the same instruction."""
    found: dict[tuple[str, ...], Call] = {}
    for call in calls:
        told = next((message.text for message in call.messages if message.role == "system"), "")
        found.setdefault((told, *(message.role for message in call.messages)), call)
    return list(found.values())[:5]


def test_what_a_textual_gradient_sends_is_kept_too() -> None:
    """AutoMedPrompt learns from errors, so its snapshot of learning needs a model that makes some."""
    shape = shapes_of("automedprompt")[0]
    model = SimulatedFeatures(skill=0.3).keyed(shape.cases, lettered=True)
    heard = Heard(model)
    learner = replace(system("automedprompt"), backward=SimulatedCritic())
    asyncio.run(learner.fit([(shape.task.prompt(case), case.target) for case in shape.cases], heard))
    _same("automedprompt_learning", f"# What AutoMedPrompt sends while it learns\n\n{written(_kinds(heard.calls))}")


@pytest.mark.parametrize("name", recipes.names("systems"))
def test_what_a_system_sends_is_what_was_read_and_kept(name: str) -> None:
    _same(name, _page(name, asyncio.run(_sent(name, shapes_of(name)[0]))))


def _same(name: str, made: str) -> None:
    file = FOLDER / f"{name}.md"
    if os.environ.get("OSLER_SNAPSHOTS") == "write":
        FOLDER.mkdir(exist_ok=True)
        file.write_text(made, encoding="utf-8")
    assert file.exists(), "write it with OSLER_SNAPSHOTS=write"
    assert made == file.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_numbers_and_temperatures_are_those_of_the_paper(name: str) -> None:
    heats, demos = PUBLISHED[name]
    for case, calls in asyncio.run(_sent(name, shapes_of(name)[0])):
        if not case:
            continue
        dropped = heats.get(1.0, 0) - len(calls) if name == "alpacare" else 0  # tasks too alike are not answered
        assert Counter(call.temperature for call in calls) + Counter({1.0: dropped}) == Counter(heats), case
        assert {_shown(call) for call in calls if not call.schema} <= {demos}, case


def _shown(call: Call) -> int:
    """Solved cases in the messages of a call: turns of the assistant before the question, or solved in the text."""
    asked = [place for place, message in enumerate(call.messages) if message.role == "user"]
    turns = sum(message.role == "assistant" for message in call.messages[: asked[-1]])
    in_text = sum(message.text.count("\nQuestion: ") for message in call.messages if message.role == "system")
    continued = any(part.name in ("thought", "extraction", "draft") for m in call.messages for part in m.parts)
    return 0 if continued else turns + in_text


def test_no_snapshot_is_left_of_a_system_that_is_gone() -> None:
    assert {file.stem for file in FOLDER.glob("*.md")} == {*recipes.names("systems"), "automedprompt_learning"}
