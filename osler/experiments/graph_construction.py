"""A graph built from texts: relations that a task extracts, each with the place it was read from."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from osler.core.statistics.proportion import interval_of_proportion
from osler.core.types import Example, Model
from osler.data.sets.bc5cdr import Bc5cdr
from osler.experiments.outcome import Claim, Curve, Figure, Outcome, Point, Setting, TableOf
from osler.knowledge.citation import Span
from osler.knowledge.document import Document
from osler.knowledge.graph.knowledge_graph import KnowledgeGraph
from osler.knowledge.graph.stored_triples import StoredTriples
from osler.knowledge.store import KnowledgeStore
from osler.models.encoder import Encoder
from osler.prompting.zero_shot import ZeroShot
from osler.recipes.tasks.chemical_disease_pair import RECIPE as TASK
from osler.tuning.head import Head

TITLE = "A graph of adverse effects built from abstracts, and how much of it is right"
SOURCE = "BC5CDR, Li et al. 2016, doi 10.1093/database/baw068"
PLAIN = (
    "A small trained model proposes edges for a graph from abstracts, not well enough to use one unread. Every edge names its "
    "sentence, and goes when its document is deleted."
)
MAKER = "chemical_disease_pair"
STATED = "induces"
KINDS = ("chemical", "disease")
HEAD = "trained head, named in one sentence"


async def run(setting: Setting) -> Outcome:
    """Needs the data folder (OSLER_DATA)."""
    source = Bc5cdr(task="pairs")
    train, valid, test = (
        _of_abstracts(source.examples(split), setting.cases(240)) for split in ("train", "valid", "test")
    )
    head = await Head(base=Encoder()).train([(TASK.prompt(case), case.target) for case in train], seed=setting.seed)
    judged = await _sureness(head, valid)
    threshold = _best(judged, valid)
    together = _best([value * _together(case) for value, case in zip(judged, valid, strict=True)], valid)
    sure = await _sureness(head, test)
    arms: Mapping[str, list[bool]] = {
        "every pair of an abstract": [True] * len(test),
        "named in one sentence": [_together(case) for case in test],
        "trained head": [value >= threshold for value in sure],
        HEAD: [value >= together and _together(case) for value, case in zip(sure, test, strict=True)],
    }
    gold = [case.target == STATED for case in test]
    counts = {name: _counts(said, gold) for name, said in arms.items()}
    with tempfile.TemporaryDirectory() as folder:
        kept = _stored(Path(folder), test, arms[HEAD])
    texts = {str(case.meta["abstract"]) for case in test}
    precision, recall = (_share(hits, of) for hits, of in counts[HEAD].shares)
    base = _share(*counts["named in one sentence"].shares[0])
    return Outcome(
        setup=(
            f"Every pair of a chemical and a disease that an abstract mentions is put to a head trained on the frozen embedded encoder "
            f"({len(train):,} pairs of {len({case.meta['abstract'] for case in train})} abstracts); the threshold is chosen on "
            f"{len(valid):,} pairs of other abstracts. {len(test):,} pairs of {len(texts)} test abstracts are judged against the curators. "
            "Which words are chemicals and diseases is taken from the curators. Pairs that are stated become triples in a knowledge store."
        ),
        tables=[
            TableOf(
                title="Edges against the curators",
                columns=("rule", "edges", "right (precision)", "found (recall)", "F1"),
                rows=[
                    [name, str(one.said), *(_told(*pair) for pair in one.shares), f"{one.f1:.3f}"]
                    for name, one in counts.items()
                ],
            ),
            TableOf(
                title="The graph in the store",
                columns=("what", "number"),
                rows=[[name, str(value)] for name, value in kept.items()],
            ),
        ],
        figures=[
            Figure(
                title="Edges that are right",
                x_title="",
                y_title="precision",
                names={float(at): name for at, name in enumerate(counts)},
                curves=[
                    Curve(
                        title="precision",
                        joined=False,
                        points=[
                            Point(x=float(at), y=value, low=low, high=high)
                            for at, one in enumerate(counts.values())
                            for value, low, high in (_share(*one.shares[0]),)
                        ],
                    )
                ],
            )
        ],
        claims=[
            Claim(
                text="Edges of the trained head are more often right than those of pairs named in one sentence",
                seen=f"{100 * precision[0]:.1f} % against {100 * base[0]:.1f} %",
                holds=precision[1] > base[2] or (None if precision[0] > base[0] else False),
            ),
            Claim(
                text="Each edge can be opened: its sentence stands at the span that it names",
                seen=f"{kept['edges whose span holds both names']} of {kept['edges']}",
                holds=kept["edges whose span holds both names"] == kept["edges"],
            ),
            Claim(
                text="When a document is deleted, its edges are gone at once and no others",
                seen=f"{kept['edges of the deleted document']} gone, {kept['edges left that should be']} of others left",
                holds=bool(kept["deleted as they should be"]),
            ),
        ],
        limits=(
            f"Recall {100 * recall[0]:.1f} % among the pairs that curators marked; pairs whose names a recogniser would miss are not "
            "counted. A small encoder with a linear head is a baseline: tuned models of the literature reach F1 of about 0.6 to 0.7 "
            "(recalled) on this corpus."
        ),
    )


class _Counts:
    def __init__(self, hits: int, said: int, gold: int) -> None:
        self.hits, self.said, self.gold = hits, said, gold

    @property
    def shares(self) -> tuple[tuple[int, int], tuple[int, int]]:
        return (self.hits, self.said), (self.hits, self.gold)

    @property
    def f1(self) -> float:
        return 2 * self.hits / max(1, self.said + self.gold)


def _counts(said: Sequence[bool], gold: Sequence[bool]) -> _Counts:
    return _Counts(sum(a and b for a, b in zip(said, gold, strict=True)), sum(said), sum(gold))


def _share(hits: int, of: int) -> tuple[float, float, float]:
    if not of:
        return 0.0, 0.0, 1.0
    found, _ = interval_of_proportion(hits, of)
    return hits / of, found.low, found.high


def _told(hits: int, of: int) -> str:
    value, low, high = _share(hits, of)
    return f"{100 * value:.1f} % ({100 * low:.1f} to {100 * high:.1f})"


def _of_abstracts(examples: Sequence[Example], most: int) -> list[Example]:
    names = list(dict.fromkeys(str(case.meta["abstract"]) for case in examples))[:most]
    return [case for case in examples if case.meta["abstract"] in set(names)]


async def _sureness(model: Model, cases: Sequence[Example]) -> list[float]:
    """Probability of "induces" by the model, case by case."""
    out = []
    for case in cases:
        found = await ZeroShot(by="score").predict(TASK.prompt(case), model, seed=0)
        out.append(found.votes.get(STATED, 0.0))
    return out


def _best(sure: Sequence[float], cases: Sequence[Example]) -> float:
    """The threshold with the best F1."""
    gold = [case.target == STATED for case in cases]
    ladder = sorted(set(sure))[:: max(1, len(set(sure)) // 200)]
    return max(ladder, key=lambda value: (_counts([one >= value for one in sure], gold).f1, value))


def _names(case: Example, kind: str) -> list[str]:
    return str(case.input[kind]).split("; ")


def _together(case: Example) -> bool:
    return _sentence(case) is not None


def _sentence(case: Example) -> str | None:
    for _, text in case.input["sentences"]:
        if all(any(name in text for name in _names(case, kind)) for kind in KINDS):
            return str(text)
    return None


def _stored(folder: Path, cases: Sequence[Example], stated: Sequence[bool]) -> dict[str, int]:
    """Put the stated pairs into a store with their spans, read the graph, delete a document, read it again."""
    texts = {case.id: str(case.input["text"]) for case in Bc5cdr(task="relations").examples("test")}
    wanted = {str(case.meta["abstract"]) for case in cases}
    rows: dict[str, list[tuple[str, ...]]] = {}
    for case, said in zip(cases, stated, strict=True):
        if said:
            name = str(case.meta["abstract"])
            sentence = _sentence(case) or texts[name]
            start = texts[name].find(sentence)
            key = str(Span(name, 1, start, start + len(sentence)))
            named = [next(said for said in _names(case, kind) if said in sentence) for kind in KINDS]
            row = (str(case.meta["chemical"]), STATED, str(case.meta["disease"]), *named, *KINDS)
            rows.setdefault(key, []).append(row)
    with KnowledgeStore(folder, create=True, by="experiment") as store:
        store.put(Document(id=name, text=text, source=f"PMID {name}") for name, text in texts.items() if name in wanted)
        store.put_triples(MAKER, rows.items())
        block = KnowledgeGraph(sources=(StoredTriples(path=str(folder), maker=MAKER),))
        before = block.graph()
        opened = sum(_opens(store, key, row) for key, held in store.triples(MAKER) for row in held)
        gone = Span.read(before.triples[0].where).document
        own = sum(Span.read(triple.where).document == gone for triple in before.triples)
        store.delete(gone, why="to see what goes with it")
        after = block.graph()
        left = {triple.where for triple in after.triples}
        right = len(after.triples) == len(before.triples) - own and not any(
            where.startswith(f"{gone}/") for where in left
        )
    return {
        "things": len(before.nodes),
        "edges": len(before.triples),
        "edges whose span holds both names": opened,
        "edges of the deleted document": own,
        "edges left that should be": len(after.triples),
        "deleted as they should be": int(right),
    }


def _opens(store: KnowledgeStore, key: str, row: Sequence[str]) -> bool:
    """Whether the place that a triple names holds both of its names."""
    text = store.open_span(key)
    return row[3] in text and row[4] in text
