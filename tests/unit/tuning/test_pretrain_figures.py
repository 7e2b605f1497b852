"""Figures of pre-trained models: losses of texts against transformers' own, vectors, a linear probe."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from osler.tuning.objectives.masked_language import MaskedLanguage
from osler.tuning.pretrain_figures import masked_loss, perplexity, probe, text_vectors, token_vectors
from osler.tuning.tokenizers.pieces import BytePairs, WordPiece

TEXTS = ["zelvarine is given daily.", "the dose of oxolene is 4 mg.", "peridin is safe."]


def folder(tmp_path: Path, kind: str) -> Path:
    import torch
    import transformers

    tokenizer = (BytePairs(size=300) if kind == "causal" else WordPiece(size=90)).trained(TEXTS)
    torch.manual_seed(0)
    shape: dict[str, Any] = {
        "vocab_size": len(tokenizer), "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
        "intermediate_size": 64,
    }  # fmt: skip
    model: Any = (
        transformers.LlamaForCausalLM(transformers.LlamaConfig(**shape))
        if kind == "causal"
        else transformers.BertForMaskedLM(transformers.BertConfig(**shape))
    )
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    return tmp_path


def test_perplexity_is_that_of_transformers(tmp_path: Path) -> None:
    import torch
    import transformers

    place = folder(tmp_path, "causal")
    found = perplexity(place, TEXTS)
    tokenizer = transformers.AutoTokenizer.from_pretrained(place)
    model = transformers.AutoModelForCausalLM.from_pretrained(place).eval()
    for at, text in enumerate(TEXTS):
        plain = tokenizer(text, return_tensors="pt")["input_ids"][0].tolist()
        ids = torch.tensor([plain if plain[-1] == tokenizer.eos_token_id else [*plain, tokenizer.eos_token_id]])
        with torch.inference_mode():
            theirs = float(model(input_ids=ids, labels=ids).loss)
        assert found.sums[at] / found.counts[at] == pytest.approx(theirs, abs=1e-5)
        assert found.counts[at] == ids.shape[1] - 1
        assert found.bytes[at] == len(text.encode())
    assert found.perplexity == pytest.approx(math.exp(found.sums.sum() / found.counts.sum()))
    assert found.bits_per_byte == pytest.approx(found.sums.sum() / math.log(2) / sum(map(len, TEXTS)))


def test_the_masked_loss_of_a_text_does_not_hang_on_the_order(tmp_path: Path) -> None:
    place = folder(tmp_path, "encoder")
    every = MaskedLanguage(share=1.0, masked=1.0, random=0.0)  # nothing left to chance
    found = masked_loss(place, TEXTS, objective=every)
    turned = masked_loss(place, TEXTS[::-1], objective=every)
    assert found.sums == pytest.approx(turned.sums[::-1], abs=1e-4)
    assert masked_loss(place, TEXTS).counts.tolist() == [max(1, round(0.15 * count)) for count in found.counts.tolist()]


def test_vectors_of_words_are_those_of_their_first_piece(tmp_path: Path) -> None:
    import torch
    import transformers

    place = folder(tmp_path, "encoder")
    words = [text.split() for text in TEXTS]
    found = token_vectors(place, words)
    tokenizer = transformers.AutoTokenizer.from_pretrained(place)
    model = transformers.AutoModel.from_pretrained(place).eval()
    for held, one in zip(found, words, strict=True):
        assert held.shape == (len(one), 32)
        coded = tokenizer(one, is_split_into_words=True, return_tensors="pt")
        with torch.inference_mode():
            states = model(**coded).last_hidden_state[0]
        places = [coded.word_ids().index(at) for at in range(len(one))]
        assert np.allclose(held, states[places].numpy(), atol=1e-5)
    assert text_vectors(place, TEXTS).shape == (3, 32)
    assert not np.allclose(text_vectors(place, TEXTS), text_vectors(place, TEXTS, pooling="first"))


def test_a_probe_finds_what_is_linear() -> None:
    draw = np.random.default_rng(0)
    x = draw.normal(size=(300, 5))
    y = (x[:, 0] + 0.5 * x[:, 1] > 0).astype(np.int64)
    assert (probe(x[:200], y[:200], x[200:], classes=2) == y[200:]).mean() > 0.95
