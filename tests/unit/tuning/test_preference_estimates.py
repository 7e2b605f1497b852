"""Advantages, clipped losses and KL estimates against brute force and closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from osler.tuning.preference.estimates import adapted

FLOATS = st.floats(-5, 5, allow_nan=False, width=32)


def _brute(rewards: list[float], values: list[float], gamma: float, lam: float) -> list[float]:
    """Equation 16 of Schulman et al. 2016 term by term: the sum of (gamma lam)^l delta over all later tokens."""
    n = len(rewards)
    surprise = [rewards[t] + gamma * (values[t + 1] if t + 1 < n else 0.0) - values[t] for t in range(n)]
    return [sum((gamma * lam) ** (later - t) * surprise[later] for later in range(t, n)) for t in range(n)]


@given(
    rows=st.lists(st.lists(st.tuples(FLOATS, FLOATS), min_size=1, max_size=6), min_size=1, max_size=4),
    gamma=st.floats(0, 1),
    lam=st.floats(0, 1),
)
def test_advantages_equal_the_sum_over_later_tokens(
    rows: list[list[tuple[float, float]]], gamma: float, lam: float
) -> None:
    import torch

    from osler.tuning.preference.estimates import gae

    width = max(map(len, rows))
    rewards, values = torch.zeros(len(rows), width), torch.full((len(rows), width), 7.0)  # values behind the end: junk
    mask = torch.zeros(len(rows), width, dtype=torch.bool)
    for at, row in enumerate(rows):
        rewards[at, : len(row)] = torch.tensor([one[0] for one in row])
        values[at, : len(row)] = torch.tensor([one[1] for one in row])
        mask[at, : len(row)] = True
    found, returns = gae(rewards, values, mask, gamma=gamma, lam=lam)
    for at, row in enumerate(rows):
        wanted = _brute([one[0] for one in row], [one[1] for one in row], gamma, lam)
        assert found[at, : len(row)].tolist() == pytest.approx(wanted, abs=1e-3)
        assert found[at, len(row) :].abs().sum() == 0
        assert returns[at, : len(row)].tolist() == pytest.approx([w + o[1] for w, o in zip(wanted, row)], abs=1e-3)


def test_with_lambda_and_gamma_one_the_return_is_the_rest_of_the_rewards() -> None:
    import torch

    from osler.tuning.preference.estimates import gae

    rewards = torch.tensor([[1.0, 2.0, 4.0]])
    _, returns = gae(rewards, torch.randn(1, 3), torch.ones(1, 3, dtype=torch.bool), gamma=1.0, lam=1.0)
    assert returns.tolist() == [pytest.approx([7.0, 6.0, 4.0])]


@given(st.lists(FLOATS, min_size=2, max_size=6), st.lists(FLOATS, min_size=2, max_size=6))
def test_group_advantages_have_no_mean_and_no_scale(first: list[float], second: list[float]) -> None:
    import torch

    from osler.tuning.preference.estimates import group_advantages

    n = min(len(first), len(second))
    rewards = torch.tensor(first[:n] + second[:n], dtype=torch.float64)
    found = group_advantages(rewards, n).numpy().reshape(2, n)
    for row, given_row in zip(found, (first[:n], second[:n]), strict=True):
        held = np.asarray(given_row, np.float64)
        wanted = (held - held.mean()) / (held.std() + 1e-6)
        assert row == pytest.approx(wanted, abs=1e-9)
    assert group_advantages(torch.ones(4), 4).abs().sum() == 0
    assert group_advantages(torch.tensor([0.0, 2.0]), 2, scaled=False).tolist() == [-1.0, 1.0]


@given(st.lists(st.tuples(FLOATS, FLOATS), min_size=1, max_size=8))
def test_the_third_estimator_is_never_negative(rows: list[tuple[float, float]]) -> None:
    import torch

    from osler.tuning.preference.estimates import kl_third

    new, reference = torch.tensor(rows, dtype=torch.float64).T
    assert bool((kl_third(new, reference) >= -1e-12).all())


def test_the_third_estimator_has_the_divergence_as_its_mean() -> None:
    import torch

    from osler.tuning.preference.estimates import kl_third

    p = torch.tensor([0.5, 0.3, 0.2], dtype=torch.float64)
    q = torch.tensor([0.2, 0.2, 0.6], dtype=torch.float64)
    exact = float((p * (p / q).log()).sum())
    assert float((p * kl_third(p.log(), q.log())).sum()) == pytest.approx(exact, abs=1e-12)


def test_the_clipped_loss_by_hand_and_its_gradient_stops() -> None:
    import torch

    from osler.tuning.preference.estimates import clipped, clipped_value

    old = torch.zeros(4)
    new = torch.tensor([math.log(1.1), math.log(1.5), math.log(0.5), math.log(0.5)], requires_grad=True)
    advantages = torch.tensor([1.0, 1.0, -1.0, 1.0])
    lost = clipped(new, old, advantages, 0.2)
    assert lost.tolist() == pytest.approx([-1.1, -1.2, 0.8, -0.5])
    lost.sum().backward()
    assert new.grad is not None
    assert new.grad.tolist() == pytest.approx([-1.1, 0.0, 0.0, -0.5])  # beyond the clip nothing is gained
    value = clipped_value(torch.tensor([2.0, 0.1]), torch.zeros(2), torch.ones(2), 0.2)
    assert value.tolist() == pytest.approx([0.5 * max(1.0, 0.64), 0.5 * 0.81])


def test_the_coefficient_rises_above_the_target_and_falls_below() -> None:
    assert adapted(0.1, kl=12.0, target=6.0) == pytest.approx(0.1 * 1.02)
    assert adapted(0.1, kl=1.0, target=6.0) == pytest.approx(0.1 * 0.98)
    assert adapted(0.1, kl=6.0, target=6.0) == 0.1


def test_rewards_are_normalised_as_by_the_whole_history() -> None:
    import torch

    from osler.tuning.preference.policy_layers import PolicyNetwork

    class Tiny(torch.nn.Module):  # type: ignore[misc]
        def get_output_embeddings(self) -> torch.nn.Module:
            return torch.nn.Linear(3, 5)

    network = PolicyNetwork(Tiny(), coefficient=0.1, valued=True)
    history = np.random.default_rng(0).normal(3, 2, 40)
    for start in range(0, 40, 10):
        part = torch.tensor(history[start : start + 10])
        found = network.normal(part, part)
    seen = history
    assert found.numpy() == pytest.approx((history[30:] - seen.mean()) / seen.std(), abs=1e-6)
    assert not network.train().training  # no dropout: the policy must be the one that drew
