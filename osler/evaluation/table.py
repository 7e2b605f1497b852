"""One system's predictions beside the gold answers, as columns: what every corpus-level metric is computed from."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from osler.core.errors import DataError, nearest
from osler.core.types import Example, Prediction
from osler.evaluation.shares import shares_of

Floats = NDArray[np.float64]
Codes = NDArray[np.int32]
Mask = NDArray[np.bool_]
UNREAD = -1


@dataclass(frozen=True, kw_only=True, eq=False)
class Table:
    """Columns of one system over n rows; several seeds are repeated rows with the same cluster.

    ``clusters``: codes 0..K-1 of what is resampled together. ``labels``: all answers that occur, gold ones and others;
    ``targets`` and ``answers`` are codes into it, an answer being -1 when none was read or the call failed.
    ``offered``: the answer is one of the case's own choices, whatever it says.
    ``failures``: the kind of error, "" for none. ``probabilities`` [n, labels]: NaN rows where a prediction has no
    votes, None where no row has any. ``cited`` and ``gold``: sets of passage ids or None; ``evidence`` [n, 3] counts
    their common ids, the cited and the gold ones, -1 where a set is None. ``latency`` in seconds and ``cost`` in US
    dollars per case (all of its calls added up), tokens per case; NaN where not known. ``meta``: columns to group by. ``scores``: per-case scores given from outside (a
    metric that reads replies, a judge, a rater) by name, NaN where there is none.
    """

    ids: NDArray[np.str_]
    clusters: Codes
    labels: tuple[str, ...]
    targets: Codes
    answers: Codes
    parsed: Mask
    offered: Mask
    failures: NDArray[np.str_]
    probabilities: Floats | None
    cited: NDArray[np.object_]
    gold: NDArray[np.object_]
    evidence: Codes
    tokens_in: Floats
    tokens_out: Floats
    cost: Floats
    latency: Floats
    calls: Codes
    meta: Mapping[str, NDArray[np.str_]]
    scores: Mapping[str, Floats] = dataclasses.field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.ids)

    def rows(self, mask: Mask) -> Table:
        """The rows where ``mask`` [n] is true, with clusters numbered anew. Labels stay those of the whole table."""
        if mask.shape != (len(self),) or mask.dtype != np.bool_:
            raise DataError(f"a mask over this table has {len(self)} booleans, got {mask.dtype} of shape {mask.shape}")
        if bool(mask.all()):
            return self
        chosen: dict[str, Any] = {
            field.name: getattr(self, field.name)[mask]
            for field in dataclasses.fields(self)
            if field.name not in ("labels", "meta", "clusters", "probabilities", "scores")
        }
        chosen["clusters"] = np.unique(self.clusters[mask], return_inverse=True)[1].astype(np.int32)
        chosen["probabilities"] = None if self.probabilities is None else self.probabilities[mask]
        chosen["meta"] = {name: column[mask] for name, column in self.meta.items()}
        chosen["scores"] = {name: column[mask] for name, column in self.scores.items()}
        return Table(labels=self.labels, **chosen)

    def select(self, field: str, value: object) -> Table:
        """The rows whose meta ``field`` has ``value`` (compared as spelled in a study: true, 3, "icu")."""
        return self.rows(self._column(field) == spelled(value))

    def subgroups(self, field: str) -> dict[str, int]:
        """Number of rows by value of a meta field, in order of the values; "" stands for rows without the field."""
        values, counts = np.unique(self._column(field), return_counts=True)
        return {str(value): int(count) for value, count in zip(values, counts, strict=True)}

    def _column(self, field: str) -> NDArray[np.str_]:
        if field not in self.meta:
            raise DataError(f"the table has no column {field!r} to group by", hint=nearest(field, self.meta))
        return self.meta[field]


def tabulate(examples: Sequence[Example], predictions: Sequence[Prediction], *, cluster: str = "") -> Table:
    """The table of ``predictions``, aligned with ``examples`` (for several seeds the examples are repeated).

    ``cluster``: the meta field that says which examples belong together ("patient"); "" is the example itself.
    """
    if len(examples) != len(predictions):
        raise DataError(f"each example needs one prediction, got {len(examples)} and {len(predictions)}")
    calls = [len(item.replies) for item in predictions]
    known = [bool(count) or not item.failure for count, item in zip(calls, predictions, strict=True)]

    def added(field: str) -> list[float | None]:
        read = attrgetter(field)
        return [
            (sum(map(read, item.replies)) if item.replies else 0) if has else None
            for has, item in zip(known, predictions, strict=True)
        ]

    return tabulate_columns(
        ids=[item.id for item in examples],
        targets=[item.target for item in examples],
        answers=[item.answer for item in predictions],
        clusters=[_cluster(item, cluster) for item in examples],
        parsed=[item.parsed for item in predictions],
        failures=[item.failure for item in predictions],
        votes=[item.votes for item in predictions],
        cited=[item.evidence for item in predictions],
        gold=[item.meta.get("evidence") for item in examples],
        tokens_in=added("tokens_in"),
        tokens_out=added("tokens_out"),
        cost=added("cost_usd"),
        latency=added("latency_s"),
        calls=calls,
        meta=_meta_columns(examples),
        choices=_shared_choices(examples),
        offered=[offers(item, said.answer) for item, said in zip(examples, predictions, strict=True)],
    )


def offers(example: Example, answer: str | None) -> bool:
    """Whether an answer is one of the choices of its case. Where choices are answered by letters no word is."""
    return answer in example.choices and example.target in example.choices


def tabulate_columns(
    *,
    ids: Sequence[str],
    targets: Sequence[str],
    answers: Sequence[str | None],
    clusters: Sequence[str] | None = None,
    parsed: Sequence[bool] | None = None,
    failures: Sequence[str] | None = None,
    votes: Sequence[Mapping[str, float] | None] | None = None,
    cited: Sequence[Iterable[str] | None] | None = None,
    gold: Sequence[Iterable[str] | None] | None = None,
    tokens_in: Sequence[float | None] | None = None,
    tokens_out: Sequence[float | None] | None = None,
    cost: Sequence[float | None] | None = None,
    latency: Sequence[float | None] | None = None,
    calls: Sequence[int] | None = None,
    meta: Mapping[str, Sequence[object]] | None = None,
    choices: Sequence[str] = (),
    offered: Sequence[bool] | None = None,
) -> Table:
    """A table from plain columns of one length, as read from Parquet. A column left out is unknown for every row.

    ``clusters`` default to the ids, ``parsed`` to "an answer is there". ``choices``: labels in the order to show.
    ``offered``: whether a row's answer is one of its own choices; when left out, those of ``choices`` are.
    """
    n = len(ids)
    columns: dict[str, Sequence[object] | None] = {"targets": targets, "answers": answers, "clusters": clusters}
    columns |= {"parsed": parsed, "failures": failures, "votes": votes, "cited": cited, "gold": gold, "calls": calls}
    columns |= {
        "offered": offered,
        "tokens_in": tokens_in,
        "tokens_out": tokens_out,
        "cost": cost,
        "latency": latency,
        **(meta or {}),
    }
    for name, column in columns.items():
        if column is not None and len(column) != n:
            raise DataError(f"column {name!r} has {len(column)} rows where the ids have {n}")
    failed = ["" for _ in range(n)] if failures is None else list(failures)
    read = [answer is not None for answer in answers] if parsed is None else [bool(item) for item in parsed]
    read = [ok and not bad and answer is not None for ok, bad, answer in zip(read, failed, answers, strict=True)]
    labels = _labels(targets, (answer for answer in answers if answer is not None), votes or (), choices)
    codes = {label: code for code, label in enumerate(labels)}
    said = [codes[str(answer)] if ok else UNREAD for ok, answer in zip(read, answers, strict=True)]
    cited_sets, gold_sets = _sets(cited, n), _sets(gold, n)
    return Table(
        ids=_strings(ids),
        clusters=_coded(ids if clusters is None else clusters),
        labels=labels,
        targets=np.array([codes[target] for target in targets], dtype=np.int32),
        answers=np.array(said, dtype=np.int32),
        parsed=np.array(read, dtype=np.bool_),
        offered=np.array([said in choices for said in answers] if offered is None else offered, dtype=np.bool_),
        failures=_strings(failed),
        probabilities=shares_of(votes, codes, n),
        cited=cited_sets,
        gold=gold_sets,
        evidence=_evidence(cited_sets, gold_sets),
        tokens_in=_numbers(tokens_in, n),
        tokens_out=_numbers(tokens_out, n),
        cost=_numbers(cost, n),
        latency=_numbers(latency, n),
        calls=np.array([0] * n if calls is None else calls, dtype=np.int32),
        meta={name: _strings([spelled(item) for item in column]) for name, column in (meta or {}).items()},
    )


def spelled(value: object) -> str:
    """A meta value as text: booleans as in JSON, None as "", everything else as Python prints it."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _cluster(example: Example, field: str) -> str:
    if not field:
        return example.id
    if example.meta.get(field) is None:
        raise DataError(
            f"example {example.id!r} has no {field!r} to cluster by",
            hint=f"add meta[{field!r}] to every example, or cluster by the example itself",
        )
    return spelled(example.meta[field])


def _meta_columns(examples: Sequence[Example]) -> dict[str, list[object]]:
    fields: dict[str, None] = {}
    for example in examples:
        for name, value in example.meta.items():
            if value is None or isinstance(value, (str, int, float, bool)):
                fields[name] = None
    columns = {name: [example.meta.get(name) for example in examples] for name in fields}
    return {name: column for name, column in columns.items() if not any(map(_nested, column))}


def _nested(value: object) -> bool:
    return not (value is None or isinstance(value, (str, int, float, bool)))


def _shared_choices(examples: Sequence[Example]) -> tuple[str, ...]:
    """The choices, where all examples have the same ones and the targets are among them (letters are not)."""
    first = examples[0].choices if examples else ()
    same = all(item.choices == first and item.target in first for item in examples)
    return first if same else ()


def _labels(
    targets: Sequence[str],
    answers: Iterable[str],
    votes: Sequence[Mapping[str, float] | None],
    choices: Sequence[str],
) -> tuple[str, ...]:
    gold = dict.fromkeys([*choices, *sorted(set(targets))])
    others = set(answers)
    for item in votes:
        if item:
            others.update(item)
    return tuple(dict.fromkeys([*gold, *sorted(others - gold.keys())]))


def _sets(column: Sequence[Iterable[str] | None] | None, n: int) -> NDArray[np.object_]:
    sets = np.full(n, None, dtype=object)
    for row, item in enumerate(column or ()):
        if item is not None:
            sets[row] = frozenset(item)
    return sets


def _evidence(cited: NDArray[np.object_], gold: NDArray[np.object_]) -> Codes:
    counts = np.full((len(cited), 3), -1, dtype=np.int32)
    if all(item is None for item in cited) and all(item is None for item in gold):
        return counts
    for row, (found, true) in enumerate(zip(cited, gold, strict=True)):
        if found is not None:
            counts[row, 1] = len(found)
        if true is not None:
            counts[row, 2] = len(true)
        if found is not None and true is not None:
            counts[row, 0] = len(found & true)
    return counts


def _coded(names: Sequence[str]) -> Codes:
    codes: dict[str, int] = {}
    return np.array([codes.setdefault(name, len(codes)) for name in names], dtype=np.int32)


def _strings(column: Sequence[str]) -> NDArray[np.str_]:
    return np.array(column, dtype=np.str_)


def _numbers(column: Sequence[float | None] | None, n: int) -> Floats:
    if column is None:
        return np.full(n, np.nan)
    return np.array([np.nan if item is None else item for item in column], dtype=np.float64)
