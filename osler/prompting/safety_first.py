"""Safety-ordered tools: nothing is done with a molecule before it has passed its checks.

ChemCrow (Bran et al. 2024, Nature Machine Intelligence 6:525, arXiv:2304.05376): ReAct turns, at most 40, temperature
0.1, checks for controlled and explosive substances first, the answer rephrased at the end.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Literal, Self

import orjson

from osler.core.block import block
from osler.core.errors import SpecError
from osler.core.types import Message, Model, Part, Prediction, Prompt, Reply, Tool
from osler.prompting.react import FORMAT, ReAct
from osler.prompting.tool_loop import MATERIAL, ToolLog, Used, distinct, finish, listing, settled
from osler.tools.controlled_substances import ControlledCheck
from osler.tools.molecule_fingerprint import MoleculeSimilarity
from osler.tools.molecule_groups import MoleculeFacts
from osler.tools.molecule_names import MoleculeName

STOPPED = "safety_stop"
REPHRASE = "Put this answer into plain words for whoever asked, changing nothing of what it says.\n\nDraft:\n{answer}"


@block
class SafetyFirst:
    """ReAct in which a tool runs on a subject only after each of ``checks`` has allowed this very subject.

    checks: names of tools that answer JSON with ``allowed``; what cannot be read as true has not passed. subjects: the
    arguments that name what is checked; the checks take the first of them. A call without any of them (a search, say)
    runs once some subject has passed all checks: its free text is not looked into. on_failure: ``stop`` ends the run when a check
    does not allow, with no answer and the failure ``safety_stop``; ``warn`` tells the model and lets it go on.
    rephrase: a last call words the answer; a rewording that cannot be read leaves the answer as it was.
    """

    tools: tuple[Tool, ...] = (
        ControlledCheck(),
        ControlledCheck(kind="explosive"),
        MoleculeFacts(),
        MoleculeSimilarity(),
        MoleculeName(),
    )
    checks: tuple[str, ...] = ("controlled_check", "explosive_check")
    subjects: tuple[str, ...] = ("molecule", "other")
    on_failure: Literal["stop", "warn"] = "stop"
    rephrase: bool = True
    max_calls: int = 40
    max_chars: int = 4_000
    repairs: int = 2
    temperature: float = 0.1
    max_tokens: int = 512
    timeout_s: float = 60.0

    def check(self) -> None:
        distinct(self.tools, "safety_first", max_calls=self.max_calls, max_chars=self.max_chars)
        held = {tool.name: tool for tool in self.tools}
        if not self.checks or not set(self.checks) <= set(held):
            raise SpecError(
                f"safety_first.checks must name some of its tools, got {', '.join(self.checks) or 'none'}",
                hint="tools: " + ", ".join(held),
            )
        for name in self.checks:
            if not self.subjects or self.subjects[0] not in (held[name].parameters.get("properties") or {}):
                raise SpecError(f"the check {name} does not take the first of subjects", hint="name its argument there")

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"generate"})

    def calls(self, prompt: Prompt) -> int:
        return self.max_calls + 1 + self.repairs + self.rephrase

    async def fit(self, train: Sequence[tuple[Prompt, str]], model: Model) -> Self:
        return self

    async def predict(self, prompt: Prompt, model: Model, *, seed: int) -> Prediction:
        turns = ReAct(
            tools=self.tools,
            max_calls=self.max_calls,
            max_chars=self.max_chars,
            repairs=self.repairs,
            temperature=self.temperature,
            max_tokens=self.max_tokens,
            timeout_s=self.timeout_s,
        )
        order = Order(self.checks, self.subjects, self.on_failure)
        log = turns.log(order.gate)
        order.log = log
        first = f"Before any other tool, run {' and '.join(self.checks)} on each {self.subjects[0]} that you work with."
        told = f"You can use these tools:\n{listing(self.tools)}\n{first}\n{FORMAT}\n{MATERIAL}"
        last, replies = await turns.run(prompt, model, log, told=told, seed=seed, stop=order.stopped)
        if order.stopped():
            log.say("a check did not allow it, so the run was stopped", who="safety")
            return dataclasses.replace(settled(None, prompt, replies, log), failure=STOPPED)
        if order.refused():
            log.say("a check did not allow it; the run went on with this warning", who="safety")
        found = settled(last, prompt, replies, log)
        if not self.rephrase or not found.parsed or last is None:
            return found
        return await self._rephrased(prompt, model, found, last, log, seed=seed)

    async def _rephrased(
        self, prompt: Prompt, model: Model, found: Prediction, last: Reply, log: ToolLog, *, seed: int
    ) -> Prediction:
        asked = Message(
            "user", (Part(REPHRASE.format(answer=last.text), name="draft"), Part(finish(prompt), name="turn"))
        )
        reply = await model.generate(
            [*prompt.messages(), asked], temperature=self.temperature, seed=seed, max_tokens=self.max_tokens
        )
        replies = (*found.replies, reply)
        again = settled(reply, prompt, replies, log)
        same = again.parsed and (not prompt.labels or again.answer == found.answer)  # rewording decides nothing
        return again if same else dataclasses.replace(found, replies=replies, rationale=log.trace())


@dataclasses.dataclass
class Order:
    """Which subjects have passed which checks, read off the log of what has run."""

    checks: tuple[str, ...]
    subjects: tuple[str, ...]
    on_failure: str
    log: ToolLog | None = None

    def gate(self, name: str, arguments: str) -> str:
        """Why a call may not run yet; "" where it may."""
        if name in self.checks:
            return ""
        for subject in self._named(arguments) or [""]:
            missing = [check for check in self.checks if not self._passed(check, subject)]
            if missing:
                return f"run {' and '.join(missing)} on {subject or 'a ' + self.subjects[0]} before {name}"
        return ""

    def refused(self) -> bool:
        """Whether some check has said no."""
        return any(one.name in self.checks and one.ok and said_no(one.result) for one in self._used())

    def stopped(self) -> bool:
        return self.on_failure == "stop" and self.refused()

    def _passed(self, check: str, subject: str) -> bool:
        """Whether ``check`` has allowed this very subject ("": any)."""
        done = [one for one in self._used() if one.name == check and one.ok]
        if subject:
            done = [one for one in done if self._named(one.arguments)[:1] == [subject]]
        return any(allowed(one.result) or (self.on_failure == "warn" and said_no(one.result)) for one in done)

    def _named(self, arguments: str) -> list[str]:
        """The subjects that a call names, without doubled spaces. Case stays: it means something in a SMILES."""
        held = _held(arguments)
        values = [held[name] for name in self.subjects if name in held]
        return [" ".join(value.split()) for value in values if isinstance(value, str)]

    def _used(self) -> Sequence[Used]:
        return self.log.used if self.log is not None else ()


def allowed(result: str) -> bool:
    """Whether a check's result says that it allows."""
    return _held(result).get("allowed") is True


def said_no(result: str) -> bool:
    """Whether a check's result says that it does not allow."""
    return _held(result).get("allowed") is False


def _held(text: str) -> dict[str, object]:
    try:
        held = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return held if isinstance(held, dict) else {}
