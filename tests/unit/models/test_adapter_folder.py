"""Adapter folders: the base is found by its hash, wherever both are moved, and any other is refused."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Any

import orjson
import pytest
from tiny_models import save_causal

from osler.core.errors import DataError, ModelError
from osler.core.types import Message, Part
from osler.models.adapter import adapted, base_of, is_adapter, model_hash, read_adapter, soft_tokens
from osler.models.local import Local
from osler.tuning.peft.adapter import Adapter
from osler.tuning.peft.lora import LoRA
from osler.tuning.peft.prompt_tuning import PromptTuning

ASKED = (Message("user", (Part("Is the criterion met?"),)),)


def _read(folder: Path) -> Any:
    import torch
    import transformers

    return transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, local_files_only=True)


def _make(root: Path, adapter: Adapter) -> Path:
    import torch

    save_causal(root / "base")
    made = adapter.apply(_read(root / "base"))
    with torch.no_grad():
        for weight in made.parameters():
            if weight.requires_grad:
                weight += 0.3
    adapter.save(made, root / "adapter", root / "base")
    return root / "adapter"


def _said(path: Path) -> str:
    return asyncio.run(Local(path=str(path)).generate(ASKED, max_tokens=8)).text


def test_moves_with_its_base(tmp_path: Path) -> None:
    folder = _make(tmp_path / "one", LoRA())
    said = _said(folder)
    shutil.move(tmp_path / "one", tmp_path / "two")
    assert base_of(tmp_path / "two" / "adapter") == tmp_path / "two" / "base"
    assert _said(tmp_path / "two" / "adapter") == said


def test_names_a_base_elsewhere_by_its_place(tmp_path: Path) -> None:
    _make(tmp_path / "one", LoRA())
    made = LoRA().apply(_read(tmp_path / "one" / "base"))
    LoRA().save(made, tmp_path / "two" / "adapter", tmp_path / "one" / "base")
    assert base_of(tmp_path / "two" / "adapter") == tmp_path / "one" / "base"
    shutil.move(tmp_path / "one" / "base", tmp_path / "two" / "base")
    assert base_of(tmp_path / "two" / "adapter") == tmp_path / "two" / "base"


def test_refuses_a_base_that_differs_in_one_byte_in_its_middle(tmp_path: Path) -> None:
    folder = _make(tmp_path, LoRA())
    file = tmp_path / "base" / "model.safetensors"
    held = bytearray(file.read_bytes())
    held[len(held) // 2] ^= 1
    file.write_bytes(held)
    with pytest.raises(DataError, match="is not the base that the adapter adapter was trained on"):
        base_of(folder)
    with pytest.raises(DataError, match="not the base"):
        asyncio.run(Local(path=str(folder)).generate(ASKED, max_tokens=2))


def test_says_that_the_base_is_missing(tmp_path: Path) -> None:
    folder = _make(tmp_path, LoRA())
    shutil.rmtree(tmp_path / "base")
    with pytest.raises(DataError, match="is not on this machine"):
        base_of(folder)


def test_refuses_tensors_of_another_network_and_another_format(tmp_path: Path) -> None:
    folder = _make(tmp_path, LoRA())
    about = dict(read_adapter(folder))
    about["settings"] = {**about["settings"], "rank": 4}
    (folder / "adapter.json").write_bytes(orjson.dumps(about))
    with pytest.raises(DataError, match="does not fit"):
        adapted(folder, _read)
    (folder / "adapter.json").write_bytes(orjson.dumps({**about, "format": 99}))
    with pytest.raises(DataError, match="format 99"):
        read_adapter(folder)


def test_refuses_a_vocabulary_that_grew(tmp_path: Path) -> None:
    save_causal(tmp_path / "base")
    network = _read(tmp_path / "base")
    network.resize_token_embeddings(network.config.vocab_size + 3)
    with pytest.raises(DataError, match="embeddings"):
        LoRA().save(LoRA().apply(network), tmp_path / "adapter", tmp_path / "base")


def test_a_soft_prompt_takes_its_places_of_the_context(tmp_path: Path) -> None:
    folder = _make(tmp_path, PromptTuning(length=200))
    assert soft_tokens(folder) == 200
    assert soft_tokens(tmp_path / "base") == 0
    assert Local(path=str(folder)).context == Local(path=str(tmp_path / "base")).context - 200
    long = (Message("user", (Part("fever and cough " * 40),)),)
    with pytest.raises(ModelError, match="reads 56"):
        asyncio.run(Local(path=str(folder)).generate(long, max_tokens=4))


def test_is_asked_like_any_model_and_its_hash_is_its_own(tmp_path: Path) -> None:
    folder = _make(tmp_path, LoRA())
    assert is_adapter(folder)
    assert not is_adapter(tmp_path / "base")
    local, base = Local(path=str(folder)), Local(path=str(tmp_path / "base"))
    assert local.supports == base.supports
    assert local.content_hash() != base.content_hash()
    assert model_hash(folder) != model_hash(tmp_path / "base")
    scores = [asyncio.run(one.score(ASKED, ("yes", "no"))).logprobs for one in (local, base)]
    assert scores[0] != scores[1]


def test_an_adapter_of_an_encoder_with_a_head_gives_vectors_without_it(tmp_path: Path) -> None:
    import torch
    import transformers
    from tiny_models import save_bert

    save_bert(tmp_path / "base")
    made = LoRA().apply(
        transformers.AutoModelForSequenceClassification.from_pretrained(tmp_path / "base", dtype=torch.float32)
    )
    LoRA().save(made, tmp_path / "adapter", tmp_path / "base")
    adapter, base = (
        asyncio.run(Local(path=str(tmp_path / name)).embed(["fever and cough"])) for name in ("adapter", "base")
    )
    assert (adapter == base).all()  # an untrained LoRA changes nothing
