"""Votes: pluralities, means and their ties; several prompts for one question."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sampling_theory import answered, assert_share, items, plurality_of, right
from scripted import QUESTION, Scripted, predict

from osler.core.errors import SpecError
from osler.core.types import Prediction, Prompt, Reply
from osler.models.simulated import Simulated
from osler.models.simulated_chains import SimulatedChains
from osler.prompting.chain_of_thought import ChainOfThought
from osler.prompting.few_shot import FewShot
from osler.prompting.prompt_vote import LIEVIN_CUES, PromptVote
from osler.prompting.self_consistency import SelfConsistency
from osler.prompting.voting import average, plurality
from osler.prompting.zero_shot import ZeroShot

FOUR = Prompt(id="q", question="?", choices=("w", "x", "y", "z"), lettered=True)
QUICK = ZeroShot(by="generate", max_tokens=16)
answers = st.lists(st.sampled_from(["A", "B", "C", "D", None]), max_size=12)


def said(*given_: str | None) -> list[Prediction]:
    return [
        Prediction(answer=answer, parsed=answer is not None, replies=(Reply(text=f"{i}"),), rationale=f"r{i}")
        for i, answer in enumerate(given_)
    ]


@given(answers)
def test_a_plurality_is_a_most_common_answer_with_its_share(given_: list[str | None]) -> None:
    found = plurality(said(*given_), FOUR)
    read = [answer for answer in given_ if answer is not None]
    assert [reply.text for reply in found.replies] == [str(i) for i in range(len(given_))]
    if not read:
        assert (found.answer, found.parsed, found.votes) == (None, False, {})
        return
    assert found.answer is not None
    assert read.count(found.answer) == max(map(read.count, read))
    assert sum(found.votes.values()) == pytest.approx(len(read) / len(given_))  # the unread agree with nobody
    assert found.votes == {label: read.count(label) / len(given_) for label in "ABCD" if label in read}
    assert found.rationale == f"r{given_.index(found.answer)}"
    assert average(said(*given_), FOUR) == found  # without votes inside, a mean is a vote


def test_equal_counts_go_to_the_more_certain_then_to_the_first() -> None:
    assert plurality(said("C", "B"), FOUR).answer == "C"
    sure = [Prediction(answer="C", votes={"C": 0.5, "B": 0.5}), Prediction(answer="B", votes={"B": 0.9, "C": 0.1})]
    assert plurality(sure, FOUR).answer == "B"


def test_a_mean_may_choose_what_no_single_one_did() -> None:
    found = [
        Prediction(answer="A", votes={"A": 0.5, "B": 0.45, "C": 0.05}, rationale="a"),
        Prediction(answer="C", votes={"A": 0.05, "B": 0.45, "C": 0.5}, rationale="c"),
    ]
    mean = average(found, FOUR)
    assert (mean.answer, mean.rationale) == ("B", "")
    assert mean.votes == pytest.approx({"A": 0.275, "B": 0.45, "C": 0.275})
    assert plurality(found, FOUR).answer == "A"


@given(st.lists(st.dictionaries(st.sampled_from("ABCD"), st.floats(0.01, 9), min_size=1), min_size=1, max_size=6))
def test_means_are_shares(votes: list[dict[str, float]]) -> None:
    found = [Prediction(answer=max(one, key=lambda label: one[label]), votes=one) for one in votes]
    mean = average(found, FOUR)
    assert sum(mean.votes.values()) == pytest.approx(sum(min(1.0, sum(one.values())) for one in votes) / len(votes))
    assert mean.answer is not None
    assert mean.votes[mean.answer] == pytest.approx(max(mean.votes.values()), abs=1e-8)


def test_five_cues_are_asked_each_with_its_own_words() -> None:
    model = Scripted("Answer: A", "Answer: B", "Answer: B", "Hm.", "Answer: A", "Answer: A")
    found = predict(PromptVote(), model, seed=3)
    assert tuple(model.said(call)[-1][1].rpartition("\n")[2] for call in range(5)) == LIEVIN_CUES
    assert {given_["seed"] for _, given_ in model.asked} == {3}  # as each would be asked alone
    assert (found.answer, found.votes, len(found.replies)) == ("A", {"A": 0.4, "B": 0.4}, 5)


def test_with_equal_samples_a_mean_is_the_vote_over_all_of_them() -> None:
    strategies = tuple(SelfConsistency(k=3, inner=ChainOfThought(cue=cue, inner=QUICK)) for cue in LIEVIN_CUES[:2])
    script = ("Answer: A", "Answer: A", "Answer: B", "Answer: B", "Answer: B", "Answer: B")
    mean = predict(PromptVote(strategies=strategies, combine="mean"), Scripted(*script))
    assert mean.answer == "B"
    assert mean.votes == pytest.approx({"A": 2 / 6, "B": 4 / 6})
    voted = predict(PromptVote(strategies=strategies, combine="vote"), Scripted(*script))
    assert (voted.answer, voted.votes) == ("B", {"A": 0.5, "B": 0.5})  # equal counts, the more certain one


def test_prompts_that_err_apart_gain_what_the_multinomial_says() -> None:
    cases = items(800)
    strategy = PromptVote(strategies=tuple(ChainOfThought(cue=cue, inner=QUICK) for cue in LIEVIN_CUES))
    apart = SimulatedChains(skill=0.6, by_wording=True).keyed(cases, lettered=True)
    found = answered(strategy, apart, cases)
    assert_share(right(found, cases), 800, plurality_of(5, 0.6))
    alike = Simulated(skill=0.6).keyed(cases, lettered=True)  # what it knows does not depend on the cue: one vote
    assert_share(right(answered(strategy, alike, cases), cases), 800, 0.6)


def test_each_strategy_is_fitted_and_counted() -> None:
    train = [(QUESTION.replace(id=f"t{i}", question=f"Question {i}?"), "AB"[i % 2]) for i in range(6)]
    strategy = PromptVote(strategies=(ZeroShot(), FewShot(k=2), SelfConsistency(k=5)))
    fitted = asyncio.run(strategy.fit(train, Scripted()))
    pool = getattr(fitted.strategies[1], "pool", ())
    assert [demo.id for demo in pool] == [f"t{i}" for i in range(6)]
    assert strategy.calls(QUESTION) == 7
    assert strategy.needs == {"generate", "generate|score"}


def test_one_strategy_or_the_same_twice_is_refused() -> None:
    with pytest.raises(SpecError, match="two strategies or more, got 1"):
        PromptVote(strategies=(ZeroShot(),))
    with pytest.raises(SpecError, match="the same strategy twice"):
        PromptVote(strategies=(ZeroShot(), ZeroShot()))
