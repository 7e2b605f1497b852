"""The 1,015 annotated pairs of TrialGPT: counts, traps of the file, and GPT-4's recorded labels against the experts."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Sequence

import pytest

from osler.core.types import Example, Prompt
from osler.data.published import locate, rows
from osler.data.trialgpt import TrialGPT
from osler.evaluation.parsing import parse
from osler.models.recorded import Recorded

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not os.environ.get("OSLER_DATA"), reason="OSLER_DATA is not set"),
]


@pytest.fixture(scope="module")
def examples() -> Sequence[Example]:
    return TrialGPT().examples("test")


def test_counts(examples: Sequence[Example]) -> None:
    assert len(examples) == 1015
    assert len({example.id for example in examples}) == 1015
    assert len({example.meta["patient"] for example in examples}) == 53
    assert len({example.meta["trial"] for example in examples}) == 103
    assert Counter(example.meta["cohort"] for example in examples) == {"sigir": 1015}
    assert Counter((example.meta["criterion_type"], example.target) for example in examples) == {
        ("exclusion", "not excluded"): 484,
        ("inclusion", "not enough information"): 174,
        ("inclusion", "included"): 150,
        ("exclusion", "not enough information"): 119,
        ("exclusion", "not applicable"): 46,
        ("inclusion", "not included"): 23,
        ("exclusion", "excluded"): 10,
        ("inclusion", "not applicable"): 9,
    }
    marks = Counter(example.meta["explanation_correctness"] for example in examples)
    assert marks == {"Correct": 891, "Partially Correct": 98, "Incorrect": 26}


def test_one_criterion_is_empty_and_evidence_is_in_the_note(examples: Sequence[Example]) -> None:
    assert [example.id for example in examples if not example.input["criterion"]] == ["883"]
    for example in examples:
        held = {sentence for sentence, _ in example.input["sentences"]}
        assert set(example.meta["evidence"]) <= held


def test_the_experts_kept_every_sentence_that_gpt4_cites() -> None:
    """Why the source carries a caution: the evidence precision of GPT-4 is 100 % by construction."""
    found = rows(locate("trialgpt/criterion_annotations.jsonl.gz", what="TrialGPT"), what="TrialGPT")
    kept = [set(map(str, row["gpt4_sentences"])) <= set(map(str, row["expert_sentences"])) for row in found]
    assert kept == [True] * 1015
    assert "1,015 rows" in TrialGPT.cautions[0]


def test_age_and_sex_of_the_patients(examples: Sequence[Example]) -> None:
    patients = {example.meta["patient"]: (example.meta["age_group"], example.meta["sex"]) for example in examples}
    assert Counter(group for group, _ in patients.values()) == {
        "adult": 33,
        "older adult": 10,
        "child": 9,
        "unknown": 1,
    }
    assert Counter(stated for _, stated in patients.values()) == {"female": 26, "male": 24, "unknown": 3}


def test_gpt_4_against_the_experts(examples: Sequence[Example]) -> None:
    model = Recorded(
        path="$OSLER_DATA/trialgpt/criterion_annotations.jsonl.gz",
        id="{annotation_id}",
        output={"rationale": "gpt4_explanation", "evidence": "gpt4_sentences", "answer": "gpt4_eligibility"},
        name="gpt-4",
    )

    async def right() -> int:
        count = 0
        for example in examples:
            prompt = Prompt(id=example.id, question=example.input["criterion"], choices=example.choices)
            read = parse((await model.generate(prompt.messages())).text, prompt.labels)
            assert read.rule == "json"
            assert read.rationale
            assert read.evidence is not None
            count += read.answer == example.target
        return count

    assert asyncio.run(right()) == 886
    assert round(100 * 886 / 1015, 2) == 87.29
