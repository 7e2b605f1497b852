"""The shapes of cases that systems are made for, each with three fixed cases and a simulated model that knows them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

from osler import recipes
from osler.core.block import blocks, from_spec, to_spec
from osler.core.types import Example, Passage, Strategy
from osler.data.sets.spans import Mention, entities_json, entity_schema
from osler.knowledge.graph.sources import TripleList
from osler.knowledge.passages import PassageList
from osler.knowledge.rerank_features import FeatureReranker
from osler.models.cross_encoder import CrossEncoder
from osler.models.encoder import Encoder
from osler.models.none import NoModel
from osler.models.simulated import Simulated
from osler.models.simulated_matcher import SimulatedMatcher
from osler.models.simulated_redactor import SimulatedRedactor
from osler.models.simulated_steps import SimulatedSteps
from osler.models.simulated_writer import SimulatedWriter
from osler.tasks.template import Template

LETTERED = Template(title="Organs", capability="knowledge and reasoning", question="{question}", lettered=True)
LABELLED = Template(
    title="Triage", capability="structurization", question="{question}", instruction="Label it.", evidence="notes"
)
ORGANS = [
    Example(
        id=f"o{i}",
        input={"question": f"Which organ is number {i}?"},
        target="ABC"[i % 3],
        choices=("heart", "liver", "kidney"),
    )
    for i in range(9)
]
MESSAGES = [
    Example(
        id=f"m{i}",
        input={"question": f"How urgent is message {i}?", "notes": [["0", f"Pain since day {i}."], ["1", "No fever."]]},
        target=("urgent", "routine")[i % 2],
        choices=("urgent", "routine"),
    )
    for i in range(9)
]
SEEDS = [
    Example(id=f"s{i}", input={"seed": f"What are the first signs of {what}?"}, target="")
    for i, what in enumerate(("measles", "gout", "glaucoma", "asthma"))
]
TASK_SEEDS = [
    Example(
        id=f"t{i}",
        input={"seeds": f"Explain {a} to a child.\nSummarise {b} for a nurse.\nList risks of {c}."},
        target="",
    )
    for i, (a, b, c) in enumerate((("fever", "gout", "falls"), ("sleep", "lupus", "burns"), ("pain", "croup", "sun")))
]
TRIAL = "Conditions: {0}\nInterventions: rest\nInclusion Criteria:\n- Has {0}\n- Adult\nExclusion Criteria:\n- Pregnant"
PATIENTS = [
    Example(
        id=f"p{i}",
        input={
            "note": f"A man of {50 + i} years has {ill}. He takes nothing.",
            "trials": [["A", TRIAL.format(ill)], ["B", TRIAL.format("gout")]],
        },
        target='["A","B"]',
        meta={"relevance": {"A": 2, "B": 0}},
    )
    for i, ill in enumerate(("asthma", "angina", "anaemia"))
]


@dataclasses.dataclass(frozen=True)
class Shape:
    """``model`` gives the model that answers the cases; ``right`` whether its answers must be the targets."""

    task: Template
    cases: Sequence[Example]
    model: Callable[[], Any]
    right: bool = True


def _text(title: str, question: str, **more: Any) -> Template:
    return Template(title=title, capability="knowledge and reasoning", question=question, **more)


def _knows(task: Template, cases: Sequence[Example]) -> Callable[[], Any]:
    return lambda: Simulated(skill=1.0).keyed(cases, lettered=task.lettered)


def _matcher() -> SimulatedMatcher:
    fits = {
        f"p{i}|{trial}|inclusion": ("included" if trial == "A" else "not included", "included")
        for i in range(3)
        for trial in "AB"
    }
    return SimulatedMatcher(key=fits, ratings={f"p{i}|A|rating": (90.0, 80.0) for i in range(3)})


STAYS = [
    Example(
        id=f"stay{i}",
        input={"note": f"Admitted with {base}; also {other}."},
        target=drg,
        choices=("193", "194", "291", "872"),
        meta={"labels": (label, level)},
    )
    for i, (base, other, label, level, drg) in enumerate(
        (
            ("pneumonia", "respiratory failure", "simple pneumonia and pleurisy", "MCC", "193"),
            ("heart failure", "septic shock", "heart failure and shock", "MCC", "291"),
            ("sepsis", "anaemia", "septicemia or severe sepsis without MV over 96 hours", "CC", "872"),
        )
    )
]
NAMED_NOTES = [
    Example(
        id=f"note{i}",
        input={"text": f"{name} was seen today. He has a cough."},
        target=entities_json([Mention(0, len(name), "REDACTED", name)]),
    )
    for i, name in enumerate(("Omar Lee", "Jo Berg", "Ann Park"))
]
STAY_TASK = _text("Stays", "{note}")
NOTE_TASK = _text("Notes", "{text}", schema=entity_schema(("REDACTED",)))

SEARCHES = [
    Example(id=case.id, input=case.input, target='{"conditions":["asthma","cough"],"summary":"Short of breath."}')
    for case in PATIENTS
]
JSON_TASK = _text("Search", "{note}", schema={"type": "array"})
EXAM = Shape(LETTERED, ORGANS, _knows(LETTERED, ORGANS))
TRIAGE = Shape(LABELLED, MESSAGES, _knows(LABELLED, MESSAGES))
SHAPES: dict[str, Shape] = {
    "baize": Shape(_text("Seeds", "{seed}"), SEEDS, SimulatedWriter, right=False),
    "alpacare": Shape(_text("Seed tasks", "{seeds}"), TASK_SEEDS, SimulatedWriter, right=False),
    "trialgpt": TRIAGE,
    "drg_coding": Shape(STAY_TASK, STAYS, lambda: SimulatedSteps().keyed(STAYS, lettered=False)),
    "deid_gpt": Shape(NOTE_TASK, NAMED_NOTES, lambda: SimulatedRedactor().keyed(NAMED_NOTES, lettered=False)),
    "trialgpt_retrieval": Shape(JSON_TASK, SEARCHES, _knows(JSON_TASK, SEARCHES), right=False),
    "medcpt": Shape(JSON_TASK, SEARCHES, NoModel, right=False),
    "search": Shape(JSON_TASK, SEARCHES, NoModel, right=False),
    "trialgpt_ranking": Shape(
        _text("Trials", "{note}", evidence="trials", schema={"type": "array"}), PATIENTS, _matcher, right=True
    ),
}


def shapes_of(name: str) -> list[Shape]:
    """The shapes that the system ``name`` is made for: a lettered and a labelled task unless it is in SHAPES."""
    return [SHAPES[name]] if name in SHAPES else [EXAM, TRIAGE]


def system(name: str, preset: str = "full") -> Strategy:
    """A recipe as it stands, with a few made-up passages, triples and the embedded encoder in place of what is not here: the
    public data folder and the weights of model hubs."""
    found: Strategy = from_spec(_here(to_spec(recipes.recipe("systems", name, preset=preset))))
    return found


PASSAGES = PassageList(
    items=tuple(
        Passage(id=f"book/v1/{100 * at}-{100 * at + len(text)}", text=text)
        for at, text in enumerate(
            (
                "Which organ is number one in a list depends on who counts: the heart pumps blood.",
                "The liver makes bile and is the second organ that students draw.",
                "The kidney filters blood. Number three of the organs has two sides.",
                "A message about pain since the first day is urgent; how urgent is for a nurse to say.",
                "No fever and no pain: such a message is routine.",
                "Conditions: asthma. A trial for patients who cough and wheeze.",
                "Conditions: angina. A man of fifty years may take part.",
                "A man of this age with gout and anaemia takes nothing.",
            )
        )
    )
)
TRIPLES = TripleList(
    rows=(
        {"head": "m1", "head_name": "a message", "relation": "is_a", "tail": "m2", "tail_name": "a text"},
        {"head": "o1", "head_name": "organ", "relation": "is_a", "tail": "o2", "tail_name": "part of the body"},
        {"head": "d1", "head_name": "asthma", "relation": "has_phenotype", "tail": "f1", "tail_name": "cough"},
    )
)


def _here(spec: Any) -> Any:
    if isinstance(spec, list):
        return [_here(item) for item in spec]
    if not isinstance(spec, dict):
        return spec
    kind = blocks().get(str(spec.get("block")))
    if kind is not None and hasattr(kind, "passages"):
        return to_spec(PASSAGES)
    if kind is not None and hasattr(kind, "part") and kind is not TripleList:
        return to_spec(TRIPLES)
    if kind is not None and kind.__name__ in ("SentenceEncoder", "OnnxEncoder"):
        return to_spec(Encoder())
    if kind is CrossEncoder:
        return to_spec(FeatureReranker())
    return {key: _here(item) for key, item in spec.items()}
