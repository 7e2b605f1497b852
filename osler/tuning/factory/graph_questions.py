"""Questions and answers from the triples of a knowledge graph (BenTsao, Wang et al. 2023, arXiv:2304.06975; ClinicalGPT,
Wang et al. 2023, arXiv:2306.09968)."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any, ClassVar

import orjson

from osler.core.block import block
from osler.core.errors import SpecError
from osler.core.types import Message, Model, Part
from osler.evaluation.parsing.texts import structure
from osler.knowledge.graph.knowledge_graph import KnowledgeGraph
from osler.knowledge.graph.triple import Triple, sentence
from osler.prompting.sampling import together
from osler.tuning.dialogue.conversation import Conversation, Turn
from osler.tuning.factory.production import Made, answered

TOLD = (
    "Below is a fact of a medical knowledge graph. Write one question that a patient could ask and that this fact answers, "
    "and its answer in one or two sentences. The question names {head}, the answer names {tail}; say nothing that the fact "
    "does not say. Answer with one JSON object with the keys question and answer."
)
SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {"question": {"type": "string", "minLength": 1}, "answer": {"type": "string", "minLength": 1}},
    "required": ["question", "answer"],
    "additionalProperties": False,
}
LOST, UNREAD = "the call was lost", "no question and answer could be read"
HEADLESS, TAILLESS, TOLD_AHEAD = (
    "the question lacks its subject",
    "the answer lacks the fact",
    "the question tells the answer",
)


@block
class GraphQuestions:
    """One question for each triple of ``graph``, at most ``most`` of them drawn by the seed (0: all).

    relations: which, all where it is empty. A row must name the head in the question and the tail in the answer, and
    must not name the tail in the question.
    """

    graph: KnowledgeGraph = KnowledgeGraph()
    relations: tuple[str, ...] = ()
    most: int = 1000
    temperature: float = 0.7
    max_tokens: int = 512

    title: ClassVar[str] = "knowledge graph to questions"

    def check(self) -> None:
        if self.most < 0:
            raise SpecError("graph_questions.most must be 0 or more", hint="most = 0 takes all")

    async def make(self, model: Model, *, seed: int) -> Made:
        graph = self.graph.graph()
        names = {name: node.name for name, node in graph.nodes.items()}
        triples = [one for one in graph.triples if not self.relations or one.relation in self.relations]
        if self.most and len(triples) > self.most:
            triples = random.Random(f"graph questions/{seed}").sample(triples, self.most)
        made = Made()
        found = await together([self._one(model, one, names, seed) for one in triples])
        for triple, row in zip(triples, found, strict=True):
            if isinstance(row, str):
                made.rejected[row] += 1
            else:
                made.conversations.append(
                    Conversation(f"fact-{triple.id}", row, self.title, "", (f"triple:{triple.id}",))
                )
        return made

    async def _one(self, model: Model, triple: Triple, names: Mapping[str, str], seed: int) -> tuple[Turn, ...] | str:
        """Question and answer, or why there are none."""
        head, tail = (names.get(end, end) for end in (triple.head, triple.tail))
        messages = (
            Message("system", (Part(TOLD.format(head=head, tail=tail), name="instruction"),)),
            Message("user", (Part(sentence(triple, names), name="fact", id=triple.id),)),
        )
        reply = await answered(
            model, messages, temperature=self.temperature, seed=seed, max_tokens=self.max_tokens, schema=SCHEMA
        )
        if reply is None:
            return LOST
        read = structure(reply.text)
        row = orjson.loads(read) if read else None
        if not isinstance(row, dict) or not all(isinstance(row.get(key), str) for key in ("question", "answer")):
            return UNREAD
        asked, told = row["question"].strip(), row["answer"].strip()
        if head.casefold() not in asked.casefold():
            return HEADLESS
        if tail.casefold() not in told.casefold():
            return TAILLESS
        if tail.casefold() in asked.casefold().replace(head.casefold(), ""):
            return TOLD_AHEAD
        return Turn("user", asked), Turn("assistant", told)
