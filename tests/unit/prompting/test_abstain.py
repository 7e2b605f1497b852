"""Selective prediction: what abstains, how metrics read it, and thresholds chosen on validation cases."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Self

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted import QUESTION, Scripted, predict

from osler.core.block import block
from osler.core.errors import SpecError
from osler.core.types import Example, Model, Prediction, Prompt
from osler.evaluation.metrics.selective import AbstainRate, AccuracyAt80, AnsweredAccuracy, RiskCoverageArea
from osler.evaluation.table import Table, tabulate
from osler.prompting.abstain import Abstain, may_vote
from osler.prompting.cases import Cases
from osler.prompting.chain_of_thought import ChainOfThought
from osler.prompting.few_shot import FewShot
from osler.prompting.prompt_vote import PromptVote
from osler.prompting.self_consistency import SelfConsistency
from osler.prompting.zero_shot import ZeroShot


@block
class _Sure:
    """Says A with the confidence that the question states; the model is not asked."""

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"generate"})

    def calls(self, prompt: Prompt) -> int:
        return 41

    async def fit(self, train: Sequence[tuple[Prompt, str]], model: Model) -> Self:
        return self

    async def predict(self, prompt: Prompt, model: Model, *, seed: int) -> Prediction:
        share = float(prompt.question)
        if share < 0:
            return Prediction(answer=None, parsed=False)
        return Prediction(answer="A", votes={"A": share, "B": 1 - share})


def case(at: int, share: float) -> Prompt:
    return Prompt(id=str(at), question=str(share), choices=("x", "y"), lettered=True)


def cases(shares: Sequence[float], right: Sequence[bool]) -> Cases:
    pairs = [(case(at, share), "A" if ok else "B") for at, (share, ok) in enumerate(zip(shares, right, strict=True))]
    return Cases(train=tuple(pairs[:1]), valid=tuple(pairs))


def fit(system: Abstain, held: Cases) -> Abstain:
    return asyncio.run(system.fit(held, Scripted()))


def test_below_the_threshold_it_abstains_and_keeps_its_votes() -> None:
    sure = Abstain(threshold=0.7, inner=_Sure())
    assert predict(sure, Scripted(), case(0, 0.7)).answer == "A"
    found = predict(sure, Scripted(), case(0, 0.69))
    assert (found.answer, found.parsed, found.votes["A"]) == ("abstain", True, 0.69)
    unread = predict(sure, Scripted(), case(0, -1))
    assert (unread.answer, unread.parsed) == (None, False)
    margin = Abstain(threshold=0.3, by="margin", inner=_Sure())
    assert [predict(margin, Scripted(), case(0, s)).answer for s in (0.66, 0.64)] == ["A", "abstain"]


def test_the_selective_metrics_read_it() -> None:
    shares, right = (0.9, 0.8, 0.6, 0.55), (True, True, False, True)
    examples = [
        Example(id=str(at), input={}, target="A" if ok else "B", choices=("x", "y")) for at, ok in enumerate(right)
    ]

    def table(system: Abstain | _Sure) -> tuple[Table, list[Prediction]]:
        found = [predict(system, Scripted(), case(at, share)) for at, share in enumerate(shares)]
        return tabulate(examples, found), found

    plain, _ = table(_Sure())
    chosen, said = table(Abstain(threshold=0.7, inner=_Sure()))
    assert [AbstainRate().score(e, p).value for e, p in zip(examples, said, strict=True)] == [0, 0, 1, 1]
    assert AnsweredAccuracy().scored(chosen).tolist() == [True, True, False, False]
    assert AnsweredAccuracy().per_row(chosen)[:2].tolist() == [1, 1]
    ones = np.ones((1, 4), dtype=np.int64)
    for metric in (RiskCoverageArea(), AccuracyAt80()):
        assert metric.prepare(chosen)(ones) == pytest.approx(metric.prepare(plain)(ones))


def test_votes_of_a_scoring_model_do_and_a_bare_text_is_refused() -> None:
    model = Scripted(logprobs={"A": -0.1, "B": -3.0})
    assert predict(Abstain(threshold=0.9), model).answer == "A"
    with pytest.raises(SpecError, match="needs the votes"):
        predict(Abstain(threshold=0.5, inner=ZeroShot(by="generate")), Scripted("Answer: A"), QUESTION)
    with pytest.raises(SpecError, match="also a label"):
        predict(Abstain(says="A"), model, QUESTION)


@settings(max_examples=50)
@given(st.lists(st.floats(0.5, 1.0), min_size=1, max_size=40), st.floats(0.05, 1.0))
def test_a_coverage_is_reached_and_no_higher_threshold_reaches_it(shares: list[float], coverage: float) -> None:
    found = fit(Abstain(coverage=coverage, inner=_Sure()), cases(shares, [True] * len(shares))).threshold
    assert found is not None
    answered = [share for share in shares if share >= found - 1e-9]
    assert len(answered) >= coverage * len(shares) - 1e-6
    above = [share for share in shares if share > found + 1e-9]
    assert len(above) < coverage * len(shares) + 1e-6 or not above


def test_a_risk_is_bounded_from_above_or_refused_with_the_numbers() -> None:
    rng = np.random.default_rng(0)
    shares = rng.uniform(0.5, 1.0, 400).round(3)
    right = rng.uniform(size=400) < shares  # as likely right as it says
    fitted = fit(Abstain(risk=0.25, inner=_Sure(), cases=400), cases(shares.tolist(), right.tolist()))
    assert fitted.threshold is not None
    fresh = rng.uniform(0.5, 1.0, 20_000)
    wrong = rng.uniform(size=20_000) >= fresh
    answered = fresh >= fitted.threshold
    assert 0.5 < answered.mean() < 1.0
    assert wrong[answered].mean() <= 0.25
    with pytest.raises(SpecError, match="20 validation cases"):
        fit(Abstain(risk=0.05, inner=_Sure()), cases([0.9] * 20, [True] * 20))


def test_fit_takes_validation_cases_apart_and_counts_its_calls() -> None:
    pairs = [(case(at, 0.5 + at / 100), "A") for at in range(20)]
    assert fit(Abstain(coverage=0.5, inner=_Sure()), Cases(train=tuple(pairs))).threshold == 0.62
    assert Abstain(coverage=0.5, cases=10, inner=_Sure()).fitting(20) == 410
    assert Abstain(inner=_Sure()).fitting(20) == 0
    same = Abstain(inner=_Sure())
    assert fit(same, Cases(train=tuple(pairs))) == same
    unread = [(case(at, -1), "A") for at in range(4)]
    careful = fit(Abstain(coverage=0.5, inner=_Sure()), Cases(train=tuple(unread), valid=tuple(unread)))
    assert careful.threshold == 1.0


@pytest.mark.parametrize(
    "wrong",
    [
        {"coverage": 0.0},
        {"risk": 1.5},
        {"threshold": 2.0},
        {"coverage": 0.5, "risk": 0.1},
        {"threshold": 0.5, "coverage": 0.5},
    ],
)
def test_settings_that_cannot_be_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(SpecError):
        Abstain(**wrong)  # type: ignore[arg-type]


def test_without_a_threshold_it_refuses_and_says_how_to_get_one() -> None:
    model = Scripted(logprobs={"A": -0.1, "B": -3.0})
    with pytest.raises(SpecError, match=r"no threshold yet\nhint: give one of threshold"):
        predict(Abstain(), model)
    with pytest.raises(SpecError, match=r"no threshold yet\nhint: call fit"):
        predict(Abstain(coverage=0.5), model)
    fitted = fit(Abstain(coverage=0.5, inner=_Sure()), cases([0.9, 0.6], [True, True]))
    assert (fitted.threshold, fitted.coverage) == (0.9, None)


def test_one_generated_answer_has_no_votes_and_what_samples_or_scores_has() -> None:
    both, scores = frozenset({"generate", "score"}), frozenset({"score"})
    for silent in (ZeroShot(), ZeroShot(by="generate"), ChainOfThought(), FewShot(inner=ChainOfThought())):
        assert not may_vote(silent, both)
    for voting in (
        ZeroShot(by="score"),
        SelfConsistency(k=3),
        FewShot(inner=ZeroShot(by="score")),
        PromptVote(),
        _Sure(),
    ):
        assert may_vote(voting, both)
    assert may_vote(ZeroShot(), scores)
