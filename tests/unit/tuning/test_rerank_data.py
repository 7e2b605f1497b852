"""Lists for re-rankers, the copies that are left out of them, and the training of the light re-ranker."""

from __future__ import annotations

import asyncio
import random

import numpy as np
import pytest

from osler.core.errors import SpecError
from osler.core.types import Passage
from osler.knowledge.bm25 import BM25
from osler.knowledge.passages import PassageList
from osler.knowledge.rerank_features import FEATURES, FeatureReranker
from osler.tuning.entailment_claims import altered, denied, renamed, renumbered, shortened, turned
from osler.tuning.feature_reranker import fit_lists, train_features
from osler.tuning.rerank_data import Questions, Ranks, Sought, listed, opening, ranked, without_copies

ILLS = ("asthma", "gout", "measles", "anaemia", "migraine", "scurvy", "croup", "lupus")
PASSAGES = tuple(
    Passage(id=f"{ill}/{what}", text=f"{ill} {what}: what doctors say of the {what} of {ill}.")
    for ill in ILLS
    for what in ("symptoms", "treatment", "causes")
)
INDEX = BM25(collection=PassageList(items=PASSAGES))
SOUGHT = [Sought(f"What are the symptoms of {ill}?", Passage(id=f"{ill}/symptoms", text="")) for ill in ILLS]
SOUGHT = [one._replace(right=next(item for item in PASSAGES if item.id == one.right.id)) for one in SOUGHT]


def test_localized_negatives_come_from_the_ranks_and_are_never_right() -> None:
    lists = asyncio.run(listed(SOUGHT, INDEX, negatives=2, last=2))
    assert len(lists) == len(ILLS)
    for one, ill in zip(lists, ILLS, strict=True):
        assert one.texts[0].startswith(f"{ill} symptoms")
        assert all(ill in text for text in one.texts)  # the same illness: what the retriever gets wrong
        assert len(set(one.texts)) == 3
    again = asyncio.run(listed(SOUGHT, INDEX, negatives=2, last=2))
    assert again == lists


def test_what_may_also_be_right_is_no_negative() -> None:
    also = [one._replace(also=frozenset({f"{ill}/treatment"})) for one, ill in zip(SOUGHT, ILLS, strict=True)]
    for one in asyncio.run(listed(also, INDEX, negatives=3, last=8)):
        assert not any("treatment" in text and one.texts[0].split()[0] in text for text in one.texts[1:])


def test_random_negatives_come_from_the_pool() -> None:
    lists = asyncio.run(listed(SOUGHT, INDEX, negatives=5, last=5, draw="random", pool=PASSAGES, seed=3))
    own = sum(one.texts[0].split()[0] in text for one in lists for text in one.texts[1:])
    assert len(lists) == len(ILLS)
    assert own < 12  # 2 of 23 passages are of the same illness
    with pytest.raises(SpecError, match="need a pool"):
        asyncio.run(listed(SOUGHT, INDEX, draw="random"))


def test_questions_with_too_few_wrong_passages_are_left_out() -> None:
    assert asyncio.run(listed(SOUGHT, INDEX, negatives=30, last=30)) == ()
    assert asyncio.run(listed(SOUGHT, INDEX, negatives=60, last=60, pool=PASSAGES)) == ()


def test_copies_of_test_texts_are_left_out_with_their_reasons() -> None:
    run = "a patient with this illness should drink much water and rest for at least two days"
    sought = (
        Sought("Is gout bad?", Passage(id="a", text="It hurts.")),
        Sought("IS GOUT, bad ?", Passage(id="b", text="It hurts a lot.")),
        Sought("What helps?", Passage(id="c", text=f"Advice: {run}, and then come back.")),
        Sought("What else?", Passage(id="d", text="Nothing that is known.")),
    )
    found = without_copies(Questions(sought, (), {}), ["Is gout bad?", f"We say that {run} or more."])
    assert [one.right.id for one in found.sought] == ["d"]
    assert list(found.left_out.values()) == [2, 1]


def test_an_opening_ends_with_a_sentence() -> None:
    text = "One is here.  Two is here. " + "Three is long. " * 40
    assert opening(text, 30) == "One is here. Two is here."
    assert opening("x" * 100, 30) == "x" * 60


def test_the_light_re_ranker_learns_which_features_count() -> None:
    chance = random.Random(0)
    ranks = []
    for one in asyncio.run(ranked(SOUGHT * 4, INDEX, depth=12)):
        found = list(one.found)
        chance.shuffle(found)  # so that place and score say nothing
        ranks.append(Ranks(one.query, tuple((item, 0.0) for item, _ in found), one.right))
    trained = asyncio.run(train_features(ranks, FeatureReranker(encoder=None)))
    weights = dict(zip(FEATURES, trained.weights, strict=True))
    assert weights["rarity-weighted share of the query's words in the passage"] > 0.1
    assert abs(weights["score"]) < 1e-6
    right = 0
    for one in ranks:
        values = asyncio.run(trained.relevance(one.query, one.found))
        right += one.found[int(values.argmax())][0].id in one.right
    assert right == len(ranks)
    assert asyncio.run(train_features(ranks, FeatureReranker(encoder=None))) == trained
    with pytest.raises(SpecError, match="needs questions"):
        asyncio.run(train_features([]))


def test_the_listwise_fit_is_at_its_minimum() -> None:
    draw = np.random.default_rng(0)
    tables = [draw.normal(size=(draw.integers(2, 7), len(FEATURES))) for _ in range(40)]
    right = [np.arange(len(table)) == np.argmax(table[:, 1] + 0.5 * draw.normal(size=len(table))) for table in tables]
    found = fit_lists(tables, [item.astype(float) for item in right], l2=0.1)

    def loss(weights: np.ndarray) -> float:
        each = []
        for table, flags in zip(tables, right, strict=True):
            values = table @ weights
            each.append(np.log(np.exp(values).sum()) - np.log(np.exp(values[flags]).sum()))
        return float(np.mean(each) + 0.05 * weights @ weights)

    best = loss(found)
    for place in range(len(FEATURES)):
        for step in (-0.01, 0.01):
            moved = found.copy()
            moved[place] += step
            assert loss(moved) > best
    assert np.argmax(found) == 1


SENTENCE = "Beta blockers are not safe in 12 patients with Asthma, which is common."


def test_alterations_change_one_thing() -> None:
    chance = random.Random(1)
    assert denied(SENTENCE, chance) == SENTENCE.replace("are not", "are")
    assert denied("The drug is safe.", chance) == "The drug is not safe."
    assert denied("It works well.", chance) is None
    assert turned("It increases the rate.", chance) == "It decreases the rate."
    assert turned("Males are taller.", chance) == "Females are taller."
    assert turned("It works well.", chance) is None
    changed = renumbered(SENTENCE, chance)
    assert changed is not None
    assert "12" not in changed
    assert renumbered("COVID-19 is an illness.", chance) is None
    other = renamed("Treat it with atenolol first.", chance, passage="Use metoprolol or atenolol.")
    assert other == "Treat it with metoprolol first."
    assert renamed("Treat it with rest.", chance, passage="Rest.") is None
    assert altered("It works well.", chance, passage="") is None


def test_what_is_shortened_keeps_its_head() -> None:
    found = {shortened(SENTENCE, random.Random(seed)) for seed in range(20)}
    assert "Beta blockers are not safe in 12 patients with Asthma." in found
    assert found <= {None, "Beta blockers are not safe in 12 patients with Asthma."}
