"""Published collections as conversations, from the data folder: their training parts only."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Literal

from osler.core.block import block
from osler.core.errors import DataError
from osler.core.types import Example, Task
from osler.data.sets.bentsao import BenTsao
from osler.data.sets.chatdoctor import ChatDoctor
from osler.data.sets.medquad import Medquad
from osler.tuning.dialogue.conversation import Conversation, Turn
from osler.tuning.dialogue.pairs import conversation

DOCTOR = "If you are a doctor, please answer the medical questions based on the patient's description."
_LINE = re.compile(r"^(患者|医生)：", re.MULTILINE)


@block
class ChatDoctorDialogues:
    """The training part of ChatDoctor's GenMedGPT-5k under its instruction. ``most``: so many at most, 0 for all."""

    most: int = 0

    def conversations(self) -> Sequence[Conversation]:
        return tuple(
            _single(case, str(case.input["message"]), "ChatDoctor", "ChatGPT: written from a table of diseases", DOCTOR)
            for case in _some(ChatDoctor().examples("train"), self.most)
        )


@block
class BenTsaoQuestions:
    """The training part of BenTsao. part: "knowledge" (from a graph) or "liver_cancer" (dialogues on its literature)."""

    part: Literal["knowledge", "liver_cancer"] = "knowledge"
    most: int = 0

    def conversations(self) -> Sequence[Conversation]:
        made = (
            "GPT-3.5: knowledge graph to questions" if self.part == "knowledge" else "GPT-3.5: literature to dialogue"
        )
        found = []
        for case in _some(BenTsao(part=self.part).examples("train"), self.most):
            turns = (*_turns(str(case.input["dialogue"])), Turn("assistant", case.target))
            found.append(Conversation(case.id, turns, "BenTsao", made, (case.id,)))
        return tuple(found)


@block
class MedQuadQuestions:
    """The training part of MedQuAD: questions and answers of the US National Institutes of Health."""

    most: int = 0

    def conversations(self) -> Sequence[Conversation]:
        cases = _some(Medquad(form="answer").examples("train"), self.most)
        return tuple(_single(case, str(case.input["question"]), "MedQuAD", "", "") for case in cases)


@block
class ExamConversations:
    """The training cases of a task, in the words in which it is asked: the question and its answer in the form read.

    rationale: the key of a case's ``meta`` that holds its explanation, put before the answer; "" for the answer alone.
    """

    task: Any = None
    most: int = 0
    rationale: str = ""

    def conversations(self) -> Sequence[Conversation]:
        if not isinstance(self.task, Task):
            raise DataError("exam_conversations has no task", hint='task = { use = "headqa" }')
        found = []
        for case in _some(self.task.examples("train"), self.most):
            one = conversation(self.task.prompt(case), case.target)
            why = str(case.meta.get(self.rationale, "")) if self.rationale else ""
            last = one.turns[-1]
            turns = (*one.turns[:-1], last._replace(text=f"{why.strip()}\n{last.text}")) if why.strip() else one.turns
            found.append(Conversation(case.id, turns, str(getattr(self.task, "title", "cases")), "", (case.id,)))
        return tuple(found)


def _some(cases: Sequence[Example], most: int) -> Sequence[Example]:
    return cases[:most] if most else cases


def _single(case: Example, asked: str, source: str, made: str, told: str) -> Conversation:
    first = (Turn("system", told),) if told else ()
    return Conversation(
        case.id, (*first, Turn("user", asked), Turn("assistant", case.target)), source, made, (case.id,)
    )


def _turns(text: str) -> tuple[Turn, ...]:
    """Turns of a dialogue whose lines name patient and doctor; a text without them is one question."""
    parts = _LINE.split(text)
    if len(parts) == 1:
        return (Turn("user", text),)
    named = zip(parts[1::2], parts[2::2], strict=True)
    return tuple(Turn("user" if who == "患者" else "assistant", said.strip()) for who, said in named)
