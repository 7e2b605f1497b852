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
_VIGNETTES = tuple(
    f"comes with {sign} for {3 + i} days and, since yesterday, {other}. The patient takes {drug} once a day and has no "
    f"known allergy. On examination the temperature is {36.8 + i / 5:.1f} degrees, the pulse {70 + 3 * i} a minute, the "
    f"blood pressure {104 + 8 * i}/{62 + 4 * i} mmHg and the saturation {99 - i} per cent on room air. The lungs are "
    f"clear, the abdomen is soft, and the neck is supple. The white cell count is {4200 + 900 * i} per microlitre and "
    f"the C-reactive protein {5 + 20 * i} mg per litre. Which of the following is the best next step?"
    for i, (sign, drug) in enumerate(zip(_SIGNS, _DRUGS, strict=True))
    for other in _SIGNS
)
_CHOICES = tuple(tuple(f"{_DRUGS[(i + k) % 8]} {5 + 5 * (i // 8)} mg" for k in range(_OPTIONS)) for i in range(64))


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
    text = f"Case {i}. A patient aged {20 + i % 70} {_VIGNETTES[i % 64]}"
    return Example(id=f"q{i:07}", input={"question": text}, target=LETTERS[i % _OPTIONS], choices=_CHOICES[i * 7 % 64])


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
