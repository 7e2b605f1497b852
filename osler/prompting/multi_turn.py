"""Multi-turn: one case asked in several scripted turns, each of which sees what was said before.

AMIE's chain of reasoning at inference is a value of it: analyse, draft, refine (Tu et al. 2024, arXiv:2401.05654).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from osler.core.block import block
from osler.core.errors import SpecError
from osler.core.types import Message, Model, Part, Prediction, Prompt, Reply, Strategy
from osler.models.view import View
from osler.prompting.around import Around
from osler.prompting.turns import assistant, closing, user, with_parts
from osler.prompting.zero_shot import ZeroShot


@block
class MultiTurn(Around):
    """Ask ``turns`` one after another and read the reply to the last one.

    turns: what the user says. The first stands at the end of the case (it may be empty: the case alone), every other
    one follows the reply before it. The last turn is told how to give the answer so that it can be read, and it alone
    is held to a prompt's JSON schema. The strategy inside puts the case (demonstrations, instruction); each text that
    it asks for becomes one dialogue, so sampling and voting work outside and inside.
    """

    turns: tuple[str, ...] = ("Name what matters in this case, without an answer yet.", "Now answer.")
    inner: Strategy = ZeroShot(by="generate", max_tokens=1024)

    def check(self) -> None:
        if len(self.turns) < 2:
            raise SpecError(
                f"multi_turn.turns must hold at least two turns, got {len(self.turns)}", hint="one turn is zero_shot"
            )
        if not all(turn.strip() for turn in self.turns[1:]):
            raise SpecError("multi_turn.turns has an empty turn after the first", hint="say something in each turn")
        if self.inner.needs == {"score"}:
            raise SpecError(
                f"multi_turn asks for texts, and {type(self.inner).__name__} scores choices",
                hint='set inner to one that generates, such as zero_shot with by = "generate"',
            )

    @property
    def needs(self) -> frozenset[str]:
        return self.inner.needs | {"generate"}

    def calls(self, prompt: Prompt) -> int:
        return self.inner.calls(prompt) * len(self.turns)

    @property
    def rereads(self) -> int:
        """Replies that a call is shown again at most, for the plan's tokens."""
        return len(self.turns) - 1

    async def predict(self, prompt: Prompt, model: Model, *, seed: int) -> Prediction:
        last = f"{self.turns[-1]} {closing(prompt)}"
        dialogues = _Dialogues(model, (*self.turns[:-1], last))
        found = await self.inner.predict(prompt, dialogues, seed=seed)
        replies = tuple(reply for read in found.replies for reply in dialogues.whole(read))
        trace = "\n\n".join(reply.text for reply in replies[:-1]) if len(replies) == len(self.turns) else ""
        return dataclasses.replace(found, replies=replies, rationale=f"{trace}\n\n{found.rationale}".strip())


@dataclasses.dataclass(frozen=True)
class _Dialogues(View):
    """A view of a model in which one call is a dialogue: its reply is the one to the last turn."""

    turns: tuple[str, ...]
    held: dict[int, tuple[Reply, ...]] = dataclasses.field(default_factory=dict)  # by identity: kept, so alive

    @property
    def supports(self) -> frozenset[str]:
        return self.model.supports - {"score"}

    def whole(self, last: Reply) -> tuple[Reply, ...]:
        """All replies of the dialogue that ended in ``last``."""
        return self.held.get(id(last), (last,))

    async def generate(
        self,
        messages: Sequence[Message],
        *,
        temperature: float = 0.0,
        seed: int = 0,
        max_tokens: int = 512,
        schema: Mapping[str, Any] | None = None,
        tools: Sequence[Mapping[str, Any]] = (),
        n: int = 1,
    ) -> Reply:
        first, *rest = self.turns
        said = with_parts(messages, (Part(first, name="turn"),)) if first else tuple(messages)
        replies: list[Reply] = []
        for place in range(len(self.turns)):
            ends = place == len(self.turns) - 1
            reply = await self.model.generate(
                said,
                temperature=temperature,
                seed=seed,
                max_tokens=max_tokens,
                schema=schema if ends else None,
                tools=tools if ends else (),
                n=n if ends else 1,
            )
            replies.append(reply)
            if not ends:
                said = (*said, assistant(reply.text), user(rest[place]))
        self.held[id(replies[-1])] = tuple(replies)
        return replies[-1]

    async def score(self, messages: Sequence[Message], choices: Sequence[str]) -> Reply:
        raise SpecError(
            "multi_turn asks for texts, and the strategy inside it scores choices",
            hint='set inner to one that generates, such as zero_shot with by = "generate"',
        )
