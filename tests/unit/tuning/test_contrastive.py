"""InfoNCE against closed forms, which pairs are no negatives, and the gradient cache against one large pass."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osler.core.errors import SpecError
from osler.tuning.objectives.contrastive import InfoNCE, cached, excused
from osler.tuning.objectives.listwise import listwise

pytestmark = pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="the extra 'local' is not installed")


def softmax_loss(scores: Any, right: int) -> float:
    shifted = scores - scores.max()
    return float(np.log(np.exp(shifted).sum()) - shifted[right])


def by_hand(objective: InfoNCE, queries: Any, texts: Any, weights: Any, out: Any) -> float:
    if objective.similarity == "cosine":
        queries = queries / np.linalg.norm(queries, axis=1, keepdims=True)
        texts = texts / np.linalg.norm(texts, axis=1, keepdims=True)
    scores = queries @ texts.T / objective.temperature
    scores[out] = -1e30
    total = 0.0
    for row in range(len(queries)):
        ahead = softmax_loss(scores[row], row)
        back = softmax_loss(scores[:, row], row)
        total += weights[row] * (objective.forward_share * ahead + (1 - objective.forward_share) * back)
    return total


@pytest.mark.parametrize("objective", [InfoNCE(), InfoNCE(similarity="dot", temperature=1.0, forward_share=0.8)])
def test_the_loss_is_that_of_a_plain_softmax_in_both_directions(objective: InfoNCE) -> None:
    import torch

    draw = np.random.default_rng(0)
    queries, texts, weights = draw.normal(size=(5, 8)), draw.normal(size=(9, 8)), draw.uniform(0.5, 3, 5)
    out = np.zeros((5, 9), bool)
    out[0, 3] = out[2, 7] = out[4, 1] = True
    sides = [torch.tensor(value, dtype=torch.float32) for value in (queries, texts, weights)]
    found = objective.loss(sides[0], sides[1], sides[2], torch.tensor(out))
    assert float(found) == pytest.approx(by_hand(objective, queries, texts, weights, out), rel=1e-5)


def test_it_is_the_multiple_negatives_loss_of_sentence_transformers() -> None:
    """MultipleNegativesRankingLoss: mean cross-entropy of 20 times the cosines, forwards only; its symmetric form: both."""
    import torch

    draw = torch.Generator().manual_seed(0)
    queries, texts = torch.randn(6, 4, generator=draw), torch.randn(6, 4, generator=draw)
    scores = 20 * torch.nn.functional.cosine_similarity(queries[:, None], texts[None], dim=-1)
    own, no, one = torch.arange(6), torch.zeros(6, 6, dtype=torch.bool), torch.ones(6)
    forwards = torch.nn.functional.cross_entropy(scores, own)
    both = (forwards + torch.nn.functional.cross_entropy(scores.T, own)) / 2
    assert torch.allclose(InfoNCE(forward_share=1.0).loss(queries, texts, one, no) / 6, forwards, atol=1e-5)
    assert torch.allclose(InfoNCE(forward_share=0.5).loss(queries, texts, one, no) / 6, both, atol=1e-5)


@given(
    st.lists(
        st.tuples(st.sampled_from("pq"), st.sampled_from("abcd"), st.frozensets(st.sampled_from("abcd"))),
        min_size=1,
        max_size=6,
    ),
    st.lists(st.sampled_from("abcdef"), max_size=3),
)
@settings(max_examples=60, deadline=None)
def test_no_right_text_is_a_negative_and_no_other_is_excused(rows: list[Any], wrong: list[str]) -> None:
    queries, texts = [row[0] for row in rows], [row[1] for row in rows]
    found = excused(queries, [*texts, *wrong], [row[2] for row in rows])
    right = {(query, text) for query, own, also in rows for text in (own, *also)}
    for i, query in enumerate(queries):
        for j, text in enumerate([*texts, *wrong]):
            assert found[i, j] == (i != j and (query, text) in right)


def test_the_gradient_cache_gives_the_gradients_of_one_large_pass() -> None:
    import torch

    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(6, 16), torch.nn.Tanh(), torch.nn.Linear(16, 8))
    given_, weights, no = torch.randn(12, 6), torch.ones(6), torch.zeros(6, 6, dtype=torch.bool)

    def gradients(vectors: Any) -> Any:
        net.zero_grad()
        InfoNCE().loss(vectors[:6], vectors[6:], weights, no).backward()
        return [weight.grad.clone() for weight in net.parameters()]

    whole = gradients(net(given_))
    for size in (1, 5, 12):
        parts = gradients(cached(net, given_.split(size)))
        assert all(torch.allclose(a, b, rtol=1e-4, atol=1e-4) for a, b in zip(whole, parts, strict=True))


def test_the_gradient_cache_repeats_its_dropout() -> None:
    import torch

    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(6, 16), torch.nn.Dropout(0.5), torch.nn.Linear(16, 8))
    pieces, weights, no = torch.randn(12, 6).split(4), torch.ones(6), torch.zeros(6, 6, dtype=torch.bool)
    found = []
    for through_cache in (True, False):
        torch.manual_seed(7)
        net.zero_grad()
        vectors = cached(net, pieces) if through_cache else torch.cat([net(piece) for piece in pieces])
        InfoNCE().loss(vectors[:6], vectors[6:], weights, no).backward()
        found.append([weight.grad.clone() for weight in net.parameters()])
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(*found, strict=True))


def test_a_list_is_a_softmax_with_the_first_text_right() -> None:
    import torch

    scores = torch.tensor([0.3, -1.0, 2.0, 0.5, 0.1])
    cross = torch.nn.functional.cross_entropy
    expected = cross(scores[None, :3], torch.tensor([0])) + cross(scores[None, 3:], torch.tensor([0]))
    assert torch.allclose(listwise(scores, [3, 2]), expected)


def test_settings_without_sense_are_refused() -> None:
    with pytest.raises(SpecError, match="temperature above 0"):
        InfoNCE(temperature=0.0)
    with pytest.raises(SpecError, match="forward_share from 0 to 1"):
        InfoNCE(forward_share=1.5)
