"""On questions of BioASQ int8 finds what float32 finds."""

from __future__ import annotations

import asyncio
import math
from collections import defaultdict
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
import pytest

from osler.core.types import Passage
from osler.data.published import rows
from osler.knowledge.dense import Dense
from osler.knowledge.passages import PassageList
from osler.models.encoder import Encoder
from osler.models.onnx_session import installed

QUESTIONS, PASSAGES = 100, 400


def ndcg(found: list[str], right: set[str]) -> float:
    gains = [1 / math.log2(place + 2) for place, name in enumerate(found) if name in right]
    return sum(gains) / sum(1 / math.log2(place + 2) for place in range(min(10, len(right))))


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.skipif(not installed(), reason="the extra search is not installed")
def test_int8_ranks_as_well_as_float32(data_folder: Path) -> None:
    folder = data_folder / "bioasq"
    texts = {row["_id"]: row["text"] for row in rows(folder / "passages.jsonl.gz", what="BioASQ")}
    asked = rows(folder / "bioasq_7b_11b_gold.jsonl.gz", what="BioASQ")[::23][:QUESTIONS]
    right: dict[str, set[str]] = defaultdict(set)
    for line in (folder / "qrels.tsv").read_text().splitlines()[1:]:
        question, passage, _ = line.split("\t")
        right[question].add(passage)
    wanted = [name for row in asked for name in sorted(right[row["id"]])[:2]]
    names = list(dict.fromkeys([*wanted, *texts]))[:PASSAGES]
    held = PassageList(items=tuple(Passage(id=name, text=texts[name]) for name in names))
    pairs = [(row["question"], right[row["id"]] & set(names)) for row in asked if right[row["id"]] & set(names)]
    scores = {}
    for precision in ("float32", "int8"):
        settings: Any = precision
        index = Dense(collection=held, encoder=Encoder(precision=settings), cache="")

        async def ask(index: Dense = index) -> Any:
            return await asyncio.gather(*(index.search(question, 10) for question, _ in pairs))

        found = asyncio.run(ask())
        scores[precision] = [
            ndcg([passage.id for passage, _ in hits], names) for hits, (_, names) in zip(found, pairs, strict=True)
        ]
    assert len(pairs) >= 80
    assert mean(scores["float32"]) > 0.7
    assert abs(float(np.mean(np.subtract(scores["int8"], scores["float32"])))) < 0.02
