"""i-MedRAG: rounds of follow-up questions, each answered from passages of its own, before the answer (Xiong et al. 2024,
arXiv:2408.00727, section 2: follow-up queries generated and answered in rounds, with all answers as context).
"""

from __future__ import annotations

import dataclasses

from osler.core.block import block
from osler.core.errors import SpecError
from osler.core.types import Model, Passage, Prediction, Prompt, Reply, Strategy
from osler.prompting.material import with_citations
from osler.prompting.queries import NOTHING, UNREAD, Searched, asked, history, listed, schema_of
from osler.prompting.reading import read
from osler.prompting.retrieve import Retrieve
from osler.prompting.sampling import together
from osler.prompting.turns import Beside, assistant, closing, user, with_parts
from osler.prompting.zero_shot import ZeroShot

ASK = (
    "You gather what is needed to answer the question below; do not answer it yet. Say briefly what is known and what "
    "is missing, then ask up to {count} short questions, each of which a search can answer by itself: name every drug, "
    "disease or finding in full. Ask nothing that was asked before, and nothing at all if nothing is missing. Answer with "
    'one JSON object: {{"analysis": "...", "queries": ["...", ...]}}.'
)
READ = (
    "Answer the question from the passages in one or two sentences and cite them by the marks in square brackets. If they "
    f"do not hold the answer, write only: {NOTHING}."
)
SCHEMA = schema_of(analysis="text", queries="list")


def sub_prompt(prompt: Prompt, question: str) -> Prompt:
    """A question that came up about a case, as a case: a text is asked for, from passages."""
    return Prompt(id=prompt.id, question=question, instruction=READ)


@block
class FollowUp(Retrieve):
    """In each of ``rounds`` the model asks up to ``queries`` questions; each is searched for and answered by ``answering``
    with the ``k`` passages found; all answers so far stand before the next round and before the last answer (``inner``).

    Published: 4 rounds of 3 queries over k = 32, and up to ``tries`` = 3 more calls to get an answer that can be read.
    It ends early when a round asks nothing new: at temperature 0 the next round would say the same. A question without
    passages is not put to the model. options: whether the model sees the choices while it asks (as published, recalled);
    what is searched for is the question that the model wrote, and never the case itself. The rationale holds every
    question with its answer. With ``rounds`` = 0 it is ``inner`` alone.
    """

    rounds: int = 4
    queries: int = 3
    tries: int = 3
    options: bool = True
    k: int = 32
    answering: Strategy = ZeroShot(by="generate", max_tokens=512)
    max_tokens: int = 512

    def check(self) -> None:
        super().check()
        if self.rounds < 0 or self.queries < 1 or self.tries < 0:
            raise SpecError(
                f"follow_up needs queries of at least 1, rounds and tries of 0 or more, got {self.queries}, "
                f"{self.rounds} and {self.tries}",
                hint="rounds = 4, queries = 3, tries = 3 as published",
            )
        need_texts("follow_up.answering", self.answering)

    @property
    def needs(self) -> frozenset[str]:
        return self.inner.needs | self.answering.needs | {"generate"}

    def calls(self, prompt: Prompt) -> int:
        each = 1 + self.queries * self.answering.calls(sub_prompt(prompt, ""))
        return self.rounds * each + self.inner.calls(prompt) + self.tries

    @property
    def rereads(self) -> int:
        """Answers that a call is shown again at most, for the plan's tokens."""
        return self.rounds * self.queries

    async def predict(self, prompt: Prompt, model: Model, *, seed: int) -> Prediction:
        searched = Searched()
        replies: list[Reply] = []
        pairs: list[tuple[str, str]] = []
        trace: list[str] = []
        for turn in range(self.rounds):
            new = await self._questions(prompt, model, seed, pairs, searched, replies)
            if not new:
                break
            lists = await together([self.searched(query) for query in new])
            for query, passages in zip(new, lists, strict=True):
                searched.keep(query, passages)
            said = await together(
                [
                    self.read_off(sub_prompt(prompt, query), passages, model, seed)
                    for query, passages in zip(new, lists, strict=True)
                ]
            )
            for query, one in zip(new, said, strict=True):
                replies += one.replies
                pairs.append((query, told(one)))
                trace.append(f"round {turn + 1}: {query}\n{pairs[-1][1]}")
        found = await self._last(prompt, model, seed, pairs, searched.passages(), replies)
        return dataclasses.replace(
            found, rationale="\n\n".join((*trace, found.rationale)).strip(), replies=tuple(replies)
        )

    async def _questions(
        self,
        prompt: Prompt,
        model: Model,
        seed: int,
        pairs: list[tuple[str, str]],
        searched: Searched,
        replies: list[Reply],
    ) -> list[str]:
        shown = prompt if self.options else prompt.replace(choices=(), lettered=False)
        reply = await asked(
            shown,
            Beside(model, history(pairs)),
            told=ASK.format(count=self.queries),
            schema=SCHEMA,
            seed=seed,
            max_tokens=self.max_tokens,
        )
        replies.append(reply)
        return searched.fresh(listed(reply.text))[: self.queries]

    async def read_off(self, sub: Prompt, passages: tuple[Passage, ...], model: Model, seed: int) -> Prediction:
        """What ``answering`` says to a question from its passages; without any, that nothing was found."""
        arranged = await self.arranged(passages, model)
        if not arranged:
            return Prediction(answer=NOTHING)
        return await self.answered(sub, arranged, model, seed=seed, by=self.answering)

    async def _last(
        self,
        prompt: Prompt,
        model: Model,
        seed: int,
        pairs: list[tuple[str, str]],
        seen: tuple[Passage, ...],
        replies: list[Reply],
    ) -> Prediction:
        """The answer of ``inner``, which is shown all questions and answers, and asked again where it cannot be read."""
        beside = Beside(model, history(pairs))
        found = await self.answered(prompt, (), beside, seed=seed, seen=seen)
        replies += found.replies
        messages = list(with_parts(prompt.messages(), history(pairs)))
        for _ in range(self.tries):
            if found.parsed or not replies:
                break
            messages += [assistant(replies[-1].text, "draft"), user(closing(prompt))]
            reply = await model.generate(messages, seed=seed, max_tokens=self.max_tokens, schema=prompt.schema)
            replies.append(reply)
            found = with_citations(read(reply, prompt), (*prompt.evidence, *seen))
        return found


def told(said: Prediction) -> str:
    """The answer to a question as it is shown later."""
    return said.answer if said.parsed and said.answer is not None else UNREAD


def need_texts(name: str, strategy: Strategy) -> None:
    """Refuse a strategy that only scores choices, where a text is asked for."""
    if strategy.needs == {"score"}:
        raise SpecError(
            f"{name} must write texts, and {type(strategy).__name__} scores choices",
            hint='use one that generates, such as zero_shot with by = "generate"',
        )
