"""Soft labels: the loss against torch's own, the targets against a search by hand."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from osler.core.errors import DataError, SpecError
from osler.tuning.objectives.soft_label import SoftLabel, soft_targets

needs_torch = pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="the extra 'local' is not installed")


@needs_torch
def test_the_parts_are_torch_own_losses() -> None:
    import torch
    from torch.nn import functional as own

    draw = torch.Generator().manual_seed(0)
    scores, targets = torch.randn(4, 7, generator=draw), torch.rand(4, 7, generator=draw)
    binary = own.binary_cross_entropy_with_logits(scores, targets)
    squared = own.mse_loss(torch.sigmoid(scores), targets)
    ranked = own.cross_entropy(scores, targets / targets.sum(1, keepdim=True))
    parts = {"binary": binary, "squared": squared, "ranked": ranked}
    for name, expected in parts.items():
        only = SoftLabel(**{other: float(other == name) for other in parts})
        assert torch.allclose(only.loss(scores, targets) / 4, expected, atol=1e-6)
    assert torch.allclose(SoftLabel().loss(scores, targets) / 4, binary + squared, atol=1e-6)


@needs_torch
def test_hard_targets_in_the_ranked_part_are_the_usual_cross_entropy() -> None:
    import torch

    scores = torch.randn(5, 5, generator=torch.Generator().manual_seed(1))
    found = SoftLabel(binary=0, squared=0, ranked=1).loss(scores, torch.eye(5))
    assert torch.allclose(found / 5, torch.nn.functional.cross_entropy(scores, torch.arange(5)), atol=1e-6)
    nothing = SoftLabel(binary=0, squared=0, ranked=1).loss(scores, torch.zeros(5, 5))
    assert float(nothing) == 0


def test_targets_are_the_nearest_label_of_the_same_disease() -> None:
    draw = np.random.default_rng(0)
    vectors = draw.normal(size=(8, 5)).astype(np.float32)
    kinds = ["effusion", "effusion", "effusion", "opacity", "opacity", "none", "opacity", "effusion"]
    held = [[0, 3], [5], [], [1, 2, 4]]
    found = soft_targets(vectors, kinds, held)
    assert found.shape == (4, 8)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    for row, places in enumerate(held):
        for label in range(8):
            near = [float(unit[label] @ unit[one]) for one in places if kinds[one] == kinds[label]]
            assert found[row, label] == pytest.approx(max([0.0, *near]), abs=1e-6)
    assert all(found[row, place] == pytest.approx(1) for row, places in enumerate(held) for place in places)
    assert (soft_targets(vectors, kinds, held, least=1.1) == 0).all()


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(DataError, match="do not fit"):
        soft_targets(np.zeros((2, 3), np.float32), ["a", "b"], [[2]])
    with pytest.raises(SpecError, match="one above 0"):
        SoftLabel(binary=0, squared=0)
