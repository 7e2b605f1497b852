"""Dropped edges: what the network is asked for never stands in what it sees; made-up edges are never true."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osler.core.errors import SpecError
from osler.tuning.objectives.link_prediction import LinkPrediction, distmult, link_loss

needs_torch = pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="the extra 'local' is not installed")
EDGES = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2), st.integers(0, 5)), max_size=25, unique=True)


@given(EDGES, st.floats(0.05, 0.9), st.integers(0, 99))
@settings(max_examples=150, deadline=None)
def test_a_dropped_edge_leaves_nothing_between_its_ends(edges: list[Any], share: float, seed: int) -> None:
    given_ = np.array(edges, np.int64).reshape(-1, 3)
    kept, dropped = LinkPrediction(share=share, most=5).split(given_, np.random.default_rng(seed))
    held = {tuple(edge) for edge in given_.tolist()}
    assert {tuple(edge) for edge in (*kept.tolist(), *dropped.tolist())} <= held
    gone = {frozenset((head, tail)) for head, _, tail in dropped.tolist()}
    assert not any(frozenset((head, tail)) in gone for head, _, tail in kept.tolist())
    others = [edge for edge in held if frozenset((edge[0], edge[2])) not in gone]
    assert sorted(map(tuple, kept.tolist())) == sorted(others)
    assert len(dropped) <= 5
    assert len(dropped) >= (len(edges) > 1)


def test_made_up_edges_change_one_end_and_are_not_true() -> None:
    edges = np.array([(0, 0, 1), (0, 0, 2), (1, 1, 2), (3, 0, 1)], np.int64)
    made = LinkPrediction(negatives=10).corrupted(edges[:2], edges, 6, np.random.default_rng(0))
    assert made.shape == (2, 10, 3)
    true = {tuple(edge) for edge in edges.tolist()}
    for row, edge in zip(made.tolist(), edges[:2].tolist(), strict=True):
        for place, other in enumerate(row):
            assert tuple(other) not in true
            assert other[1] == edge[1]
            assert (other[2] == edge[2]) if place < 5 else (other[0] == edge[0])
    assert np.array_equal(made, LinkPrediction(negatives=10).corrupted(edges[:2], edges, 6, np.random.default_rng(0)))


@needs_torch
def test_distmult_is_a_product_of_three_and_its_loss_a_log_likelihood() -> None:
    import torch

    draw = torch.Generator().manual_seed(0)
    head, relation, tail = (torch.randn(4, 6, generator=draw) for _ in range(3))
    expected = torch.stack([head[row] @ torch.diag(relation[row]) @ tail[row] for row in range(4)])
    assert torch.allclose(distmult(head, relation, tail), expected, atol=1e-5)
    right, wrong = torch.tensor([0.0, 2.0]), torch.tensor([[0.0, 0.0], [-1.0, 1.0]])
    cross = torch.nn.functional.binary_cross_entropy_with_logits
    halves = [cross(r[None], torch.ones(1)) + cross(w, torch.zeros(2)) for r, w in zip(right, wrong, strict=True)]
    assert torch.allclose(link_loss(right, wrong), sum(halves) / 2, atol=1e-6)


def test_a_share_without_sense_is_refused() -> None:
    with pytest.raises(SpecError, match="between 0 and 1"):
        LinkPrediction(share=1.0)
