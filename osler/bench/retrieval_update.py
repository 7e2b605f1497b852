"""From the update of one document of a knowledge store to the search that shows it, embedding included."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from osler.bench.machine import peak_mb
from osler.bench.retrieval_timing import emit
from osler.core.errors import OslerError
from osler.knowledge.bm25 import BM25
from osler.knowledge.dense import Dense
from osler.knowledge.document import Document
from osler.knowledge.passages import Index
from osler.knowledge.store import KnowledgeStore
from osler.knowledge.stored import Stored
from osler.models.encoder import Encoder

WARM_UP = 3


def main(folder: str, documents: int, updates: int) -> None:
    """Print, for search by words and by vectors, how long an update of one of ``documents`` takes to be found."""
    texts = orjson.loads((Path(folder) / "passages.json").read_bytes())[:documents]
    store = KnowledgeStore(Path(folder) / "store", create=True)
    begun = time.perf_counter()
    store.put([Document(id=f"doc{number}", text=text) for number, text in enumerate(texts)])
    figures: dict[str, Any] = {"put_s": time.perf_counter() - begun}
    stored = Stored(path=str(Path(folder) / "store"))
    precision: Any = "int8"
    indexes: dict[str, Index] = {
        "words": BM25(collection=stored),
        "vectors": Dense(collection=stored, encoder=Encoder(precision=precision)),
    }
    with asyncio.Runner() as runner:
        for name, index in indexes.items():
            begun = time.perf_counter()
            runner.run(index.search("a question", 1))
            figures[f"{name}_build_s"] = time.perf_counter() - begun
            waits = [_update(runner, store, index, f"doc{turn}", turn) for turn in range(WARM_UP + updates)][WARM_UP:]
            figures |= {f"{name}_p50_ms": float(np.median(waits)), f"{name}_p99_ms": float(np.quantile(waits, 0.99))}
    emit({**figures, "peak_mb": peak_mb()})


def _update(runner: asyncio.Runner, store: KnowledgeStore, index: Index, name: str, turn: int) -> float:
    said = f"The dose of osleromycin in group {turn} is {turn + 5} mg twice daily, with food, for {turn % 9 + 2} weeks."
    held = store.read(name).document
    if held is not None and held.text == said:
        said += " Revised."
    begun = time.perf_counter()
    store.update(Document(id=name, text=said))
    found = runner.run(index.search(said, 1))
    spent = 1000 * (time.perf_counter() - begun)
    if not found or found[0][0].text != said:
        raise OslerError(f"the update of {name} was not found by the next search")
    return spent


if __name__ == "__main__":
    main(sys.argv[1], *(int(item) for item in sys.argv[2:4]))
