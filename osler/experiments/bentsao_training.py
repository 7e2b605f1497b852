"""BenTsao's two ways with a graph: learn its answers, or learn what to look up in it; then the graph is edited."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from osler.core.block import replace
from osler.data.generated.invented_clinic import clinic, facts
from osler.experiments.dialogue_arms import Values, better, figure, gain, limited, seeds, shorter, table, texts
from osler.experiments.outcome import Claim, Outcome, Setting
from osler.recipes.models.bentsao import TINY
from osler.tuning.dialogue.conversation import Conversation
from osler.tuning.dialogue.encoded_facts import EncodedFacts, Form, entry
from osler.tuning.sft import SFT

TITLE = "When the graph is edited, only a model tuned to look things up follows"
SOURCE = "BenTsao, Wang et al. 2023, arXiv:2304.06975; knowledge tuning, Wang et al. 2023, arXiv:2309.04175"
PLAIN = (
    "One small model was tuned on the answers of a made-up table of facts, another on what to look up in it. Then half of the "
    "facts were changed. The first kept giving the old answers."
)
ARMS: dict[str, Form] = {"answers learnt": "questions", "look-up learnt": "look_up"}
UNTUNED = "before tuning"
Graph = Mapping[str, str]


class Said(NamedTuple):
    """Answers to the questions of edited and of untouched facts, 1 where right, and whether the right entry was named."""

    before: list[float]
    after: list[float]
    untouched: list[float]
    named: list[float]


async def run(setting: Setting) -> Outcome:
    found: dict[str, list[Said]] = {arm: [] for arm in (UNTUNED, *ARMS)}
    size = 0
    for seed in seeds(setting):
        cases = _cases(seed)
        size = len(cases)
        graph = _graph()
        edited = _edited(graph, seed)
        base = shorter(TINY.base, setting, 60)
        with tempfile.TemporaryDirectory() as shelf:
            said = await texts(base, cases, seed=seed, shelf=shelf, max_tokens=8)
            found[UNTUNED].append(_judged(said, cases, graph, edited, looks_up=False))
            for arm, form in ARMS.items():
                stage = shorter(_stage(base, form, seed), setting, 60)
                said = await texts(stage, cases, seed=seed, shelf=shelf, max_tokens=8)
                found[arm].append(_judged(said, cases, graph, edited, looks_up=form == "look_up"))
    learnt, looked = ARMS
    values: dict[str, list[Values]] = {
        arm: [[list(one[at]) for one in rows] for at in range(len(Said._fields))] for arm, rows in found.items()
    }
    before, after, untouched, _ = range(len(Said._fields))
    tuned = gain(values[UNTUNED][before], values[learnt][before])
    lost = gain(values[learnt][before], values[learnt][after])
    follows = gain(values[learnt][after], values[looked][after])
    kept = gain(values[looked][before], values[looked][after])
    return Outcome(
        setup=(
            "A decoder with 0.09 million weights learns questions on ten made-up diseases, and reads of all twenty what nobody asks for, so that it "
            "knows their names. Then LoRA, the rest frozen, teaches it organ and drug of the ten others, 3 trainings each, in one of two ways: the answer itself, or the entry of the graph that holds "
            f"it, which is then read from the graph. Each is asked {size} questions; half of the facts are then changed in the "
            "graph, and nothing is trained again."
        ),
        tables=[
            table(
                "Right answers by the graph as it is",
                "tuned on",
                ("facts to be edited, before", "the same facts, edited", "untouched facts", "right entry named"),
                values,
                about="95 % intervals over trainings and cases. Only a model that learnt to look up names entries.",
            )
        ],
        figures=[
            figure(
                "Right answers before and after the edit",
                "right by the graph as it is",
                list(values),
                {
                    name: [rows[at] for rows in values.values()]
                    for name, at in (("before the edit", before), ("edited", after), ("untouched facts", untouched))
                },
            )
        ],
        claims=[
            Claim(
                text="Questions made from a graph teach its facts: LoRA against the untuned base",
                seen=tuned.told(),
                holds=better(tuned),
            ),
            Claim(
                text="What learnt answers keeps the old ones: the edit costs it right answers",
                seen=lost.told(),
                holds=True if lost.high < 0 else None if lost.none else False,
            ),
            Claim(
                text="After the edit, looking up is right more often than having learnt",
                seen=follows.told(),
                holds=better(follows),
            ),
            Claim(
                text="Looking up loses fewer than 10 points by the edit",
                seen=kept.told(),
                holds=True if kept.low > -0.1 else False if kept.high < -0.1 else None,
            ),
        ],
        limits=limited(
            "Looking up is given the graph at the time of asking, and an entry that is named is always found: what real graphs lack, and names "
            "that people write in many ways, are not part of this. The model names entries of things that its tuning held; a model "
            "of this size cannot name a thing that it never met. Changed after a first look: the base reads the names, since a frozen word that it had "
            "never read could hardly be written, and LoRA takes more and smaller steps, since neither arm had learnt its task.",
            setting,
        ),
    )


def _stage(base: SFT, form: Form, seed: int) -> SFT:
    data: EncodedFacts = replace(TINY.data, form=form, seed=seed)
    found: SFT = replace(TINY, base=base, data=data)
    return found


def _cases(seed: int) -> Sequence[Conversation]:
    """Two questions on each fact of the diseases that the tuning held; the last turn is the entry that has the answer."""
    data: EncodedFacts = replace(TINY.data, form="look_up", each=2, seed=1000 + seed)
    return data.conversations()


def _graph() -> Graph:
    """Ends of the facts by their entries, as the look-up names them; of signs a disease has many."""
    held: EncodedFacts = TINY.data
    whole = clinic(held.diseases, seed=held.clinic)
    return {entry(fact): fact.tail for one in whole for fact in facts(one) if fact.relation in held.relations}


def _edited(graph: Graph, seed: int) -> Graph:
    """The graph with another end of the same relation for half of the entries of each relation."""
    draw = random.Random(f"bentsao edit {seed}")
    made = dict(graph)
    for relation in sorted({name.split()[-1] for name in graph}):
        names = sorted(name for name in graph if name.split()[-1] == relation)
        ends = sorted({graph[name] for name in names})
        for name in draw.sample(names, len(names) // 2):
            made[name] = draw.choice([end for end in ends if end != graph[name]])
    return made


def _judged(said: Sequence[str], cases: Sequence[Conversation], before: Graph, after: Graph, *, looks_up: bool) -> Said:
    """``said``: answers, or entries to be looked up in the graph as it is."""
    found = Said([], [], [], [])
    for text, case in zip(said, cases, strict=True):
        name, words = case.turns[-1].text, " ".join(text.split())
        old, new = (float((graph.get(words) if looks_up else words) == graph[name]) for graph in (before, after))
        if before[name] == after[name]:
            found.untouched.append(new)
        else:
            found.before.append(old)
            found.after.append(new)
        found.named.append(float(words == name))
    return found
