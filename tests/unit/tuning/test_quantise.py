"""Weights in few bits: the bound of the error, groups, folders that Local reads, and figures that are true."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from peft_networks import network

from osler.core.errors import DataError, SpecError
from osler.core.types import Message, Part
from osler.models.adapter_quantise import nf4_levels
from osler.models.local import Local
from osler.models.quantised_folder import TENSORS, network_of, packed, unpacked, whole_tensors, width_of
from osler.tuning.arithmetic.merged import Merged
from osler.tuning.arithmetic.quantised import Quantised
from osler.tuning.networks.shapes import DecoderShape
from osler.tuning.stage import made

KINDS = (("int8", 127), ("int4", 7))


@pytest.mark.parametrize(("kind", "most"), KINDS)
@given(
    columns=st.sampled_from([1, 16, 24, 64, 96]),
    group=st.sampled_from([0, 16, 32, 128]),
    seed=st.integers(0, 10_000),
    size=st.floats(1e-6, 1e6),
)
@settings(max_examples=40, deadline=None)
def test_rounding_moves_no_weight_by_more_than_half_a_step(
    kind: str, most: int, columns: int, group: int, seed: int, size: float
) -> None:
    """A step is the largest value of the group over 127 or 7: |w - q| <= step / 2, and float32's own rounding."""
    import torch

    weights = size * torch.randn(6, columns, generator=torch.Generator().manual_seed(seed))
    width = width_of(columns, group)
    assert columns % width == 0
    found = unpacked(packed(weights, kind, width), kind, (6, columns), width)
    steps = weights.reshape(-1, width).abs().amax(1, keepdim=True) / most
    error = (found - weights).abs().reshape(-1, width)
    assert bool((error <= steps / 2 * (1 + 1e-5)).all())


@given(seed=st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_nf4_moves_no_weight_by_more_than_half_the_widest_gap(seed: int) -> None:
    """Half the widest gap of the levels times the block's constant, which double quantisation has moved a little."""
    import torch

    weights = torch.randn(8, 64, generator=torch.Generator().manual_seed(seed))
    found = unpacked(packed(weights, "nf4", 64), "nf4", (8, 64), 64)
    levels = nf4_levels()
    gap = max(b - a for a, b in itertools.pairwise(levels))
    most = weights.abs().amax(1, keepdim=True)
    used = found.abs().amax(1, keepdim=True)  # the outermost level is taken in every block
    bound = torch.maximum(most, used) * gap / 2 + (most - used).abs()
    assert bool(((found - weights).abs() <= bound * (1 + 1e-5)).all())


def test_whole_steps_come_back_exactly() -> None:
    import torch

    weights = torch.arange(-7, 8).float().repeat(2, 1)[:, :15]
    assert unpacked(packed(weights, "int4", 15), "int4", (2, 15), 15).tolist() == weights.tolist()
    zeros = torch.zeros(2, 32)
    assert unpacked(packed(zeros, "int8", 32), "int8", (2, 32), 32).tolist() == zeros.tolist()


@pytest.mark.parametrize(
    ("columns", "group", "width"),
    [(4096, 128, 128), (64, 128, 64), (176, 128, 88), (11008, 128, 128), (97, 64, 97), (8, 128, 8), (64, 0, 64)],
)
def test_groups_divide_a_row(columns: int, group: int, width: int) -> None:
    assert width_of(columns, group) == width


def test_smaller_groups_round_with_less_error() -> None:
    import torch

    weights = torch.randn(32, 256, generator=torch.Generator().manual_seed(0))
    error = [
        float((unpacked(packed(weights, "int4", width), "int4", (32, 256), width) - weights).square().mean())
        for width in (256, 64, 16)
    ]
    assert error[0] > error[1] > error[2]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Local:
    folder = tmp_path_factory.mktemp("base")
    network("llama", folder, seed=3)
    return Local(path=str(folder))


def whole(base: Local) -> dict[str, Any]:
    from safetensors.torch import load_file

    return dict(load_file(Path(base.path) / "model.safetensors"))


@pytest.mark.parametrize("precision", ["int8", "int4", "nf4"])
def test_the_figures_are_those_of_the_files(precision: Any, base: Local, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    held = made(Quantised(base=base, precision=precision, group=16), shelf=tmp_path)
    about, before = held.held.manifest["about"], whole(base)
    after = whole_tensors(held.folder)
    assert after.keys() == before.keys()
    matrices = [name for name, value in before.items() if value.ndim > 1]
    errors = [(after[name] - before[name]).double() for name in matrices]
    count = sum(one.numel() for one in errors)
    assert about["quantised_weights"] == count
    assert about["largest_error"] == pytest.approx(max(float(one.abs().max()) for one in errors), rel=1e-5)
    assert about["mean_error"] == pytest.approx(sum(float(one.abs().sum()) for one in errors) / count, rel=1e-5)
    stored = load_file(held.folder / TENSORS)
    sizes = {name: value.numel() * value.element_size() for name, value in stored.items()}
    assert about["bytes"] == sum(sizes.values())
    assert about["bytes_before"] == sum(value.numel() * value.element_size() for value in before.values())
    vectors = sum(4 * value.numel() for value in before.values() if value.ndim == 1)
    assert about["bits_per_weight"] == pytest.approx(8 * (about["bytes"] - vectors) / count)
    assert all((after[name] == value).all() for name, value in before.items() if value.ndim == 1)


def test_four_bits_in_groups_of_128_take_four_and_a_quarter() -> None:
    import torch

    held = packed(torch.randn(64, 512), "int4", 128)
    assert 8 * held.bytes / (64 * 512) == 4.25


@pytest.mark.parametrize("kind", ["llama", "gpt2", "bert"])
def test_local_asks_the_rounded_weights(kind: str, tmp_path: Path) -> None:
    """The quantised folder answers exactly as a plain folder that holds the rounded weights."""
    from safetensors.torch import save_file

    (tmp_path / "base").mkdir()
    network(kind, tmp_path / "base", seed=1)
    own = Local(path=str(tmp_path / "base"))
    held = made(Quantised(base=own, precision="int4"), shelf=tmp_path / "shelf")
    save_file(whole_tensors(held.folder), tmp_path / "base" / "model.safetensors", metadata={"format": "pt"})
    if kind == "bert":
        assert held.supports == {"score", "train"}
        assert (asyncio.run(held.embed(["w1 w2"])) == asyncio.run(own.embed(["w1 w2"]))).all()
        return
    asked = [Message("user", (Part("w1 w2"),))]
    assert asyncio.run(held.score(asked, ["w3", "w4"])).logprobs == asyncio.run(own.score(asked, ["w3", "w4"])).logprobs
    first, second = (asyncio.run(one.generate(asked, max_tokens=5)).text for one in (held, own))
    assert first == second


@pytest.mark.parametrize("dtype", ["bfloat16", "auto", "float32"])
def test_a_quantised_folder_is_loaded_in_the_type_that_is_asked_for(dtype: Any, tmp_path: Path) -> None:
    """The type of the base where it is "auto", as for any other folder."""
    import torch
    import transformers

    (tmp_path / "base").mkdir()
    held = network("llama", tmp_path / "base", seed=1).to(torch.bfloat16)
    held.save_pretrained(tmp_path / "base")
    own = made(Quantised(base=Local(path=str(tmp_path / "base")), precision="int8"), shelf=tmp_path / "shelf")
    asked = dtype if dtype == "auto" else getattr(torch, dtype)
    found = network_of(transformers.AutoModelForCausalLM, own.folder, dtype=asked, local_files_only=True)
    assert found.dtype == (torch.float32 if dtype == "float32" else torch.bfloat16)
    assert found.lm_head.weight is found.model.embed_tokens.weight
    assert not any(weight.is_meta for weight in (*found.parameters(), *found.buffers()))


def test_tables_of_words_stay_whole_where_asked(base: Local, tmp_path: Path) -> None:
    held = made(Quantised(base=base, embeddings=False), shelf=tmp_path)
    after, before = whole_tensors(held.folder), whole(base)
    table = "model.embed_tokens.weight"
    assert (after[table] == before[table]).all()
    assert not (after["model.layers.0.mlp.up_proj.weight"] == before["model.layers.0.mlp.up_proj.weight"]).all()


def test_what_cannot_be_quantised_is_refused(base: Local, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="group must be 0 or more"):
        Quantised(group=-1)
    with pytest.raises(SpecError, match="no weights to quantise"):
        made(Quantised(base=DecoderShape()), shelf=tmp_path)
    held = made(Quantised(base=base, precision="int8"), shelf=tmp_path)
    with pytest.raises(DataError, match="quantised weights"):
        made(Quantised(base=held), shelf=tmp_path)
    with pytest.raises(DataError, match="quantised weights"):
        made(Merged(models=(held, held)), shelf=tmp_path)
