"""Tiny networks of three kinds, written to folders that Local reads, and ten steps of training."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from osler.tuning.peft.adapter import Adapter
from osler.tuning.peft.bottleneck import Bottleneck
from osler.tuning.peft.ia3 import IA3
from osler.tuning.peft.lora import DoRA, LoRA
from osler.tuning.peft.p_tuning_v2 import PTuningV2
from osler.tuning.peft.prefix import Prefix
from osler.tuning.peft.prompt_tuning import PromptTuning, PTuning
from osler.tuning.peft.qlora import QLoRA

METHODS: Mapping[str, Adapter] = {
    "lora": LoRA(rank=4),
    "lora_all": LoRA(rank=4, targets="all", dropout=0.0),
    "dora": DoRA(rank=4),
    "qlora": QLoRA(rank=4),
    "qlora_int8": QLoRA(rank=4, weights="int8"),
    "ia3": IA3(),
    "prefix": Prefix(length=5),
    "prefix_mlp": Prefix(length=5, inner=16),
    "p_tuning_v2": PTuningV2(length=7),
    "prompt": PromptTuning(length=5),
    "p_tuning": PTuning(length=5, inner=16),
    "bottleneck": Bottleneck(width=6),
    "bottleneck_behind": Bottleneck(width=6, places="feed_forward", activation="relu"),
}
DECODERS = ("llama", "gpt2")
NETWORKS = ("bert", *DECODERS)
WORDS = [f"w{number}" for number in range(57)]
TEXT = "w1 w5 w9 w3 w7 w2"


def network(kind: str, folder: Path, *, seed: int = 0) -> Any:
    """A network of ``kind``, written to ``folder`` with a tokenizer of 60 words and read back, in evaluation mode."""
    import tokenizers
    import torch
    import transformers

    sizes: dict[str, Any] = {"vocab_size": 60, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
    torch.manual_seed(seed)
    if kind == "bert":
        made: Any = transformers.BertForSequenceClassification(
            transformers.BertConfig(
                vocab_size=60, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64,
                max_position_embeddings=48, num_labels=3, pad_token_id=0,
            )
        )  # fmt: skip
    elif kind == "llama":
        made = transformers.LlamaForCausalLM(
            transformers.LlamaConfig(
                **sizes, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
                intermediate_size=64, max_position_embeddings=48, tie_word_embeddings=True,
            )
        )  # fmt: skip
    else:
        made = transformers.GPT2LMHeadModel(
            transformers.GPT2Config(**sizes, n_embd=32, n_layer=2, n_head=4, n_positions=48)
        )
    made.save_pretrained(folder)
    inner = tokenizers.Tokenizer(
        tokenizers.models.WordLevel({word: at for at, word in enumerate(["[PAD]", "[BOS]", "[EOS]", *WORDS])}, "[PAD]")
    )
    inner.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=inner, pad_token="[PAD]", bos_token="[BOS]", eos_token="[EOS]"
    ).save_pretrained(folder)
    return read(kind, folder)


def read(kind: str, folder: Path) -> Any:
    import torch
    import transformers

    classes = {
        "bert": transformers.BertForSequenceClassification,
        "llama": transformers.LlamaForCausalLM,
        "gpt2": transformers.GPT2LMHeadModel,
    }
    return classes[kind].from_pretrained(folder, dtype=torch.float32, local_files_only=True).eval()


def rows(*, seed: int = 1) -> dict[str, Any]:
    """Ids and mask of three rows, the first padded on the right."""
    import torch

    ids = torch.randint(3, 60, (3, 9), generator=torch.Generator().manual_seed(seed))
    mask = torch.ones_like(ids)
    ids[0, 6:], mask[0, 6:] = 0, 0
    return {"input_ids": ids, "attention_mask": mask}


def logits(model: Any, given: Mapping[str, Any] | None = None) -> Any:
    import torch

    with torch.inference_mode():
        return model(**(given or rows())).logits.clone()


def train(model: Any, kind: str, *, steps: int = 10, rate: float = 2e-2, half: bool = False) -> list[float]:
    """The losses of ``steps`` steps of AdamW on three fixed rows, without dropout so that they can be compared; ``half``: products in bfloat16."""
    import torch

    given = rows()
    labels = torch.tensor([0, 1, 2]) if kind == "bert" else given["input_ids"]
    learning = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer, losses = torch.optim.AdamW(learning, lr=rate, weight_decay=0.0), []
    for _ in range(steps):
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=half):
            loss = model(**given, labels=labels).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(float(loss.detach()))
    return losses
