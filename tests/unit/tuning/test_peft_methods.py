"""Every method on every kind of network: it learns, leaves the base as it is, and comes back exactly as it was saved."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from typing import Any

import pytest
from peft_networks import DECODERS, METHODS, NETWORKS, TEXT, WORDS, logits, network, read, rows, train

from osler.core.block import from_spec, to_spec
from osler.core.types import Message, Part
from osler.models.adapter import adapted
from osler.models.local import Local
from osler.tuning.peft.adapter import parameters_of


def _hash(named: Any) -> str:
    found = hashlib.sha256()
    for name, weight in sorted(named, key=lambda pair: pair[0]):
        found.update(name.encode() + weight.detach().numpy().tobytes())
    return found.hexdigest()


@pytest.mark.parametrize("kind", NETWORKS)
@pytest.mark.parametrize("method", METHODS)
def test_trains_ten_steps_and_comes_back_exactly(method: str, kind: str, tmp_path: Path) -> None:
    adapter = METHODS[method]
    base = network(kind, tmp_path / "base")
    made = adapter.apply(base)
    assert made is base
    frozen = [(name, weight) for name, weight in made.named_parameters() if not weight.requires_grad]
    before = _hash(frozen)
    losses = train(made, kind)
    assert min(losses[-3:]) < losses[0]
    assert _hash(frozen) == before

    after = logits(made)
    adapter.save(made, tmp_path / "adapter", tmp_path / "base")
    again = adapted(tmp_path / "adapter", lambda folder: read(kind, folder)).eval()
    assert float((logits(again) - after).abs().max()) == 0.0
    assert parameters_of(again) == parameters_of(made)


@pytest.mark.parametrize("kind", DECODERS)
@pytest.mark.parametrize("method", METHODS)
def test_writes_through_local_as_without_a_cache(method: str, kind: str, tmp_path: Path) -> None:
    adapter = METHODS[method]
    made = adapter.apply(network(kind, tmp_path / "base"))
    train(made, kind)
    adapter.save(made, tmp_path / "adapter", tmp_path / "base")
    local = Local(path=str(tmp_path / "adapter"))
    assert local.context == 48 - adapter.soft_tokens

    async def ask() -> list[str]:
        texts = (TEXT, "w4 w8")  # of two lengths, so that one is padded on the left
        replies = await asyncio.gather(
            *(local.generate((Message("user", (Part(text),)),), max_tokens=6) for text in texts)
        )
        return [reply.text for reply in replies]

    assert asyncio.run(ask()) == [_greedy(made, TEXT, 6), _greedy(made, "w4 w8", 6)]


def _greedy(made: Any, text: str, most: int) -> str:
    """The oracle: the whole text goes through the network again for every word."""
    import torch

    ids = [3 + WORDS.index(word) for word in text.split()]
    start = len(ids)
    for _ in range(most):
        with torch.inference_mode():
            best = int(made(input_ids=torch.tensor([ids]), use_cache=False).logits[0, -1].argmax())
        if best == 2:
            break
        ids.append(best)
    return " ".join(WORDS[number - 3] for number in ids[start:] if number >= 3)


@pytest.mark.parametrize("kind", NETWORKS)
@pytest.mark.parametrize("method", ["lora", "lora_all", "dora", "ia3", "bottleneck", "bottleneck_behind"])
def test_starts_as_the_base_bit_for_bit(method: str, kind: str, tmp_path: Path) -> None:
    import torch

    base = network(kind, tmp_path / "base")
    before = logits(base)
    after = logits(METHODS[method].apply(base))
    if method == "dora":  # its first division and product by the rows' lengths round
        assert torch.allclose(after, before, atol=1e-6)
    else:
        assert torch.equal(after, before)


@pytest.mark.parametrize("method", METHODS)
def test_first_values_hang_on_the_seed_alone(method: str, tmp_path: Path) -> None:
    import torch

    network("llama", tmp_path / "base")
    made: list[str] = []
    for seed in (0, 0, 1):
        torch.manual_seed(torch.initial_seed() + 1 if made else 5)
        state = torch.random.get_rng_state()
        held = METHODS[method].apply(read("llama", tmp_path / "base"), seed=seed)
        made.append(_hash([pair for pair in held.named_parameters() if pair[1].requires_grad]))
        after = torch.random.get_rng_state()
        assert torch.equal(after, state)
    assert made[0] == made[1]
    assert (made[0] == made[2]) is (method == "ia3")  # factors of one are not drawn


@pytest.mark.parametrize(
    ("method", "adapter", "head"),
    [
        ("lora", 2 * 2 * 4 * (32 + 32), 99),  # layers x (q, v) x rank x (in + out)
        ("lora_all", 2 * 4 * (4 * (32 + 32) + 2 * (32 + 64)), 99),
        ("dora", 2 * 2 * (4 * (32 + 32) + 32), 99),
        ("ia3", 2 * (32 + 32 + 64), 99),
        ("prefix", 2 * 5 * 2 * 32, 99),
        ("prefix_mlp", 5 * 32 + (32 * 16 + 16) + 2 * (16 * 64 + 64), 99),
        ("p_tuning_v2", 2 * 7 * 2 * 32, 99),
        ("prompt", 5 * 32, 99),
        ("p_tuning", 5 * 32 + (32 * 16 + 16) + (16 * 16 + 16) + (16 * 32 + 32), 99),
        ("bottleneck", 2 * 2 * (2 * 32 * 6 + 32 + 6), 99),
        ("bottleneck_behind", 2 * (2 * 32 * 6 + 32 + 6), 99),
    ],
)
def test_counts_of_an_encoder_by_hand(method: str, adapter: int, head: int, tmp_path: Path) -> None:
    base = network("bert", tmp_path / "base")
    whole = sum(weight.numel() for weight in base.parameters())
    found = parameters_of(METHODS[method].apply(base))
    assert found.trained == adapter + head
    assert found.head == head
    assert found.total == whole + adapter
    assert found.share == pytest.approx(adapter / (whole - head))


def test_quantised_weights_are_counted_as_weights(tmp_path: Path) -> None:
    base = network("bert", tmp_path / "base")
    whole = sum(weight.numel() for weight in base.parameters())
    found = parameters_of(METHODS["qlora"].apply(base))
    assert found.total - found.trained + found.head == whole


def test_head_stays_frozen_where_it_is_not_wanted(tmp_path: Path) -> None:
    from osler.tuning.peft.lora import LoRA

    made = LoRA(head=False).apply(network("bert", tmp_path / "base"))
    assert not made.classifier.weight.requires_grad
    assert parameters_of(made).head == 0


@pytest.mark.parametrize("method", METHODS)
def test_language_head_is_no_head(method: str, tmp_path: Path) -> None:
    made = METHODS[method].apply(network("llama", tmp_path / "base"))
    assert not made.lm_head.weight.requires_grad
    assert not made.get_input_embeddings().weight.requires_grad


@pytest.mark.parametrize("method", METHODS)
def test_comes_back_from_its_spec(method: str) -> None:
    assert from_spec(to_spec(METHODS[method])) == METHODS[method]


@pytest.mark.parametrize("method", METHODS)
def test_pooled_and_padded_rows_do_not_see_their_neighbours(method: str, tmp_path: Path) -> None:
    import torch

    made = METHODS[method].apply(network("bert", tmp_path / "base"))
    train(made, "bert", steps=3)
    given = rows()
    alone = logits(made, {name: value[:1, :6] for name, value in given.items()})
    assert torch.allclose(logits(made, given)[:1], alone, atol=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_gradient_checkpointing_changes_no_gradient(method: str, tmp_path: Path) -> None:
    import torch

    found = []
    for checkpointed in (False, True):
        made = METHODS[method].apply(network("llama", tmp_path / "base")).train()
        if checkpointed:
            made.activation_checkpointing_enable()
        torch.manual_seed(0)
        given = rows()
        made(**given, labels=given["input_ids"]).loss.backward()
        found.append({name: weight.grad for name, weight in made.named_parameters() if weight.requires_grad})
    assert found[0].keys() == found[1].keys()
    for name, gradient in found[0].items():
        assert gradient is not None
        assert torch.allclose(gradient, found[1][name], atol=1e-6), name
