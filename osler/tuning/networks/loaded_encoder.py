"""The encoder that a training begins with: from the folder of a base, or fresh from a shape with a tokenizer of its own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from osler.core.errors import SpecError
from osler.models.local_engine import read_tokenizer
from osler.models.quiet import quiet
from osler.tuning.networks.encoder_heads import seeded
from osler.tuning.networks.shapes import EncoderShape
from osler.tuning.stage import folder_of


def encoder_of(base: Any, *, tokenizer: Any = None, texts: Iterable[str] = (), seed: int = 0) -> tuple[Any, Any]:
    """(network without a head, tokenizer) of ``base``, weights in float32.

    tokenizer: for a shape, a block with ``trained(texts)``; a base with weights brings its own. SpecError where a shape
    has no tokenizer, or where the base is no encoder with a folder.
    """
    import torch
    import transformers

    if isinstance(base, EncoderShape):
        if tokenizer is None:
            raise SpecError("an encoder from scratch needs a tokenizer", hint='tokenizer = { use = "word_piece" }')
        made = tokenizer.trained(texts)
        return base.network(len(made), made.pad_token_id or 0, seed=seed), made
    folder = folder_of(base)
    if folder is None:
        raise SpecError(
            f"{type(base).__name__} is no encoder that could be trained", hint="give a local model, or an encoder_shape"
        )
    with seeded(seed), quiet():  # the seed is of a pooler that the base may lack
        network = transformers.AutoModel.from_pretrained(str(folder), local_files_only=True, dtype=torch.float32)
    return network, read_tokenizer(str(folder), True, "")
