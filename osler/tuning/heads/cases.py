"""What a head learns from: questions with their evidence and what is right, of a study or of data of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from osler.core.block import canonical, digest
from osler.core.errors import DataError
from osler.core.types import Example, Message, Prompt, Split
from osler.models.asked import Asked, read_asked

Pairs = Sequence[tuple[Prompt, str]]
_HELD = 10  # one in so many of a study's training cases is held out where looks are asked for


@dataclass(frozen=True, slots=True)
class Case:
    """``question`` and ``evidence`` are what the network reads. ``target`` is the answer, of a lettered prompt the text
    of its option; ``choices`` what it was chosen from, if anything."""

    id: str
    question: str
    evidence: str
    target: str
    choices: tuple[str, ...] = ()


def texts_of(messages: Sequence[Message]) -> tuple[Asked, str, str]:
    """What messages ask, the question, and all evidence in its order, one passage a line."""
    asked = read_asked(messages)
    return asked, asked.question, "\n".join(asked.evidence.values())


def case_of(prompt: Prompt, target: str) -> Case:
    asked, question, evidence = texts_of(prompt.messages())
    if prompt.lettered and target not in prompt.labels:
        raise DataError(
            f"the case {prompt.id!r} has an answer that is none of its {len(prompt.labels)} letters",
            hint="give the answer as the prompt's labels spell it",
        )
    meant = asked.meaning(target) if prompt.lettered else target
    return Case(prompt.id, question, evidence, meant, tuple(asked.meaning(choice) for choice in prompt.labels))


def cases_of(data: Any, pairs: Pairs, split: Split = "train") -> list[Case]:
    """The cases of ``data``, a task or a source, or of ``pairs`` where it is None. DataError where there are none."""
    found = [case_of(*pair) for pair in pairs] if data is None else [_own(data, item) for item in data.examples(split)]
    if not found:
        raise DataError(f"a head was given no {split} cases", hint="give it data, or a study with training cases")
    return found


def divided(data: Any, pairs: Pairs, *, looks: bool) -> tuple[list[Case], list[Case]]:
    """Cases to learn from, and cases to look at between: the valid ones of ``data``, or a tenth of a study's cases."""
    if not looks:
        return cases_of(data, pairs), []
    if data is not None:
        return cases_of(data, pairs), cases_of(data, pairs, "valid")
    cases = cases_of(data, pairs)
    held = [int(digest(case.id.encode(), size=4), 16) % _HELD == 0 for case in cases]
    kept = [case for case, out in zip(cases, held, strict=True) if not out]
    return kept or cases, [case for case, out in zip(cases, held, strict=True) if out]


def hash_of(cases: Sequence[Case]) -> str:
    """Hash of all that is learnt from, in its order."""
    rows = [[case.id, case.question, case.evidence, case.target, list(case.choices)] for case in cases]
    return digest(canonical(rows), size=16)


def _own(data: Any, example: Example) -> Case:
    """A case as the task puts it; of a source without a task its only text is the question."""
    if hasattr(data, "prompt"):
        return case_of(data.prompt(example), example.target)
    texts = _texts(example.input)
    if len(texts) != 1:
        raise DataError(
            f"the case {example.id!r} has {len(texts)} texts, and no task says how they are put",
            hint="give the head a task as data, or a source with one text a case",
        )
    return Case(example.id, texts[0], "", example.target, example.choices)


def _texts(held: Mapping[str, Any]) -> list[str]:
    return [value for value in held.values() if isinstance(value, str)]
