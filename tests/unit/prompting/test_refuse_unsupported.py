"""Nothing is answered without support: before the call by the search, after it by what was shown."""

from __future__ import annotations

import asyncio
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import LABELLED, QUESTION, Scripted, predict

from osler.core.errors import SpecError
from osler.core.types import Example, Passage, Prompt
from osler.evaluation.metrics.selective import AbstainRate
from osler.knowledge.bm25 import BM25
from osler.knowledge.passages import PassageList
from osler.models.simulated_sources import SimulatedSources
from osler.prompting.cases import Cases
from osler.prompting.few_shot import FewShot
from osler.prompting.refuse_unsupported import RefuseUnsupported, covering, parting
from osler.prompting.retrieve import Retrieve
from osler.prompting.zero_shot import ZeroShot

GOLD = Passage(id="g", text="Zelvarine is given at 40 mg once daily.")
OTHER = Passage(id="o", text="Heparin stops clotting and is given by injection.")
CASE = Prompt(id="c1", question="At what dose is Zelvarine given?")
KEY = {"c1": {"answer": "Zelvarine is given at 40 mg once daily.", "subject": "zelvarine"}}


def method(*items: Passage, **more: object) -> RefuseUnsupported:
    return RefuseUnsupported(inner=Retrieve(index=BM25(collection=PassageList(items=items))), **more)  # type: ignore[arg-type]


def test_without_the_gold_passage_it_does_not_answer_from_memory() -> None:
    remembers = SimulatedSources(knows=1.0, memory=1.0, key=KEY)
    with_gold = asyncio.run(method(GOLD, OTHER).predict(CASE, remembers, seed=0))
    assert with_gold.answer == "Zelvarine is given at 40 mg once daily."
    without = asyncio.run(method(OTHER).predict(CASE, remembers, seed=0))
    assert (without.answer, without.evidence, without.parsed, len(without.replies)) == ("cannot answer", (), True, 1)
    assert without.replies[0].text.startswith("Zelvarine is given at 40 mg")  # it did know, and was not asked to
    assert "refused: 0 of 1 statements are supported" in without.rationale
    empty = asyncio.run(method().predict(CASE, remembers, seed=0))
    assert (empty.answer, "no passage was shown" in empty.rationale) == ("cannot answer", True)
    trusting = asyncio.run(method(OTHER, support="shown").predict(CASE, remembers, seed=0))
    assert trusting.answer == "Zelvarine is given at 40 mg once daily."


def test_a_refusal_counts_as_one() -> None:
    found = asyncio.run(method().predict(CASE, SimulatedSources(key=KEY), seed=0))
    assert AbstainRate().score(Example(id="c1", input={}, target="40 mg"), found).value == 1.0


def test_a_contradicted_statement_is_refused_and_a_share_may_be_enough() -> None:
    wrong = Scripted("Zelvarine is given at 400 mg once daily.")
    assert "1 of 1 statements are contradicted" in predict(method(GOLD), wrong, CASE).rationale
    half = Scripted("Zelvarine is given at 40 mg once daily. It tastes of lemons.")
    assert predict(method(GOLD), half, CASE).answer == "cannot answer"
    assert predict(method(GOLD, least=0.5), half, CASE).answer == half.texts[0]


def test_below_the_threshold_no_call_is_made() -> None:
    model = Scripted("Zelvarine is given at 40 mg once daily.")
    best = asyncio.run(BM25(collection=PassageList(items=(GOLD, OTHER))).search(CASE.question, 1))[0][1]
    assert predict(method(GOLD, OTHER, threshold=best), model, CASE).answer == model.texts[0]
    refused = predict(method(GOLD, OTHER, threshold=best + 0.01), model, CASE)
    assert (refused.answer, refused.replies, len(model.asked)) == ("cannot answer", (), 1)
    assert "no passage scores" in refused.rationale
    nothing = predict(method(OTHER, threshold=0.1), model, CASE.replace(question="?"))
    assert "none was found" in nothing.rationale


def test_labels_need_the_words_of_the_option() -> None:
    answered = predict(method(OTHER), Scripted("Answer: B"), QUESTION)
    assert answered.answer == "B"
    refused = predict(method(OTHER), Scripted("Answer: A"), QUESTION)
    assert (refused.answer, refused.evidence) == ("cannot answer", ())
    with pytest.raises(SpecError, match="also a label"):
        predict(method(OTHER, says="no"), Scripted(), LABELLED)
    unread = predict(method(OTHER), Scripted("?"), QUESTION)
    assert (unread.answer, unread.parsed) == (None, False)


def test_json_can_only_be_held_to_having_been_shown_something() -> None:
    prompt = CASE.replace(schema={"type": "object"})
    assert predict(method(GOLD, support="shown"), Scripted('{"a":1}'), prompt).answer == '{"a":1}'
    with pytest.raises(SpecError, match="cannot hold JSON"):
        predict(method(GOLD), Scripted('{"a":1}'), prompt)


def test_the_threshold_is_learnt_from_validation_cases() -> None:
    def pair(name: str, question: str, gold: str) -> tuple[Prompt, str]:
        return Prompt(id=name, question=question), gold

    known = [pair(f"k{i}", "At what dose is Zelvarine given?", "40 mg") for i in range(3)]
    unknown = [pair(f"u{i}", "Who is given the cup?", "cannot answer") for i in range(3)]
    cases = Cases(train=(known[0],), valid=(*known, *unknown))
    model = Scripted("Zelvarine is given at 40 mg once daily.")
    fitted = asyncio.run(method(GOLD, OTHER, coverage=0.9).fit(cases, model))
    assert fitted.coverage is None
    assert fitted.threshold is not None
    assert not model.asked
    assert predict(fitted, model, known[0][0]).answer == model.texts[0]
    assert predict(fitted, model, unknown[0][0]).answer == "cannot answer"
    only = asyncio.run(method(GOLD, OTHER, coverage=1.0).fit(Cases(train=(known[0],), valid=tuple(known)), model))
    assert predict(only, model, known[1][0]).answer == model.texts[0]
    with pytest.raises(SpecError, match="no threshold yet"):
        predict(method(GOLD, coverage=0.9), model, CASE)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(SpecError, match="both threshold and coverage"):
        method(GOLD, threshold=1.0, coverage=0.5)
    with pytest.raises(SpecError, match="no index to search"):
        RefuseUnsupported(inner=ZeroShot(), threshold=1.0)
    with pytest.raises(SpecError, match="above 0 and at most 1"):
        method(GOLD, least=0.0)
    inside = RefuseUnsupported(inner=FewShot(inner=Retrieve()), threshold=1.0)
    assert inside.threshold == 1.0


@given(st.lists(st.tuples(st.floats(-5, 5), st.booleans()), max_size=12))
def test_the_parting_threshold_is_the_best_there_is(pairs: list[tuple[float, bool]]) -> None:
    found = parting(pairs)
    refuse, answer = [s for s, silent in pairs if silent], [s for s, silent in pairs if not silent]
    if not refuse or not answer:
        assert found is None
        return
    assert found is not None

    def gained(level: float) -> float:
        return sum(s >= level for s in answer) / len(answer) + sum(s < level for s in refuse) / len(refuse)

    assert gained(found) == max(gained(level) for level in [s for s, _ in pairs] + [math.inf])


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=20), st.floats(0.05, 1.0))
def test_the_covering_threshold_answers_the_share_and_no_higher_one_does(scores: list[float], share: float) -> None:
    level = covering(scores, share)
    assert sum(s >= level for s in scores) >= share * len(scores) - 1e-6
    higher = [s for s in scores if s > level]
    assert len(higher) < share * len(scores) or not higher
