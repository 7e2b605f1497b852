"""The types of Osler, on one page. No phase adds one.

A strategy sees a Prompt, and a Prompt has no target: only tasks and metrics ever see what the answer should be.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, Self, runtime_checkable

from osler.core.block import block

Split = Literal["train", "valid", "test"]
Capability = Literal["generate", "score", "tools", "images", "schema", "train"]
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """One row. ``input`` is what the task renders, ``target`` the gold answer, ``meta`` what tables group by.

    ``meta["evidence"]``, where a task has gold evidence, holds the ids of the passages that justify the target.
    """

    id: str
    input: Mapping[str, Any]
    target: str
    choices: tuple[str, ...] = ()
    meta: Mapping[str, Any] = field(default_factory=dict)


@block(checked=False)
class Passage:
    """A piece of evidence put before the model: a note's sentence, a retrieved passage. ``id`` is what is cited."""

    text: str
    id: str = ""


@block(checked=False)
class Demo:
    """A solved case shown in a prompt."""

    question: str
    answer: str
    rationale: str = ""
    choices: tuple[str, ...] = ()
    evidence: tuple[Passage, ...] = ()
    id: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a message. ``name`` says what it is in the prompt and ``id`` where it comes from.

    Neither name nor id is ever sent to an endpoint: they let local, recorded and simulated models see structure.
    """

    text: str = ""
    kind: Literal["text", "image", "signal"] = "text"
    name: str = ""
    id: str = ""
    data: bytes = b""
    media: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    role: Literal["system", "user", "assistant", "tool"]
    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        """All text parts, one per line: what an endpoint is sent."""
        return "\n".join(part.text for part in self.parts if part.kind == "text")


@dataclass(frozen=True, kw_only=True, slots=True)
class Prompt:
    """All that a strategy may know of a case. It HAS NO target.

    ``lettered``: the choices are options A, B, C, ... and the answer is a letter; otherwise the answer is one of
    the choices itself. ``cue`` stands after the question ("Let's think step by step.").
    """

    id: str
    question: str
    instruction: str = ""
    choices: tuple[str, ...] = ()
    lettered: bool = False
    demos: tuple[Demo, ...] = ()
    evidence: tuple[Passage, ...] = ()
    schema: Mapping[str, Any] | None = None
    cue: str = ""

    @property
    def labels(self) -> tuple[str, ...]:
        """What may be answered: letters of a lettered prompt, else the choices."""
        return tuple(LETTERS[: len(self.choices)]) if self.lettered else self.choices

    def messages(self) -> tuple[Message, ...]:
        """The only place where prompt text is assembled. Order as in the guide's figure 4: instruction,
        demonstrations, materials, question, choices, cue."""
        out: list[Message] = []
        if self.instruction:
            out.append(Message("system", (Part(self.instruction, name="instruction"),)))
        for demo in self.demos:
            asked = self._ask(demo.question, demo.choices or self.choices, demo.evidence, demo.id)
            out.append(Message("user", asked))
            reply = f"{demo.rationale}\nAnswer: {demo.answer}" if demo.rationale else f"Answer: {demo.answer}"
            out.append(Message("assistant", (Part(reply, name="answer", id=demo.answer),)))
        asked = self._ask(self.question, self.choices, self.evidence, self.id)
        if self.cue:
            asked = (*asked, Part(self.cue, name="cue"))
        out.append(Message("user", asked))
        return tuple(out)

    def _ask(
        self, question: str, choices: tuple[str, ...], evidence: tuple[Passage, ...], source: str
    ) -> tuple[Part, ...]:
        parts = [Part(f"[{item.id}] {item.text}", name="evidence", id=item.id) for item in evidence]
        parts.append(Part(question, name="question", id=source))
        if choices and self.lettered:
            parts += [Part(f"{LETTERS[i]}. {text}", name="choice", id=LETTERS[i]) for i, text in enumerate(choices)]
        elif choices:
            parts.append(Part("Answer with exactly one of: " + " | ".join(choices), name="choices"))
        return tuple(parts)

    def replace(self, **changes: Any) -> Prompt:
        return dataclasses.replace(self, **changes)


@dataclass(frozen=True, kw_only=True, slots=True)
class ToolCall:
    """A tool that a model asks for: ``arguments`` is the JSON text as the model wrote it."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """What a model answered, raw. ``texts`` holds all of n choices (``text`` is the first).

    ``logprobs``: for ``score`` the log-probability of each choice; for ``generate`` that of each token where
    the model gives it. ``latency_s`` in seconds, ``cost_usd`` in US dollars, ``key`` the content address of the
    call in the store ("" when it was not stored).
    """

    text: str
    tokens_in: int = 0
    tokens_out: int = 0
    logprobs: Mapping[str, float] | None = None
    latency_s: float = 0.0
    cached: bool = False
    model: str = ""
    texts: tuple[str, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    finish: str = "stop"
    cost_usd: float = 0.0
    key: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Prediction:
    """What a system says of one case.

    ``answer`` is None when nothing could be read (``parsed`` False) or the call failed (``failure`` names the
    kind of error). ``votes``: probability or share of each label. ``evidence``: ids of cited passages.
    """

    answer: str | None
    rationale: str = ""
    evidence: tuple[str, ...] | None = None
    replies: tuple[Reply, ...] = ()
    votes: Mapping[str, float] = field(default_factory=dict)
    parsed: bool = True
    failure: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """``value`` None means: could not be scored (``reason`` says why); it is never counted as 0."""

    value: float | None
    reason: str = ""


@runtime_checkable
class Task(Protocol):
    """FORMULATE. Examples, how a case is put, and what is good enough."""

    def examples(self, split: Split) -> Sequence[Example]: ...
    def prompt(self, example: Example) -> Prompt: ...


@runtime_checkable
class Model(Protocol):
    """SELECT / ADAPT. Wrappers (cache, budget, guards) are Models around a Model."""

    @property
    def supports(self) -> frozenset[str]: ...
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
    ) -> Reply: ...
    async def score(self, messages: Sequence[Message], choices: Sequence[str]) -> Reply:
        """``logprobs`` of the reply holds the log-probability of each of ``choices``; ``text`` the likeliest."""
        ...


@runtime_checkable
class Tool(Protocol):
    """What a model may call: a calculator, a look-up, a query. A block whose ``use`` changes nothing anywhere."""

    @property
    def name(self) -> str:
        """The word by which a model calls it: letters, digits and underscores."""
        ...

    @property
    def description(self) -> str: ...

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The JSON schema of the arguments, an object."""
        ...

    async def use(self, arguments: Mapping[str, Any]) -> str:
        """The result as text or JSON. Raises ToolError for arguments that it cannot use."""
        ...


@runtime_checkable
class Trainable(Protocol):
    """A Model that is made from data: ``train`` gives a fitted copy (its spec holds the weights)."""

    async def train(self, pairs: Sequence[tuple[Prompt, str]], *, seed: int) -> Self: ...


@runtime_checkable
class Strategy(Protocol):
    """ELICIT. ``fit`` may keep demonstrations; ``predict`` asks the model and reads its replies."""

    @property
    def needs(self) -> frozenset[str]:
        """Capabilities that the model must have, any one of each ``a|b`` alternative."""
        ...

    def calls(self, prompt: Prompt) -> int:
        """Calls that one prediction makes at most, for the plan."""
        ...

    async def fit(self, train: Sequence[tuple[Prompt, str]], model: Model) -> Self: ...
    async def predict(self, prompt: Prompt, model: Model, *, seed: int) -> Prediction: ...


@runtime_checkable
class Metric(Protocol):
    """JUDGE. One case at a time; corpus-level values are summarised in ``osler.evaluation``."""

    def score(self, example: Example, prediction: Prediction) -> Score: ...
