"""Looking facts up in a graph against having learned them, when the graph is edited."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from osler.core.types import LETTERS, Example
from osler.experiments.exam import EXAM
from osler.experiments.measure import Right, ask, gain, unchanged
from osler.experiments.outcome import Claim, Curve, Figure, Outcome, Point, Setting, TableOf
from osler.knowledge.graph.knowledge_graph import KnowledgeGraph
from osler.knowledge.graph.sources import TripleList
from osler.models.simulated_lookup import SimulatedLookup
from osler.prompting.graph_lookup import GraphLookup
from osler.prompting.zero_shot import ZeroShot

TITLE = "When the graph is edited, only what looks it up follows"
SOURCE = "BenTsao, Wang et al. 2023, arXiv:2304.06975; knowledge tuning, Wang et al. 2023, arXiv:2309.04175"
PLAIN = (
    "A model that learned its facts keeps giving the old answer after a fact has changed. A model that says what to look up, "
    "and is then shown the present entry, changes with the graph, and nothing else changes."
)
MEMORY, FILLS = 0.9, 0.95
FORMS = ("once a day", "twice a day", "every second day", "once a week")


async def run(setting: Setting) -> Outcome:
    count = setting.cases(400)
    rng = random.Random(f"bentsao/{setting.seed}")
    first = [rng.randrange(len(FORMS)) for _ in range(count)]
    edited = [at % 2 == 0 for at in range(count)]
    after = [(value + 1 + rng.randrange(3)) % len(FORMS) if edit else value for value, edit in zip(first, edited)]
    learned = _cases(first, first)
    model = SimulatedLookup(memory=MEMORY, fills=FILLS, seed=setting.seed).keyed(learned, lettered=True)
    once = ZeroShot(by="generate")
    found: dict[tuple[str, str], Right] = {}
    for moment, values in (("before", first), ("after", after)):
        cases = _cases(values, first)
        found["learned", moment] = await ask(once, model, EXAM, cases, seed=setting.seed)
        lookup = GraphLookup(graph=_graph(values), inner=once)
        found["looked up", moment] = await ask(lookup, model, EXAM, cases, seed=setting.seed)
    parts = {("edited", moment, arm): _only(found[arm, moment], edited) for arm, moment in found} | {
        ("untouched", moment, arm): _only(found[arm, moment], [not one for one in edited]) for arm, moment in found
    }
    old = [
        prediction.answer == LETTERS[value]
        for prediction, value, edit in zip(found["looked up", "after"].predictions, first, edited)
        if edit
    ]
    same = [
        one.answer == other.answer
        for one, other, edit in zip(
            found["looked up", "before"].predictions, found["looked up", "after"].predictions, edited
        )
        if not edit
    ]
    filled = sum("found: 1" in one.rationale for one in found["looked up", "after"].predictions) / count
    follows = gain(parts["edited", "after", "learned"], parts["edited", "after", "looked up"])
    wanted = FILLS
    ends = parts["edited", "after", "looked up"].ends
    return Outcome(
        setup=(
            f"{count} invented medicines, each with one of four intervals in a graph. A simulated model learned the graph once "
            f"(it knows {100 * MEMORY:g} % of it) and names the right thing to look up in {100 * FILLS:g} % of cases. Then the entry of "
            "every second medicine is changed. The same questions are asked from memory and by looking up."
        ),
        tables=[
            TableOf(
                title="Right answers by the graph as it stands",
                columns=("questions", "from memory", "looked up"),
                rows=[
                    [
                        f"{part}, {moment} the edit",
                        *(parts[part, moment, arm].told() for arm in ("learned", "looked up")),
                    ]
                    for part in ("edited", "untouched")
                    for moment in ("before", "after")
                ],
            )
        ],
        figures=[
            Figure(
                title="Entries that were edited: right by the graph as it stands",
                x_title="",
                y_title="right",
                names={0.0: "before the edit", 1.0: "after the edit"},
                curves=[
                    Curve(
                        title=title,
                        points=[
                            Point(x=float(x), y=one.share, low=one.ends[0], high=one.ends[1])
                            for x, moment in enumerate(("before", "after"))
                            if (one := parts["edited", moment, arm])
                        ],
                    )
                    for arm, title in (("learned", "from memory"), ("looked up", "looked up"))
                ],
            )
        ],
        claims=[
            Claim(
                text="On edited entries looking up is right where memory is not",
                seen=follows.told(),
                holds=follows.positive,
            ),
            Claim(
                text=f"It follows the edit as often as it fills in the right parameters ({100 * wanted:g} %)",
                seen=f"{parts['edited', 'after', 'looked up'].told()}; parameters that hit the graph: {100 * filled:.1f} %",
                holds=ends[0] <= wanted <= ends[1],
            ),
            Claim(
                text="The old value comes back only where nothing was looked up",
                seen=f"{sum(old)} of {len(old)} edited entries",
                holds=sum(old) / len(old) <= 1 - FILLS + 0.03,
            ),
            Claim(
                text="Answers to untouched entries stay the same",
                seen=unchanged(sum(same), len(same)),
                holds=all(same),
            ),
        ],
        limits=(
            "The knobs say how well a model fills in parameters; how well a real one does is not shown here. The published system was "
            "tuned on Chinese text to do so; here the model is only asked."
        ),
    )


def _name(at: int) -> str:
    return f"Zelvarine-{at}"


def _cases(values: list[int], learned: list[int]) -> list[Example]:
    out = []
    for at, value in enumerate(values):
        meta: Mapping[str, Any] = {"thing": _name(at), "relation": "is_taken", "learned": FORMS[learned[at]]}
        out.append(
            Example(
                id=f"m{at}",
                input={"question": f"How often is {_name(at)} taken?"},
                target=LETTERS[value],
                choices=FORMS,
                meta=meta,
            )
        )
    return out


def _graph(values: list[int]) -> KnowledgeGraph:
    rows = tuple(
        {
            "head": f"drug:{at}",
            "head_name": _name(at),
            "head_kind": "drug",
            "relation": "is_taken",
            "tail": FORMS[value],
        }
        for at, value in enumerate(values)
    )
    return KnowledgeGraph(sources=(TripleList(rows=rows),))


def _only(found: Right, kept: list[bool]) -> Right:
    right = tuple(one for one, keep in zip(found.right, kept, strict=True) if keep)
    return Right(right, found.calls)
