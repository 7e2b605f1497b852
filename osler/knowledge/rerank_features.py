"""A re-ranker of a few readable numbers: shared words, their rarity, meaning and rank, weighed by a linear rule.

It needs no torch and no file: its weights stand in its spec, so that a study file holds the whole system. They are trained by a
listwise softmax (``osler.tuning.feature_reranker``), as those of MedCPT's re-ranker are (Jin et al. 2023,
arXiv:2307.00589).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from osler.core.block import block
from osler.core.errors import SpecError
from osler.core.types import Model, Passage
from osler.knowledge.bm25 import terms
from osler.models.embedding import embed_with
from osler.models.encoder import Encoder

Doubles = NDArray[np.float64]
FEATURES = (
    "score",  # of the search, standardised over the passages found
    "place",  # 1 / (10 + rank) x 10, rank from 0
    "cosine",  # of the embeddings of query and passage
    "cosine, standardised",
    "rarity-weighted share of the query's words in the passage",
    "BM25 among the passages found, standardised",
    "rarest word of the query is in the passage",
    "share of the query's word pairs that stand together in the passage",
    "share of the query's numbers in the passage",
    "opening of the passage has the query's words, share",
    "length (log2 of words / 8)",
)
_STEM = 6  # letters of a word that count: hypertensive and hypertension are one
_OPENING = 25  # words that count as the opening of a passage
_FIRST = 10  # weight of the first places: 1 / (10 + rank)


# Learnt from 364 questions (168 of MedQuAD's training part, 196 of PubMedQA's) and the 15 passages that BM25 finds for each,
# without any that share text with BioASQ, LiveQA or the TrialGPT patients (``osler.tuning.rerank_sources``).
TRAINED = (0.016, 0.109, 0.617, 2.641, 0.716, 0.309, -0.036, 1.012, 0.05, 0.324, 0.32)


@block
class FeatureReranker:
    """Scores passages by ``weights`` on FEATURES, in their order; those given were learnt on public questions and answers.

    encoder: gives the cosines; None leaves them 0. Rarity is counted among the passages of one call, so that no index
    of the whole collection is needed. Reads passages in milliseconds, once their vectors are known.
    """

    weights: tuple[float, ...] = TRAINED
    encoder: Model | None = Encoder()

    def check(self) -> None:
        if len(self.weights) != len(FEATURES):
            raise SpecError(
                f"feature_reranker.weights has {len(self.weights)} numbers and there are {len(FEATURES)} features",
                hint="train it anew: osler.tuning.feature_reranker",
            )

    async def relevance(self, query: str, found: Sequence[tuple[Passage, float]]) -> Doubles:
        """The weighted sum of the features of each passage, ``[n]``."""
        return np.asarray(await self.features(query, found) @ np.array(self.weights))

    async def features(self, query: str, found: Sequence[tuple[Passage, float]]) -> Doubles:
        """``[n, FEATURES]`` numbers, each about -3 to 3."""
        if not found:
            return np.zeros((0, len(FEATURES)))
        texts = [passage.text for passage, _ in found]
        cosines = np.zeros(len(texts))
        if self.encoder is not None:
            vectors = (await embed_with(self.encoder, [query, *texts])).vectors
            cosines = vectors[1:].astype(np.float64) @ vectors[0].astype(np.float64)
        places = _FIRST / (_FIRST + np.arange(len(texts)))
        return np.column_stack(
            [standard([score for _, score in found]), places, cosines, standard(cosines), _words(query, texts)]
        )


def standard(values: Any) -> Doubles:
    """Mean 0 and standard deviation 1; all 0 where the values are equal."""
    held = np.asarray(values, np.float64)
    spread = float(held.std())
    return np.asarray((held - held.mean()) / spread if spread > 1e-12 else np.zeros(len(held)))


def _words(query: str, texts: Sequence[str]) -> Doubles:
    """What the words say, ``[n, 7]``."""
    asked = [word[:_STEM] for word in terms(query)]
    held = [[word[:_STEM] for word in terms(text)] for text in texts]
    counts = [Counter(words) for words in held]
    wanted = list(dict.fromkeys(asked))
    n = len(texts)
    rarity = {word: math.log(1 + (n + 0.5) / (sum(word in one for one in counts) + 0.5)) for word in wanted}
    total = sum(rarity.values()) or 1.0
    known = [word for word in wanted if any(word in one for one in counts)]
    rarest = max(known, key=lambda word: rarity[word], default="")
    pairs = set(pairwise(asked))
    numbers = {word for word in wanted if word.isdigit()}
    mean = sum(map(len, held)) / n or 1.0
    rows = []
    for words, count in zip(held, counts, strict=True):
        near = set(pairwise(words))
        opening = set(words[:_OPENING])
        norm = 1.2 * (0.25 + 0.75 * len(words) / mean)
        rows.append(
            [
                sum(rarity[word] for word in wanted if word in count) / total,
                sum(rarity[word] * count[word] * 2.2 / (count[word] + norm) for word in wanted if word in count),
                float(bool(rarest) and rarest in count),
                len(pairs & near) / len(pairs) if pairs else 0.0,
                len(numbers & count.keys()) / len(numbers) if numbers else 0.0,
                sum(rarity[word] for word in wanted if word in opening) / total,
                math.log2(1 + len(words) / 8),
            ]
        )
    found = np.asarray(rows)
    found[:, 1] = standard(found[:, 1])
    return found
