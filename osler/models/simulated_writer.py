"""A simulated model that writes data: conversations and tasks, well-formed or not, new or not, as its knobs say."""

from __future__ import annotations

import random
from typing import Any

import orjson

from osler.core.block import block
from osler.core.errors import SpecError
from osler.models.writing import Turn, Writes, need_shares

_TOPICS = [
    "asthma",
    "anaemia",
    "gout",
    "migraine",
    "eczema",
    "angina",
    "sepsis",
    "croup",
    "rickets",
    "stroke",
    "lupus",
    "measles",
    "scurvy",
    "tetanus",
    "cholera",
    "vertigo",
    "psoriasis",
    "sciatica",
    "cataract",
    "glaucoma",
    "pneumonia",
    "hepatitis",
    "epilepsy",
    "dementia",
    "delirium",
    "scoliosis",
    "tinnitus",
    "shingles",
]
_VIEWS = [
    "patient",
    "nurse",
    "physician",
    "researcher",
    "student",
    "carer",
    "pharmacist",
    "midwife",
    "porter",
    "manager",
    "teacher",
    "relative",
]
_ASPECTS = [
    "causes",
    "signs",
    "course",
    "treatment",
    "prevention",
    "diet",
    "costs",
    "risks",
    "history",
    "screening",
    "triage",
    "recovery",
    "myths",
]
_PLACES = [
    "ward",
    "clinic",
    "school",
    "village",
    "prison",
    "ship",
    "camp",
    "home",
    "factory",
    "airport",
    "hospice",
    "pharmacy",
    "nursery",
]
_KINDS = (  # seven fixed words and four free ones: two tasks of one kind that share a free word are alike at 0.7
    "Explain to any {view} of your {place} why {aspect} matters in {topic}",
    "Write one short leaflet for each {view} on {topic} stressing {aspect} (for the {place})",
    "Which questions would some {view} first ask when {topic} {aspect} reach a {place}",
    "Sort these nine findings by weight for {topic} {aspect} {view} {place} today",
    "Make a plan that one {view} follows through {topic} with {aspect} at every {place}",
    "Compare two ways and choose: {topic} {aspect} {view} {place} under low budgets",
    "Find an error inside this old note: {topic} {aspect} {view} {place} please",
    "Turn her long report into three sentences: {topic} {aspect} {view} {place}",
    "List everything we must buy before winter: {topic} {aspect} {view} {place}",
    "Play somebody who worries much about {topic} and {aspect} beside {view} from {place}",
)


@block
class SimulatedWriter(Writes):
    """Writes the transcript or the tasks that it is asked for.

    ask_rate: the share of the assistant's turns that end in a question. broken: probability of a transcript in which
    somebody speaks twice. repeated: probability that a task repeats the one before it with one word changed. kinds: how many kinds of task it
    knows. exchanges: questions of the person in a transcript.
    """

    ask_rate: float = 0.0
    broken: float = 0.0
    repeated: float = 0.0
    kinds: int = 10
    exchanges: int = 3
    seed: int = 0

    def check(self) -> None:
        need_shares(self, "ask_rate", "broken", "repeated")
        if not 1 <= self.kinds <= len(_KINDS) or self.exchanges < 1:
            raise SpecError(f"simulated_writer knows 1 to {len(_KINDS)} kinds and needs at least 1 exchange")

    def said(self, turn: Turn) -> str:
        rng = random.Random(f"{self.seed}/{turn.case}/{turn.draw}")
        if turn.schema is not None and turn.schema.get("type") == "array":
            return self._tasks(rng)
        if any("[Human]" in message.text for message in turn.messages):
            return self._transcript(rng, turn.case)
        return f"Here is what is asked, in {rng.randrange(2, 9)} sentences."

    def _transcript(self, rng: random.Random, name: str) -> str:
        lines = ["[Human] Hello!", "[AI] Hi! How can I help you?"]
        for at in range(self.exchanges):
            lines.append(f"[Human] Tell me about {rng.choice(_ASPECTS)}, part {at} of {name}.")
            asks = " Since when have you had it?" if rng.random() < self.ask_rate else ""
            lines.append(f"[AI] That depends on {rng.choice(_ASPECTS)} and {rng.choice(_ASPECTS)}.{asks}")
        if rng.random() < self.broken:
            lines.insert(rng.randrange(3, len(lines)), "[AI] And one more thing.")
            lines.append("[AI] One thing more.")
        return "\n".join([*lines, "[Human] Thank you, that is all."])

    def _tasks(self, rng: random.Random) -> str:
        made: list[dict[str, Any]] = []
        for _ in range(12):
            if made and rng.random() < self.repeated:
                words = made[-1]["instruction"].split()
                words[rng.randrange(len(words))] = rng.choice(_TOPICS)
                made.append({**made[-1], "instruction": " ".join(words)})
                continue
            kind = rng.randrange(self.kinds)
            topic, view, aspect = rng.choice(_TOPICS), rng.choice(_VIEWS), rng.choice(_ASPECTS)
            told = _KINDS[kind].format(topic=topic, view=view, aspect=aspect, place=rng.choice(_PLACES))
            made.append(
                {
                    "topic": topic,
                    "view": view,
                    "type": f"kind {kind}",
                    "difficulty": rng.randrange(1, 6),
                    "instruction": told,
                    "input": "",
                }
            )
        return orjson.dumps(made).decode()
