"""MedRAG's points with planted answers: recall decides, fusion adds what errors do not share, the middle is read worst."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

from osler.core.types import Example
from osler.data.generated.planted_facts import planted
from osler.experiments.exam import EXAM
from osler.experiments.measure import Right, ask, gain
from osler.experiments.outcome import Claim, Curve, Figure, Outcome, Point, Setting, TableOf
from osler.knowledge.fusion import Fused
from osler.knowledge.passages import Index, PassageList
from osler.knowledge.simulated_index import SimulatedIndex
from osler.models.simulated_reader import SimulatedReader
from osler.prompting.retrieve import Retrieve

TITLE = "Retrieval helps by what it finds and where it is read: recall, fused errors, and the lost middle"
SOURCE = "MedRAG, Xiong et al. 2024, arXiv:2402.13178 (RRF-4 with constant 100, k = 32; lost in the middle)"
PLAIN = (
    "Showing a model passages from a library helps as often as the right passage is among them and is read. Asking several "
    "search engines helps only if they miss different things, and more passages can also bury the right one."
)
SKILL, FINDS, TOP = 0.25, 0.7, 0.25
DEPTHS = (1, 2, 4, 8, 16, 32)
PLACES = (1, 3, 5, 7, 9)
DISTRACTION, MIDDLE = 0.04, 0.6


@dataclasses.dataclass(frozen=True)
class _World:
    cases: Sequence[Example]
    collection: PassageList
    setting: Setting

    def index(self, seed: int, *, finds: float = FINDS, top: float = TOP, rank: int = 0) -> SimulatedIndex:
        gold = {str(case.input["question"]): case.meta["evidence"][0] for case in self.cases}
        seed += 100 * self.setting.seed
        return SimulatedIndex(collection=self.collection, gold=gold, finds=finds, top=top, rank=rank, seed=seed)

    async def right(self, index: Index, k: int, **knobs: float) -> Right:
        seed = self.setting.seed
        model = SimulatedReader(**{"skill": SKILL, **knobs}, seed=seed)  # type: ignore[arg-type]
        keyed = model.keyed(self.cases, lettered=True)
        return await ask(Retrieve(index=index, k=k), keyed, EXAM, self.cases, seed=seed)


async def run(setting: Setting) -> Outcome:
    made = planted(800, noise=2, seed=setting.seed)
    cases = made.cases[: setting.cases(800)]  # the library stays as large where fewer questions are asked
    world = _World(cases, PassageList(items=made.passages), setting)
    depth = [await world.right(world.index(1), k) for k in DEPTHS]
    buried = [await world.right(world.index(1), k, distraction=DISTRACTION) for k in DEPTHS]
    single = [await world.right(world.index(seed), 4) for seed in (1, 2, 3, 4)]
    apart = await world.right(_fused([world.index(seed) for seed in (1, 2, 3, 4)]), 4)
    same = await world.right(_fused([world.index(1)] * 4), 4)
    places = [await world.right(world.index(1, finds=1.0, rank=place), 9, middle=MIDDLE) for place in PLACES]
    best = max(single, key=lambda one: one.share)
    apart_gain, same_gain = gain(best, apart), gain(single[0], same)
    theory = [_right(world.index(1).recall(k)) for k in DEPTHS]
    theory_buried = [_right(world.index(1).recall(k) * (1 - DISTRACTION) ** (k - 1)) for k in DEPTHS]
    reader = SimulatedReader(middle=MIDDLE)
    theory_places = [_right(reader.chance(place - 1, 9, 8)) for place in PLACES]
    return Outcome(
        setup=(
            f"{len(cases):,} questions whose answers stand in one planted passage each of {len(made.passages):,}. A "
            f"simulated search finds the passage of {100 * FINDS:.0f} % of the questions and puts it first in "
            f"{100 * TOP:.0f} % of these (its rank is geometric). The simulated reader answers right if it reads the fact, "
            f"else in {100 * SKILL:.0f} % (chance). All shares have 95 % intervals (Wilson)."
        ),
        tables=[_table(DEPTHS, depth, theory, buried, theory_buried), _fusion_table(single, apart, same)],
        figures=[_depth_figure(depth, theory, buried, theory_buried), _place_figure(places, theory_places)],
        claims=[
            _agrees("Accuracy is recall plus the rest at chance", DEPTHS, depth, theory),
            Claim(
                text="Fusing four searches whose errors are independent beats the best of them",
                seen=apart_gain.told(),
                holds=apart_gain.positive,
            ),
            Claim(
                text="Fusing four searches that err alike changes nothing",
                seen=same_gain.told(),
                holds=same_gain.none,
            ),
            _agrees("A fact is read by its place: the middle is lost (U-curve)", PLACES, places, theory_places),
            _agrees("Where other passages distract, recall is discounted by each", DEPTHS, buried, theory_buried),
            Claim(
                text="Then more passages stop helping: 32 are worse than 8",
                seen=gain(buried[3], buried[5]).told(),
                holds=gain(buried[5], buried[3]).positive,
            ),
        ],
        limits=(
            "Search and reader are simulated; that a reader loses the middle or is distracted is put in. The paper's own "
            "result, GPT-3.5 and GPT-4 with chain-of-thought and with MedRAG on five question sets, is replayed from its "
            "30,652 published answers by the study studies/mirage.toml. That accuracy grows with the logarithm of k, as the paper "
            "reports, is not claimed here: it depends on the distribution of ranks, which was chosen."
        ),
    )


def _fused(indexes: Sequence[Index]) -> Fused:
    return Fused(indexes=tuple(indexes), constant=100.0)


def _right(read: float) -> float:
    """Accuracy where the fact is read with this probability: the rest is answered at the reader's skill."""
    return read + (1.0 - read) * SKILL


def near(found: Right, wanted: float) -> bool:
    """Whether a share is what theory says, within its 99.9 % limits (normal approximation)."""
    return abs(found.share - wanted) <= 3.29 * math.sqrt(wanted * (1.0 - wanted) / found.n) + 0.5 / found.n


def _agrees(text: str, at: Sequence[int], found: Sequence[Right], theory: Sequence[float]) -> Claim:
    off = [
        f"{x}: {one.told()}, theory {100 * wanted:.1f} %"
        for x, one, wanted in zip(at, found, theory, strict=True)
        if not near(one, wanted)
    ]
    return Claim(text=text, seen="; ".join(off) or "within the 99.9 % limits of theory everywhere", holds=not off)


def _table(
    depths: Sequence[int],
    depth: Sequence[Right],
    theory: Sequence[float],
    buried: Sequence[Right],
    theory_buried: Sequence[float],
) -> TableOf:
    rows = zip(depths, depth, theory, buried, theory_buried, strict=True)
    return TableOf(
        title="Questions right by the number of passages shown",
        columns=(
            "passages (k)",
            "right",
            "theory",
            f"right, each other passage distracts {100 * DISTRACTION:.0f} %",
            "theory",
        ),
        rows=[[str(k), a.told(), f"{100 * b:.1f} %", c.told(), f"{100 * d:.1f} %"] for k, a, b, c, d in rows],
    )


def _fusion_table(single: Sequence[Right], apart: Right, same: Right) -> TableOf:
    rows = [[f"search {number}", one.told(), ""] for number, one in enumerate(single, 1)]
    best = max(single, key=lambda one: one.share)
    rows += [
        ["four fused, independent errors", apart.told(), f"{gain(best, apart).told()} to the best one"],
        ["four fused, the same errors", same.told(), f"{gain(single[0], same).told()} to one"],
    ]
    return TableOf(
        title="Reciprocal rank fusion of four searches, 4 passages shown",
        columns=("", "right", "difference"),
        rows=rows,
    )


def _points(at: Sequence[int], found: Sequence[Right]) -> list[Point]:
    return [Point(x=x, y=one.share, low=one.ends[0], high=one.ends[1]) for x, one in zip(at, found, strict=True)]


def _line(title: str, at: Sequence[int], values: Sequence[float]) -> Curve:
    return Curve(title=title, theory=True, points=[Point(x=x, y=y) for x, y in zip(at, values, strict=True)])


def _depth_figure(
    depth: Sequence[Right], theory: Sequence[float], buried: Sequence[Right], theory_buried: Sequence[float]
) -> Figure:
    return Figure(
        title="Accuracy by how many passages are shown",
        x_title="passages shown (k)",
        y_title="questions right",
        scale="log",
        curves=[
            Curve(title="others do not distract", points=_points(DEPTHS, depth)),
            _line("theory", DEPTHS, theory),
            Curve(title="each other passage distracts", points=_points(DEPTHS, buried)),
            _line("theory, distracted", DEPTHS, theory_buried),
        ],
    )


def _place_figure(places: Sequence[Right], theory: Sequence[float]) -> Figure:
    return Figure(
        title="Accuracy by where the right passage stands among nine",
        x_title="place of the right passage",
        y_title="questions right",
        curves=[Curve(title="right", points=_points(PLACES, places)), _line("theory", PLACES, theory)],
    )
