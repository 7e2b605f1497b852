"""The shape of a network that is to be trained from scratch: what stands where a base would stand."""

from __future__ import annotations

from typing import Any

from osler.core.block import block
from osler.core.errors import SpecError


def _check(hidden: int, heads: int, layers: int, context: int, name: str) -> None:
    if min(hidden, heads, layers, context) < 1 or hidden % heads:
        raise SpecError(
            f"{name} needs sizes above 0 and a width that its {heads} heads divide, got {hidden}",
            hint="hidden = 256 and heads = 4",
        )


@block
class EncoderShape:
    """A BERT-type encoder: ``layers`` blocks of width ``hidden``, feed-forward ``inner``; ``context`` tokens at most.

    dropout: of hidden states and attention. types: kinds of segments (2 for pairs).
    """

    layers: int = 4
    hidden: int = 256
    heads: int = 4
    inner: int = 1024
    context: int = 512
    dropout: float = 0.1
    types: int = 2

    def check(self) -> None:
        _check(self.hidden, self.heads, self.layers, self.context, "encoder_shape")

    def network(self, vocabulary: int, pad: int, *, seed: int) -> Any:
        """A fresh ``transformers.BertModel`` without a head; the same weights for the same seed."""
        import torch
        import transformers

        config = transformers.BertConfig(
            vocab_size=vocabulary,
            hidden_size=self.hidden,
            num_hidden_layers=self.layers,
            num_attention_heads=self.heads,
            intermediate_size=self.inner,
            max_position_embeddings=self.context,
            hidden_dropout_prob=self.dropout,
            attention_probs_dropout_prob=self.dropout,
            type_vocab_size=self.types,
            pad_token_id=pad,
        )
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return transformers.BertModel(config)


@block
class DecoderShape:
    """A Llama-type decoder: ``layers`` blocks of width ``hidden``, feed-forward ``inner``; ``context`` tokens at most."""

    layers: int = 4
    hidden: int = 256
    heads: int = 4
    inner: int = 688
    context: int = 512
    tied: bool = True

    def check(self) -> None:
        _check(self.hidden, self.heads, self.layers, self.context, "decoder_shape")

    def network(self, vocabulary: int, pad: int, *, bos: int | None, eos: int | None, seed: int) -> Any:
        """A fresh ``transformers.LlamaForCausalLM``; the same weights for the same seed."""
        import torch
        import transformers

        config = transformers.LlamaConfig(
            vocab_size=vocabulary,
            hidden_size=self.hidden,
            num_hidden_layers=self.layers,
            num_attention_heads=self.heads,
            num_key_value_heads=self.heads,
            intermediate_size=self.inner,
            max_position_embeddings=self.context,
            tie_word_embeddings=self.tied,
            pad_token_id=pad,
            bos_token_id=bos,
            eos_token_id=eos,
        )
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return transformers.LlamaForCausalLM(config)
