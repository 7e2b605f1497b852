"""The texts of an optimiser's own calls: criticising answers, naming what an instruction lacks, writing a better one.

Every function takes keywords only. The code released with AutoMedPrompt calls ``eval_item(x, response, gold, expl)``
where the signature reads ``(response, gold, reference, question)``: each field is shifted by one, so that the critic
reads the question as the answer and the answer as the truth. Positions cannot say what they mean; names can.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from osler.core.types import LETTERS, Message, Part, Prompt

OPEN, CLOSE = "<INSTRUCTION>", "</INSTRUCTION>"
LOSS = (
    "You evaluate an answer to a medical question. Compare it with the correct answer and its explanation. Say briefly "
    "whether it is right, and what knowledge or step of reasoning is missing or wrong. Do not answer the question anew."
)
BACKWARD = (
    "You improve the instruction of a language model. You see the instruction it was given, a question, its answer and "
    "an evaluation of that answer. Say what in the instruction should change so that answers to questions of this kind "
    "get better. Be specific and general: speak of the kind of question, never of this one's answer. Do not write the "
    "new instruction."
)
EDIT = (
    "You write the instruction of a language model anew. You see the present instruction and criticisms of it, each from "
    "another question. Follow the criticisms, keep what works, keep it short, and name no answer to any question. "
    f"Put the new instruction between {OPEN} and {CLOSE}."
)
PROPOSE = (
    "You write instructions for a language model that answers medical questions. You see earlier instructions with their "
    "scores, where a higher score is better, and some questions with their correct answers. Write one new instruction "
    "that is different from all of them and should score higher. Name no answer to any question. "
    f"Put it between {OPEN} and {CLOSE}."
)


def loss(*, prompt: Prompt, response: str, gold: str, explanation: str) -> tuple[Message, ...]:
    """Ask for the text loss: what is wrong with ``response`` to ``prompt``, given the gold answer."""
    parts = [*_case(prompt), _part("The answer to evaluate", response, "response"), _gold(prompt, gold)]
    if explanation:
        parts.append(_part("Explanation of the correct answer", explanation, "explanation"))
    return _system(LOSS, "loss_task"), Message("user", tuple(parts))


def backward(*, instruction: str, prompt: Prompt, response: str, evaluation: str) -> tuple[Message, ...]:
    """Ask for the text gradient: what ``instruction`` should say otherwise, given the evaluation of one answer."""
    parts = [
        _part("The instruction", instruction, "current"),
        *_case(prompt),
        _part("The answer it led to", response, "response"),
        _part("Evaluation of that answer", evaluation, "critique"),
    ]
    return _system(BACKWARD, "backward_task"), Message("user", tuple(parts))


def edit(*, instruction: str, prompts: Sequence[Prompt], gradients: Sequence[str]) -> tuple[Message, ...]:
    """Ask for the step: a new instruction that follows the gradients, each shown under its question."""
    parts = [_part("The present instruction", instruction, "current")]
    for prompt, gradient in zip(prompts, gradients, strict=True):
        parts += [*_case(prompt), _part("Criticism of the instruction", gradient, "gradient")]
    return _system(EDIT, "edit_task"), Message("user", tuple(parts))


def propose(*, scored: Sequence[tuple[str, float]], solved: Sequence[tuple[Prompt, str]]) -> tuple[Message, ...]:
    """Ask for a new instruction. ``scored``: instructions with their scores as shown, worst first; ``solved``: cases."""
    parts = [
        Part(f"Instruction: {text}\nScore: {score:.1f}", name="scored", id=f"{score:.1f}") for text, score in scored
    ]
    for prompt, gold in solved:
        parts += [*_case(prompt), _gold(prompt, gold)]
    return _system(PROPOSE, "propose_task"), Message("user", tuple(parts))


def instruction_in(text: str) -> str:
    """The instruction between the marks of a reply; "" where it has none or several that differ."""
    found = {item.strip() for item in re.findall(re.escape(OPEN) + r"(.*?)" + re.escape(CLOSE), text, re.DOTALL)}
    found.discard("")
    return found.pop() if len(found) == 1 else ""


def _system(text: str, name: str) -> Message:
    return Message("system", (Part(text, name=name),))


def _part(title: str, text: str, name: str) -> Part:
    return Part(f"{title}:\n{text}", name=name)


def _gold(prompt: Prompt, gold: str) -> Part:
    at = LETTERS.find(gold) if prompt.lettered and len(gold) == 1 else -1
    return _part("The correct answer", f"{gold}. {prompt.choices[at]}" if at >= 0 else gold, "gold")


def _case(prompt: Prompt) -> tuple[Part, ...]:
    """The case as the model saw it, less instruction, demonstrations and cue."""
    return prompt.replace(instruction="", demos=(), cue="").messages()[-1].parts
