"""TrialGPT's parts: reading of labels, the score, criteria parted from text, the fused search."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import Scripted

from osler.core.errors import SpecError
from osler.core.types import Passage, Prompt, Reply
from osler.knowledge.bm25 import BM25
from osler.knowledge.passages import PassageList
from osler.models.simulated_matcher import SimulatedMatcher
from osler.prompting.criterion_matching import INCLUSION, CriterionMatching, matched
from osler.prompting.keyword_search import KeywordSearch, conditions
from osler.prompting.trial_ranking import TrialRanking, eligibility_criteria, ratings, sentences, trial_score

TRIAL = """Conditions: gout
Interventions: rest
Inclusion Criteria:
 - Adults of
   18 years or more
 - Gout
Exclusion Criteria:

1. Pregnancy
2. Renal failure, dialysis or
   transplantation"""


def test_the_score_of_the_published_example() -> None:
    assert trial_score(["included"] * 4, ["not excluded"], 95, 95) == pytest.approx(2.9, abs=1e-3)


@pytest.mark.parametrize(
    ("inclusion", "exclusion", "wanted"),
    [
        ([], [], 0.0),
        (["included", "not included"], [], 0.5 - 1),
        (["included", "not enough information"], ["excluded"], 0.5 - 1),
        (["included", "not applicable"], ["not excluded"], 1.0),
        (["not included"], ["excluded", "excluded"], -2.0),
        ([None, "included"], [None], 1.0),
    ],
)
def test_the_score_by_hand(inclusion: list[str | None], exclusion: list[str | None], wanted: float) -> None:
    assert trial_score(inclusion, exclusion, 0, 0) == pytest.approx(wanted, abs=1e-6)
    assert trial_score(inclusion, exclusion, 60, -20) == pytest.approx(wanted + 0.4, abs=1e-6)


@given(st.lists(st.sampled_from(INCLUSION), max_size=8), st.floats(0, 100))
def test_meeting_one_more_criterion_never_lowers_the_score(labels: list[str], relevance: float) -> None:
    before = trial_score(labels, [], relevance, 0)
    assert trial_score([*labels, "included"], [], relevance, 0) >= before - 1e-9


def test_criteria_are_parted_from_the_text_of_a_trial() -> None:
    inclusion, exclusion = eligibility_criteria(TRIAL)
    assert inclusion == ("Adults of 18 years or more", "Gout")
    assert exclusion == ("Pregnancy", "Renal failure, dialysis or transplantation")
    assert eligibility_criteria("Conditions: gout\nAdults\nNo dialysis") == (("Adults", "No dialysis"), ())
    assert eligibility_criteria("") == ((), ())


@given(st.text(max_size=300))
def test_no_text_breaks_the_parting(text: str) -> None:
    for side in eligibility_criteria(text):
        assert all(item.strip() for item in side)


def test_sentences_are_numbered() -> None:
    assert [(item.id, item.text) for item in sentences("A man of 50. He coughs!\nNo fever.")] == [
        ("0", "A man of 50."),
        ("1", "He coughs!"),
        ("2", "No fever."),
    ]


def test_ratings_are_cut_to_their_range() -> None:
    reply = Reply(text='{"relevance_score_R": 120, "eligibility_score_E": -500}')
    assert ratings(reply) == (100.0, -100.0)
    assert ratings(Reply(text='{"relevance_score_R": "high", "eligibility_score_E": 0}')) is None
    assert ratings(Reply(text="sure")) is None


def test_labels_out_of_the_list_are_not_read() -> None:
    text = '{"0": ["r", [1], "Included"], "1": ["r", "x", "maybe"], "2": "included"}'
    found = matched(Reply(text=text), INCLUSION, 4)
    assert [one.label for one in found] == ["included", None, None, None]
    assert found[0].sentences == ("1",)


def test_the_answer_of_a_criterion_carries_its_sentences() -> None:
    prompt = Prompt(id="c", question="Adult", choices=INCLUSION, evidence=(Passage(id="0", text="A man of 50."),))
    model = Scripted('{"0": ["He is 50.", [0], "included"]}')
    found = asyncio.run(CriterionMatching().predict(prompt, model, seed=0))
    assert (found.answer, found.evidence, found.rationale) == ("included", ("0",), "He is 50.")
    unread = asyncio.run(CriterionMatching().predict(prompt, Scripted('{"0": ["x", [0], "perhaps"]}'), seed=0))
    assert (unread.answer, unread.parsed) == (None, False)


def test_a_ranking_puts_unread_trials_last_and_says_nothing_where_none_was_read() -> None:
    trials = (Passage(id="B", text=TRIAL), Passage(id="A", text=TRIAL))
    prompt = Prompt(id="p", question="A man has gout.", evidence=trials, schema={"type": "array"})
    model = SimulatedMatcher(key={"p|A|inclusion": ("included", "included")}, ratings={"p|A|rating": (90.0, 90.0)})
    found = asyncio.run(TrialRanking().predict(prompt, model, seed=0))
    assert found.answer == '["A","B"]'
    assert len(found.replies) == TrialRanking().calls(prompt) == 6
    unread = asyncio.run(TrialRanking().predict(prompt, Scripted("no JSON"), seed=0))
    assert (unread.answer, unread.parsed, len(unread.replies)) == (None, False, 6)
    with pytest.raises(SpecError, match="the prompt has none"):
        asyncio.run(TrialRanking().predict(prompt.replace(evidence=()), model, seed=0))


def test_the_fused_search_by_hand() -> None:
    held = PassageList(
        items=(
            Passage(id="x", text="gout gout"),
            Passage(id="y", text="asthma"),
            Passage(id="z", text="gout or asthma"),
        )
    )
    found = asyncio.run(KeywordSearch(indexes=(BM25(collection=held),), constant=20).fused(["gout", "asthma"]))
    assert found["x"] == pytest.approx(1 / 20)
    assert found["y"] == pytest.approx(0.5 / 20)
    assert found["z"] == pytest.approx(1 / 21 + 0.5 / 21)
    assert list(found) == ["z", "x", "y"]


def test_keywords_are_read_in_order_and_once() -> None:
    assert conditions('{"summary": "s", "conditions": ["gout", " gout", "", 3, "pain"]}') == ["gout", "pain"]
    assert conditions("none") == []


def test_a_search_without_keywords_makes_no_call() -> None:
    held = PassageList(items=(Passage(id="x", text="gout"),))
    search = KeywordSearch(indexes=(BM25(collection=held),), keywords=0)
    found = asyncio.run(search.predict(Prompt(id="p", question="has gout"), Scripted(), seed=0))
    assert (found.answer, found.replies) == ('["x"]', ())
    assert search.calls(Prompt(id="p", question="")) == 0
    with pytest.raises(SpecError, match="needs an index"):
        KeywordSearch(indexes=())
