"""Chain-of-thought: reasoning before the answer (Wei et al. 2022, arXiv:2201.11903; the zero-shot cue is that of
Kojima et al. 2022, arXiv:2205.11916, the answer by a second call that of Kojima et al., section 3.1, and of Lievin et al.
2022, arXiv:2207.08143; chains written by the model itself and kept only if right: Nori et al. 2023, arXiv:2311.16452)."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Mapping, Sequence

from osler.core.block import block, replace
from osler.core.errors import SpecError
from osler.core.types import LETTERS, Model, Prediction, Prompt, Strategy
from osler.models.heard import Heard
from osler.prompting.around import Around, fitting_of, parts, refuse_shuffled, within
from osler.prompting.cases import Cases, Pair
from osler.prompting.reading import read
from osler.prompting.self_generated import right_chains
from osler.prompting.turns import assistant, user
from osler.prompting.zero_shot import ZeroShot

FINISH = "Reason first, then finish with one line that reads 'Answer: ' and your answer."
_ANSWER_TOKENS = 256


@block
class ChainOfThought(Around):
    """Add a cue after the question and ask for the answer on a last line, so that it can be read.

    Demonstrations that have rationales show them before their answers (few-shot chains): put ``few_shot`` around this.
    self_generated: ``fit`` lets the model reason on the training cases, without demonstrations, and keeps the chain where
    its answer is the gold answer; ``few_shot`` around this then shows such cases only. keep: at most so many training
    cases are worked, drawn by the study's seed; 0 means all. ``rationales``: training id to kept chain, filled by ``fit``.
    extract: reason freely first, then ask for the answer in a second call ("Therefore, among A through D, the answer is").
    """

    cue: str = "Let's think step by step."
    inner: Strategy = ZeroShot(by="generate", max_tokens=1024)
    extract: bool = False
    self_generated: bool = False
    keep: int = 0
    rationales: Mapping[str, str] = {}

    def check(self) -> None:
        if self.keep < 0:
            raise SpecError(
                f"chain_of_thought.keep must be 0 or more, got {self.keep}", hint="keep = 0 works all cases"
            )
        if self.self_generated or self.extract:
            refuse_shuffled("chain_of_thought", self.inner)
        if self.extract and any(hasattr(part, "several") for part in parts(self.inner)):
            raise SpecError(
                "chain_of_thought with extract goes on from one reply, and the strategy inside it votes over several",
                hint="turn them round: let the vote stand around chain_of_thought",
            )
        if self.self_generated and within(self.inner, "pool") is not None:
            raise SpecError(
                "chain_of_thought with self_generated stands around few_shot, which would never see the chains",
                hint="turn them round: few_shot with inner = chain_of_thought",
            )

    @property
    def needs(self) -> frozenset[str]:
        return self.inner.needs | {"generate"}

    def calls(self, prompt: Prompt) -> int:
        return self.inner.calls(prompt) + (1 if self.extract else 0)

    @property
    def rereads(self) -> int:
        """Replies that a call is shown again at most, for the plan's tokens."""
        return int(self.extract)

    def fitting(self, cases: int) -> int:
        """At most so many calls does ``fit`` make for that many training cases, those of the strategy inside included."""
        below = fitting_of(self.inner, cases)
        if not self.self_generated:
            return below
        worked = min(cases, self.keep) if self.keep else cases
        return below + worked * self.calls(Prompt(id="", question=""))

    async def fit(self, train: Sequence[Pair], model: Model) -> ChainOfThought:
        inner = await self.inner.fit(train, model)
        if not self.self_generated:
            return replace(self, inner=inner)
        cases = Cases.of(train)
        worked: Sequence[Pair] = cases
        if self.keep and self.keep < len(cases):
            picked = random.Random(f"{cases.seed}/worked").sample(range(len(cases)), self.keep)
            worked = [cases[at] for at in sorted(picked)]
        alone = replace(self, inner=inner)
        kept = await right_chains(alone, worked, model, seed=cases.seed)
        cases.log({"method": "chain_of_thought", "step": "chains", "kept": len(kept), "worked": len(worked)})
        return replace(alone, rationales=kept)

    async def predict(self, prompt: Prompt, model: Model, *, seed: int) -> Prediction:
        if self.extract:
            return await self._in_two_steps(prompt, model, seed)
        instruction = f"{prompt.instruction}\n{FINISH}".strip()
        return await self.inner.predict(prompt.replace(instruction=instruction, cue=self.cue), model, seed=seed)

    async def _in_two_steps(self, prompt: Prompt, model: Model, seed: int) -> Prediction:
        """Reason without a form to keep to, then take the answer from a second reply; where that cannot be read, from
        the reasoning itself if it states one."""
        heard = Heard(model)
        found = await self.inner.predict(prompt.replace(cue=self.cue, schema=None), heard, seed=seed)
        if not found.replies or not heard.calls:
            return found
        thought = found.replies[-1].text
        messages = (*heard.calls[-1].messages, assistant(thought, "thought"), user(_therefore(prompt), "extraction"))
        reply = await model.generate(messages, seed=seed, max_tokens=_ANSWER_TOKENS, schema=prompt.schema)
        said = read(reply, prompt.replace(cue=self.cue))
        last = said if said.parsed or prompt.schema is not None or not prompt.labels else found
        return dataclasses.replace(last, rationale=thought, replies=(*found.replies, reply))


def _therefore(prompt: Prompt) -> str:
    if prompt.schema is not None and not prompt.labels:
        return "Therefore, give the answer now, as JSON and nothing else."
    if prompt.lettered and prompt.choices:
        return f"Therefore, among A through {LETTERS[len(prompt.choices) - 1]}, the answer is"
    if prompt.labels:
        return f"Therefore, among {' | '.join(prompt.labels)}, the answer is"
    return "Therefore, the answer is"
