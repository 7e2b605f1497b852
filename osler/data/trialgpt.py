"""TrialGPT's criterion annotations (Jin et al. 2024): 1,015 pairs of a patient's note and a trial's criterion.

0. A 58-year-old woman presents with episodic chest pain ...    inclusion: "Male and female"  ->  included
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, ClassVar

from osler.core.block import block
from osler.core.errors import DataError
from osler.core.types import Example, Split
from osler.data.published import locate, require, rows

LABELS = {
    "inclusion": ("included", "not included", "not enough information", "not applicable"),
    "exclusion": ("excluded", "not excluded", "not enough information", "not applicable"),
}
_FILE = "trialgpt/criterion_annotations.jsonl.gz"
_COLUMNS = (
    "annotation_id",
    "patient_id",
    "note",
    "trial_id",
    "trial_title",
    "criterion_type",
    "criterion_text",
    "explanation_correctness",
    "expert_sentences",
    "expert_eligibility",
)
_SENTENCE = re.compile(r"(\d+)\. (.*)", re.DOTALL)
_AGE = re.compile(r"\b(\d{1,3})[\s-]*(?:(?:(year|month|week|day)s?)[\s-]*old|yo|y/o)\b", re.IGNORECASE)
_FEMALE = re.compile(r"\b(?:woman|female|girl|lady)\b", re.IGNORECASE)
_MALE = re.compile(r"\b(?:man|male|boy|gentleman)\b", re.IGNORECASE)


@block
class TrialGPT:
    """Does the patient meet the criterion? The target is the experts' label.

    ``input``: sentences ((id, text), ...), criterion, criterion_type, trial_title. ``choices``: the four labels of the
    criterion's type. ``meta``: patient, trial, criterion_type, cohort, evidence (ids of the sentences the experts
    cite), explanation_correctness (of GPT-4's explanation), age_group (child < 18 <= adult < 65 <= older adult) and
    sex as the note's first sentence states them, else "unknown". Everything is ``test``. One published row
    has no criterion text and is kept with an empty one, so that counts agree with the paper.
    Source: Jin et al., Nature Communications 15:9074 (2024).
    """

    title: ClassVar[str] = "TrialGPT criterion annotations"
    licence: ClassVar[str] = "NCBI public domain notice"
    citation: ClassVar[str] = "Jin et al., Matching patients to clinical trials with large language models, 2024"
    synthetic: ClassVar[bool] = False
    cautions: ClassVar[tuple[str, ...]] = (
        "The experts' sentences of this set were made from GPT-4's own citations: in each of the 1,015 rows the "
        "sentences that GPT-4 cites are among them. The evidence metrics therefore favour GPT-4 (its evidence "
        "precision is 100 % by construction) and cannot rank it against other systems.",
    )

    def examples(self, split: Split) -> Sequence[Example]:
        """Every pair for ``test``; none for other splits."""
        if split != "test":
            return ()
        held: tuple[Example, ...] | None = self.__dict__.get("_examples")
        if held is None:
            found = rows(locate(_FILE, what=self.title), what=self.title)
            held = tuple(_example(row, number) for number, row in enumerate(found, 1))
            if len({example.id for example in held}) != len(held):
                raise DataError("TrialGPT: two annotations have the same id", hint="fetch the file again")
            self.__dict__["_examples"] = held
        return held


def _example(row: dict[str, Any], number: int) -> Example:
    require(row, _COLUMNS, what="TrialGPT", number=number)
    name, kind = str(row["annotation_id"]), row["criterion_type"]
    if kind not in LABELS or row["expert_eligibility"] not in LABELS[kind]:
        raise DataError(f"TrialGPT: annotation {name} has a label that its criterion type does not know")
    sentences = _sentences(row["note"], name)
    known = {sentence for sentence, _ in sentences}
    evidence = tuple(map(str, row["expert_sentences"]))
    first = sentences[0][1]
    return Example(
        id=name,
        input={
            "sentences": sentences,
            "criterion": row["criterion_text"] or "",
            "criterion_type": kind,
            "trial_title": row["trial_title"],
        },
        target=row["expert_eligibility"],
        choices=LABELS[kind],
        meta={
            "patient": row["patient_id"],
            "trial": row["trial_id"],
            "criterion_type": kind,
            "cohort": row["patient_id"].split("-")[0],
            "evidence": tuple(item for item in evidence if item in known),
            "explanation_correctness": row["explanation_correctness"],
            "age_group": age_group(first),
            "sex": sex(first),
        },
    )


def _sentences(note: str, name: str) -> tuple[tuple[str, str], ...]:
    held = [_SENTENCE.fullmatch(line) for line in note.split("\n")]
    if not held or any(match is None for match in held):
        raise DataError(f"TrialGPT: the note of annotation {name} is not numbered line by line")
    return tuple((match[1], match[2].strip()) for match in held if match is not None)


def age_group(sentence: str) -> str:
    """child, adult or older adult, from the only age that the sentence states; else unknown."""
    ages = {int(match[1]) if (match[2] or "year").casefold() == "year" else 0 for match in _AGE.finditer(sentence)}
    if len(ages) != 1:
        return "unknown"
    years = ages.pop()
    return "child" if years < 18 else "adult" if years < 65 else "older adult"


def sex(sentence: str) -> str:
    """female or male, where the sentence has words of one only; else unknown."""
    female, male = bool(_FEMALE.search(sentence)), bool(_MALE.search(sentence))
    return "unknown" if female == male else "female" if female else "male"
