"""ONNX Runtime on a CPU: token ids in, vectors out, texts of one length together and one thread for each core."""

from __future__ import annotations

import importlib
import importlib.util
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from osler.core.errors import DataError, ModelError
from osler.models.bert_graph import Precision, bert_graph
from osler.models.bert_weights import BertWeights
from osler.models.blas import one_blas_thread

Floats = NDArray[np.float32]
Ids = NDArray[np.int64]
Pooling = Literal["mean", "cls"]
_BATCH_TOKENS = 256  # what one pass holds stays in the cache of a core; 1,024 tokens take 5 to 20 % longer
HINT = 'pip install "osler[search]"'


def installed() -> bool:
    """Whether ONNX Runtime and the package that makes graphs are there (extra ``search``)."""
    return all(importlib.util.find_spec(name) is not None for name in ("onnxruntime", "onnx"))


def session(model: bytes | Path) -> Any:
    """An inference session of one thread: passes run side by side instead. DataError for what is no ONNX model."""
    try:
        onnxruntime: Any = importlib.import_module("onnxruntime")
    except ImportError:
        raise ModelError("ONNX Runtime is not installed", hint=HINT, kind="not_installed") from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    given = str(model) if isinstance(model, Path) else model
    try:
        return onnxruntime.InferenceSession(given, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its errors share no class of their own
        name = model.name if isinstance(model, Path) else "the graph"
        raise DataError(
            f"ONNX Runtime cannot open {name} ({type(error).__name__})", hint="fetch the file again"
        ) from error


class BertSession:
    """A BERT-type encoder on ONNX Runtime. Safe to use from several threads."""

    def __init__(self, weights: BertWeights, precision: Precision) -> None:
        self._session = session(bert_graph(weights, precision))
        self._words, self._positions = weights.words, weights.positions

    def vectors(self, ids: Sequence[Sequence[int]], *, pooling: Pooling, unit: bool) -> Floats:
        """``[n, width]``: the mean over the tokens of each row of ids or the vector of its first; of length one if ``unit``.

        The same row gives the same bits, whatever else is asked.
        """

        def run(part: Ids) -> Floats:
            x = self._words[part]
            x += self._positions[: part.shape[1]]
            return pooled(self._session.run(None, {"x": x})[0], pooling, unit=unit)

        return in_batches(ids, run, self._words.shape[1])


def pooled(hidden: Floats, pooling: Pooling, *, unit: bool) -> Floats:
    """One vector ``[texts, width]`` of each text from ``hidden [texts, tokens, width]`` without padding."""
    found = hidden.mean(axis=1) if pooling == "mean" else hidden[:, 0]
    if unit:
        found = found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-12)
    return np.asarray(found, np.float32)


def in_batches(
    ids: Sequence[Sequence[int]],
    run: Callable[[Ids], Floats],
    width: int,
    *,
    tokens: int = _BATCH_TOKENS,
    threads: int = 0,
) -> Floats:
    """``run(ids [texts, tokens]) -> [texts, width]`` over rows of equal length, results in the order of ``ids``.

    ``threads``: how many passes run side by side; 0 is as many as BLAS would use. There is no padding, so a vector does not depend on what it was computed with, and no work is wasted.
    """
    out = np.empty((len(ids), width), np.float32)
    order = sorted(range(len(ids)), key=lambda row: len(ids[row]))
    batches = []
    for length, rows in groupby(order, key=lambda row: len(ids[row])):
        same = list(rows)
        step = max(1, tokens // length)
        batches += [same[start : start + step] for start in range(0, len(same), step)]

    def work(batch: list[int]) -> None:
        out[batch] = run(np.array([ids[row] for row in batch], np.int64))

    with one_blas_thread() as allowed:
        threads = min(threads or allowed, os.cpu_count() or 1, len(batches))
        if threads < 2:
            for batch in batches:
                work(batch)
        else:
            with ThreadPoolExecutor(threads) as pool:
                list(pool.map(work, reversed(batches)))  # the longest first, so that no thread ends alone with them
    return out
