"""Self-critique: a model reviews its own answer and revises it (Self-Refine: Madaan et al. 2023, arXiv:2303.17651,
section 2: generate, feedback, refine, until the feedback says stop)."""

from __future__ import annotations

import dataclasses
import re

from osler.core.block import block
from osler.core.errors import SpecError
from osler.core.types import Message, Model, Prediction, Prompt, Reply, Strategy
from osler.prompting.around import Around, refuse_shuffled
from osler.prompting.reading import read
from osler.prompting.turns import assistant, closing, shown, user
from osler.prompting.zero_shot import ZeroShot

ASK = (
    "Review the answer above as a critical colleague: is each statement supported by the case, is anything missed, does "
    "the conclusion follow? Name every error and how to mend it. Finish with one line: 'Verdict: correct' if nothing "
    "has to change, else 'Verdict: revise'."
)
REVISE = "Write the answer anew, with these errors mended and what was right kept."
_VERDICT = re.compile(r"^[\s*#]*verdict[\s*]*:[\s*]*(correct|revise)\b", re.IGNORECASE | re.MULTILINE)


@block
class SelfCritique(Around):
    """Answer, criticise the answer, revise it, at most ``rounds`` times.

    It ends when the critique finds nothing ("Verdict: correct" as its last verdict; a critique without a verdict
    counts as one that wants a change). A revision that cannot be read leaves the answer before it. Where the first
    answer cannot be read there is nothing to review, and the prediction stays unread. temperature and max_tokens are
    those of critique and revision; each sees the whole case and everything said since.
    """

    rounds: int = 1
    temperature: float = 0.0
    max_tokens: int = 1024
    ask: str = ASK
    revise: str = REVISE
    inner: Strategy = ZeroShot(by="generate", max_tokens=1024)

    def check(self) -> None:
        if self.rounds < 1:
            raise SpecError(
                f"self_critique.rounds must be at least 1, got {self.rounds}", hint="use the strategy inside alone"
            )
        refuse_shuffled("self_critique", self.inner)

    @property
    def needs(self) -> frozenset[str]:
        return self.inner.needs | {"generate"}

    def calls(self, prompt: Prompt) -> int:
        return self.inner.calls(prompt) + 2 * self.rounds

    @property
    def rereads(self) -> int:
        """Replies that a call is shown again at most, for the plan's tokens."""
        return 2 * self.rounds

    async def predict(self, prompt: Prompt, model: Model, *, seed: int) -> Prediction:
        best = await self.inner.predict(prompt, model, seed=seed)
        if not best.parsed or best.answer is None:
            return best
        replies = list(best.replies)
        told = [f"draft: {shown(best, prompt)}"]
        messages = [*prompt.messages(), assistant(shown(best, prompt), "draft")]
        for _ in range(self.rounds):
            messages.append(user(self.ask))
            critique = await self._say(messages, model, seed)
            replies.append(critique)
            told.append(f"critique: {critique.text}")
            if approves(critique.text):
                break
            messages += [assistant(critique.text, "critique"), user(f"{self.revise} {closing(prompt)}")]
            revision = await self._say(messages, model, seed, prompt)
            replies.append(revision)
            told.append(f"revision: {revision.text}")
            found = read(revision, prompt)
            if not found.parsed:
                break
            best = dataclasses.replace(found, evidence=found.evidence or best.evidence)
            messages.append(assistant(revision.text, "draft"))
        return dataclasses.replace(best, replies=tuple(replies), rationale="\n\n".join(told))

    async def _say(self, messages: list[Message], model: Model, seed: int, prompt: Prompt | None = None) -> Reply:
        return await model.generate(
            tuple(messages),
            temperature=self.temperature,
            seed=seed,
            max_tokens=self.max_tokens,
            schema=prompt.schema if prompt is not None else None,
        )


def approves(critique: str) -> bool:
    """Whether the last verdict of a critique says that nothing has to change."""
    verdicts = _VERDICT.findall(critique)
    return bool(verdicts) and verdicts[-1].lower() == "correct"
