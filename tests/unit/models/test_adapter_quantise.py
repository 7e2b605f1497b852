"""Weights in few bits: the levels of NF4, bounds of the error, exact sizes."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osler.core.errors import SpecError
from osler.models.adapter_quantise import BLOCK, nf4_levels, pack, unpack

# Dettmers et al. 2023, appendix E.
PUBLISHED = (
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
    -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
)  # fmt: skip


def test_levels_are_the_published_ones() -> None:
    assert nf4_levels() == pytest.approx(PUBLISHED, abs=1e-6)


@settings(max_examples=40)
@given(rows=st.integers(1, 40), columns=st.integers(1, 90), scale=st.floats(1e-4, 1e3), seed=st.integers(0, 99))
def test_error_is_at_most_half_a_step(rows: int, columns: int, scale: float, seed: int) -> None:
    import torch

    table = torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed)) * scale
    for kind, most in (("int8", 127), ("int4", 7)):
        found = unpack(pack(table, kind), kind, (rows, columns))
        step = table.abs().amax(dim=1, keepdim=True) / most
        assert bool(((found - table).abs() <= step / 2 * (1 + 1e-4) + 1e-12).all())
    packed = pack(table, "nf4")
    found = unpack(packed, "nf4", (rows, columns))
    top = table.abs().max()
    widest = max(b - a for a, b in itertools.pairwise(PUBLISHED)) / 2
    assert bool(((found - table).abs() <= (widest + 0.1) * top).all())  # the constants' own error is at most 1/16
    assert bool((unpack(pack(found, "int8"), "int8", (rows, columns)) - found).abs().max() <= top / 250)


def test_sizes_are_those_of_the_paper() -> None:
    import torch

    table = torch.randn(512, 512, generator=torch.Generator().manual_seed(0))
    size = table.numel()
    assert 8 * (pack(table, "nf4").bytes - 4) / size == 4 + 8 / BLOCK + 32 / (BLOCK * 256)  # 4.127, and one mean
    assert pack(table, "int8").bytes == size + 4 * 512
    assert pack(table, "int4").bytes == size // 2 + 4 * 512


def test_nf4_is_nearer_to_normal_weights_than_whole_numbers_of_four_bits() -> None:
    import torch

    table = torch.randn(256, 256, generator=torch.Generator().manual_seed(0)) * 0.02
    errors = {
        kind: float((unpack(pack(table, kind), kind, (256, 256)) - table).std()) for kind in ("nf4", "int4", "int8")
    }
    assert errors["int8"] < errors["nf4"] < errors["int4"]
    assert errors["nf4"] / 0.02 < 0.1


@pytest.mark.parametrize("kind", ["nf4", "int4", "int8"])
def test_zeros_and_constants_come_back(kind: str) -> None:
    import torch

    for value in (0.0, 0.5, -3.0):
        table = torch.full((3, 70), value)
        assert torch.allclose(unpack(pack(table, kind), kind, (3, 70)), table, rtol=0.07, atol=1e-30)


def test_packing_is_the_same_every_time() -> None:
    import torch

    table = torch.randn(33, 47, generator=torch.Generator().manual_seed(3))
    first, second = pack(table, "nf4"), pack(table, "nf4")
    assert all(
        torch.equal(one.view(torch.uint8), two.view(torch.uint8)) for one, two in zip(first, second, strict=True)
    )


def test_refuses_an_unknown_kind() -> None:
    import torch

    with pytest.raises(SpecError, match="int2"):
        pack(torch.ones(2, 2), "int2")
