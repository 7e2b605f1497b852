"""Re-ranking and its training data on public sets: what is left out of training, and what the shipped weights gain."""

from __future__ import annotations

import asyncio
import os
import random

import numpy as np
import orjson
import pytest

from osler.core.statistics.bootstrap import paired_bootstrap
from osler.core.types import Passage, Prediction
from osler.data.sets.liveqa import LiveQA
from osler.evaluation.grounding.planted import half
from osler.evaluation.metrics.retrieval import NdcgAt10
from osler.knowledge.bm25 import BM25
from osler.knowledge.passages import Index, PassageList
from osler.knowledge.rerank import Reranked
from osler.tuning.entailment_data import plain_cases, textbook_cases
from osler.tuning.rerank_data import Questions, opening, without_copies
from osler.tuning.rerank_sources import joined, judged_texts, medquad, pubmedqa

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not os.environ.get("OSLER_DATA"), reason="OSLER_DATA is not set"),
]


def test_right_answers_of_medquad_are_never_taken_for_wrong() -> None:
    questions = medquad("valid")
    assert len(questions.sought) == 1603
    ids = {item.id for item in questions.passages}
    assert all(one.right.id in one.also <= ids for one in questions.sought)
    assert len({item.text for item in questions.passages}) == len(questions.passages)


def test_what_stands_in_liveqa_is_left_out_of_training() -> None:
    held = joined(medquad("train"), pubmedqa())
    chance = random.Random(0)
    some = Questions(tuple(chance.sample(held.sought, 1500)), held.passages, {})
    found = without_copies(some, judged_texts(("liveqa",)))
    assert len(found.sought) + sum(found.left_out.values()) == 1500
    assert found.left_out["copy or near copy of a test text"] > 10  # LiveQA's answers are of the same sites
    again = without_copies(found, judged_texts(("liveqa",)))
    assert again.sought == found.sought


def test_the_shipped_weights_put_better_answers_first() -> None:
    """LiveQA's answerable questions, their openings only, which the weights never saw: paired nDCG@10 over BM25 alone."""
    cases = [case for case in LiveQA().examples("test") if case.meta["answerable"]]
    short = PassageList(items=tuple(Passage(id=item.id, text=opening(item.text, 300)) for item in LiveQA().passages()))
    words = BM25(collection=short)

    async def ndcg(index: Index) -> list[float]:
        out = []
        for case in cases:
            hits = await index.search(str(case.input["question"]), 10)
            answer = orjson.dumps([item.id for item, _ in hits]).decode()
            out.append(NdcgAt10().score(case, Prediction(answer=answer)).value or 0.0)
        return out

    before = asyncio.run(ndcg(words))
    after = asyncio.run(ndcg(Reranked(inner=words, depth=20)))
    gain = paired_bootstrap(np.array(before), np.array(after), resamples=2000)
    assert len(cases) == 34
    assert gain.value > 0.03
    assert gain.low > -0.02


def test_textbook_pairs_keep_to_their_half_and_their_labels() -> None:
    cases = asyncio.run(textbook_cases("made on", 60))
    assert len(cases) == 60
    assert {case.label for case in cases} == {"supported", "contradicted", "unsupported"}
    assert all(half(case.source + ":x") == "made on" for case in cases)
    for case in cases:
        if case.kind == "word for word" and case.label == "supported":
            assert " ".join(case.claim.split()) in case.text
        if case.label == "unsupported":
            assert " ".join(case.claim.split()) not in case.text
    assert asyncio.run(textbook_cases("made on", 9)) == cases[:9]


def test_plain_language_pairs_are_of_one_abstract() -> None:
    train, test = plain_cases("train", 60), plain_cases("test", 60)
    assert not {case.source for case in train} & {case.source for case in test}
    assert [case.label for case in train[:4]] == ["supported", "unsupported"] * 2


def test_the_experiment_on_medcpt_runs_and_none_of_its_claims_fails() -> None:
    from osler.experiments import experiment

    outcome = experiment("medcpt", quick=True)
    assert [table.title for table in outcome.tables] == ["BioASQ, sample", "MedQuAD, held out"]
    assert all(len(table.rows) == 5 for table in outcome.tables)
    assert len(outcome.claims) == 7
    assert not outcome.failed, outcome.failed
