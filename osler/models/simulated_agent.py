"""A simulated model that uses tools: it plays a plan of calls in any of the tool protocols, with planted weaknesses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from osler.core.block import block, replace
from osler.core.errors import SpecError
from osler.core.types import Example, Message, Reply, ToolCall
from osler.models.simulated import Simulated, spoiled
from osler.models.simulated_agent_table import (
    Call,
    Table,
    as_json,
    failed,
    filled,
    injected,
    pattern,
    same_call,
    taken_from,
    written,
)


@block
class SimulatedAgent(Simulated):
    """A simulated model that calls tools and reads its answer off their results.

    plans: case id to ``{"calls": [{"tool", "arguments", "read"}, ...], "answer": text}``; ``read`` is a regular
    expression whose group is what the agent takes from the result ("" takes it whole), and ``{1}`` in later arguments
    and in the answer stands for what it took from call 1. So what a result does not show, the agent does not know. A
    case without a plan, or a model offered no tool, is answered as ``Simulated`` does, with the share ``alone`` of
    right answers. It plays native calls, "Action:" turns and "[address]->", whichever the prompt asks for.

    Each is a probability by case. skill: reads the results right. wrong_tool: first tries another tool. loops: makes
    its first call again and again. obey: makes the call that a result tells it to ("CALL name {json}"). copies: can
    only write addresses of a kind that a demonstration shows; generalises: one demonstrated address of a service is
    enough for the others of that service. makes_up: goes on behind its call and invents the result. hasty: leaves
    calls marked ``"check": true`` until it is told to make them.
    """

    skill: float = 1.0
    plans: Mapping[str, Any] = {}
    alone: float = 0.0
    wrong_tool: float = 0.0
    loops: float = 0.0
    obey: float = 0.0
    copies: float = 1.0
    generalises: float = 0.0
    makes_up: float = 0.0
    hasty: float = 0.0

    def check(self) -> None:
        super().check()
        for name in ("alone", "wrong_tool", "loops", "obey", "copies", "generalises", "makes_up", "hasty"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise SpecError(f"simulated_agent.{name} must be from 0 to 1, got {getattr(self, name)}")
        for case, plan in self.plans.items():
            if not isinstance(plan, Mapping) or not {"calls", "answer"} <= set(plan):
                raise SpecError(
                    f"simulated_agent: the plan of {case} has no calls and answer", hint="see its docstring"
                )

    @property
    def supports(self) -> frozenset[str]:
        return super().supports | {"tools"}

    def keyed(self, examples: Sequence[Example], *, lettered: bool) -> SimulatedAgent:
        """A copy that knows the answers to ``examples``, and their plans where ``meta["plan"]`` holds one as JSON."""
        known = super().keyed(examples, lettered=lettered)
        plans = {example.id: orjson.loads(example.meta["plan"]) for example in examples if example.meta.get("plan")}
        assert isinstance(known, SimulatedAgent)
        return replace(known, plans=plans)

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
        settings: dict[str, Any] = {
            "temperature": temperature,
            "seed": seed,
            "max_tokens": max_tokens,
            "schema": schema,
        }
        table = Table(messages, tools)
        plan = self.plans.get(table.case)
        if table.draft and plan is not None:
            return Reply(
                text=table.draft, texts=(table.draft,) * n, tokens_out=len(table.draft) // 4, model="simulated"
            )
        if plan is None or not table.protocol:
            view = self if plan is None else replace(self, skill=self.alone)
            return await super(SimulatedAgent, view).generate(messages, **settings, n=n)
        draw = f"{seed}" if temperature > 0 else ""
        call, answer = self._next(plan, table, draw)
        text = table.answered(answer) if call is None else ""
        if call is None and self._hit(table.case, "format", draw, self.format_failure):
            text = "The results were weighed against the question. It is hard to say."
        calls: tuple[ToolCall, ...] = ()
        if call is not None and table.protocol == "native":
            calls = (ToolCall(id=f"call_{len(table.history)}", name=call[0], arguments=call[1]),)
        elif call is not None:
            text = written(call, table.protocol, invents=self._hit(table.case, "made up", draw, self.makes_up))
        return Reply(
            text=text,
            texts=(text,) * n,
            tokens_in=sum(len(message.text) for message in messages) // 4,
            tokens_out=(len(text) + sum(len(one.arguments) for one in calls)) // 4,
            tool_calls=calls,
            finish="tool_calls" if calls else "stop",
            model="simulated",
        )

    def _next(self, plan: Mapping[str, Any], table: Table, draw: str) -> tuple[Call | None, str]:
        """The next call, or None and the answer."""
        case = table.case
        if self._hit(case, "obey", draw, self.obey):
            told = [call for _, result in table.history for call in injected(result)]
            fresh = [call for call in told if not any(same_call(made, call) for made, _ in table.history)]
            if fresh and not table.over:
                return fresh[0], ""
        steps = list(plan["calls"])
        if steps and self._hit(case, "loop", draw, self.loops):
            return (str(steps[0]["tool"]), as_json(steps[0]["arguments"])), ""
        if table.protocol == "address" and not all(self._can(step, table, draw) for step in steps):
            right = self._hit(case, "alone", draw, self.alone)
            return None, self.key.get(case, "") if right else "I do not know"
        order = list(range(len(steps)))
        if self._hit(case, "hasty", draw, self.hasty) and not table.told_to_check:
            order = [at for at in order if not steps[at].get("check")]
        return self._follow(plan, steps, order, table, draw)

    def _follow(
        self,
        plan: Mapping[str, Any],
        steps: Sequence[Mapping[str, Any]],
        order: Sequence[int],
        table: Table,
        draw: str,
    ) -> tuple[Call | None, str]:
        case = table.case
        taken: dict[int, str] = {}
        for at in order:
            step = steps[at]
            call = (str(step["tool"]), as_json(filled(step["arguments"], taken)))
            results = [result for made, result in table.history if same_call(made, call)]
            good = next((result for result in results if not failed(result)), None)
            if good is None and len(results) < 2 and not table.over:
                other = next((name for name in table.names if name != call[0]), "")
                if other and not table.tried(other) and self._hit(case, f"tool {at}", draw, self.wrong_tool):
                    return (other, call[1]), ""
                return call, ""
            taken[at + 1] = taken_from(str(step.get("read", "")), good or "")
        answer = str(filled(plan["answer"], taken))
        if self._hit(case, "know", draw, self.skill):
            return None, answer
        wrong = [label for label in table.labels if label not in (answer, table.label(answer))]
        return None, wrong[int(self._uniform(case, "wrong", draw) * len(wrong))] if wrong else spoiled(answer)

    def _can(self, step: Mapping[str, Any], table: Table, draw: str) -> bool:
        """Whether the agent can write this address, given the demonstrations it was shown."""
        if not self._hit(table.case, "copy", draw, self.copies):
            return True
        wanted = pattern(str(step["arguments"].get("url", "")))
        if wanted in table.shown:
            return True
        known = {service for service, _ in table.shown}
        return wanted[0] in known and self._hit(table.case, "general", draw, self.generalises)

    def _hit(self, case: str, what: str, draw: str, share: float) -> bool:
        return self._uniform(case, what, draw) < share
