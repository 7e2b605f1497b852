"""Questions made on demand: a data source of any length that takes no memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, overload

from osler.core.block import block
from osler.core.errors import SpecError
from osler.core.types import LETTERS, Example, Split

_SIGNS = ("fever", "chest pain", "a rash", "short breath", "joint pain", "headache", "weight loss", "night sweats")
_DRUGS = ("amoxicillin", "metformin", "lisinopril", "warfarin", "prednisone", "salbutamol", "ibuprofen", "insulin")
_OPTIONS = 4


@dataclass(frozen=True)
class Questions(Sequence[Example]):
    """The questions of ``span``, each made when it is asked for."""

    span: range

    def __len__(self) -> int:
        return len(self.span)

    @overload
    def __getitem__(self, index: int) -> Example: ...
    @overload
    def __getitem__(self, index: slice) -> Questions: ...
    def __getitem__(self, index: int | slice) -> Example | Questions:
        if isinstance(index, slice):
            return Questions(self.span[index])
        return question(self.span[index])

    def __iter__(self) -> Iterator[Example]:
        return map(question, self.span)


def question(i: int) -> Example:
    """Question ``i``: about 600 characters with four options, as long as a question of an examination."""
    sign, other = _SIGNS[i % 8], _SIGNS[(i // 8) % 8]
    text = (
        f"Case {i}. A {20 + i % 70}-year-old patient comes with {sign} for {1 + i % 13} days and, since yesterday, "
        f"{other}. The patient takes {_DRUGS[i % 8]} once a day and has no known allergy. On examination the "
        f"temperature is {36.5 + (i % 40) / 10:.1f} degrees, the pulse {60 + i % 60} a minute, the blood pressure "
        f"{100 + i % 70}/{60 + i % 35} mmHg and the saturation {88 + i % 12} per cent on room air. The lungs are clear, "
        f"the abdomen is soft, and the neck is supple. The white cell count is {4000 + 37 * i % 14000} per microlitre "
        f"and the C-reactive protein {i % 240} mg per litre. Which of the following is the best next step?"
    )
    choices = tuple(f"{_DRUGS[(i + k) % 8]} {5 * (1 + (i + 3 * k) % 40)} mg" for k in range(_OPTIONS))
    return Example(id=f"q{i:07}", input={"question": text}, target=LETTERS[i % _OPTIONS], choices=choices)


@block
class BenchQuestions:
    """``n`` made-up multiple-choice questions for benchmarks, all of them test cases; no medical meaning."""

    n: int = 1000

    title: ClassVar[str] = "made-up questions"
    licence: ClassVar[str] = "none needed: generated"
    citation: ClassVar[str] = ""
    synthetic: ClassVar[bool] = True

    def check(self) -> None:
        if self.n < 1:
            raise SpecError(f"bench_questions.n must be at least 1, got {self.n}")

    def examples(self, split: Split) -> Sequence[Example]:
        return Questions(range(self.n if split == "test" else 0))
