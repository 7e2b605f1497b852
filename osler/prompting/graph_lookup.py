"""Look up in a knowledge graph what the model asks for by thing and relation: the knowledge tuning of BenTsao (Wang et al.
2023, arXiv:2309.04175), without the tuning: the model fills in the parameters, the graph gives the value, the model answers."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from osler.core.block import block
from osler.core.errors import SpecError
from osler.core.types import Model, Passage, Prediction, Prompt, Strategy
from osler.evaluation.parsing.texts import structure
from osler.knowledge.graph.graph import BACK
from osler.knowledge.graph.knowledge_graph import KnowledgeGraph
from osler.knowledge.graph.triple import passage_of
from osler.prompting.around import Around
from osler.prompting.material import with_citations, with_material
from osler.prompting.zero_shot import ZeroShot

TOLD = (
    "Before the question is answered, facts are looked up in a knowledge graph. Name what to look up, at most {most}: each "
    "a thing (a disease, drug, gene or finding, by its usual name) and one of these relations: {relations}. Do not answer the "
    'question. Reply with one JSON object: {{"lookups": [{{"thing": "...", "relation": "..."}}, ...]}}.'
)


@block
class GraphLookup(Around):
    """One call for what to look up, the triples found as evidence, then ``inner``.

    Relations are those of the graph; "~" before one asks the other way round ("~treats" of a disease: its drugs), and a
    reply that names a relation is tried both ways, its own first. most: look-ups that are made. shown: triples of each that
    are put before the model. What cannot be read or is not in the graph is looked up as nothing, and the question is
    answered without: the rationale says how many look-ups were made and found.
    """

    inner: Strategy = ZeroShot()
    graph: KnowledgeGraph = KnowledgeGraph()
    most: int = 3
    shown: int = 10
    max_tokens: int = 256

    def check(self) -> None:
        if self.most < 1 or self.shown < 1:
            raise SpecError(f"graph_lookup.most and shown must be at least 1, got {self.most} and {self.shown}")

    @property
    def needs(self) -> frozenset[str]:
        return self.inner.needs | {"generate"}

    def calls(self, prompt: Prompt) -> int:
        return 1 + self.inner.calls(prompt)

    async def predict(self, prompt: Prompt, model: Model, *, seed: int) -> Prediction:
        relations = self.graph.graph().relations
        schema = _schema(self.most, relations)
        told_ = TOLD.format(most=self.most, relations=", ".join(relations))
        asked = prompt.replace(instruction=told_, choices=(), lettered=False, demos=(), schema=schema, cue="")
        reply = await model.generate(
            asked.messages(), temperature=0.0, seed=seed, max_tokens=self.max_tokens, schema=schema
        )
        wanted = lookups(reply.text)[: self.most]
        found = [self.looked_up(thing, relation) for thing, relation in wanted]
        passages = tuple(dict.fromkeys(passage for held in found for passage in held))
        answered = await self.inner.predict(with_material(prompt, passages), model, seed=seed)
        answered = with_citations(answered, (*prompt.evidence, *passages)) if passages else answered
        line = f"Looked up: {len(wanted)}, found: {sum(map(bool, found))}."
        rationale = f"{line}\n{answered.rationale}".strip()
        return dataclasses.replace(answered, rationale=rationale, replies=(reply, *answered.replies))

    def looked_up(self, thing: str, relation: str) -> tuple[Passage, ...]:
        """What the graph says of a thing by its name, along a relation, as passages with the ids of ``passage_of``."""
        graph = self.graph.graph()
        way = relation.strip().casefold().replace(" ", "_")
        plain = way.removeprefix(BACK)
        if plain not in graph.relations:
            return ()
        mentions = self.graph.linker().mentions(thing)
        nodes = max((item.nodes for item in mentions), key=len) if len(mentions) == 1 else ()
        ways = (way, plain) if way != plain else (plain, BACK + plain)
        for each in ways:
            steps = [step for node in nodes for step in graph.steps(node, (each,))]
            if steps:
                best = sorted(steps, key=lambda step: -step.triple.weight)[: self.shown]
                return tuple(passage_of((step,), graph.names) for step in best)
        return ()


def lookups(text: str) -> list[tuple[str, str]]:
    """Things and relations in a reply, in order and each once; [] where there are none."""
    read = structure(text)
    held: Any = orjson.loads(read) if read else None
    listed = held.get("lookups") if isinstance(held, Mapping) else None
    found = [
        (one["thing"].strip(), one["relation"].strip())
        for one in (listed if isinstance(listed, list) else ())
        if isinstance(one, Mapping) and isinstance(one.get("thing"), str) and isinstance(one.get("relation"), str)
    ]
    return list(dict.fromkeys(pair for pair in found if all(pair)))


def _schema(most: int, relations: Sequence[str]) -> dict[str, Any]:
    names = [*relations, *(BACK + name for name in relations)]
    one = {
        "type": "object",
        "properties": {"thing": {"type": "string"}, "relation": {"type": "string", "enum": names}},
        "required": ["thing", "relation"],
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "properties": {"lookups": {"type": "array", "items": one, "maxItems": most}},
        "required": ["lookups"],
        "additionalProperties": False,
    }
