"""The task template: everything the guide asks of a task, as values (reference: the workflow's practice 1)."""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from osler.core.block import block
from osler.core.errors import DataError, SpecError, nearest
from osler.core.types import Example, Passage, Prompt, Split
from osler.data.source import Source, in_letters

Kind = Literal["knowledge and reasoning", "summarization", "translation", "structurization", "multi-modality"]


@block
class Template:
    """A task: its card, how a case is put to a model, and what is good enough.

    question: a format text over the fields of ``Example.input``. evidence: the field that holds
    ``[[id, text], ...]`` put before the question. lettered: choices are options A, B, C, ...
    and targets their letters. cluster: the meta field
    that ties rows together (the patient); intervals resample it. accept: metric, at_least, lower_bound. schema: the
    JSON schema of the answer, where it is an object or a list; without a schema and without choices on the cases the
    answer is free text. references: papers and pages. access: how the data are got, for tasks
    whose data need a request.
    """

    title: str
    capability: Kind
    question: str
    instruction: str = ""
    evidence: str = ""
    lettered: bool = False
    area: str = ""
    input: str = ""
    output: str = ""
    intended_use: str = ""
    users: str = ""
    oversight: str = ""
    hazards: tuple[str, ...] = ()
    cluster: str = ""
    subgroups: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ("accuracy",)
    accept: Mapping[str, Any] = {}
    sources: tuple[str, ...] = ()
    schema: Mapping[str, Any] = {}
    references: tuple[str, ...] = ()
    access: str = ""
    data: Source | None = None

    def check(self) -> None:
        hint = 'write the fields in braces, as in question = "{question}"'
        try:
            fields = [field for field in string.Formatter().parse(self.question) if field[1] is not None]
        except ValueError as error:
            raise SpecError(f"the question of the task {self.title!r} cannot be read: {error}", hint=hint) from None
        if not fields:
            raise SpecError(f"the question of the task {self.title!r} names no field of a case", hint=hint)
        for _, name, form, conversion in fields:
            if not name or name.isdigit() or set(name) & set(".[") or form or conversion:
                raise SpecError(
                    f"the question of the task {self.title!r} has {name!r} where the name of a field should stand",
                    hint=hint,
                )

    def examples(self, split: Split) -> Sequence[Example]:
        if self.data is None:
            raise SpecError(
                f"the task {self.title!r} has no data", hint='name it in the study: data = { source = "..." }'
            )
        source: Source = in_letters(self.data) if self.lettered else self.data
        return source.examples(split)

    def prompt(self, example: Example) -> Prompt:
        try:
            question = self.question.format_map(example.input)
        except KeyError as error:
            raise DataError(
                f"the case {example.id!r} has no field {error.args[0]!r}, which the task's question names",
                hint=nearest(str(error.args[0]), example.input),
            ) from None
        evidence: tuple[Passage, ...] = ()
        if self.evidence:
            evidence = tuple(Passage(id=str(i), text=text) for i, text in example.input.get(self.evidence, ()))
        return Prompt(
            id=example.id,
            instruction=self.instruction,
            question=question,
            choices=example.choices,
            lettered=self.lettered,
            evidence=evidence,
            schema=self.schema or None,
        )
