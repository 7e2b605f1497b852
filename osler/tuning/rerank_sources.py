"""Public questions with known answers, as training data for re-rankers: MedQuAD and the training part of PubMedQA."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from osler.core.types import Passage, Split
from osler.data.sets.bioasq import BioASQ
from osler.data.sets.liveqa import LiveQA
from osler.data.sets.medquad import Medquad
from osler.data.sets.pubmedqa import PubMedQA
from osler.data.sets.trial_search import TrialSearch
from osler.tuning.rerank_data import Questions, Sought, opening

Tested = Literal["bioasq", "liveqa", "trials"]
TESTED: tuple[Tested, ...] = ("bioasq", "liveqa", "trials")


def medquad(split: Split = "train", *, characters: int = 500) -> Questions:
    """MedQuAD's questions of ``split``; the passage of each is the opening of its answer.

    Every answer to the same question, whatever institute gave it, and every answer of the same type on the same focus may
    be right too. Answers that begin alike are one passage.
    """
    examples = Medquad().examples(split)
    ids: dict[str, str] = {}
    for example in examples:
        ids.setdefault(opening(example.target, characters), example.id)
    places = [ids[opening(example.target, characters)] for example in examples]
    same: dict[tuple[str, str], set[str]] = {}
    keys = [(str(example.meta["focus"]), str(example.meta["type"])) for example in examples]
    for key, place in zip(keys, places, strict=True):
        same.setdefault(key, set()).add(place)
    passages = {name: Passage(id=name, text=text) for text, name in ids.items()}
    sought = tuple(
        Sought(str(example.input["question"]), passages[place], frozenset(same[key]))
        for example, key, place in zip(examples, keys, places, strict=True)
    )
    return Questions(sought, tuple(passages.values()), {})


def pubmedqa(*, characters: int = 500) -> Questions:
    """The 500 training questions of PubMedQA (titles of articles). The passage is the conclusion of the abstract; its other
    sections may be right too and are found among the passages."""
    sought, passages = [], []
    for example in PubMedQA(form="conclusion").examples("train"):
        parts = [Passage(id=f"{example.id}/conclusion", text=opening(example.target, characters))]
        parts += [
            Passage(id=f"{example.id}/{name}", text=opening(text, characters))
            for name, text in example.input["sections"]
        ]
        passages += parts
        sought.append(Sought(str(example.input["question"]), parts[0], frozenset(part.id for part in parts)))
    return Questions(tuple(sought), tuple(passages), {})


def joined(*parts: Questions) -> Questions:
    """Questions of several sources as one."""
    left: dict[str, int] = {}
    for part in parts:
        for reason, count in part.left_out.items():
            left[reason] = left.get(reason, 0) + count
    return Questions(
        tuple(one for part in parts for one in part.sought),
        tuple(passage for part in parts for passage in part.passages),
        left,
    )


def judged_texts(names: Sequence[Tested] = TESTED) -> list[str]:
    """Every question and every passage of the judged sets: what no training text may stand in."""
    out: list[str] = []
    for name in names:
        source = {"bioasq": BioASQ, "liveqa": LiveQA, "trials": TrialSearch}[name]()
        out += [passage.text for passage in source.passages()]
        for example in source.examples("test"):
            out += [str(example.input[key]) for key in ("question", "message", "note") if example.input.get(key)]
    return out
