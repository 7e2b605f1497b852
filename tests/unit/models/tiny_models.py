"""Tiny random models with a tokenizer of their own, made and saved by the tests of local models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

CORPUS = (
    "The patient has a fever and a cough. She denies chest pain. Answer: yes no maybe urgent routine\n"
    "He takes metformin for type 2 diabetes. Is the criterion met? included excluded not enough information\n"
)


def save_tokenizer(folder: Path, *, ends: bool = False) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    special = ["<pad>", "<s>", "</s>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    raw.train_from_iterator(
        [CORPUS], trainers.BpeTrainer(vocab_size=320, special_tokens=special, initial_alphabet=alphabet)
    )
    single = "$A </s>" if ends else "<s> $A"
    raw.post_processor = processors.TemplateProcessing(single=single, special_tokens=[("<s>", 1), ("</s>", 2)])
    made = PreTrainedTokenizerFast(tokenizer_object=raw, pad_token="<pad>", bos_token="<s>", eos_token="</s>")
    made.save_pretrained(folder)
    return made


def save_causal(folder: Path) -> str:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = save_tokenizer(folder)
    torch.manual_seed(1)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=48,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=256,
        initializer_range=0.4,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=0,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    return str(folder)


def save_seq2seq(folder: Path) -> str:
    import torch
    from transformers import T5Config, T5ForConditionalGeneration

    tokenizer = save_tokenizer(folder, ends=True)
    torch.manual_seed(2)
    config = T5Config(
        vocab_size=len(tokenizer),
        d_model=32,
        d_kv=8,
        d_ff=64,
        num_layers=2,
        num_heads=4,
        initializer_factor=4.0,
        decoder_start_token_id=0,
        pad_token_id=0,
        eos_token_id=2,
    )
    T5ForConditionalGeneration(config).save_pretrained(folder)
    return str(folder)


def save_bert(folder: Path) -> str:
    import torch
    from transformers import BertConfig, BertModel

    tokenizer = save_tokenizer(folder, ends=True)
    torch.manual_seed(3)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=64,
        initializer_range=0.4,
    )
    BertModel(config).save_pretrained(folder)
    return str(folder)
