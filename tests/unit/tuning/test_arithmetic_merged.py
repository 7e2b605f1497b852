"""Merging as a stage: files on the shelf, what is refused, and that Local reads what comes out."""

from __future__ import annotations

import asyncio
import math
import shutil
from pathlib import Path
from typing import Any

import orjson
import pytest
from peft_networks import network

from osler.core.block import from_spec, to_spec
from osler.core.errors import DataError, SpecError
from osler.core.types import Message, Part
from osler.models.local import Local
from osler.tuning.arithmetic.dare import Dare
from osler.tuning.arithmetic.folder import Kept, opened, write
from osler.tuning.arithmetic.linear import LinearMerge
from osler.tuning.arithmetic.merged import Merged
from osler.tuning.arithmetic.slerp import Slerp
from osler.tuning.arithmetic.task_vectors import TaskVectors
from osler.tuning.arithmetic.ties import Ties
from osler.tuning.stage import made


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> list[Local]:
    """Three decoders of one architecture and tokenizer with different weights."""
    root = tmp_path_factory.mktemp("models")
    for seed in range(3):
        (root / f"m{seed}").mkdir()
        network("llama", root / f"m{seed}", seed=seed)
    return [Local(path=str(root / f"m{seed}")) for seed in range(3)]


def weights(model: Any) -> dict[str, Any]:
    from safetensors.torch import load_file

    folder = Path(model.path) if isinstance(model, Local) else model.folder
    return dict(load_file(folder / "model.safetensors"))


def copied(model: Local, there: Path) -> Path:
    return Path(shutil.copytree(model.path, there))


def test_the_merged_file_is_the_mean_of_the_files(models: list[Local], tmp_path: Path) -> None:
    merged = made(Merged(models=tuple(models)), shelf=tmp_path)
    held = [weights(one) for one in models]
    for name, value in weights(merged).items():
        expected = sum(one[name].double() for one in held) / 3
        assert value.dtype == held[0][name].dtype
        assert (value.double() - expected).abs().max() < 1e-7, name
    about = merged.held.manifest["about"]
    assert about["tensors"] == len(held[0])
    off = sum(float((weights(merged)[name] - value).double().square().sum()) for name, value in held[1].items())
    of = sum(float(value.double().square().sum()) for value in held[1].values())
    assert about["distances"][1] == pytest.approx(math.sqrt(off / of), rel=1e-5)


@pytest.mark.parametrize(
    "method", [LinearMerge(), Slerp(), TaskVectors(), Ties(), Dare()], ids=lambda m: type(m).__name__
)
def test_a_model_merged_with_itself_has_the_same_bytes(method: Any, models: list[Local], tmp_path: Path) -> None:
    own = models[0]
    merged = made(Merged(models=(own, own), base=own if method.from_base else None, method=method), shelf=tmp_path)
    held = weights(own)
    for name, value in weights(merged).items():
        assert value.numpy().tobytes() == held[name].numpy().tobytes()


def test_local_reads_the_merged_model_and_it_answers_as_its_weights_say(models: list[Local], tmp_path: Path) -> None:
    first, second = models[:2]
    end = made(Merged(models=(first, second), method=LinearMerge(shares=(0.0, 1.0))), shelf=tmp_path)
    asked = [Message("user", (Part("w1 w2 w3"),))]
    found = asyncio.run(end.score(asked, ["w4", "w5"])).logprobs
    assert found == asyncio.run(second.score(asked, ["w4", "w5"])).logprobs
    assert end.supports == {"generate", "score", "train"}


def test_the_same_merge_is_made_once_and_a_seed_draws_dare_anew(models: list[Local], tmp_path: Path) -> None:
    plan = Merged(base=models[0], models=(models[1],), method=Dare(density=0.5, shares=(0.5,)))
    first, again, other = (made(plan, seed=seed, shelf=tmp_path) for seed in (0, 0, 1))
    assert first.weights == again.weights != other.weights
    assert from_spec(to_spec(first)) == first
    assert not plan.reads_pairs


def test_weights_in_shards_and_in_bfloat16_are_read(models: list[Local], tmp_path: Path) -> None:
    import torch
    import transformers

    held = transformers.AutoModelForCausalLM.from_pretrained(models[0].path, dtype=torch.bfloat16)
    shards = copied(models[0], tmp_path / "shards")
    (shards / "model.safetensors").unlink()
    held.save_pretrained(shards, max_shard_size="10KB")
    assert (shards / "model.safetensors.index.json").is_file()
    merged = made(Merged(models=(Local(path=str(shards)), models[1])), shelf=tmp_path / "shelf")
    whole, other = held.state_dict(), weights(models[1])
    for name, value in weights(merged).items():
        assert value.dtype == torch.bfloat16
        expected = ((whole[name].double() + other[name].double()) / 2).to(torch.bfloat16)
        assert (value.double() - expected.double()).abs().max() <= expected.double().abs().max() * 2**-8


def test_one_tensor_after_the_other_is_read(models: list[Local], tmp_path: Path) -> None:
    """The writer asks for a tensor only when the last one is on the disk."""
    with opened(Path(models[0].path)) as tensors:
        seen: list[str] = []

        def told() -> Any:
            for name in tensors.kept:
                seen.append(name)
                yield tensors.read(name)

        write(tmp_path / "copy.safetensors", tensors.kept, told())
    from safetensors.torch import load_file

    copy = load_file(tmp_path / "copy.safetensors")
    assert seen == list(tensors.kept)
    assert all((value == copy[name]).all() for name, value in weights(models[0]).items())


def test_a_tensor_of_another_size_than_announced_is_refused(tmp_path: Path) -> None:
    import torch

    with pytest.raises(DataError, match="12 bytes where 8 were announced"):
        write(tmp_path / "x.safetensors", {"a": Kept("F32", (2,))}, iter([torch.zeros(3)]))


def test_another_architecture_is_refused(models: list[Local], tmp_path: Path) -> None:
    other = copied(models[1], tmp_path / "other")
    config = orjson.loads((other / "config.json").read_bytes())
    (other / "config.json").write_bytes(orjson.dumps({**config, "rms_norm_eps": 0.5}))
    with pytest.raises(SpecError, match="rms_norm_eps differs"):
        made(Merged(models=(models[0], Local(path=str(other)))), shelf=tmp_path / "shelf")


def test_another_tokenizer_is_refused_and_another_padding_is_not(models: list[Local], tmp_path: Path) -> None:
    padded = copied(models[1], tmp_path / "padded")
    words = orjson.loads((padded / "tokenizer.json").read_bytes())
    (padded / "tokenizer.json").write_bytes(orjson.dumps({**words, "truncation": None, "padding": None}))
    made(Merged(models=(models[0], Local(path=str(padded)))), shelf=tmp_path / "shelf")
    table = words["model"]["vocab"]
    table["w1"], table["w2"] = table["w2"], table["w1"]
    (padded / "tokenizer.json").write_bytes(orjson.dumps(words))
    with pytest.raises(SpecError, match="different tokenizers"):
        made(Merged(models=(models[0], Local(path=str(padded)))), shelf=tmp_path / "shelf")


def test_other_tensors_are_refused(models: list[Local], tmp_path: Path) -> None:
    from safetensors.torch import save_file

    other = copied(models[1], tmp_path / "other")
    held = weights(models[1])
    save_file({**held, "extra": held["model.norm.weight"].clone()}, other / "model.safetensors")
    with pytest.raises(SpecError, match="'extra'"):
        made(Merged(models=(models[0], Local(path=str(other)))), shelf=tmp_path / "shelf")


def test_weights_that_are_no_numbers_are_refused(models: list[Local], tmp_path: Path) -> None:
    from safetensors.torch import save_file

    other = copied(models[1], tmp_path / "other")
    held = weights(models[1])
    held["model.norm.weight"][0] = math.nan
    save_file(held, other / "model.safetensors")
    with pytest.raises(DataError, match="no numbers"):
        made(Merged(models=(models[0], Local(path=str(other)))), shelf=tmp_path / "shelf")
    assert not list((tmp_path / "shelf").glob("*/training.json"))


def test_what_holds_no_whole_weights_is_refused(models: list[Local], tmp_path: Path) -> None:
    other = copied(models[1], tmp_path / "other")
    (other / "model.safetensors").unlink()
    with pytest.raises(DataError, match="no weights as safetensors"):
        made(Merged(models=(models[0], Local(path=str(other)))), shelf=tmp_path / "shelf")
    (other / "adapter.json").write_bytes(b"{}")
    with pytest.raises(DataError, match="an adapter"):
        made(Merged(models=(models[0], Local(path=str(other)))), shelf=tmp_path / "shelf")


def test_a_base_is_given_where_and_only_where_it_is_used(models: list[Local], tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="has none"):
        Merged(models=tuple(models[:2]), method=Ties())
    with pytest.raises(SpecError, match="no use for a base"):
        Merged(models=tuple(models[:2]), base=models[2])
    with pytest.raises(SpecError, match="from one model to another"):
        Merged(models=tuple(models), method=Slerp())
    with pytest.raises(SpecError, match="no models to merge"):
        made(Merged(), shelf=tmp_path)
