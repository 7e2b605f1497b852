"""DRAGON's point at tiny scale: text and graph, learnt together, against either objective alone."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from osler.core.block import replace
from osler.experiments.measure import Gain
from osler.experiments.outcome import Claim, Curve, Figure, Outcome, Point, Setting, TableOf
from osler.experiments.seeds import gain_over_seeds, mean_over_seeds
from osler.recipes.models.dragon import TINY
from osler.tuning.joint import JointPretrain
from osler.tuning.joint_data import InventedGraph, World, words_of
from osler.tuning.stage import made

TITLE = "A text model and a knowledge graph, trained together and apart"
SOURCE = "DRAGON, Yasunaga et al. 2022, NeurIPS, arXiv:2210.09338"
PLAIN = (
    "A model read sentences on made-up drugs beside a graph of what is known of them. It learnt from both at once, or from one "
    "alone; then it had to say how a drug acts on a disease where nobody had told it."
)
SEEDS = 3
PAIRS = ("treats", "relieves", "worsens")
ARMS: Mapping[str, Mapping[str, Any]] = {
    "joint": {},
    "words only": {"link_share": 0.0},
    "links only": {"word_share": 0.0},
    "joint, kept apart": {"graph.exchange": False},
}
TOLD = {"edges": "how a drug acts on a disease", "questions": "which sign a drug helps, two steps away"}


class Found(NamedTuple):
    """Which cases were right, ``[seed][case]``: by the graph's head and by the words' head."""

    links: list[list[float]]
    words: list[list[float]]


async def run(setting: Setting) -> Outcome:
    found = {(arm, part): Found([], []) for arm in ARMS for part in TOLD}
    leaks = dropped = 0
    with tempfile.TemporaryDirectory() as shelf:
        for seed in range(setting.seed, setting.seed + SEEDS):
            for arm, changes in ARMS.items():
                stage = replace(TINY, data=spec(setting, "train", seed), **changes)
                if setting.quick:
                    stage = replace(stage, **{"schedule.steps": 25})
                model = await asyncio.to_thread(made, stage, seed=seed, shelf=shelf)
                for part in TOLD:
                    rows = await asyncio.to_thread(asked, model, spec(setting, part, seed), setting)
                    for head, right in zip(found[arm, part], rows, strict=True):
                        head.append(right)
            again, of = await asyncio.to_thread(leaked, spec(setting, "train", seed).world())
            leaks, dropped = leaks + again, dropped + of
    return Outcome(
        setup=(
            f"{SEEDS} worlds of {spec(setting, 'train', 0).size} made-up diseases and as many drugs. How a drug acts on a disease "
            "hangs on a hidden kind of each: the graph shows the disease's (by its sign), the text the drug's (by how it "
            "acts). Networks of 0.2 million weights read sentences on two fifths of the pairs, each beside its part of the graph. "
            "All see the same rows, in which words are masked and edges dropped; they differ in what they learn from: masked words, "
            "dropped edges, or both. Asked are other pairs, with the word missing and the edge not in the graph, and which "
            "sign a drug helps, for drugs of which that was never said. Three options each; a network answers by the dropped-edge "
            "score or by the probability of the word."
        ),
        tables=[table(part, found) for part in TOLD],
        figures=[figure(found)],
        claims=[*claims(found), leak_claim(leaks, dropped)],
        limits=(
            "A world in which the answer follows from two hidden kinds, networks of three layers, and minutes of training. "
            "Intervals are over worlds and cases together, and three worlds are few. How questions of exams gain is not shown."
        ),
    )


def spec(setting: Setting, part: Any, seed: int) -> InventedGraph:
    return InventedGraph(size=12 if setting.quick else 24, part=part, seed=seed)


def asked(model: JointPretrain, source: InventedGraph, setting: Setting) -> list[list[float]]:
    """Which cases of a part are right, by either head. The right option is that of the hidden kinds."""
    whole = source.world()
    most = 30 if setting.quick else 150
    world = World(whole.texts[:most], whole.nodes, whole.relations)
    toy = source.toy()
    edges, words, right = [], [], []
    for one in world.texts:
        if source.part == "edges":
            edges.append([(0, whole.relations.index(name), 1) for name in PAIRS])
            words.append([words_of(name) for name in PAIRS])
            right.append(PAIRS.index(toy.acts(one.nodes[0], one.nodes[1])))
        else:
            edges.append([(0, whole.relations.index("helps"), 1 + place) for place in range(3)])
            words.append([(name,) for name in one.nodes[1:4]])
            right.append(one.nodes[1:4].index(toy.helped(one.nodes[0])))
    answers = model.answers(world, edges, words)
    return [(np.argmax(values, 1) == np.array(right)).astype(float).tolist() for values in answers]


def leaked(world: World) -> tuple[int, int]:
    """(dropped edges whose ends are joined in what the network sees, dropped edges) over two passes of all rows."""
    from osler.tuning.objectives.link_prediction import LinkPrediction
    from osler.tuning.trainer.learner import Key, draws

    links: LinkPrediction = TINY.links
    again = of = 0
    for epoch in (0, 1):
        for row, one in enumerate(world.texts):
            kept, gone = links.split(np.asarray(one.edges, np.int64).reshape(-1, 3), draws(Key(0, epoch), row))
            held = {frozenset((head, tail)) for head, _, tail in kept.tolist()}
            again += sum(frozenset((head, tail)) in held for head, _, tail in gone.tolist())
            of += len(gone)
    return again, of


def table(part: str, found: Mapping[tuple[str, str], Found]) -> TableOf:
    rows = []
    for arm in ARMS:
        for head, name in enumerate(("dropped-edge score", "word")):
            if (arm, head) in (("words only", 0), ("links only", 1)):
                continue
            mean, low, high = mean_over_seeds(found[arm, part][head])
            each = ", ".join(f"{100 * np.mean(seed):.0f} %" for seed in found[arm, part][head])
            rows.append([arm, name, f"{100 * mean:.1f} % ({100 * low:.1f} to {100 * high:.1f})", each])
    return TableOf(
        title=f"Right: {TOLD[part]}",
        columns=("learnt from", "answers by", "right (95 % interval)", "each world"),
        rows=rows,
        about=f"{sum(map(len, found['joint', part].links))} cases with three options each; guessing is right in 33 %.",
    )


def figure(found: Mapping[tuple[str, str], Found]) -> Figure:
    bars = [("joint", 0), ("links only", 0), ("joint", 1), ("words only", 1)]
    curves = []
    for part, title in TOLD.items():
        points = []
        for place, (arm, head) in enumerate(bars):
            mean, low, high = mean_over_seeds(found[arm, part][head])
            points.append(Point(x=place, y=mean, low=max(0.0, low), high=min(1.0, high)))
        curves.append(Curve(title=title, points=points, joined=False))
    return Figure(
        title="Right answers by what was learnt from",
        x_title="learnt from, answers by",
        y_title="right",
        curves=curves,
        names=dict(enumerate(("joint, edge", "links only, edge", "joint, word", "words only, word"))),
    )


def claims(found: Mapping[tuple[str, str], Found]) -> list[Claim]:
    out = []
    for part, what in (("edges", "relations that nobody told"), ("questions", "two-step questions")):
        joint, links, words = (found[arm, part] for arm in ("joint", "links only", "words only"))
        alone = gain_over_seeds(links.links, joint.links)
        out.append(_claim(f"Learning from both recovers more {what} than dropped edges alone", alone))
        alone = gain_over_seeds(words.words, joint.words)
        out.append(_claim(f"Learning from both recovers more {what} than masked words alone", alone))
    apart = gain_over_seeds(found["joint, kept apart", "edges"].words, found["joint", "edges"].words)
    out.append(_claim("Text and graph that tell each other recover more missing words than when kept apart", apart))
    return out


def _claim(text: str, seen: Gain) -> Claim:
    return Claim(text=text, seen=seen.told(), holds=True if seen.low > 0 else False if seen.high < 0 else None)


def leak_claim(leaks: int, dropped: int) -> Claim:
    return Claim(
        text="An edge that is asked for never stands in what the network sees",
        seen=f"{leaks} of {dropped} dropped edges",
        holds=leaks == 0 and dropped > 0,
    )
