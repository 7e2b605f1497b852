"""Passages embedded per second of CPU: Osler's encoder beside plain sentence-transformers. Run as ``python -m``."""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import orjson

from osler.bench.machine import peak_mb
from osler.bench.retrieval_timing import emit
from osler.models.minilm import load, model_folder

_SINGLE = 30  # questions embedded one at a time
Embed = Callable[[Sequence[str]], Any]


def _osler(precision: Any) -> Embed:
    model = load("", precision)
    return lambda texts: model.forward(model.tokens(texts))


def osler_float32() -> Embed:
    return _osler("float32")


def osler_int8() -> Embed:
    return _osler("int8")


def sentence_transformers() -> Embed:
    torch: Any = importlib.import_module("torch")
    torch.set_num_threads(1)
    made: Any = importlib.import_module("sentence_transformers").SentenceTransformer(str(model_folder()), device="cpu")
    return lambda texts: made.encode(list(texts), show_progress_bar=False)


# By name: the packages that each needs, and how it is made.
EMBEDDERS: Mapping[str, tuple[tuple[str, ...], Callable[[], Embed]]] = {
    "osler int8": (("onnx", "onnxruntime"), osler_int8),
    "osler float32": ((), osler_float32),
    "sentence-transformers": (("sentence_transformers", "torch"), sentence_transformers),
}


def main(name: str, folder: str, start: int, count: int) -> None:
    """Print the figures of one side; its vectors go to ``folder``. ``count`` passages from ``start`` on are embedded."""
    texts = orjson.loads((Path(folder) / "passages.json").read_bytes())[start : start + count]
    asked = [query for query, _ in orjson.loads((Path(folder) / "questions.json").read_bytes())[:_SINGLE]]
    begun = time.perf_counter()
    embed = EMBEDDERS[name][1]()
    ready = time.perf_counter() - begun
    embed(texts[:8])
    begun, spent = time.perf_counter(), time.process_time()
    made = embed(texts)
    spent = time.process_time() - spent
    waits = []
    for query in asked:
        at = time.process_time()
        embed([query])
        waits.append(1000 * (time.process_time() - at))
    np.save(Path(folder) / f"embedded {name}.npy", np.asarray(made, np.float32))
    emit(
        {
            "ready_s": ready,
            "passages_per_cpu_s": count / spent,
            "wall_s": time.perf_counter() - begun,
            "one_question_cpu_ms": median(waits),
            "peak_mb": peak_mb(),
        }
    )


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], *(int(item) for item in sys.argv[3:5]))
