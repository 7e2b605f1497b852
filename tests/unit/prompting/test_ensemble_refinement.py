"""Ensemble refinement: what the second stage is shown, and when it beats self-consistency and when it cannot."""

from __future__ import annotations

import pytest
from sampling_theory import answered, assert_share, items, majority_of, plurality_of, put, right
from scripted import LABELLED, QUESTION, Scripted, predict

from osler.core.errors import SpecError
from osler.core.types import Demo, Prompt
from osler.models.simulated import Simulated
from osler.models.simulated_chains import SimulatedChains
from osler.prompting.chain_of_thought import FINISH, ChainOfThought
from osler.prompting.ensemble_refinement import EnsembleRefinement
from osler.prompting.few_shot import FewShot
from osler.prompting.self_consistency import SelfConsistency
from osler.prompting.zero_shot import ZeroShot

COT = ChainOfThought(inner=ZeroShot(by="generate", max_tokens=64))
CASES = items(300)


def test_the_second_stage_reads_all_chains_between_the_question_and_the_cue() -> None:
    model = Scripted("Blood thins.\nAnswer: B", "It is a pill.\nAnswer: A", "Hm.", "Heparin it is.\nAnswer: B")
    found = predict(EnsembleRefinement(first=3, second=2, temperature=0.6, inner=COT), model, seed=1)
    question = "Which drug stops clotting?\nA. aspirin\nB. heparin"
    instruction = ("system", f"Answer with the letter of one option.\n{FINISH}")
    assert model.said(0) == model.said(2) == [instruction, ("user", f"{question}\nLet's think step by step.")]
    assert model.said(3) == model.said(4)
    role, text = model.said(3)[-1]
    assert (role, len(model.said(3))) == ("user", 2)
    assert text.startswith(
        f"{question}\nCandidate 1:\nBlood thins.\nAnswer: B\nCandidate 2:\nIt is a pill.\nAnswer: A\n"
        "Candidate 3:\nHm.\nAbove are 3 candidate answers"
    )
    assert text.endswith("refined explanation and answer.\nLet's think step by step.")
    names = [part.name for part in model.asked[3][0][-1].parts]
    assert names == ["question", "choice", "choice", "candidate", "candidate", "candidate", "refinement", "cue"]
    assert [given["seed"] for _, given in model.asked] == [1000, 1001, 1002, 1003, 1004]
    assert {given["temperature"] for _, given in model.asked} == {0.6}
    assert (found.answer, found.rationale, found.votes) == ("B", "Heparin it is.", {"B": 1.0})
    assert [reply.key for reply in found.replies] == ["k1", "k2", "k3", "k4", "k5"]


def test_only_refinements_vote() -> None:
    model = Scripted("Answer: A", "Answer: A", "Answer: A", "Answer: B")
    found = predict(EnsembleRefinement(first=3, second=1, inner=COT), model)
    assert (found.answer, found.votes) == ("B", {"B": 1.0})


def test_demonstrations_stand_before_in_both_stages() -> None:
    demo = Demo(id="d", question="Which organ pumps?", answer="A", choices=("heart", "skin"), rationale="It beats.")
    model = Scripted("Answer: A")
    predict(EnsembleRefinement(first=1, second=1, inner=FewShot(k=1, pool=(demo,), inner=COT)), model)
    assert model.said(0)[:3] == model.said(1)[:3]
    assert model.said(1)[2] == ("assistant", "It beats.\nAnswer: A")
    assert "Candidate" not in "".join(text for _, text in model.said(1)[:3])


def test_44_calls_as_published() -> None:
    strategy = EnsembleRefinement()
    found = answered(strategy, Simulated(skill=1.0).keyed(CASES, lettered=True), CASES[:2])
    assert strategy.calls(put(CASES[0])) == 44 == len(found[0].replies)
    assert EnsembleRefinement(inner=ChainOfThought(extract=True)).calls(put(CASES[0])) == 88


def test_a_decisive_minority_is_found_by_refinement_and_lost_by_voting() -> None:
    """Chains are right at 0.3 and wrong ones agree on one trap, so a vote of 11 follows the trap; a right chain carries
    decisive evidence half the time, so 11 chains hold some with 1 - 0.85 ** 11, and then the refinement is right."""
    skill, decisive = 0.3, 0.5
    model = SimulatedChains(skill=skill, decisive=decisive, trap=1.0).keyed(CASES, lettered=True)
    refined = right(answered(EnsembleRefinement(first=11, second=3, inner=COT), model, CASES), CASES)
    voted = right(answered(SelfConsistency(k=11, inner=COT), model, CASES), CASES)
    found = 1 - (1 - skill * decisive) ** 11
    # Decisive chains are right ones, so where none is decisive each chain is right with the rest of 0.3.
    rest = (skill - skill * decisive) / (1 - skill * decisive)
    assert_share(voted, len(CASES), majority_of(11, skill))
    assert_share(refined, len(CASES), found + (1 - found) * majority_of(11, rest))
    assert refined - voted > 0.6 * len(CASES)


def test_with_noise_alone_it_is_as_good_as_a_vote_of_its_first_stage() -> None:
    skill = 0.45
    model = SimulatedChains(skill=skill).keyed(CASES, lettered=True)
    refined = right(answered(EnsembleRefinement(first=7, second=5, inner=COT), model, CASES), CASES)
    voted = right(answered(SelfConsistency(k=7, inner=COT), model, CASES), CASES)
    assert_share(voted, len(CASES), plurality_of(7, skill))
    assert_share(refined, len(CASES), plurality_of(7, skill))
    assert abs(refined - voted) < 0.1 * len(CASES)


def test_more_refinements_settle_a_refiner_that_often_misses_the_evidence() -> None:
    """Each refinement takes the evidence at 0.6 and follows the trap else: one is right at 0.6, a vote of 33 nearly always."""
    model = SimulatedChains(skill=0.3, decisive=1.0, trap=1.0, refine_skill=0.6).keyed(CASES, lettered=True)
    shares = {
        second: right(answered(EnsembleRefinement(first=7, second=second, inner=COT), model, CASES), CASES)
        for second in (1, 15)
    }
    none, most = 0.7**7, majority_of(7, 0.3)
    for second, hits in shares.items():
        follows = majority_of(second, 0.6)
        assert_share(hits, len(CASES), most + (1 - none - most) * follows)
    assert shares[15] > shares[1]


def test_unreadable_refinements_are_no_answer_and_labels_and_texts_work() -> None:
    none = predict(EnsembleRefinement(first=2, second=2, inner=COT), Scripted("Hm."))
    assert (none.answer, none.parsed, len(none.replies)) == (None, False, 4)
    assert predict(EnsembleRefinement(first=1, second=1, inner=COT), Scripted("Answer: no"), LABELLED).answer == "no"
    free = Prompt(id="f", question="Which dose?")
    assert (
        predict(EnsembleRefinement(first=1, second=1, inner=COT), Scripted("Well.\nAnswer: 5 mg"), free).answer
        == "5 mg"
    )


def test_numbers_out_of_range_are_refused() -> None:
    with pytest.raises(SpecError, match=r"ensemble_refinement.first must be from 1"):
        EnsembleRefinement(first=0)
    with pytest.raises(SpecError, match=r"first \+ second must be from 1 to 1000"):
        EnsembleRefinement(first=600, second=600)
    with pytest.raises(SpecError, match=r"ensemble_refinement.temperature"):
        EnsembleRefinement(temperature=0.0)
    with pytest.raises(SpecError, match="scores the choices"):
        EnsembleRefinement(inner=ZeroShot(by="score"))


def test_the_same_seed_gives_the_same_answer() -> None:
    model = SimulatedChains(skill=0.4, decisive=0.2).keyed(CASES, lettered=True)
    strategy = EnsembleRefinement(first=3, second=3, inner=COT)
    assert answered(strategy, model, CASES[:30], seed=4) == answered(strategy, model, CASES[:30], seed=4)
    assert QUESTION.labels == ("A", "B")
