"""A simulated model that plays a patient, with faults in known shares: a product to hold the critic against."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from osler.core.block import block
from osler.core.errors import ModelError, SpecError
from osler.core.types import Message, Part, Reply
from osler.evaluation.consultation.presentations import YES, presentations
from osler.evaluation.consultation.questions import topics_of
from osler.evaluation.consultation.transcript import read_transcript
from osler.models.writing import uniform


@block
class SimulatedPatient:
    """Answers the doctor's last turn from the script in its prompt, and errs at will.

    tells: probability of naming the diagnosis; volunteers: of adding a fact that was not asked; contradicts: of the
    opposite of a fact; breaks: of speaking as a machine. Everything it says is a function of the call.
    """

    tells: float = 0.0
    volunteers: float = 0.0
    contradicts: float = 0.0
    breaks: float = 0.0
    seed: int = 0

    baseline: ClassVar[bool] = True  # it is told the answers: nothing it does can pass a gate

    def check(self) -> None:
        for name in ("tells", "volunteers", "contradicts", "breaks"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise SpecError(
                    f"simulated_patient.{name} must be from 0 to 1, got {getattr(self, name)}", hint=f"{name} = 0.1"
                )

    @property
    def supports(self) -> frozenset[str]:
        return frozenset({"generate"})

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
        parts = [part for message in messages for part in message.parts]
        script = {part.id: part.text.partition("] ")[2] for part in parts if part.name == "evidence"}
        question = next((part for part in reversed(parts) if part.name == "question"), Part())
        turns = read_transcript(question.text)
        asked = [topic for turn in turns if turn.speaker == "doctor" for topic in topics_of(turn.text)]
        last = topics_of(turns[-1].text) if turns else ()
        text = self._say(script, last, asked, f"{question.id}/{seed}")
        return Reply(
            text=text,
            texts=(text,) * n,
            tokens_in=sum(len(part.text) for part in parts) // 4,
            tokens_out=len(text) // 4,
            model="simulated_patient",
        )

    async def score(self, messages: Sequence[Message], choices: Sequence[str]) -> Reply:
        raise ModelError("a simulated patient only speaks", hint="use generate", kind="unsupported")

    def _say(self, script: Mapping[str, str], last: Sequence[str], asked: Sequence[str], call: str) -> str:
        chinese = any("\u4e00" <= sign <= "\u9fff" for sign in script.get("onset", ""))
        said = [script[topic] for topic in last if topic in script and topic != "diagnosis"][:3]
        if self._happens("contradicts", call):
            said = [self._opposite(topic, script, chinese) for topic in last if topic in script][:1] or said
        if self._happens("volunteers", call):
            hidden = [topic for topic in script if topic not in asked and _symptom(topic)]
            said += [script[hidden[int(self._uniform("which", call) * len(hidden))]]] if hidden else []
        if self._happens("tells", call):
            said.append(
                f"我想我得的是{script['diagnosis']}。" if chinese else f"I think that I have {script['diagnosis']}."
            )
        if self._happens("breaks", call):
            said = ["作为一个AI语言模型，我不能继续。" if chinese else "As an AI language model I cannot go on."]
        return ("" if chinese else " ").join(said) or ("我不清楚。" if chinese else "I do not know.")

    def _opposite(self, topic: str, script: Mapping[str, str], chinese: bool) -> str:
        texts = presentations().topics[topic].texts or {}
        pairs = [text[1 if chinese else 0] for value, text in texts.items() if value != "na"]
        return next((text for text in pairs if text != script[topic]), script[topic])

    def _happens(self, what: str, call: str) -> bool:
        return self._uniform(what, call) < float(getattr(self, what))

    def _uniform(self, *words: str) -> float:
        return uniform(self.seed, *words)


def _symptom(topic: str) -> bool:
    held = presentations().topics.get(topic)
    return held is not None and held.texts is not None and YES in held.texts
