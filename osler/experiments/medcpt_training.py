"""MedCPT's training at tiny scale: a retriever from a log of searches, and what a re-ranker adds by its negatives."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import orjson

from osler.core.block import replace
from osler.core.types import Example, Prediction
from osler.evaluation.metrics.retrieval import NdcgAt10
from osler.experiments.measure import Gain
from osler.experiments.outcome import Claim, Curve, Figure, Outcome, Point, Setting, TableOf
from osler.experiments.seeds import gain_over_seeds, mean_over_seeds
from osler.knowledge.bm25 import BM25
from osler.knowledge.dense import Dense
from osler.knowledge.fusion import Fused
from osler.knowledge.passages import Index, PassageList
from osler.knowledge.rerank import Reranked
from osler.recipes.models.medcpt import TINY
from osler.tuning.bi_encoder import BiEncoder
from osler.tuning.pair_data import InventedClicks, Matched
from osler.tuning.stage import made

TITLE = "A retriever learnt from a log of searches, and a re-ranker learnt from the retriever's mistakes"
SOURCE = "MedCPT, Jin et al. 2023, Bioinformatics, arXiv:2307.00589"
PLAIN = (
    "Readers search with words that the articles do not use. A program that saw what earlier readers chose learns what they "
    "mean; a second one reads the first results again. It was measured on searches that neither had seen."
)
SEEDS = 3
SYSTEMS = {
    "bm25": "BM25",
    "shared": "dense, one encoder for both sides",
    "asymmetric": "dense, an encoder for each side",
    "fused": "fused (RRF 60)",
    "random": "fused, re-ranked (random negatives)",
    "local": "fused, re-ranked (local negatives)",
}
DEPTH = 20  # passages that are re-ranked
STEPS = ("Dense search learnt from the log finds more than BM25", "bm25", "asymmetric"), (
    "Fusion of both finds more than dense search alone", "asymmetric", "fused"), (
    "Re-ranking with local negatives moves the right text up", "fused", "local"), (
    "Local negatives teach a re-ranker more than random ones", "random", "local"), (
    "An encoder for each side finds more than one for both", "shared", "asymmetric",
)  # fmt: skip


async def run(setting: Setting) -> Outcome:
    found: dict[str, list[list[float]]] = {name: [] for name in SYSTEMS}
    cases = 0
    for seed in range(setting.seed, setting.seed + SEEDS):
        with tempfile.TemporaryDirectory() as shelf:
            values = await measured(setting, seed, shelf)
        for name, each in values.items():
            found[name].append(each)
        cases += len(values["bm25"])
    source = log(setting, "train", 0)
    return Outcome(
        setup=(
            f"{SEEDS} logs of {source.each * source.texts:,} made-up searches over {source.texts} texts each "
            f"({_TEXTS[source.source]}). A search has {source.words} words of the text that its reader chose, {source.lay:.0%} of them as "
            "readers say them, in words that no text has: only the log can teach what they mean. Two retrievers of one layer "
            "and two re-rankers of two layers are trained from scratch on each log: InfoNCE with the other texts of a batch as negatives "
            "(0.8 from search to text, 0.2 back, weighed by clicks), then a softmax over lists of one right and seven wrong texts, "
            f"from the retriever's first 20 or drawn at random. Measured: {cases} new searches on the same texts, nDCG@10."
        ),
        tables=[table(found)],
        figures=[figure(found)],
        claims=[claim(text, gain_over_seeds(found[first], found[second])) for text, first, second in STEPS],
        limits=(
            "Searches are made by rule and only one text counts as right. The texts were all seen in training, the searches were not, as "
            "with a log over a fixed collection; nothing is said of new texts. Networks are tiny and begin with random weights, so that "
            "what a pre-trained encoder would know is missing. The re-ranker, too, begins with random weights and orders its texts hardly "
            "better than chance: what is seen of it here speaks of this network, not of MedCPT's."
        ),
    )


_TEXTS = {"clinic": "abstracts of an invented clinic", "pubmedqa": "conclusions of PubMedQA's training part"}


def log(setting: Setting, part: Literal["train", "test"], seed: int) -> InventedClicks:
    """The log of one seed: over real texts where the data folder is there."""
    source: Literal["clinic", "pubmedqa"] = "pubmedqa" if os.environ.get("OSLER_DATA") else "clinic"
    each = 1 if part == "test" else 6
    return InventedClicks(source=source, texts=40 if setting.quick else 200, each=each, part=part, seed=seed)


async def measured(setting: Setting, seed: int, shelf: str) -> Mapping[str, list[float]]:
    """nDCG@10 of each test search for every system."""
    train = log(setting, "train", seed)
    two: BiEncoder = replace(TINY.retriever, data=train)
    if setting.quick:
        two = replace(two, **{"schedule.steps": 12, "schedule.batch_rows": 16})
    trained = {
        "asymmetric": await asyncio.to_thread(made, two, seed=seed, shelf=shelf),
        "shared": await asyncio.to_thread(made, replace(two, article_base=None), seed=seed, shelf=shelf),
    }
    rankers = {}
    for draw in ("random", "local"):
        stage = replace(TINY, data=train, retriever=trained["asymmetric"], draw=draw)
        if setting.quick:
            stage = replace(stage, **{"schedule.steps": 8, "schedule.batch_rows": 4})
        rankers[draw] = await asyncio.to_thread(made, stage, seed=seed, shelf=shelf)
    collection = PassageList(items=train.passages())
    systems: dict[str, Index] = {"bm25": BM25(collection=collection)}
    systems |= {name: Dense(collection=collection, encoder=model, cache="") for name, model in trained.items()}
    systems["fused"] = Fused(indexes=(systems["bm25"], systems["asymmetric"]))
    for draw, model in rankers.items():
        systems[draw] = Reranked(inner=systems["fused"], scorer=model, depth=DEPTH)
    tested = log(setting, "test", seed).matches()
    return {name: await ndcg(index, tested) for name, index in systems.items()}


async def ndcg(index: Index, cases: Sequence[Matched]) -> list[float]:
    out = []
    for place, case in enumerate(cases):
        hits = await index.search(case.query, 10)
        example = Example(id=str(place), input={"question": case.query}, target="", meta={"relevance": {case.id: 1}})
        answer = orjson.dumps([item.id for item, _ in hits]).decode()
        out.append(NdcgAt10().score(example, Prediction(answer=answer)).value or 0.0)
    return out


def told(one: Gain) -> str:
    low, high = (f"{end:+.3f}".replace("-", "\u2212") for end in (one.low, one.high))
    return f"{one.value:+.3f} ({low} to {high})".replace("-", "\u2212")


def table(found: Mapping[str, Any]) -> TableOf:
    rows = []
    for name, values in found.items():
        mean, low, high = mean_over_seeds(values)
        each = ", ".join(f"{np.mean(seed):.3f}" for seed in values)
        rows.append([SYSTEMS[name], f"{mean:.3f} ({low:.3f} to {high:.3f})", each])
    return TableOf(
        title="nDCG@10 on new searches",
        columns=("search", "nDCG@10 (95 % interval)", "each log"),
        rows=rows,
        about="Intervals over searches and logs together.",
    )


def figure(found: Mapping[str, Any]) -> Figure:
    points = []
    for place, values in enumerate(found.values()):
        mean, low, high = mean_over_seeds(values)
        points.append(Point(x=place, y=mean, low=low, high=high))
    return Figure(
        title="nDCG@10 of each way to search",
        x_title="search",
        y_title="nDCG@10",
        curves=[Curve(title="new searches", points=points, joined=False)],
        unit="value",
        names=dict(
            enumerate(("BM25", "dense, shared", "dense, two", "fused", "re-ranked, random", "re-ranked, local"))
        ),
    )


def claim(text: str, seen: Gain) -> Claim:
    return Claim(text=text, seen=told(seen), holds=True if seen.low > 0 else False if seen.high < 0 else None)
