"""MedCPT's design on what is here: lexical, dense, fused and re-ranked search, and what localized negatives teach."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from osler.core.statistics.bootstrap import paired_bootstrap
from osler.core.statistics.paired import Difference
from osler.core.types import Example, Passage, Prediction
from osler.data.sets.bioasq import BioASQ
from osler.evaluation.metrics.retrieval import MrrAt10, NdcgAt10, RecallAt10
from osler.experiments.outcome import Claim, Curve, Figure, Outcome, Point, Setting, TableOf
from osler.knowledge.bm25 import BM25
from osler.knowledge.dense import Dense
from osler.knowledge.fusion import Fused
from osler.knowledge.passages import Index, PassageList
from osler.knowledge.rerank import Reranked
from osler.knowledge.rerank_features import FeatureReranker
from osler.models.encoder import Encoder
from osler.tuning.feature_reranker import train_features
from osler.tuning.rerank_data import Questions, Ranks, Sought, ranked, without_copies
from osler.tuning.rerank_sources import joined, medquad, pubmedqa

TITLE = "Lexical, dense, fused and re-ranked search, and what localized negatives teach a re-ranker"
SOURCE = "MedCPT, Jin et al. 2023, Bioinformatics, arXiv:2307.00589 (needs OSLER_DATA)"
PLAIN = (
    "Searching by words and by meaning together finds more than searching by words, and reading the first results again moves "
    "the right ones up; by how much depends on how like the training questions the asked ones are."
)
SYSTEMS = {
    "bm25": "BM25",
    "dense": "dense",
    "fused": "fused (RRF 60)",
    "random": "BM25, re-ranked (random negatives)",
    "localized": "BM25, re-ranked (localized negatives)",
}
METRICS = (NdcgAt10(), MrrAt10(), RecallAt10())
DEPTH = 20  # passages that are re-ranked
LISTED = 12  # passages of a list to train on
SHORT = 250  # characters of a passage of MedQuAD and PubMedQA
Values = NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Judged:
    """Questions with their gold passages and a corpus in which these stand among others."""

    name: str
    title: str
    cases: Sequence[Example]
    passages: Sequence[Passage]


async def run(setting: Setting) -> Outcome:
    sets = [bioasq(setting), held_out(setting)]
    questions = training(setting, sets)
    local, by_chance = await lists(questions, setting)
    encoder = Encoder(precision="float32")
    rerankers = {
        "random": await train_features(by_chance, FeatureReranker(encoder=encoder)),
        "localized": await train_features(local, FeatureReranker(encoder=encoder)),
    }
    found = {one.name: await measured(one, encoder, rerankers) for one in sets}
    return Outcome(
        setup=(
            f"Two corpora: {_told(sets[0])}; {_told(sets[1])}. Dense search and cosines by the embedded encoder. The re-ranker "
            f"is the light one ({DEPTH} passages of BM25 read again), trained by a listwise softmax on {len(local)} other "
            "questions of MedQuAD's training part and of PubMedQA, once against wrong passages that BM25 ranks high (localized) and "
            "once against as many passages drawn at random. Left out of training before: "
            + "; ".join(f"{count} with a {reason}" for reason, count in questions.left_out.items())
            + "."
        ),
        tables=[table(one, found[one.name]) for one in sets],
        figures=[figure(sets, found)],
        claims=claims(sets, found),
        limits=(
            "The corpora are small samples: every gold passage of the questions among passages of other questions, so that "
            "figures are higher than over the whole sets and far higher than over PubMed. Passages that nobody judged count as "
            "wrong. The re-ranker is linear over eleven features: what localized negatives do for a cross-encoder of millions of "
            "weights may be more. Questions of MedQuAD are made by a fixed wording."
        ),
    )


def bioasq(setting: Setting) -> Judged:
    """A sample of BioASQ's questions; their passages and those of other questions."""
    source, count = BioASQ(), 24 if setting.quick else 150
    held = list(source.examples("test"))
    random.Random(setting.seed).shuffle(held)
    cases, others = held[:count], held[count : 2 * count]
    names = {name for case in (*cases, *others) for name in case.meta["relevance"]}
    kept = [item for item in source.passages() if item.id in names]
    return Judged("bioasq", "BioASQ, sample", cases, kept)


def held_out(setting: Setting) -> Judged:
    """Questions of MedQuAD's validation part; right is every answer of the question's focus and type."""
    count = 24 if setting.quick else 150
    held = medquad("valid", characters=SHORT)
    sought = list(held.sought)
    random.Random(setting.seed).shuffle(sought)
    cases = [
        Example(
            id=f"medquad/{place}",
            input={"question": one.query},
            target="",
            meta={"relevance": dict.fromkeys(one.also, 1)},
        )
        for place, one in enumerate(sought[:count])
    ]
    names = {name for one in sought[: 4 * count] for name in one.also}
    return Judged("medquad", "MedQuAD, held out", cases, [item for item in held.passages if item.id in names])


def training(setting: Setting, sets: Sequence[Judged]) -> Questions:
    """Questions to train on, less those that share text with the sets on which is measured."""
    count = 20 if setting.quick else 90
    parts = []
    for part in (medquad("train", characters=SHORT), pubmedqa(characters=SHORT)):
        sought = list(part.sought)
        random.Random(setting.seed).shuffle(sought)
        near = {name for one in sought[: 3 * count] for name in (*one.also, one.right.id)}
        parts.append(Questions(tuple(sought[:count]), tuple(p for p in part.passages if p.id in near), {}))
    tested = [str(case.input["question"]) for one in sets for case in one.cases]
    tested += [passage.text for one in sets for passage in one.passages]
    return without_copies(joined(*parts), tested)


async def lists(questions: Questions, setting: Setting) -> tuple[list[Ranks], list[Ranks]]:
    """For each question what BM25 finds, and the same right passages among as many drawn at random."""
    index = BM25(collection=PassageList(items=tuple(questions.passages)))
    local = list(await ranked(questions.sought, index, depth=LISTED))
    chance, by_query = random.Random(setting.seed), {one.query: one for one in questions.sought}
    return local, [await _among_any(one, by_query[one.query], questions.passages, index, chance) for one in local]


async def _among_any(one: Ranks, sought: Sought, pool: Sequence[Passage], index: Index, chance: random.Random) -> Ranks:
    """The right passages of a list among random ones, each with the score that BM25 gives it, in that order."""
    right = [item for item, _ in one.found if item.id in one.right]
    others = [item for item in pool if item.id not in one.right]
    drawn = [*right, *chance.sample(others, min(len(others), len(one.found) - len(right)))]
    scores = {item.id: score for item, score in await index.search(sought.query, len(pool))}
    rows = sorted(((item, scores.get(item.id, 0.0)) for item in drawn), key=lambda row: -row[1])
    return Ranks(one.query, tuple(rows), one.right)


async def measured(one: Judged, encoder: Encoder, rerankers: dict[str, FeatureReranker]) -> dict[str, Values]:
    """The metrics of each case ``[cases, 3]`` for every system."""
    collection = PassageList(items=tuple(one.passages))
    words, meaning = BM25(collection=collection), Dense(collection=collection, encoder=encoder, cache="")
    systems: dict[str, Index] = {
        "bm25": words,
        "dense": meaning,
        "fused": Fused(indexes=(words, meaning)),
    }
    for name, scorer in rerankers.items():
        systems[name] = Reranked(inner=words, scorer=scorer, depth=DEPTH)
    return {name: await _scores(index, one.cases) for name, index in systems.items()}


async def _scores(index: Index, cases: Sequence[Example]) -> Values:
    rows = []
    for case in cases:
        hits = await index.search(str(case.input["question"]), 10)
        answer = orjson.dumps([item.id for item, _ in hits]).decode()
        rows.append([metric.score(case, Prediction(answer=answer)).value for metric in METRICS])
    return np.asarray(rows, np.float64)


def gain(found: dict[str, Values], first: str, second: str) -> Difference:
    """nDCG@10 of the second system less that of the first, paired, with its 95 % bootstrap interval."""
    a, b = found[first], found[second]
    return paired_bootstrap(a[:, 0], b[:, 0], resamples=2000)


def told(one: Any) -> str:
    sign = "+" if one.value >= 0 else "\u2212"
    low, high = (f"{end:+.3f}".replace("-", "\u2212") for end in (one.low, one.high))
    return f"{sign}{abs(one.value):.3f} ({low} to {high})"


def table(one: Judged, found: dict[str, Values]) -> TableOf:
    first = found["bm25"]
    rows = []
    for name, values in found.items():
        means = [f"{mean:.3f}" for mean in values.mean(axis=0)]
        against = "" if name == "bm25" else told(paired_bootstrap(first[:, 0], values[:, 0], resamples=2000))
        rows.append([SYSTEMS[name], *means, against])
    return TableOf(
        title=one.title,
        columns=("search", *(metric.title for metric in METRICS), "nDCG@10 against BM25, paired"),
        rows=rows,
        about=f"{_told(one)}. 95 % bootstrap intervals over questions.",
    )


def figure(sets: Sequence[Judged], found: dict[str, dict[str, Values]]) -> Figure:
    curves = []
    for one in sets:
        points = []
        for place, name in enumerate(SYSTEMS):
            values = found[one.name][name][:, 0]
            ends = paired_bootstrap(np.zeros(len(values)), values, resamples=2000)
            points.append(Point(x=place, y=ends.value, low=ends.low, high=ends.high))
        curves.append(Curve(title=one.title, points=points, joined=False))
    return Figure(
        title="nDCG@10 of each way to search",
        x_title="search",
        y_title="nDCG@10",
        curves=curves,
        unit="value",
        names=dict(enumerate(("BM25", "dense", "fused", "re-ranked, random", "re-ranked, localized"))),
    )


def claims(sets: Sequence[Judged], found: dict[str, dict[str, Values]]) -> list[Claim]:
    out = []
    for one in sets:
        steps = {
            "Dense search finds more than BM25": gain(found[one.name], "bm25", "dense"),
            "Re-ranking what BM25 found moves the right passages up": gain(found[one.name], "bm25", "localized"),
            "Localized negatives teach more than random ones": gain(found[one.name], "random", "localized"),
        }
        out += [
            Claim(text=f"{text} ({one.title})", seen=told(seen), holds=_holds(seen)) for text, seen in steps.items()
        ]
    parts = gain(found["bioasq"], "dense", "fused")
    out.append(
        Claim(text="Fusion beats the better of its parts (BioASQ, sample)", seen=told(parts), holds=_holds(parts))
    )
    return out


def _holds(one: Any) -> bool | None:
    """Whether a difference is above 0; None where its interval holds 0."""
    return True if one.low > 0 else False if one.high < 0 else None


def _told(one: Judged) -> str:
    return f"{one.title}: {len(one.cases)} questions, {len(one.passages):,} passages"
