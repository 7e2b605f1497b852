"""Self-chat over many seeds: one model plays both sides (Baize, Xu et al. 2023, arXiv:2304.01196)."""

from __future__ import annotations

from typing import Any, ClassVar

from osler.core.block import block
from osler.core.errors import ModelError, SpecError
from osler.core.types import Model, Prediction, Prompt
from osler.data.overlap import duplicates
from osler.prompting.sampling import together
from osler.prompting.self_chat import AI, SelfChat, turns
from osler.tuning.dialogue.conversation import Conversation, Turn
from osler.tuning.factory.production import Made

LOST, ALIKE = "the call was lost", "it repeats another conversation"


@block
class SelfChatted:
    """One conversation for each seed question: those of ``seeds``, or the first questions of ``data`` (conversations).

    A transcript must be one by ``chat``'s rule (turns alternate, none is empty, the person stops and the last turn is
    the assistant's), and none may repeat another (five-word shingles, Jaccard ``alike`` or more).
    """

    seeds: tuple[str, ...] = ()
    data: Any = None
    chat: SelfChat = SelfChat()
    alike: float = 0.8

    title: ClassVar[str] = "self-chat"

    def check(self) -> None:
        if not 0 < self.alike <= 1:
            raise SpecError(f"self_chatted.alike must be above 0 and at most 1, got {self.alike}", hint="alike = 0.8")

    def _seeds(self) -> list[tuple[str, str]]:
        found = [(f"seed:{at}", text) for at, text in enumerate(self.seeds)]
        for one in () if self.data is None else self.data.conversations():
            asked = next((turn.text for turn in one.turns if turn.role == "user"), "")
            found += [(one.id, asked)] if asked.strip() else []
        if not found:
            raise SpecError("self_chatted has no seed questions", hint="seeds = [...] or data = { use = ... }")
        return found

    async def make(self, model: Model, *, seed: int) -> Made:
        made = Made()
        seeds = self._seeds()
        found = await together([self._one(model, text, name, seed) for name, text in seeds])
        for (name, _), prediction in zip(seeds, found, strict=True):
            if prediction is None or prediction.answer is None:
                made.rejected[LOST if prediction is None else prediction.rationale] += 1
                continue
            said = tuple(
                Turn("assistant" if turn.role == AI else "user", turn.text) for turn in turns(prediction.answer)
            )
            made.conversations.append(Conversation(f"chat-{name}", said, self.title, "", (name,)))
        texts = [" ".join(turn.text for turn in one.turns) for one in made.conversations]
        twice = {pair.test for pair in duplicates(texts, self.alike)} if texts else set()
        made.rejected[ALIKE] += len(twice)
        made.conversations = [one for at, one in enumerate(made.conversations) if at not in twice]
        return made

    async def _one(self, model: Model, text: str, name: str, seed: int) -> Prediction | None:
        try:
            return await self.chat.predict(Prompt(id=name, question=text), model, seed=seed)
        except ModelError:
            return None
