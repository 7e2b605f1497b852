"""What adapters compute, against the formulas of their papers written out by hand."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from peft_networks import METHODS, logits, network, rows, train

from osler.core.errors import ModelError, SpecError
from osler.models.adapter_network import linear_layers, role_of
from osler.tuning.peft.bottleneck import Bottleneck
from osler.tuning.peft.lora import LoRA
from osler.tuning.peft.prefix import Prefix
from osler.tuning.peft.prompt_tuning import PromptTuning
from osler.tuning.peft.qlora import QLoRA


def _stirred(made: Any) -> Any:
    """Every trained number drawn anew, so that nothing is left at a zero that would hide an error."""
    import torch

    draw = torch.Generator().manual_seed(9)
    with torch.no_grad():
        for weight in made.parameters():
            if weight.requires_grad:
                weight.copy_(torch.randn(weight.shape, generator=draw) * 0.2)
    return made


@pytest.mark.parametrize("kind", ["bert", "llama", "gpt2"])
def test_lora_is_the_change_of_weights_of_the_paper(kind: str, tmp_path: Path) -> None:
    import torch

    adapter = LoRA(rank=3, alpha=12, dropout=0.0, targets="all")
    oracle = network(kind, tmp_path / "base")
    made = _stirred(adapter.apply(network(kind, tmp_path / "base")))
    held = dict(made.named_parameters())
    with torch.no_grad():
        for name, weight in oracle.named_parameters():
            layer = name.removesuffix(".weight")
            if name in held:
                weight.copy_(held[name])  # the head, which was drawn anew
            elif f"{layer}.lora_A.osler.weight" in held:
                change = 12 / 3 * held[f"{layer}.lora_B.osler.weight"] @ held[f"{layer}.lora_A.osler.weight"]
                weight += change.T if kind == "gpt2" else change
    assert torch.allclose(logits(made), logits(oracle), atol=1e-5)


@pytest.mark.filterwarnings("ignore::FutureWarning")  # PEFT's own wrapper asks transformers by an old name
@pytest.mark.parametrize("kind", ["bert", "llama", "gpt2"])
def test_lora_in_place_is_what_peft_makes(kind: str, tmp_path: Path) -> None:
    import peft
    import torch

    targets = {"bert": ["query", "value"], "llama": ["q_proj", "v_proj"], "gpt2": ["c_attn"]}[kind]
    config = peft.LoraConfig(r=4, lora_alpha=16, target_modules=targets, fan_in_fan_out=kind == "gpt2")
    theirs = peft.get_peft_model(network(kind, tmp_path / "base"), config).eval()
    ours = _stirred(LoRA(rank=4, dropout=0.0).apply(network(kind, tmp_path / "base")))
    with torch.no_grad():
        known = {name.replace(".osler", ".default"): weight for name, weight in ours.named_parameters()}
        for name, weight in theirs.named_parameters():
            weight.copy_(known[name.removeprefix("base_model.model.")])
    assert torch.equal(logits(ours), logits(theirs))


def test_bottleneck_is_the_formula_of_the_paper() -> None:
    import torch

    from osler.models.adapter_layers import Bottleneck as Layer

    torch.manual_seed(0)
    layer = Layer(torch.nn.Linear(8, 6), 3, "gelu")
    for weight in layer.parameters():
        torch.nn.init.normal_(weight)
    given = torch.randn(4, 8)
    y = given @ layer.base.weight.T + layer.base.bias
    inner = y @ layer.down.weight.T + layer.down.bias
    inner = inner * 0.5 * (1 + torch.erf(inner / math.sqrt(2)))
    assert torch.allclose(layer(given), y + inner @ layer.up.weight.T + layer.up.bias, atol=1e-5)


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("masked", [None, "bool", "float"])
def test_prefix_is_attention_over_more_keys(causal: bool, masked: str | None) -> None:
    import torch

    from osler.models.adapter_layers import Prefix as Layer
    from osler.models.adapter_prefix import _attention

    torch.manual_seed(0)
    module = torch.nn.Module()
    module.is_causal, module.num_key_value_groups = causal, 2
    module.osler_prefix = Layer(2, 3, 8, None, torch.device("cpu"))
    torch.nn.init.normal_(module.osler_prefix.values)
    query, key, value = torch.randn(2, 4, 5, 8), torch.randn(2, 2, 5, 8), torch.randn(2, 2, 5, 8)
    seen = torch.ones(5, 5, dtype=torch.bool).tril() if causal or masked else torch.ones(5, 5, dtype=torch.bool)
    mask = None if masked is None else seen[None, None].expand(2, 1, 5, 5)
    if mask is not None and masked == "float":
        mask = torch.zeros(2, 1, 5, 5).masked_fill(~mask, -math.inf)
    found, _ = _attention(module, query, key, value, mask, scaling=8**-0.5, dropout=0.0)

    pk, pv = module.osler_prefix()
    for row in range(2):
        for head in range(4):
            keys = torch.cat([pk[head // 2], key[row, head // 2]])
            values = torch.cat([pv[head // 2], value[row, head // 2]])
            for at in range(5):
                scores = keys @ query[row, head, at] / math.sqrt(8)
                scores[3:][~seen[at]] = -math.inf
                wanted = torch.softmax(scores, 0) @ values
                assert torch.allclose(found[row, at, head], wanted, atol=1e-5)


@pytest.mark.parametrize("kind", ["bert", "llama", "gpt2"])
def test_soft_prompt_of_words_is_the_words_put_first(kind: str, tmp_path: Path) -> None:
    """A prompt that holds the embeddings of three words says what the network says of the text behind these words."""
    import torch
    import transformers

    base = network(kind, tmp_path / "base")
    given = rows()
    front = torch.tensor([[3 + 4, 3 + 8, 3 + 4]]).expand(3, -1)
    ids = torch.cat([front, given["input_ids"]], dim=1)
    mask = torch.cat([torch.ones_like(front), given["attention_mask"]], dim=1)
    inner = base.base_model
    with torch.inference_mode():
        wanted = inner(input_ids=ids, attention_mask=mask).last_hidden_state[:, 3:].clone()
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "base")
    made = PromptTuning(length=3, start="text", text="w4 w8").apply(base, tokenizer=tokenizer)
    with torch.inference_mode():
        found = made.base_model(**given).last_hidden_state
        pooled = getattr(made.base_model(**given), "pooler_output", None)
        kept = given["attention_mask"].bool()
        assert torch.allclose(found[kept], wanted[kept], atol=1e-5)
        if pooled is not None:
            first = torch.tanh(wanted[:, 0] @ made.bert.pooler.dense.weight.T + made.bert.pooler.dense.bias)
            assert torch.allclose(pooled, first, atol=1e-5)


def test_prefix_leaves_positions_and_packed_masks_to_the_tokens(tmp_path: Path) -> None:
    """Two texts in one row with a block mask say what each says alone."""
    import torch

    made = _stirred(Prefix(length=4).apply(network("llama", tmp_path / "base")))
    one, two = torch.tensor([[5, 6, 7, 8]]), torch.tensor([[9, 10, 11]])
    places = torch.tensor([[0, 1, 2, 3, 0, 1, 2]])
    owner = torch.tensor([0, 0, 0, 0, 1, 1, 1])
    mask = ((owner[:, None] == owner[None]) & torch.ones(7, 7, dtype=torch.bool).tril())[None, None]
    with torch.inference_mode():
        both = made(
            input_ids=torch.cat([one, two], dim=1), position_ids=places, attention_mask=mask, use_cache=False
        ).logits
        alone = [made(input_ids=ids).logits for ids in (one, two)]
    assert torch.allclose(both, torch.cat(alone, dim=1), atol=1e-5)


def test_soft_prompt_refuses_packed_texts_and_texts_without_room(tmp_path: Path) -> None:
    import torch

    made = PromptTuning(length=5).apply(network("llama", tmp_path / "base"))
    with pytest.raises(ModelError, match="packed"):
        made(input_ids=torch.ones(1, 3, dtype=torch.long), attention_mask=torch.ones(1, 1, 3, 3, dtype=torch.bool))
    with pytest.raises(ModelError, match="49 tokens"):
        made(input_ids=torch.ones(1, 44, dtype=torch.long))


def test_quantised_layers_keep_what_they_stand_for_through_both_passes(tmp_path: Path) -> None:
    """Gradients of the low-rank part equal those over a plain layer with the quantised weights."""
    import torch

    from osler.models.adapter_layers import Quantised
    from osler.models.adapter_lora import replace_layer

    def plain(layer: Any) -> Any:
        return Quantised(layer, "nf4").full()

    oracle = network("llama", tmp_path / "base")
    for name in linear_layers(oracle.base_model, "all"):
        replace_layer(oracle.base_model, name, plain)
    oracle = _stirred(LoRA(rank=4, dropout=0.0, targets="all").apply(oracle))
    made = _stirred(QLoRA(rank=4, dropout=0.0).apply(network("llama", tmp_path / "base")))
    given = rows()
    for one in (oracle, made):
        one(**given, labels=given["input_ids"]).loss.backward()
    assert torch.allclose(logits(made), logits(oracle), atol=1e-6)
    wanted = {name: weight.grad for name, weight in oracle.named_parameters() if weight.requires_grad}
    for name, weight in made.named_parameters():
        if weight.requires_grad:
            assert torch.allclose(weight.grad, wanted[name], atol=1e-5), name


@pytest.mark.parametrize("method", METHODS)
def test_trains_and_reads_in_bfloat16(method: str, tmp_path: Path) -> None:
    import torch

    made = METHODS[method].apply(network("llama", tmp_path / "base"))
    losses = train(made, "llama", steps=6, half=True)
    assert min(losses[-2:]) < losses[0]
    half = METHODS[method].apply(network("llama", tmp_path / "base").to(torch.bfloat16))
    assert all(bool(value.isfinite().all()) for value in logits(half))


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("encoder.layer.0.attention.self.query", "q"),
        ("encoder.layer.0.attention.output.dense", "o"),
        ("encoder.layer.0.intermediate.dense", "up"),
        ("encoder.layer.0.output.dense", "down"),
        ("pooler.dense", ""),
        ("layers.1.self_attn.k_proj", "k"),
        ("layers.1.mlp.gate_proj", "up"),
        ("layers.1.mlp.down_proj.base", "down"),
        ("h.0.attn.c_attn", "qkv"),
        ("h.0.attn.c_proj", "o"),
        ("h.0.mlp.c_proj", "down"),
        ("lm_head", ""),
    ],
)
def test_roles_of_layers(name: str, role: str) -> None:
    assert role_of(name) == role


def test_mistakes_are_refused() -> None:
    with pytest.raises(SpecError, match="target 'query'"):
        LoRA(targets=("query",))
    with pytest.raises(SpecError, match="rank"):
        LoRA(rank=0)
    with pytest.raises(SpecError, match="text"):
        PromptTuning(start="text")
    with pytest.raises(SpecError, match="width"):
        Bottleneck(width=0)


def test_a_second_adapter_of_the_same_kind_is_refused(tmp_path: Path) -> None:
    for method, word in (("lora", "low-rank"), ("prefix", "prefix"), ("prompt", "prompt")):
        made = METHODS[method].apply(network("llama", tmp_path / method))
        with pytest.raises(ModelError, match=word):
            METHODS[method].apply(made)
