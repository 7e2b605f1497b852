"""Decomposition: a need as a graph of sub-tasks, each with exactly one of the five capabilities (the guide's first
phase, task formulation); decomposed prompting as a method is Khot et al. 2022, arXiv:2210.02406."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Self

from osler.core.block import block, is_block, replace
from osler.core.errors import SpecError
from osler.core.types import Model, Passage, Prediction, Prompt, Strategy
from osler.prompting.sampling import gravest
from osler.prompting.steps import CASE, ordered
from osler.prompting.zero_shot import ZeroShot
from osler.tasks.template import Kind

UNREAD = "(this could not be read)"


@block
class Step:
    """One sub-task, asked of the model.

    uses: what it sees: names of earlier steps, and "case" for the case's own text and evidence. choices: the labels of
    its answer; schema: of a JSON answer; with neither it writes text. Answers of other steps come as evidence under the
    step's name. The final step has no choices or schema of its own: it answers the question of the case.
    """

    name: str
    capability: Kind
    instruction: str
    uses: tuple[str, ...] = (CASE,)
    choices: tuple[str, ...] = ()
    schema: Mapping[str, Any] = {}
    strategy: Strategy = ZeroShot(by="generate", max_tokens=512)


@block
class Rule:
    """A step without a model: the answers of ``uses``, joined by " | ", are looked up in ``table``.

    An answer that the table does not hold, or that could not be read, gives no answer. Case and spaces do not count.
    """

    name: str
    uses: tuple[str, ...]
    table: Mapping[str, str]


@block
class Decompose:
    """Work through ``steps`` (Step and Rule) and answer with the final one: the only step that no other one uses.

    Steps that do not wait for each other run at the same time. A cycle, an unknown name, a step that nothing uses and
    a final step with labels of its own are refused when the block is made. ``fit`` fits the strategy of the final step
    alone: there are no gold answers to the others. The rationale holds the answer of every step.
    """

    steps: tuple[Any, ...]

    def check(self) -> None:
        for step in self.steps:
            if not is_block(step) or not isinstance(step, (Step, Rule)):
                raise SpecError("decompose.steps holds something that is no step", hint="use Step(...) and Rule(...)")
            if isinstance(step, Step) and not isinstance(step.strategy, Strategy):
                raise SpecError(f"the strategy of the step {step.name!r} is no strategy")
        final = self._order()[-1]
        if isinstance(final, Step) and (final.choices or final.schema):
            raise SpecError(
                f"the final step {final.name!r} has choices or a schema of its own",
                hint="leave them out: the final step answers the question of the case; or let a rule translate",
            )

    def _order(self) -> list[Step | Rule]:
        order: list[Step | Rule] = self.__dict__.get("_ordered") or ordered(self.steps)
        self.__dict__["_ordered"] = order
        return order

    def _asked(self) -> list[Step]:
        return [step for step in self._order() if isinstance(step, Step)]

    @property
    def needs(self) -> frozenset[str]:
        return frozenset[str]().union(*(step.strategy.needs for step in self._asked()))

    def calls(self, prompt: Prompt) -> int:
        final = self._order()[-1]
        return sum(step.strategy.calls(prompt if step is final else _own(step, prompt)) for step in self._asked())

    async def fit(self, train: Sequence[tuple[Prompt, str]], model: Model) -> Self:
        final = self._order()[-1]
        if isinstance(final, Rule):
            return self
        learnt = replace(final, strategy=await final.strategy.fit(train, model))
        fitted: Self = replace(self, steps=tuple(learnt if step is final else step for step in self.steps))
        return fitted

    async def predict(self, prompt: Prompt, model: Model, *, seed: int) -> Prediction:
        order = self._order()
        work: dict[str, asyncio.Task[Prediction]] = {}

        async def done(step: Step | Rule) -> Prediction:
            before = {name: await work[name] for name in step.uses if name != CASE}
            if isinstance(step, Rule):
                return looked_up(step, before, prompt if step is order[-1] else None)
            asked = _put(step, prompt, before, final=step is order[-1])
            return await step.strategy.predict(asked, model, seed=seed)

        try:
            async with asyncio.TaskGroup() as group:
                for step in order:
                    work[step.name] = group.create_task(done(step))
        except BaseExceptionGroup as failed:
            raise gravest(failed.exceptions) from None
        found = {name: task.result() for name, task in work.items()}
        final = found[order[-1].name]
        trace = [f"{name}: {_text(said)}" for name, said in found.items() if said is not final]
        cited = None if final.evidence is None else tuple(name for name in final.evidence if name not in found)
        return dataclasses.replace(
            final,
            evidence=cited,
            replies=tuple(reply for said in found.values() for reply in said.replies),
            rationale="\n\n".join((*trace, final.rationale)).strip(),
        )


def _text(said: Prediction) -> str:
    return said.answer if said.parsed and said.answer is not None else UNREAD


def _put(step: Step, prompt: Prompt, before: Mapping[str, Prediction], *, final: bool) -> Prompt:
    """The prompt of a step: the case where it uses it, and the answers that it builds on as evidence."""
    evidence = prompt.evidence if CASE in step.uses else ()
    evidence += tuple(Passage(id=name, text=_text(said)) for name, said in before.items())
    if final:
        return prompt.replace(instruction=f"{prompt.instruction}\n{step.instruction}".strip(), evidence=evidence)
    return _own(step, prompt).replace(evidence=evidence)


def _own(step: Step, prompt: Prompt) -> Prompt:
    """A step that is not final: its own instruction and answer form; the case's text only where it uses it."""
    question = prompt.question if CASE in step.uses else "Work from the material above."
    return Prompt(
        id=prompt.id,
        instruction=step.instruction,
        question=question,
        choices=step.choices,
        schema=step.schema or None,
    )


def looked_up(rule: Rule, before: Mapping[str, Prediction], prompt: Prompt | None = None) -> Prediction:
    """What ``rule`` says to the answers before it. For a final rule the answer is a label of ``prompt``, if any."""
    said = [before[name] for name in rule.uses]
    if any(not one.parsed or one.answer is None for one in said):
        return Prediction(answer=None, parsed=False, rationale=f"{rule.name}: an answer before it could not be read")
    key = _plain(" | ".join(str(one.answer) for one in said))
    answer = {_plain(held): value for held, value in rule.table.items()}.get(key)
    if answer is not None and prompt is not None and prompt.labels:
        places = [at for at, choice in enumerate(prompt.choices) if _plain(choice) == _plain(answer)]
        answer = prompt.labels[places[0]] if places else answer if answer in prompt.labels else None
    if answer is None:
        return Prediction(answer=None, parsed=False, rationale=f"{rule.name}: the table has no entry for {key!r}")
    return Prediction(answer=answer, rationale=f"{rule.name}: {key} -> {answer}")


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
