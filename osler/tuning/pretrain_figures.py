"""What a pre-trained model knows of given texts: loss of its words, and a linear probe on its frozen vectors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from osler.core.errors import DataError
from osler.models.quiet import quiet
from osler.tuning.corpora.corpus import Text
from osler.tuning.logistic import fit, log_shares
from osler.tuning.objectives.masked_language import MaskedLanguage
from osler.tuning.objectives.next_token import NextToken
from osler.tuning.objectives.objective import Objective, Row
from osler.tuning.pretrain_rows import documents_of, rows_of, vocabulary_of
from osler.tuning.trainer.learner import Key
from osler.tuning.trainer.order import passes

Doubles = NDArray[np.float64]
_TOKENS = 8192


@dataclass(frozen=True, slots=True)
class Losses:
    """For each text the sum of the losses in nats, over how many predictions, and its bytes. ``[n]`` each.

    Losses of a token can be compared between models with the same tokenizer only; bits per byte of a decoder with any."""

    sums: Doubles
    counts: Doubles
    bytes: Doubles

    @property
    def mean(self) -> float:
        return float(self.sums.sum() / self.counts.sum())

    @property
    def bits(self) -> Doubles:
        """Bits per byte of each text, 0 for one without tokens."""
        return self.sums / math.log(2) / np.maximum(self.bytes, 1)

    @property
    def perplexity(self) -> float:
        return math.exp(min(700.0, self.mean))

    @property
    def bits_per_byte(self) -> float:
        return float(self.sums.sum() / math.log(2) / self.bytes.sum())


def masked_loss(
    folder: str | Path, texts: Sequence[str], *, objective: Objective | None = None, length: int = 128, seed: int = 0
) -> Losses:
    """Losses of a masked language model where ``objective`` hides words (15 % of the tokens by default), the same places
    for models with the same tokenizer."""
    return _losses(Path(folder), texts, objective or MaskedLanguage(), length, seed)


def perplexity(folder: str | Path, texts: Sequence[str], *, length: int = 512) -> Losses:
    """Losses of a causal language model: every token from those before it, texts cut to ``length``."""
    return _losses(Path(folder), texts, NextToken(), length, 0)


def _losses(folder: Path, texts: Sequence[str], objective: Objective, length: int, seed: int) -> Losses:
    import torch
    import transformers

    from osler.tuning.networks.decoder import decoder
    from osler.tuning.networks.encoder_heads import encoder
    from osler.tuning.pretrain_learner import PretrainLearner

    tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
    vocabulary = vocabulary_of(tokenizer, objective.family)
    model = (
        encoder(folder, 0, 0, seed=0) if objective.family == "encoder" else decoder(folder, 0, 0, None, None, seed=0)
    )
    rows: list[Row] = []
    owners: list[int] = []
    sizes = np.zeros(len(texts))
    for at, text in enumerate(texts):
        for document in documents_of([Text(str(at), text)], tokenizer):
            made = rows_of([document], [objective], length, vocabulary, seed=seed, packed=False)
            rows += made
            owners += [at] * len(made)
            sizes[at] = document.size
    if not rows:
        raise DataError("the texts have no tokens", hint="give texts that are not empty")
    learner = PretrainLearner(model.eval(), rows, [], [objective], vocabulary)
    sums, counts = np.zeros(len(texts)), np.zeros(len(texts))
    order = sorted(range(len(rows)), key=lambda at: learner.lengths[at])
    with torch.inference_mode():
        for chosen in passes(order, learner.lengths, _TOKENS):
            batch = learner.batch(chosen, Key(seed, 0))
            logits, right = learner.told(batch)[objective.title]
            found = torch.nn.functional.cross_entropy(logits, right, reduction="none").double().numpy()
            of = batch.inputs["places"].numpy() // batch.inputs["ids"].shape[1]
            text_of = np.asarray([owners[row] for row in chosen])[of]
            np.add.at(sums, text_of, found)
            np.add.at(counts, text_of, 1.0)
    return Losses(sums, counts, sizes)


def text_vectors(folder: str | Path, texts: Sequence[str], *, pooling: str = "mean", length: int = 512) -> Doubles:
    """Frozen vectors ``[n, width]`` of texts: the mean over tokens, or the "first" token's."""
    held = token_vectors(folder, [text.split() for text in texts], length=length, whole=True)
    return np.stack([one.mean(0) if pooling == "mean" else one[0] for one in held])


def token_vectors(
    folder: str | Path, words: Sequence[Sequence[str]], *, length: int = 512, whole: bool = False
) -> list[Doubles]:
    """For each text the last hidden states of its words ``[words, width]``, that of a word being its first piece's; with
    ``whole`` those of all tokens. A word beyond ``length`` tokens has zeros."""
    import torch
    import transformers

    with quiet():
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
        model = transformers.AutoModel.from_pretrained(folder, dtype=torch.float32, local_files_only=True).eval()
    limit = min(length, getattr(model.config, "max_position_embeddings", length))
    coded = [tokenizer(list(one), is_split_into_words=True, truncation=True, max_length=limit) for one in words]
    order = sorted(range(len(words)), key=lambda at: len(coded[at]["input_ids"]))
    lengths = [len(one["input_ids"]) for one in coded]
    found: list[Doubles] = [np.zeros((0, 0))] * len(words)
    with torch.inference_mode():
        for chosen in passes(order, lengths, _TOKENS):
            longest = max(lengths[at] for at in chosen)
            ids, mask = torch.zeros(2, len(chosen), longest, dtype=torch.long)
            for row, at in enumerate(chosen):
                ids[row, : lengths[at]] = torch.tensor(coded[at]["input_ids"])
                mask[row, : lengths[at]] = 1
            states = model(input_ids=ids, attention_mask=mask).last_hidden_state.double().numpy()
            for row, at in enumerate(chosen):
                held = states[row, : lengths[at]]
                found[at] = held if whole else _firsts(held, coded[at].word_ids(), len(words[at]))
    return found


def _firsts(states: Doubles, owners: Sequence[int | None], words: int) -> Doubles:
    out = np.zeros((words, states.shape[1]))
    for place in range(len(owners) - 1, -1, -1):
        owner = owners[place]
        if owner is not None:
            out[owner] = states[place]
    return out


def probe(x: Doubles, y: NDArray[np.int64], unseen: Doubles, *, classes: int, l2: float = 1e-3) -> NDArray[np.int64]:
    """The classes of ``unseen [m, width]`` by logistic regression on frozen vectors ``x [n, width]`` with classes ``y``;
    features are scaled by the mean and spread of ``x``."""
    mean, spread = x.mean(0), x.std(0) + 1e-6
    known, asked = (np.c_[(one - mean) / spread, np.ones(len(one))] for one in (x, unseen))
    weights = fit(known, y, np.ones((len(x), classes), np.bool_), l2=l2)
    shares: Any = log_shares(asked @ weights.T, np.ones((len(unseen), classes), np.bool_))
    return np.asarray(shares.argmax(1), np.int64)
