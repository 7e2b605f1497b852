"""Choice shuffling: permutations map back, a planted position bias goes, and what is asked is as published."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sampling_theory import answered, assert_share, items, put, right
from scripted import LABELLED, QUESTION, Scripted, predict

from osler.core.errors import SpecError
from osler.core.types import LETTERS, Demo, Prediction, Prompt
from osler.models.simulated import Simulated
from osler.prompting.choice_shuffle import ChoiceShuffle, drawn, mapped_back, plain_hunt, shuffled
from osler.prompting.few_shot import FewShot
from osler.prompting.self_consistency import SelfConsistency
from osler.prompting.zero_shot import ZeroShot

WARM = ZeroShot(by="generate", temperature=0.7, max_tokens=16)


def letters(count: int) -> tuple[str, ...]:
    return tuple(LETTERS[:count])


@given(st.integers(1, 26).flatmap(lambda n: st.permutations(range(n))), st.data())
def test_any_permutation_maps_back(order: list[int], data: st.DataObject) -> None:
    """Whichever option is picked by its text, the mapped letter is its letter in the original order."""
    texts = tuple(f"option {i}" for i in range(len(order)))
    prompt = Prompt(id="q", question="?", choices=texts, lettered=True)
    put_so = shuffled(prompt, order)
    wanted = data.draw(st.sampled_from(texts))
    said = put_so.labels[put_so.choices.index(wanted)]
    votes = {label: (place + 1) / 351 for place, label in enumerate(put_so.labels)}
    found = mapped_back(Prediction(answer=said, votes=votes), order)
    assert found.answer == prompt.labels[texts.index(wanted)]
    assert {texts[letters(26).index(label)]: share for label, share in found.votes.items()} == {
        put_so.choices[place]: (place + 1) / 351 for place in range(len(order))
    }
    nothing = mapped_back(Prediction(answer=None, parsed=False), order)
    assert (nothing.answer, nothing.parsed) == (None, False)


@pytest.mark.parametrize("count", range(1, 9))
def test_plain_hunting_puts_every_option_in_every_place_equally_often(count: int) -> None:
    period = 2 * count if count > 1 else 1
    rows = list(itertools.islice(plain_hunt(count), 2 * period))
    assert rows[0] == tuple(range(count))
    assert rows[:period] == rows[period:]
    assert all(sorted(row) == list(range(count)) for row in rows)
    for place in range(count):
        assert set(Counter(row[place] for row in rows[:period]).values()) == {period // count}


def test_plain_hunting_on_four_is_the_published_sequence() -> None:
    assert list(itertools.islice(plain_hunt(4), 5)) == [
        (0, 1, 2, 3),
        (1, 0, 3, 2),
        (1, 3, 0, 2),
        (3, 1, 2, 0),
        (3, 2, 1, 0),
    ]


@given(st.integers(1, 5), st.integers(0, 100))
def test_drawn_orders_do_not_repeat_before_all_have_come(count: int, seed: int) -> None:
    import random

    every = math.factorial(count)
    rows = list(itertools.islice(drawn(count, random.Random(seed)), 2 * every))
    assert len(set(rows[:every])) == every == len(set(rows[every:]))


def test_drawn_orders_differ_by_case_and_seed_and_come_again() -> None:
    strategy = ChoiceShuffle(n=3)
    case, other = put(items(2)[0]), put(items(2)[1])
    assert strategy.orders(case, seed=0) == strategy.orders(case, seed=0)
    assert len({tuple(strategy.orders(one, seed=seed)) for one in (case, other) for seed in range(4)}) == 8
    fixed = ChoiceShuffle(n=3, permutations="plain_hunt")
    assert fixed.orders(case, seed=0) == fixed.orders(other, seed=9)


def gap(found: list[Prediction], n: int) -> tuple[int, int]:
    """Right answers where the gold stands first, and where it stands last."""
    firsts = sum(one.answer == "A" for one in found[:n])
    return firsts, sum(one.answer == "D" for one in found[n:])


def test_shuffling_removes_a_planted_position_bias() -> None:
    """Raw: right at b + (1 - b) p where the gold stands first, at (1 - b) p elsewhere. Shuffled with a fresh draw each
    time: every vote is right at b / 4 + (1 - b) p wherever the gold stands, so the two do not differ any more."""
    bias, skill, n = 0.4, 0.6, 400
    cases = [*items(n, target="A"), *(case for case in items(n, target="D"))]
    cases = [type(case)(**{**_fields(case), "id": f"p{i}"}) for i, case in enumerate(cases)]
    model = Simulated(skill=skill, position_bias=bias).keyed(cases, lettered=True)
    raw_first, raw_last = gap(answered(WARM, model, cases), n)
    assert_share(raw_first, n, bias + (1 - bias) * skill)
    assert_share(raw_last, n, (1 - bias) * skill)
    for rows in (5, 8):
        first, last = gap(answered(ChoiceShuffle(n=rows, inner=WARM), model, cases), n)
        error = math.sqrt(first / n * (1 - first / n) / n + last / n * (1 - last / n) / n)
        assert abs(first - last) / n < 4 * error  # was 0.40
        assert last - raw_last > 0.15 * n


def _fields(case: Any) -> dict[str, Any]:
    return {"input": case.input, "target": case.target, "choices": case.choices}


def test_five_rows_of_plain_hunting_leave_some_bias_and_random_orders_none() -> None:
    """In five rows on four options the third never stands first and the second and fourth do so twice, so a bias to the
    first place still tells where the gold stands; a whole period of eight rows is even but for ties."""
    n = 600

    def gap_between(strategy: ChoiceShuffle) -> float:
        found = []
        for letter in "BC":
            cases = items(n, target=letter)
            model = Simulated(skill=0.6, position_bias=0.6).keyed(cases, lettered=True)
            found.append(right(answered(strategy, model, cases), cases) / n)
        return found[0] - found[1]

    error = math.sqrt(2 * 0.25 / n)
    five = gap_between(ChoiceShuffle(n=5, permutations="plain_hunt", inner=WARM))
    eight = gap_between(ChoiceShuffle(n=8, permutations="plain_hunt", inner=WARM))
    assert five > 6 * error
    assert abs(eight) < five / 2
    assert abs(gap_between(ChoiceShuffle(n=5, inner=WARM))) < 4 * error


def test_voting_without_shuffling_keeps_the_bias() -> None:
    bias, n = 0.5, 200
    cases = items(n, target="D")
    model = Simulated(skill=0.6, position_bias=bias).keyed(cases, lettered=True)
    voted = right(answered(SelfConsistency(k=8, inner=WARM), model, cases), cases)
    moved = right(answered(ChoiceShuffle(n=8, inner=WARM), model, cases), cases)
    assert moved - voted > 0.3 * n


def test_without_bias_a_run_in_another_order_says_the_same() -> None:
    cases = items(100)
    model = Simulated(skill=0.5).keyed(cases, lettered=True)
    cold = ZeroShot(by="generate")
    assert [one.answer for one in answered(ChoiceShuffle(n=5, inner=cold), model, cases)] == [
        one.answer for one in answered(cold, model, cases)
    ]


def test_demonstrations_stay_as_they_are_and_options_move() -> None:
    demo = Demo(id="d", question="Which organ pumps?", answer="A", choices=("heart", "skin"))
    model = Scripted("Answer: A")
    found = predict(ChoiceShuffle(n=2, permutations="plain_hunt", inner=FewShot(k=1, pool=(demo,))), model)
    first, second = model.said(0), model.said(1)
    assert first[:-1] == second[:-1]
    assert first[-1][1].endswith("A. aspirin\nB. heparin")
    assert second[-1][1].endswith("A. heparin\nB. aspirin")
    assert found.votes == {"A": 0.5, "B": 0.5}
    assert found.answer == "A"  # the order as given was asked first
    assert [given_["seed"] for _, given_ in model.asked] == [0, 1]
    assert {given_["temperature"] for _, given_ in model.asked} == {0.0}


def test_labels_are_put_in_other_orders_and_need_no_mapping() -> None:
    model = Scripted("Answer: no", "Answer: yes", "Answer: yes")
    found = predict(ChoiceShuffle(n=3, permutations="plain_hunt"), model, LABELLED)
    ends = [said[-1][1].rpartition("\n")[2] for said in (model.said(call) for call in range(3))]
    assert ends == [
        "Answer with exactly one of: yes | no | not enough information",
        "Answer with exactly one of: no | yes | not enough information",
        "Answer with exactly one of: no | not enough information | yes",
    ]
    assert (found.answer, found.votes) == ("yes", {"yes": 2 / 3, "no": 1 / 3})


def test_probabilities_of_a_scoring_model_are_averaged() -> None:
    """It gives the first place 0.6 whatever stands there: averaged over both orders nothing is left of that."""
    model = Scripted(supports=("score",), logprobs={"A": math.log(0.6), "B": math.log(0.4)})
    found = predict(ChoiceShuffle(n=2, combine="mean", inner=ZeroShot(by="score")), model)
    assert found.votes == pytest.approx({"A": 0.5, "B": 0.5})
    assert len(found.replies) == 2
    assert ChoiceShuffle(inner=ZeroShot(by="score")).needs == {"score"}


def test_unreadable_runs_have_no_vote() -> None:
    found = predict(ChoiceShuffle(n=3, permutations="plain_hunt"), Scripted("Hm.", "Answer: A", "Hm."), QUESTION)
    assert (found.answer, len(found.replies)) == ("B", 3)
    assert found.votes == pytest.approx({"B": 1 / 3})
    none = predict(ChoiceShuffle(n=3), Scripted("Hm."), QUESTION)
    assert (none.answer, none.parsed, len(none.replies)) == (None, False, 3)


def test_what_has_no_choices_is_refused() -> None:
    with pytest.raises(SpecError, match="needs choices to shuffle and the prompt 'f' has none"):
        predict(ChoiceShuffle(), Scripted(), Prompt(id="f", question="Summarise."))
    with pytest.raises(SpecError, match=r"choice_shuffle.n must be from 1"):
        ChoiceShuffle(n=0)
    with pytest.raises(SpecError, match=r"choice_shuffle.temperature must be above 0"):
        ChoiceShuffle(temperature=0.0)
    assert ChoiceShuffle(n=5).calls(QUESTION) == 5
