"""Which way of searching again solves which kind of question: one search and four iterative ways, with planted facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from osler.core.types import Strategy
from osler.data.generated.planted_facts import Kind, Planted, planted
from osler.experiments.exam import EXAM
from osler.experiments.measure import Right, ask, gain
from osler.experiments.medrag import near
from osler.experiments.outcome import Claim, Curve, Figure, Outcome, Point, Setting, TableOf
from osler.knowledge.bm25 import BM25
from osler.knowledge.passages import PassageList
from osler.models.simulated_reader import SimulatedReader
from osler.prompting.follow_up import FollowUp
from osler.prompting.recursive_retrieve import RecursiveRetrieve
from osler.prompting.refine_query import RefineQuery
from osler.prompting.retrieve import Retrieve
from osler.prompting.retrieve_verify import RetrieveVerify

TITLE = "Searching again pays where the first search cannot find it, and each way solves its own kind of question"
SOURCE = "iterative, recursive and adaptive retrieval: Gao et al. 2023, arXiv:2312.10997, section VI; i-MedRAG"
PLAIN = (
    "If a question is worded like the answer, one search does. If it uses other words or needs several facts, the system has "
    "to search again, and the ways of doing so differ in what they solve and in what they cost."
)
SKILL, READS, K = 0.25, 0.9, 3
KINDS: Mapping[str, tuple[Kind, int]] = {
    "worded like the answer": ("plain", 1),
    "other words": ("other_words", 1),
    "two parts": ("two_parts", 2),
    "two facts in turn": ("chain", 2),
}
# Which ways should solve which kind. A claim is drawn from the draft alone, which cannot name a drug that was not found.
SOLVED: Mapping[str, tuple[bool, ...]] = {
    "one search": (True, False, False, False),
    "refined query": (True, True, True, True),
    "follow-up questions": (True, True, True, True),
    "tree of questions": (True, True, True, True),
    "retrieve and verify": (True, True, False, False),
}


async def run(setting: Setting) -> Outcome:
    worlds = [
        planted(120 if setting.quick else 400, kind, hops=hops, seed=setting.seed) for kind, hops in KINDS.values()
    ]
    model = SimulatedReader(skill=SKILL, reads=READS, seed=setting.seed)
    found: dict[str, list[Right]] = {name: [] for name in SOLVED}
    within: list[bool] = []
    for made in worlds:
        keyed = model.keyed(made.cases, lettered=True)
        for name, strategy in _ways(made).items():
            right = await ask(strategy, keyed, EXAM, made.cases, seed=setting.seed)
            found[name].append(right)
            most = strategy.calls(EXAM.prompt(made.cases[0]))
            within += [len(one.replies) <= most for one in right.predictions]
    off = [
        f"{name}, {kind}: {one.told()}, theory {100 * wanted:.1f} %"
        for name, solved in SOLVED.items()
        for kind, one, wanted in zip(KINDS, found[name], _theory(solved), strict=True)
        if not near(one, wanted)
    ]
    extra = [gain(found["one search"][0], found[name][0]) for name in SOLVED if name != "one search"]
    return Outcome(
        setup=(
            f"{len(worlds[0].cases)} questions of each kind over made-up names; every name also stands in passages that name it "
            f"more often and tell nothing. BM25 shows {K} passages for each search. The simulated reader reads a fact that is "
            f"shown in {100 * READS:.0f} %, answers at chance ({100 * SKILL:.0f} %) while one is missing, and knows by what name "
            "to ask for it once the facts before it are known. Its verdicts on claims are right."
        ),
        tables=[_table("Questions right", found), _calls(found)],
        figures=[_figure(found)],
        claims=[
            Claim(
                text="Each way solves the kinds of question that it can reach, and stays at chance on the others",
                seen="; ".join(off) or "within the 99.9 % limits of theory everywhere",
                holds=not off,
            ),
            Claim(
                text="Where one search finds the answer no way of searching again adds anything",
                seen="; ".join(one.told() for one in extra),
                holds=all(one.none for one in extra),
            ),
            Claim(
                text="No case takes more calls than the stated bound",
                seen=f"{sum(within)} of {len(within)} cases within",
                holds=all(within),
            ),
        ],
        limits=(
            "What the reader can name, and that it judges well whether it has enough, is put in; real models stop too early, "
            "ask beside the point and mend what was right. The table says what each way can reach, not what a model makes of it."
        ),
    )


def _ways(made: Planted) -> dict[str, Strategy]:
    index = BM25(collection=PassageList(items=made.passages))
    return {
        "one search": Retrieve(index=index, k=K),
        "refined query": RefineQuery(index=index, k=K, rounds=4),
        "follow-up questions": FollowUp(index=index, k=K),
        "tree of questions": RecursiveRetrieve(index=index, k=K),
        "retrieve and verify": RetrieveVerify(index=index, k=K),
    }


def _theory(solved: Sequence[bool]) -> list[float]:
    """Each fact of a kind is read with the same probability; what is not reached is answered at the reader's skill."""
    facts = [hops for _, hops in KINDS.values()]
    known = [READS**hops if reached else 0.0 for hops, reached in zip(facts, solved, strict=True)]
    return [one + (1.0 - one) * SKILL for one in known]


def _table(title: str, found: Mapping[str, Sequence[Right]]) -> TableOf:
    rows = [[name, *(one.told() for one in held)] for name, held in found.items()]
    return TableOf(title=title, columns=("", *KINDS), rows=rows)


def _calls(found: Mapping[str, Sequence[Right]]) -> TableOf:
    rows = [[name, *(f"{one.calls / one.n:.1f}" for one in held)] for name, held in found.items()]
    return TableOf(title="Calls a question", columns=("", *KINDS), rows=rows)


def _figure(found: Mapping[str, Sequence[Right]]) -> Figure:
    return Figure(
        title="What each way of searching solves",
        x_title="kind of question",
        y_title="questions right",
        names={float(at): kind for at, kind in enumerate(KINDS)},
        curves=[
            Curve(
                title=name,
                joined=False,
                points=[Point(x=at, y=one.share, low=one.ends[0], high=one.ends[1]) for at, one in enumerate(held)],
            )
            for name, held in found.items()
        ],
    )
