"""Recipes whose tasks have another shape than choices: rewriting notes, two labels put together, codes as JSON."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence

import orjson
import pytest
from scipy.stats import binomtest
from scripted import Scripted

from osler import recipes
from osler.core.types import Example, Prediction, Prompt
from osler.data.sets.spans import Mention, entities_json, entity_schema
from osler.evaluation.metrics.structure.deidentification import LeakPerDocument, PhiTokenPrecision, PhiTokenRecall
from osler.models.simulated_redactor import SimulatedRedactor
from osler.models.simulated_steps import SimulatedSteps
from osler.prompting.decompose import Decompose, Rule
from osler.tasks.template import Template

NAMES = ("Anna Berg", "Omar Lee", "Jo O'Neill", "Dr. Kim Park")
NOTES = [
    f"{NAMES[at % 4]} was seen on 0{at % 9 + 1}/03/2021. {'No fever' if at % 2 else 'A cough'} for {at} days; "
    f"takes aspirin {at}0 mg. Call 555-010{at % 10} or ask {NAMES[(at + 1) % 4]}."
    for at in range(40)
]
IDENTIFIER = re.compile("|".join((*map(re.escape, NAMES), r"\d\d/03/2021", r"555-\d+")))
TASK = Template(
    title="Notes", capability="structurization", question="{text}", schema=entity_schema(("REDACTED",)), data=None
)
CASES = [
    Example(
        id=f"n{at}",
        input={"text": note},
        target=entities_json(Mention(*m.span(), "REDACTED", m.group()) for m in IDENTIFIER.finditer(note)),
    )
    for at, note in enumerate(NOTES)
]


def rewritten(**knobs: float) -> list[Prediction]:
    model = SimulatedRedactor(**knobs).keyed(CASES, lettered=False)  # type: ignore[arg-type]
    system = recipes.recipe("systems", "deid_gpt")

    async def go() -> list[Prediction]:
        return [await system.predict(TASK.prompt(case), model, seed=0) for case in CASES]

    return asyncio.run(go())


def measured(found: Sequence[Prediction]) -> tuple[float, float, float]:
    """Share of notes that leak, and recall and precision of identifier tokens, pooled."""
    leaks = [LeakPerDocument().score(case, one).value or 0.0 for case, one in zip(CASES, found, strict=True)]
    out = []
    for metric in (PhiTokenRecall(), PhiTokenPrecision()):
        sums = [metric.sums(case, one) for case, one in zip(CASES, found, strict=True)]
        kept = [row for row in sums if not isinstance(row, str)]
        covered, said, gold = (sum(row[at] for row in kept) for at in range(3))
        out.append(covered / (gold if isinstance(metric, PhiTokenRecall) else max(said, 1)))
    return sum(leaks) / len(leaks), out[0], out[1]


def test_deid_gpt_reads_a_good_rewriting_as_the_gold_spans() -> None:
    found = rewritten()
    assert [orjson.loads(one.answer or "") for one in found] == [orjson.loads(case.target) for case in CASES]
    assert measured(found) == (0.0, 1.0, 1.0)


def test_leak_and_retention_tell_a_leaker_from_a_destroyer() -> None:
    identity, leaker = measured(rewritten(leak=1.0)), measured(rewritten(leak=0.2))
    destroyer = measured(rewritten(over=1.0))
    assert identity[:2] == (1.0, 0.0)
    assert 0.7 < leaker[1] < 0.9
    assert leaker[2] == 1.0
    assert destroyer[:2] == (0.0, 1.0)
    assert destroyer[2] < 0.6


def test_a_refusal_is_unread() -> None:
    assert all((one.answer, one.parsed) == (None, False) for one in rewritten(format_failure=1.0))


@pytest.mark.parametrize("preset", ["RECIPE", "TINY"])
def test_every_drg_is_rebuilt_from_its_two_labels(preset: str) -> None:
    module = recipes.module("systems", "drg_coding")
    system: Decompose = getattr(module, preset)
    base, severity, rule = system.steps
    assert isinstance(rule, Rule)
    assert set(rule.table) == {f"{one} | {other}" for one in base.choices for other in severity.choices}
    assert len(set(rule.table.values())) == 22  # two bases have no level of their own for each severity
    choices = tuple(sorted(set(rule.table.values())))
    for pair, drg in rule.table.items():
        prompt = Prompt(id="s", question="A discharge summary.", choices=choices)
        found = asyncio.run(system.predict(prompt, SimulatedSteps(key={"s": tuple(pair.split(" | "))}), seed=0))
        assert (found.answer, len(found.replies)) == (drg, 2)


def test_a_drg_is_right_when_both_labels_are() -> None:
    """Two independent steps of skill p: p squared, and a bit where a wrong label leads to the same group."""
    stays = [
        Example(id=f"s{at}", input={}, target="291", meta={"labels": ("heart failure and shock", "MCC")})
        for at in range(1500)
    ]
    model = SimulatedSteps(skill=0.8).keyed(stays, lettered=False)
    system = recipes.recipe("systems", "drg_coding")

    async def go() -> list[Prediction]:
        return [await system.predict(Prompt(id=stay.id, question="A summary."), model, seed=0) for stay in stays]

    found = asyncio.run(go())
    interval = binomtest(sum(one.answer == "291" for one in found), len(found)).proportion_ci(0.999, "exact")
    assert interval.low <= 0.64 <= interval.high
    unread = SimulatedSteps(format_failure=1.0).keyed(stays[:1], lettered=False)
    one = asyncio.run(system.predict(Prompt(id="s0", question="A summary."), unread, seed=0))
    assert (one.answer, one.parsed, len(one.replies)) == (None, False, 4)


def test_clinical_coding_gives_codes_with_the_conditions_before_them() -> None:
    answer = '{"codes":[{"code":"K35.80","evidence":"acute appendicitis"}]}'
    model = Scripted("acute appendicitis: 'acute appendicitis'", answer)
    task = recipes.recipe("tasks", "clinical_coding")
    prompt = task.prompt(Example(id="l", input={"text": "She has acute appendicitis."}, target=answer))
    found = asyncio.run(recipes.recipe("systems", "clinical_coding").predict(prompt, model, seed=0))
    assert orjson.loads(found.answer or "") == orjson.loads(answer)
    assert "[conditions] acute appendicitis: 'acute appendicitis'" in model.said(1)[1][1]
    assert model.asked[1][1]["schema"] == task.schema


def test_amie_analyses_drafts_and_refines() -> None:
    model = Scripted("It may be pneumonia.", "Answer: A", "Answer: B")
    prompt = Prompt(id="q", question="What is it?", choices=("asthma", "pneumonia"), lettered=True)
    found = asyncio.run(recipes.recipe("systems", "amie_reasoning").predict(prompt, model, seed=0))
    assert (found.answer, len(found.replies)) == ("B", 3)
    turns = [text for messages, _ in model.asked[2:] for m in messages if m.role == "user" for text in [m.text]]
    assert [any(word in turn for turn in turns) for word in ("analyse", "draft your answer", "refine the draft")] == [
        True,
        True,
        True,
    ]
