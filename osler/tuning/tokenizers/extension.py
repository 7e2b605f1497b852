"""Words added to a vocabulary, embeddings for them, and how many pieces a word is cut into."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from osler.core.errors import DataError, ModelError, SpecError
from osler.core.statistics.bootstrap import cluster_bootstrap, percentile
from osler.tuning.corpora.corpus import Corpus, Text
from osler.tuning.tokenizers.special import strings

if TYPE_CHECKING:
    import torch

_WORD = re.compile(r"[^\W\d_]{2,}(?:[-'][^\W\d_]+)*")


def extended(tokenizer: Any, words: Iterable[str]) -> Any:
    """A copy of a tokenizer to which ``words`` are added as whole tokens, in order; those it has already are passed over.

    A word is found only where it stands by itself, so that "ache" does not cut "headache". Where the tokenizer drops
    case, words do, too. SpecError for a word that is empty or a special token. Source: CPLLM (Ben Shoham and Rappoport
    2024), where descriptions of diagnoses and drugs become tokens.
    """
    from tokenizers import AddedToken

    made = copy.deepcopy(tokenizer)
    known = made.get_vocab()
    fresh: dict[str, None] = {}
    for word in words:
        if not word.strip() or word in made.all_special_tokens:
            raise SpecError(f"the word {word!r} cannot be added to a vocabulary", hint="leave it out")
        if made.backend_tokenizer.normalizer is not None:
            word = made.backend_tokenizer.normalizer.normalize_str(word)
        if word.strip() not in known:
            fresh[word.strip()] = None
    made.add_tokens([AddedToken(word, single_word=True, normalized=True) for word in fresh])
    return made


def resize(network: torch.nn.Module, tokenizer: Any, before: Any) -> int:
    """Give ``network`` a row of embeddings for each token that ``tokenizer`` has beyond ``before``; how many were added.

    A new row is the mean of the rows of the pieces into which ``before`` cuts the word, in the output matrix, too,
    where it is not tied to the input (Hewitt 2021: new rows drawn at random can take all of the probability). Rows that
    the network has already stay as they are. ModelError where ``before`` is not the tokenizer of the network.
    """
    import torch

    old, new = before.get_vocab(), tokenizer.get_vocab()
    if any(new.get(token) != place for token, place in old.items()):
        raise ModelError("the wider tokenizer gives known tokens other ids", hint="make it by extended(before, words)")
    size: int = network.get_input_embeddings().weight.shape[0]
    if size < len(before):
        raise ModelError(
            f"the network has {size} embeddings and its tokenizer {len(before)} tokens",
            hint="give the tokenizer that the network was trained with",
        )
    fresh = sorted((place, token) for token, place in new.items() if token not in old)
    with torch.no_grad():
        held = [
            layer.weight.detach().clone()
            for layer in (network.get_input_embeddings(), network.get_output_embeddings())
            if layer is not None
        ]
        if len(tokenizer) > size:
            network.resize_token_embeddings(len(tokenizer), mean_resizing=False)
        layers = [
            layer for layer in (network.get_input_embeddings(), network.get_output_embeddings()) if layer is not None
        ]
        for layer, rows in zip(layers, held, strict=True):
            for place, token in fresh:
                pieces = before(token, add_special_tokens=False)["input_ids"]
                layer.weight[place] = rows[pieces].mean(0) if pieces else rows[: len(before)].mean(0)
    return len(fresh)


class Pieces(NamedTuple):
    """Pieces of a word on average, with a 95 % interval over documents. ``whole``: the share of words in one piece."""

    mean: float
    low: float
    high: float
    whole: float
    words: int
    documents: int


def pieces_per_word(
    tokenizer: Any, texts: Corpus | Iterable[Text | str], *, resamples: int = 2000, seed: int = 0
) -> Pieces:
    """How many tokens a word has on average over all words of the texts; documents are drawn for the interval.

    A word is a run of at least two letters, also with hyphens; numbers and marks do not count. DataError without words.
    """
    rows = word_pieces(tokenizer, list(strings(texts)))
    rows = rows[rows[:, 1] > 0]
    if not len(rows):
        raise DataError("there are no words in the texts", hint="give other texts")
    pieces, words, whole = rows.sum(0)
    draws = cluster_bootstrap(rows, np.arange(len(rows)), _ratio, resamples=resamples, seed=seed)
    ends = percentile(draws)
    low, high = (ends.low, ends.high) if ends else (pieces / words, pieces / words)
    return Pieces(float(pieces / words), low, high, float(whole / words), int(words), len(rows))


def _ratio(totals: np.ndarray[Any, np.dtype[np.float64]]) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.asarray(totals[..., 0] / totals[..., 1])


def word_pieces(tokenizer: Any, texts: Sequence[str]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """For each text [n, 3]: pieces of its words, words, and words of one piece."""
    found = [_WORD.findall(text) for text in texts]
    kinds = sorted({word for words in found for word in words})
    cut: dict[str, int] = {}
    for start in range(0, len(kinds), 10_000):
        part = kinds[start : start + 10_000]
        ids = tokenizer([" " + word for word in part], add_special_tokens=False)["input_ids"]
        cut.update(zip(part, map(len, ids), strict=True))
    return np.array(
        [(sum(map(cut.__getitem__, words)), len(words), sum(cut[word] == 1 for word in words)) for words in found],
        np.float64,
    ).reshape(-1, 3)
