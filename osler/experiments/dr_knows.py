"""Paths of a graph put before a model: rare diseases told apart with and without what other patients showed."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Sequence

from osler.core.types import LETTERS, Example, Strategy
from osler.data.sets.phenopackets import Phenopackets
from osler.experiments.measure import Right, ask, gain
from osler.experiments.outcome import Claim, Curve, Figure, Outcome, Point, Setting, TableOf
from osler.knowledge.graph.graph_search import GraphSearch
from osler.knowledge.graph.knowledge_graph import KnowledgeGraph
from osler.knowledge.graph.sources import TripleList
from osler.models.encoder import Encoder
from osler.prompting.retrieve import Retrieve
from osler.prompting.zero_shot import ZeroShot
from osler.tasks.template import Template

TITLE = "Paths of a graph help a model to tell rare diseases apart"
SOURCE = "Dr. Knows, Gao et al. 2023, arXiv:2308.14321; patients of phenopacket-store, Danis et al. 2025"
PLAIN = (
    "Shown what earlier patients had, as paths of a graph, a small language encoder finds the disease that fits a patient's findings "
    "more often than by the names of the diseases alone."
)
OPTIONS = 5
MOST = 8  # findings of a patient that are told: enough for a path between two, and the texts stay short
TASK = Template(
    title="Which of these diseases explains the findings?",
    capability="knowledge and reasoning",
    instruction="Answer with the letter of the disease that explains the findings.",
    question="{question}",
    lettered=True,
)
Rows = tuple[dict[str, object], ...]


async def run(setting: Setting) -> Outcome:
    """Needs the data folder (OSLER_DATA)."""
    train, test = (Phenopackets().examples(split) for split in ("train", "test"))
    shown = _counted(train)
    cases = _cases(test, shown, setting.cases(300), setting.seed)
    model = Encoder(evidence=6, evidence_weight=2.0)
    paths = GraphSearch(graph=KnowledgeGraph(sources=(TripleList(rows=_rows(train, shown)),)), longest=2, around=False)
    other = GraphSearch(
        graph=KnowledgeGraph(sources=(TripleList(rows=_rows(train, _shuffled(shown, setting.seed))),)),
        longest=2,
        around=False,
    )
    arms: dict[str, Strategy] = {
        "names alone": ZeroShot(by="score"),
        "paths of the graph": Retrieve(index=paths, k=12, inner=ZeroShot(by="score")),
        "paths of a graph whose findings were dealt anew": Retrieve(index=other, k=12, inner=ZeroShot(by="score")),
    }
    found: dict[str, Right] = {}
    for name, arm in arms.items():
        found[name] = await ask(arm, model, TASK, cases, seed=setting.seed)
    alone, with_paths, astray = found.values()
    helped, told = gain(alone, with_paths), gain(astray, with_paths)
    return Outcome(
        setup=(
            f"{len(cases)} published patients with at least two findings, each with the disease and {OPTIONS - 1} other diseases that "
            f"share a finding with it; up to {MOST} findings are told, never a gene. The graph (disease, finding, share of patients) "
            f"is counted over {len(train):,} other patients: no publication of theirs is among the test patients'. Between the "
            "findings of a patient run paths through diseases; the surest 12 are put before the embedded encoder."
        ),
        tables=[
            TableOf(
                title="The right disease among five",
                columns=("put before the encoder", "right"),
                rows=[[name, one.told()] for name, one in found.items()],
            )
        ],
        figures=[
            Figure(
                title="The right disease among five",
                x_title="",
                y_title="right",
                names={float(at): name for at, name in enumerate(found)},
                curves=[
                    Curve(
                        title="right",
                        joined=False,
                        points=[
                            Point(x=float(at), y=one.share, low=one.ends[0], high=one.ends[1])
                            for at, one in enumerate(found.values())
                        ],
                    ),
                    Curve(
                        title="chance",
                        theory=True,
                        points=[Point(x=0.0, y=1 / OPTIONS), Point(x=float(len(found) - 1), y=1 / OPTIONS)],
                    ),
                ],
            )
        ],
        claims=[
            Claim(
                text="Paths help against the names alone",
                seen=f"{helped.told()}, p {helped.p_told}",
                holds=True if helped.positive else None if helped.value > 0 else False,
            ),
            Claim(
                text="It is what the graph says that helps: against a graph whose findings were dealt anew to diseases",
                seen=told.told(),
                holds=True if told.positive else None if told.value > 0 else False,
            ),
        ],
        limits=(
            "Published patients with coded findings and five candidate diseases are no consultation. Dr. Knows learns which paths "
            "to keep, over UMLS; here they are ranked by how often patients showed them."
        ),
    )


def _counted(train: Sequence[Example]) -> dict[str, Counter[str]]:
    """Disease -> finding -> number of training patients with it."""
    shown: dict[str, Counter[str]] = defaultdict(Counter)
    for example in train:
        shown[str(example.meta["disease"])].update(_findings(example))
    return dict(shown)


def _findings(example: Example) -> list[str]:
    return [text for text in str(example.input["present"]).split("; ") if text]


def _name(example: Example) -> str:
    return example.target[2:-2].replace('\\"', '"')


def _rows(train: Sequence[Example], shown: dict[str, Counter[str]]) -> Rows:
    names = {str(example.meta["disease"]): _name(example) for example in train}
    patients = Counter(str(example.meta["disease"]) for example in train)
    return tuple(
        {
            "head": disease,
            "head_name": names[disease],
            "head_kind": "disease",
            "relation": "has_phenotype",
            "tail": finding,
            "tail_kind": "finding",
            "weight": count
            / max(patients[disease], count)
            * min(1.0, patients[disease] / 5),  # few patients say little
            "where": f"{disease}: {count} of {patients[disease]} patients",
        }
        for disease, held in shown.items()
        for finding, count in held.items()
    )


def _shuffled(shown: dict[str, Counter[str]], seed: int) -> dict[str, Counter[str]]:
    """The same profiles, each given to another disease."""
    names = list(shown)
    dealt = names[:]
    random.Random(f"dr_knows/{seed}").shuffle(dealt)
    return {name: shown[other] for name, other in zip(names, dealt, strict=True)}


def _cases(test: Sequence[Example], shown: dict[str, Counter[str]], count: int, seed: int) -> list[Example]:
    rng = random.Random(f"dr_knows/cases/{seed}")
    names = {str(example.meta["disease"]): _name(example) for example in test}
    diseases = sorted(set(names) & set(shown))
    out: list[Example] = []
    for example in rng.sample(list(test), len(test)):
        findings, disease = _findings(example), str(example.meta["disease"])
        near = [name for name in diseases if name != disease and any(one in shown[name] for one in findings)]
        if len(findings) < 2 or disease not in shown or len(near) < OPTIONS - 1:
            continue
        options = [disease, *rng.sample(near, OPTIONS - 1)]
        rng.shuffle(options)
        told = "; ".join(rng.sample(findings, min(MOST, len(findings))))
        out.append(
            Example(
                id=example.id,
                input={"question": f"A patient has: {told}. Which disease explains the findings?"},
                target=LETTERS[options.index(disease)],
                choices=tuple(names[name] for name in options),
            )
        )
        if len(out) == count:
            break
    return out
