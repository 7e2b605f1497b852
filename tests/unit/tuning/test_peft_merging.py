"""Merging, unmerging, adapters on adapters, and the list of adapters on a shelf."""

from __future__ import annotations

import asyncio
from pathlib import Path

import orjson
import pytest
from peft_networks import METHODS, TEXT, logits, network, read, train

from osler.core.errors import DataError, SpecError
from osler.core.types import Message, Part
from osler.models.adapter import adapted, model_hash, ready_base
from osler.models.local import Local
from osler.tuning.peft.lora import LoRA
from osler.tuning.peft.merging import merge, unmerge

MERGED = ("lora", "lora_all", "dora", "qlora", "qlora_int8", "ia3")


def _trained(method: str, kind: str, folder: Path) -> None:
    made = METHODS[method].apply(network(kind, folder / "base"))
    train(made, kind)
    METHODS[method].save(made, folder / "adapter", folder / "base")


@pytest.mark.parametrize("kind", ["bert", "llama", "gpt2"])
@pytest.mark.parametrize("method", MERGED)
def test_merged_says_the_same_and_unmerged_is_the_base(method: str, kind: str, tmp_path: Path) -> None:
    _trained(method, kind, tmp_path)
    before = logits(adapted(tmp_path / "adapter", lambda folder: read(kind, folder)).eval())
    found = merge(tmp_path / "adapter", tmp_path / "merged")
    after = logits(read(kind, tmp_path / "merged"))
    assert float((after - before).abs().max()) < 1e-4
    assert found.difference < 1e-4
    assert found.change > 1e-3
    back = unmerge(tmp_path / "merged", tmp_path / "back")
    assert model_hash(back) == model_hash(tmp_path / "base")
    assert (back / "model.safetensors").read_bytes() == (tmp_path / "base" / "model.safetensors").read_bytes()


@pytest.mark.parametrize("method", sorted(set(METHODS) - set(MERGED)))
def test_what_is_no_change_of_weights_is_not_merged(method: str, tmp_path: Path) -> None:
    _trained(method, "llama", tmp_path)
    with pytest.raises(SpecError, match="cannot be merged"):
        merge(tmp_path / "adapter", tmp_path / "merged")


def test_unmerge_refuses_another_base(tmp_path: Path) -> None:
    _trained("lora", "llama", tmp_path)
    merge(tmp_path / "adapter", tmp_path / "merged")
    network("llama", tmp_path / "base", seed=1)
    with pytest.raises(DataError, match="not the base"):
        unmerge(tmp_path / "merged", tmp_path / "back")
    with pytest.raises(DataError, match="no merged model"):
        unmerge(tmp_path / "base", tmp_path / "back")


@pytest.mark.parametrize("second", METHODS)
@pytest.mark.parametrize("first", ["lora", "prefix", "bottleneck"])
def test_an_adapter_stands_on_an_adapter(first: str, second: str, tmp_path: Path) -> None:
    _trained(first, "llama", tmp_path)
    base = ready_base(tmp_path / "adapter", lambda folder: read("llama", folder)).eval()
    if first == "prefix" and METHODS[second].kind == "prefix":
        return  # refused, see test_peft_oracles
    made = METHODS[second].apply(base)
    train(made, "llama", steps=4)
    METHODS[second].save(made, tmp_path / "second", tmp_path / "adapter")
    again = adapted(tmp_path / "second", lambda folder: read("llama", folder)).eval()
    assert float((logits(again) - logits(made)).abs().max()) == 0.0


def test_three_stages_are_served_and_merged(tmp_path: Path) -> None:
    _trained("lora", "llama", tmp_path)
    below = tmp_path / "adapter"
    for name in ("sft", "rlhf"):
        adapter = LoRA(rank=2)
        made = adapter.apply(ready_base(below, lambda folder: read("llama", folder)).eval())
        train(made, "llama", steps=4)
        adapter.save(made, tmp_path / name, below)
        below = tmp_path / name
    merge(below, tmp_path / "whole")

    async def ask(path: Path) -> str:
        asked = (Message("user", (Part(TEXT),)),)
        return (await Local(path=str(path)).generate(asked, max_tokens=6)).text

    assert asyncio.run(ask(below)) == asyncio.run(ask(tmp_path / "whole"))
    assert orjson.loads((below / "adapter.json").read_bytes())["base"]["beside"] == "sft"
