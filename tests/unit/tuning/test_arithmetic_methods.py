"""Ways of merging against references written apart from them, hand cases, and what must hold for any weights."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osler.core.errors import SpecError
from osler.tuning.arithmetic.dare import Dare, thinned
from osler.tuning.arithmetic.linear import LinearMerge
from osler.tuning.arithmetic.method import Method, Place, places
from osler.tuning.arithmetic.slerp import Slerp, between
from osler.tuning.arithmetic.task_vectors import TaskVectors
from osler.tuning.arithmetic.ties import Ties, trimmed

if TYPE_CHECKING:
    import torch

HERE = Place("model.layers.0.mlp.up_proj.weight", 0, 4)
METHODS: list[Method] = [
    LinearMerge(),
    Slerp(attention=(0.3,), feed_forward=(0.3,), rest=0.3),
    TaskVectors(),
    Ties(),
    Dare(),
    Dare(elect=False),
]
numbers = st.floats(-4, 4, width=32)
rows = st.lists(numbers, min_size=1, max_size=40)


def wide(values: Any) -> torch.Tensor:
    import torch

    return torch.tensor(values, dtype=torch.float64)


def draws(seed: int, size: int = 64) -> torch.Tensor:
    return wide(np.random.default_rng(seed).normal(size=size).tolist())


@pytest.mark.parametrize("method", METHODS, ids=lambda one: type(one).__name__)
@given(values=rows)
@settings(max_examples=30, deadline=None)
def test_a_model_merged_with_itself_is_itself_bit_for_bit(method: Method, values: list[float]) -> None:
    own = wide([*values, -0.0, 0.0])
    copies = [own.clone(), own.clone()]
    found = method.merged(copies, own.clone() if method.from_base else None, HERE)
    assert found.numpy().tobytes() == own.numpy().tobytes()


@given(values=st.lists(st.tuples(numbers, numbers, numbers), min_size=1, max_size=30))
@settings(max_examples=40, deadline=None)
def test_a_linear_merge_is_the_weighted_sum(values: list[tuple[float, float, float]]) -> None:
    models = [wide([row[at] for row in values]) for at in range(3)]
    found = LinearMerge(shares=(0.2, 0.3, 0.5)).merged(models, None, HERE)
    expected = [0.2 * a + 0.3 * b + 0.5 * c for a, b, c in values]
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-12)


def test_a_share_of_one_gives_exactly_that_model() -> None:
    models = [wide([1e30, 1.0]), wide([1.0, 1e-30])]
    assert LinearMerge(shares=(0.0, 1.0)).merged(models, None, HERE).tolist() == [1.0, 1e-30]


def test_linear_shares_must_add_up_to_one() -> None:
    with pytest.raises(SpecError, match=r"add up to 0\.9"):
        LinearMerge(shares=(0.4, 0.5))
    with pytest.raises(SpecError, match="2 shares for 3 models"):
        LinearMerge(shares=(0.5, 0.5)).refuse(3)


@given(a=rows, b=rows)
@settings(max_examples=40, deadline=None)
def test_slerp_ends_are_exact(a: list[float], b: list[float]) -> None:
    size = min(len(a), len(b))
    first, second = wide(a[:size]), wide(b[:size])
    assert between(first, second, 0.0).tolist() == first.tolist()
    assert between(first, second, 1.0).tolist() == second.tolist()


@given(values=rows, factor=st.floats(0.1, 5), t=st.floats(0, 1))
@settings(max_examples=40, deadline=None)
def test_slerp_of_vectors_on_one_line_is_linear(values: list[float], factor: float, t: float) -> None:
    first = wide(values)
    found = between(first, factor * first, t)
    np.testing.assert_allclose(found.numpy(), ((1 - t + t * factor) * first).numpy(), atol=1e-12)


def test_slerp_goes_along_the_circle() -> None:
    """On the unit circle the point at t stands at the angle t times the whole one."""
    for t in (0.1, 0.25, 0.5, 0.9):
        angle = 2.0 * t
        found = between(wide([1.0, 0.0]), wide([math.cos(2.0), math.sin(2.0)]), t)
        assert found.tolist() == pytest.approx([math.cos(angle), math.sin(angle)], abs=1e-12)


def test_slerp_turned_around_is_the_same_point() -> None:
    first, second = draws(0), draws(1)
    np.testing.assert_allclose(
        between(first, second, 0.3).numpy(), between(second, first, 0.7).numpy(), rtol=0, atol=1e-12
    )


def test_slerp_of_nothing_is_a_line() -> None:
    assert between(wide([0.0, 0.0]), wide([2.0, 4.0]), 0.5).tolist() == [1.0, 2.0]
    assert between(wide([1.0, 1.0]), wide([-1.0, -1.0]), 0.5).tolist() == [0.0, 0.0]


def test_the_course_of_t_over_the_blocks() -> None:
    """Five values over five blocks are taken as they are; between two of them it is a straight line."""
    slerp = Slerp()
    names = [f"model.layers.{block}.self_attn.q_proj.weight" for block in range(5)]
    assert [slerp.t(place) for place in places(names)] == pytest.approx([0, 0.5, 0.3, 0.7, 1])
    names = [f"model.layers.{block}.mlp.down_proj.weight" for block in range(9)]
    assert [slerp.t(place) for place in places(names)][:4] == pytest.approx([1, 0.75, 0.5, 0.6])
    rest = ["model.embed_tokens.weight", "model.layers.3.post_attention_layernorm.weight", "lm_head.weight"]
    assert [slerp.t(place) for place in places(rest)] == [0.5] * 3


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("bert.encoder.layer.1.attention.output.dense.weight", "attention"),
        ("bert.encoder.layer.1.output.dense.bias", "feed_forward"),
        ("bert.encoder.layer.1.intermediate.dense.weight", "feed_forward"),
        ("bert.encoder.layer.1.attention.output.LayerNorm.weight", "rest"),
        ("transformer.h.1.attn.c_proj.weight", "attention"),
        ("transformer.h.1.mlp.c_proj.weight", "feed_forward"),
        ("transformer.h.1.ln_2.weight", "rest"),
        ("transformer.wte.weight", "rest"),
    ],
)
def test_parts_of_known_architectures(name: str, part: str) -> None:
    assert places([name])[0].part == part


def ties_by_hand(base: list[float], models: list[list[float]], density: float, shares: list[float]) -> list[float]:
    """The paper's three steps one weight at a time, in plain Python."""
    size = len(base)
    stay = max(1, round(density * size))
    kept: list[list[float]] = []
    for model in models:
        change = [a - b for a, b in zip(model, base, strict=True)]
        best = sorted(range(size), key=lambda at: -abs(change[at]))[:stay]
        kept.append([change[at] if at in best else 0.0 for at in range(size)])
    out = []
    for at in range(size):
        mass = sum(share * change[at] for share, change in zip(shares, kept, strict=True))
        sign = 1 if mass >= 0 else -1
        agree = [(share, change[at]) for share, change in zip(shares, kept, strict=True) if change[at] * sign > 0]
        over = sum(share for share, _ in agree)
        out.append(base[at] + (sum(share * one for share, one in agree) / over if over else 0.0))
    return out


@given(
    values=st.lists(st.tuples(numbers, numbers, numbers, numbers), min_size=1, max_size=20),
    density=st.floats(0.05, 1),
)
@settings(max_examples=60, deadline=None)
def test_ties_is_what_the_paper_describes(values: list[tuple[float, ...]], density: float) -> None:
    base, *models = ([row[at] for row in values] for at in range(4))
    shares = (0.5, 0.3, 0.2)
    found = Ties(density=density, shares=shares).merged([wide(one) for one in models], wide(base), HERE)
    np.testing.assert_allclose(found.numpy(), ties_by_hand(base, models, density, list(shares)), atol=1e-9)


def test_ties_lets_the_heavier_sign_win() -> None:
    base = wide([0.0, 0.0, 0.0, 0.0])
    models = [wide([3.0, -1.0, 2.0, 0.0]), wide([-1.0, -3.0, -2.0, 0.0]), wide([0.5, 4.5, 0.0, 0.0])]
    found = Ties(density=1.0).merged(models, base, HERE)
    assert found.tolist() == pytest.approx([1.75, 4.5, 2.0, 0.0])  # of 2 against 2 plus is taken
    heavy = Ties(density=1.0, shares=(0.2, 0.7, 0.1)).merged(models, base, HERE)
    assert heavy.tolist() == pytest.approx([-1.0, (-0.2 - 2.1) / 0.9, -2.0, 0.0])


def test_trimming_keeps_the_number_asked_for() -> None:
    assert trimmed(wide([1.0, -1.0, 1.0, 1.0]), 0.5).tolist() == [1.0, -1.0, 0.0, 0.0]
    assert int((trimmed(draws(2, 101), 0.3) != 0).sum()) == 30
    assert int((trimmed(draws(2, 3), 0.01) != 0).sum()) == 1


def test_task_vectors_add_and_take_away() -> None:
    base, models = wide([1.0, 1.0]), [wide([2.0, 1.0]), wide([1.0, 4.0])]
    assert TaskVectors(shares=(0.5, -1.0)).merged(models, base, HERE).tolist() == [1.5, -2.0]


def test_dare_keeps_the_expected_change() -> None:
    """The mean over many draws is the change itself within five standard errors: sqrt((1 - p) / p / n) of each value."""
    import torch

    change, density, n = draws(3, 50), 0.3, 4000
    found = torch.stack([thinned(change, density, seed) for seed in range(n)])
    error = change.abs() * math.sqrt((1 - density) / density / n)
    assert bool(((found.mean(0) - change).abs() < 5 * error).all())
    whole = torch.where(found[0] != 0, change / density, torch.zeros((), dtype=torch.float64))
    assert found[0].tolist() == whole.tolist()
    share = float((found != 0).double().mean())
    assert share == pytest.approx(density, abs=5 * math.sqrt(density * (1 - density) / (n * 50)))


def test_dare_draws_by_seed_name_and_model() -> None:
    base, own = wide([0.0] * 64), draws(4)
    method = Dare(density=0.5, shares=(0.5, 0.5), elect=False)

    def zeros(place: Place, models: list[torch.Tensor]) -> list[bool]:
        found: list[bool] = (method.merged(models, base, place) == 0).tolist()
        return found

    first = zeros(HERE, [own, base])
    assert zeros(HERE, [own, base]) == first
    assert zeros(HERE._replace(seed=1), [own, base]) != first
    assert zeros(HERE._replace(name="other"), [own, base]) != first
    assert zeros(HERE, [base, own]) != first


def test_dare_with_signs_elected_is_ties_of_the_thinned_changes() -> None:
    base, models = draws(5), [draws(6), draws(7), draws(8)]
    shares = (0.5, 0.25, 0.25)
    thin = [thinned(one - base, 0.6, HERE.number(at)) for at, one in enumerate(models)]
    expected = []
    for at in range(64):
        held = [share * float(change[at]) for share, change in zip(shares, thin, strict=True)]
        sign = 1 if sum(held) >= 0 else -1
        expected.append(float(base[at]) + sum(one for one in held if one * sign > 0))
    found = Dare(density=0.6, shares=shares).merged(models, base, HERE)
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-12)


def test_one_model_by_dare_of_all_changes_is_the_line() -> None:
    base, own = draws(9), draws(10)
    found = Dare(density=1.0, shares=(0.25,)).merged([own], base, HERE)
    np.testing.assert_allclose(found.numpy(), (0.75 * base + 0.25 * own).numpy(), atol=1e-12)


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (Ties, {"density": 0.0}), (Ties, {"shares": (0.5, 0.0)}), (Ties, {"scale": 0.0}), (Dare, {"density": 1.1}),
        (Slerp, {"rest": 1.5}), (Slerp, {"attention": ()}), (TaskVectors, {"shares": (math.inf,)}),
    ],
)  # fmt: skip
def test_settings_that_cannot_be_are_refused(kind: Any, fields: dict[str, Any]) -> None:
    with pytest.raises(SpecError):
        kind(**fields)
