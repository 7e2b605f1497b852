"""i-MedRAG's point with planted chains: a question that needs two facts in turn is solved by rounds of follow-up questions."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from osler.core.types import Example, Strategy
from osler.data.generated.planted_facts import planted
from osler.experiments.exam import EXAM
from osler.experiments.measure import Right, ask, gain
from osler.experiments.medrag import near
from osler.experiments.outcome import Claim, Curve, Figure, Outcome, Point, Setting, TableOf
from osler.knowledge.bm25 import BM25
from osler.knowledge.passages import PassageList
from osler.models.simulated_reader import SimulatedReader
from osler.prompting.follow_up import FollowUp
from osler.prompting.retrieve import Retrieve

TITLE = "A chain of facts is found only by as many rounds of follow-up questions as it has links"
SOURCE = "i-MedRAG, Xiong et al. 2024, arXiv:2408.00727 (4 rounds of 3 follow-up questions)"
PLAIN = (
    "Some questions need one fact to look up the next. One search cannot answer them; letting the model ask, read and ask "
    "again can, if it asks the right questions, at several times the cost."
)
SKILL, READS, K = 0.25, 0.9, 3
HOPS = (2, 3, 4)
ROUNDS = (0, 1, 2, 3, 4)
ASKS = (0.0, 0.5, 1.0)


async def run(setting: Setting) -> Outcome:
    worlds = {hops: planted(160 if setting.quick else 400, "chain", hops=hops, seed=setting.seed) for hops in HOPS}
    model = SimulatedReader(skill=SKILL, reads=READS, seed=setting.seed)
    found: dict[int, list[Right]] = {}
    once: dict[int, Right] = {}
    bounds: list[bool] = []
    for hops, made in worlds.items():
        index = BM25(collection=PassageList(items=made.passages))
        once[hops] = await _ask(Retrieve(index=index, k=K), model, made.cases, setting)
        found[hops] = []
        for rounds in ROUNDS:
            strategy = FollowUp(index=index, k=K, rounds=rounds, queries=3)
            found[hops].append(await _ask(strategy, model, made.cases, setting))
            most = strategy.calls(EXAM.prompt(made.cases[0]))
            bounds += [len(one.replies) <= most for one in found[hops][-1].predictions]
    two = worlds[2]
    index = BM25(collection=PassageList(items=two.passages))
    clever = [
        await _ask(
            FollowUp(index=index, k=K),
            SimulatedReader(skill=SKILL, reads=READS, asks=asks, seed=setting.seed),
            two.cases,
            setting,
        )
        for asks in ASKS
    ]
    off = [
        f"{hops} facts, {rounds} rounds: {one.told()}, theory {100 * _theory(hops, rounds):.1f} %"
        for hops in HOPS
        for rounds, one in zip(ROUNDS, found[hops], strict=True)
        if not near(one, _theory(hops, rounds))
    ]
    step = gain(once[2], found[2][-1])
    return Outcome(
        setup=(
            f"{len(two.cases)} questions of each length over made-up names. A question names a disease; the dose that is asked "
            "for stands under the name of its drug, and what the drug is called under the disease (2 facts) or under its cause "
            f"or carrier (3 and 4 facts). BM25 shows {K} passages for each question. The simulated reader reads a fact that is "
            f"shown in {100 * READS:.0f} %, asks for the first one that it misses once it can name it, and answers at chance "
            f"({100 * SKILL:.0f} %) while one is missing."
        ),
        tables=[_table(once, found), _ask_table(clever)],
        figures=[_figure(found)],
        claims=[
            Claim(
                text="Fewer rounds than facts leave the answer at chance, as many bring it to reading each fact; then no more",
                seen="; ".join(off) or "within the 99.9 % limits of theory everywhere",
                holds=not off,
            ),
            Claim(
                text="Two facts in turn: follow-up questions beat one search for the question",
                seen=f"{step.told()}, p {step.p_told}",
                holds=step.positive,
            ),
            Claim(
                text="No case takes more calls than the stated bound",
                seen=f"{sum(bounds)} of {len(bounds)} cases within; 4 rounds on two facts take "
                f"{found[2][-1].calls / found[2][-1].n:.1f} calls of at most "
                f"{FollowUp(index=index).calls(EXAM.prompt(two.cases[0]))}",
                holds=all(bounds),
            ),
            Claim(
                text="The gain is that of the questions asked: a reader that never knows what to ask stays at chance",
                seen=f"{clever[0].told()} without, {clever[1].told()} with every other, {clever[2].told()} with every one",
                holds=near(clever[0], SKILL) and all(gain(*pair).positive for pair in itertools.pairwise(clever)),
            ),
        ],
        limits=(
            "That the reader knows what it lacks and asks for it is put in; the paper finds that GPT-3.5 does so well enough to "
            "gain on MedQA (66.6 % with MedRAG, 69.7 % with i-MedRAG). Real searches also bring passages that mislead."
        ),
    )


async def _ask(strategy: Strategy, model: SimulatedReader, cases: Sequence[Example], setting: Setting) -> Right:
    return await ask(strategy, model.keyed(cases, lettered=True), EXAM, cases, seed=setting.seed)


def _theory(hops: int, rounds: int) -> float:
    """All facts are read with probability reads^hops if there are rounds enough; else the answer is the reader's skill."""
    known = READS**hops if rounds >= hops else 0.0
    return known + (1.0 - known) * SKILL


def _table(once: dict[int, Right], found: dict[int, list[Right]]) -> TableOf:
    rows = [
        [
            f"{rounds} round{'' if rounds == 1 else 's'}",
            *(f"{found[hops][at].told()}; {found[hops][at].calls / found[hops][at].n:.1f} calls" for hops in HOPS),
        ]
        for at, rounds in enumerate(ROUNDS)
    ]
    return TableOf(
        title="Questions right and calls a question",
        columns=("", *(f"{hops} facts in turn" for hops in HOPS)),
        rows=[["one search, no rounds", *(f"{once[hops].told()}; 1 call" for hops in HOPS)], *rows],
    )


def _ask_table(clever: Sequence[Right]) -> TableOf:
    return TableOf(
        title="Two facts in turn, 4 rounds, by how often the reader knows what to ask",
        columns=("knows what to ask", "right", "calls a question"),
        rows=[
            [f"{100 * asks:.0f} %", one.told(), f"{one.calls / one.n:.1f}"]
            for asks, one in zip(ASKS, clever, strict=True)
        ],
    )


def _figure(found: dict[int, list[Right]]) -> Figure:
    curves = []
    for hops in HOPS:
        points = [
            Point(x=x, y=one.share, low=one.ends[0], high=one.ends[1])
            for x, one in zip(ROUNDS, found[hops], strict=True)
        ]
        curves.append(Curve(title=f"{hops} facts in turn", points=points))
        line = [Point(x=x, y=_theory(hops, x)) for x in ROUNDS]
        curves.append(Curve(title=f"theory, {hops} facts", theory=True, points=line))
    return Figure(
        title="Accuracy by rounds of follow-up questions",
        x_title="rounds allowed",
        y_title="questions right",
        curves=curves,
        about="A reader that has what it needs stops asking, so that more rounds cost nothing more.",
    )
