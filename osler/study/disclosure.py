"""What of identifiable data may leave in a report or a bundle: numbers, shared labels and pseudonyms, never a text.

A pseudonym is a hash of the id, so it is the same in every file; whoever knows an id can compute it again.
"""

from __future__ import annotations

import dataclasses
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from osler.core.block import canonical, digest
from osler.core.types import LETTERS, Example, Prediction
from osler.evaluation.metrics.kinds import TableMetric
from osler.evaluation.metrics.per_case import case_scores
from osler.evaluation.metrics.selective import is_word
from osler.evaluation.probes import META as PROBED
from osler.evaluation.probes import is_probed
from osler.evaluation.table import offers, spelled
from osler.study.answers import Answers, Frame
from osler.study.opinions import Opinion, is_rater

MASK = "(not shown)"
_ABSTAIN = "Abstain"  # the block of osler.prompting.abstain, as a spec names it
_PASSAGE_ID = re.compile(r"[\w.:-]{1,40}")
_PATH = re.compile(r"""(\bpath["']?\s*=\s*)("{3}.*?"{3}|'{3}.*?'{3}|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')""", re.DOTALL)


def pseudonym(text: str) -> str:
    """16 hex characters that stand for an id or a text."""
    return digest(text.encode("utf-8", "surrogatepass"), size=8)


def disclosed(
    sensitivity: str, examples: Sequence[Example], answers: Sequence[Answers], frame: Frame
) -> tuple[Sequence[Example], Sequence[Answers]]:
    """The cases and answers as they may leave: unchanged, or of identifiable data without ids and texts.

    Of meta stay the fields that the study groups by, the evidence ids and, as a pseudonym, the patient. Labels stay
    where all cases share their choices, and letters, and words that decline to answer (``declining``); every other
    answer becomes a pseudonym. Scores that metrics read from texts are kept beside the answers, for the texts are gone.
    """
    if sensitivity != "identifiable":
        return examples, answers
    sets = {example.choices for example in examples}
    shared = next(iter(sets)) if len(sets) == 1 else ()
    by_id = {example.id: example for example in examples}
    words = declining(answers, frame)
    return (
        [_case(example, shared, words, frame) for example in examples],
        [_cell(cell, by_id, shared, words, frame) for cell in answers],
    )


def declining(answers: Sequence[Answers], frame: Frame) -> frozenset[str]:
    """The words by which a system says that it does not answer: those of the study's metrics, and what its systems say.

    They are written in the study or in Osler, so they are no text of a patient.
    """
    found = {str(word) for metric in frame.metrics.values() for word in getattr(metric, "abstained", ())}
    return frozenset(found.union(*(_says(cell.spec) for cell in answers)))


def _says(spec: Any) -> set[str]:
    """What every ``abstain`` within the spec of a cell answers when it is not sure."""
    if isinstance(spec, Mapping):
        own = {str(spec["says"])} if spec.get("block") == _ABSTAIN and "says" in spec else set()
        return own.union(*map(_says, spec.values()))
    return set().union(*map(_says, spec)) if isinstance(spec, (list, tuple)) else set()


def rater_numbers(given: Sequence[Opinion], others: Iterable[str] = ()) -> dict[str, str]:
    """A number for every person who scored answers, and for ``others``: names stay at home, and the same person has
    the same number in every file of a bundle."""
    people = {opinion.by.partition(":")[2] for opinion in given if is_rater(opinion.by)}
    return {name: str(place) for place, name in enumerate(sorted(people | set(others)), start=1)}


def numbered(given: Sequence[Opinion], numbers: Mapping[str, str]) -> list[Opinion]:
    """Opinions with numbers instead of the names of raters."""
    return [
        dataclasses.replace(opinion, by=_numbered(opinion.by, numbers)) if is_rater(opinion.by) else opinion
        for opinion in given
    ]


def hidden_opinions(sensitivity: str, given: Sequence[Opinion]) -> list[Opinion]:
    """Opinions as they may leave: of identifiable data pseudonyms and no reasons."""
    if sensitivity != "identifiable":
        return list(given)
    return [dataclasses.replace(opinion, example=pseudonym(opinion.example), reason="") for opinion in given]


def _numbered(by: str, numbers: Mapping[str, str]) -> str:
    role, _, name = by.partition(":")
    return f"{role}:{numbers[name]}"


def _case(example: Example, shared: tuple[str, ...], words: frozenset[str], frame: Frame) -> Example:
    kept = {
        *frame.subgroups,
        frame.compare_by,
        frame.rank_by,
        *(field for field, _ in frame.people),
    } & example.meta.keys()
    meta = {field: example.meta[field] for field in example.meta if field in kept}
    if is_probed(example):
        meta |= {field: example.meta[field] for field in PROBED if field in example.meta}
        meta["origin"] = pseudonym(str(example.meta["origin"]))
    if example.meta.get("evidence") is not None:
        meta["evidence"] = _passages(example.meta["evidence"])
    if frame.cluster and example.meta.get(frame.cluster) is not None:
        meta[frame.cluster] = pseudonym(spelled(example.meta[frame.cluster]))
    target = _label(example.target, example, shared, words)
    return Example(id=pseudonym(example.id), input={}, target=target, choices=shared, meta=meta)


def _cell(
    cell: Answers, by_id: Mapping[str, Example], shared: tuple[str, ...], words: frozenset[str], frame: Frame
) -> Answers:
    rows = [by_id[name] for name in cell.ids]
    scores = {
        name: tuple(
            None if np.isnan(row).any() else row.tolist() for row in case_scores(metric, rows, cell.predictions)
        )
        for name, metric in frame.metrics.items()
        if not isinstance(metric, TableMetric)
    }
    return dataclasses.replace(
        cell,
        spec=without_paths(cell.spec),
        ids=tuple(map(pseudonym, cell.ids)),
        predictions=tuple(
            _prediction(item, example, shared, words) for item, example in zip(cell.predictions, rows, strict=True)
        ),
        scores=scores,
    )


def _prediction(item: Prediction, example: Example, shared: tuple[str, ...], words: frozenset[str]) -> Prediction:
    return dataclasses.replace(
        item,
        answer=None if item.answer is None else _label(item.answer, example, shared, words),
        rationale="",
        evidence=None if item.evidence is None else _passages(item.evidence),
        votes={_label(label, example, shared, words): share for label, share in item.votes.items()},
        replies=tuple(
            dataclasses.replace(reply, text="", texts=(), tool_calls=(), logprobs=None) for reply in item.replies
        ),
    )


def _label(text: str, example: Example, shared: tuple[str, ...], words: frozenset[str]) -> str:
    letter = len(text) == 1 and text in LETTERS
    # A word that is a choice of its case is an answer: it must not look like declining once the choices are gone.
    word = is_word(text, words) and not offers(example, text)
    return text if letter or word or text in shared else pseudonym(text)


def _passages(ids: Iterable[Any]) -> tuple[str, ...]:
    """Ids of passages; what does not look like one may be text that a model wrote."""
    return tuple(name if _PASSAGE_ID.fullmatch(name) else pseudonym(name) for name in map(str, ids))


def without_paths(spec: Any) -> Any:
    """A JSON value in which every setting ``path`` reads "(not shown)": file names may name people and places."""
    if isinstance(spec, Mapping):
        return {
            key: MASK if key == "path" and isinstance(item, str) and item else without_paths(item)
            for key, item in spec.items()
        }
    return [without_paths(item) for item in spec] if isinstance(spec, (list, tuple)) else spec


def study_text(toml: str) -> str:
    """The text of a study file with every ``path = "..."`` hidden, also where a comment repeats it."""
    text = _PATH.sub(rf'\1"{MASK}"', toml)
    for path in _paths(tomllib.loads(toml)):
        if "/" in path or "\\" in path:  # else it might be a word of the file, too
            text = text.replace(path, MASK)
    return text


def _paths(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key == "path" and isinstance(item, str):
                yield item
            else:
                yield from _paths(item)
    if isinstance(value, list):
        for item in value:
            yield from _paths(item)


def published_settings(settings: Mapping[str, Any], sensitivity: str) -> dict[str, Any]:
    """The settings of a comparison with published values. Readings by item quote replies, so they need texts."""
    needed = ["published", "compare_by", "published_source", *([] if sensitivity == "identifiable" else ["reading"])]
    return {key: settings[key] for key in needed if key in settings}


def rows_hash(examples: Iterable[Example]) -> str:
    """Hash of the ids and gold answers, in their order: what a bundle can check where the texts stay at home."""
    return digest(canonical([[example.id, example.target] for example in examples]))
