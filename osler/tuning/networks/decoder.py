"""Decoders for pre-training: fresh from a shape, or a base."""

from __future__ import annotations

from typing import Any

from osler.models.quiet import quiet
from osler.tuning.networks.encoder_heads import loaded, seeded
from osler.tuning.networks.shapes import DecoderShape


def decoder(base: Any, words: int, pad: int, begin: int | None, end: int | None, *, seed: int) -> Any:
    """A causal language model in float32, from a ``DecoderShape`` or a folder. ``words``, ``begin``, ``end``: size of the vocabulary of a shape, and ids of
    the tokens at the ends of a text."""
    import transformers

    with seeded(seed), quiet():
        if isinstance(base, DecoderShape):
            return base.network(words, pad, bos=begin, eos=end, seed=seed)
        return loaded(transformers.AutoModelForCausalLM, base)
