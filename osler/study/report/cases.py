"""The cases of the report: what kind of outcome each is, and the tokens that the filters of the page go by."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from osler.evaluation.consultation.transcript import Turn, read_transcript

_LONGEST = 80  # characters of a label; longer answers are texts and no kind of error
_HASH = re.compile("[0-9a-f]{16}")  # what stands for a label of identifiable data
_MOST_VALUES = 15  # a field with more values (an id, an age in years) is no subgroup


@dataclass(frozen=True, kw_only=True)
class Choice:
    """An option of a filter: its token, its words and how many cases it would show."""

    token: str
    words: str
    n: int


@dataclass(frozen=True, kw_only=True)
class Filter:
    """A menu over the cases. Groups hold a heading ("" for none) and options."""

    name: str
    words: str
    groups: tuple[tuple[str, tuple[Choice, ...]], ...]


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """A piece of evidence: ``gold`` when the key counts it, ``cited`` when the system named it."""

    id: str
    text: str
    gold: bool
    cited: bool


@dataclass(frozen=True, kw_only=True)
class Case:
    """A case as it is shown; ``tokens`` joins the filter tokens that match it. A text has a score and is not "wrong"."""

    record: Mapping[str, Any]
    outcome: str
    words: str
    evidence: tuple[Sentence, ...]
    unplaced: tuple[str, ...]
    tokens: str
    fields: tuple[tuple[str, str, str], ...] = ()  # of answers that are JSON objects: name, gold, given
    turns: tuple[Turn, ...] = ()  # of a consultation: who said what


def outcome(case: Mapping[str, Any]) -> str:
    """``failed`` (no reply), ``unreadable`` (reply without answer), ``wrong`` or ``right``."""
    if case["failure"]:
        return "failed"
    if not case["parsed"] or case["answer"] is None:
        return "unreadable"
    return "right" if case["answer"] == case["target"] else "wrong"


def words(case: Mapping[str, Any]) -> str:
    """The outcome in words, with the confusion where there is one."""
    kind = outcome(case)
    if kind == "failed":
        return f"no reply: {case['failure']}"
    if kind == "unreadable":
        return "reply could not be read"
    if kind == "right":
        return "right"
    if max(len(str(case["target"])), len(str(case["answer"]))) > _LONGEST or not (
        case["choices"] or case.get("labelled")
    ):
        lowest = case.get("score") is not None
        return f"text among the lowest by {case['measure']}" if lowest else "text that differs from the gold text"
    if not case["choices"] and _HASH.fullmatch(case["target"]) and _HASH.fullmatch(case["answer"]):
        return "another choice than the gold one (not shown)"
    return f"{case['target']} \u2192 {case['answer']}"


def listing(record: Mapping[str, Any]) -> tuple[list[Case], list[Filter]]:
    """The cases in their order, and the filters over them (system, outcome, subgroup)."""
    found = record["cases"]
    fields = _fields(record, found)
    facets = [("system", [{str(case["system"]): ""} for case in found])]
    facets.append(("outcome", [{words(case): _heading(case)} for case in found]))
    facets.append(("group", [_groups(case, fields) for case in found]))
    tokens: list[list[str]] = [[] for _ in found]
    filters = []
    for name, held in facets:
        filters.append(_filter(name, held, tokens))
    shown = [_case(case, " ".join(own)) for case, own in zip(found, tokens, strict=True)]
    return shown, [item for item in filters if sum(len(options) for _, options in item.groups) > 1]


def _heading(case: Mapping[str, Any]) -> str:
    if words(case).startswith("text"):
        return "Texts"
    names = {"wrong": "Wrong: target \u2192 answer", "right": "Right", "failed": "No reply", "unreadable": "Unreadable"}
    return names[outcome(case)]


def _fields(record: Mapping[str, Any], found: Sequence[Mapping[str, Any]]) -> list[str]:
    """The study's subgroup fields, else every field of the cases with few values."""
    named = [field for field in record["data"]["subgroups"] if any(field in case["meta"] for case in found)]
    if named:
        return named
    values: dict[str, set[str]] = {}
    for case in found:
        for field, value in case["meta"].items():
            if isinstance(value, (str, int, bool)):
                values.setdefault(field, set()).add(str(value))
    return [field for field, held in values.items() if 1 < len(held) <= _MOST_VALUES]


def _groups(case: Mapping[str, Any], fields: Sequence[str]) -> dict[str, str]:
    return {f"{field}: {case['meta'][field]}": field for field in fields if field in case["meta"]}


_WORDS = {"system": "System", "outcome": "Kind of error", "group": "Group"}


def _filter(name: str, held: Sequence[Mapping[str, str]], tokens: list[list[str]]) -> Filter:
    """A filter over labels (with their headings); adds each case's tokens to ``tokens``."""
    counted = Counter(label for labels in held for label in labels)
    heading = {label: under for labels in held for label, under in labels.items()}
    token = {label: f"{name}-{index}" for index, (label, _) in enumerate(counted.most_common())}
    for own, labels in zip(tokens, held, strict=True):
        own.extend(token[label] for label in labels)
    groups: dict[str, list[Choice]] = {}
    for label, n in counted.most_common():
        groups.setdefault(heading[label], []).append(Choice(token=token[label], words=label, n=n))
    ordered = tuple((under, tuple(options)) for under, options in groups.items())
    return Filter(name=name, words=_WORDS[name], groups=ordered)


def _case(case: Mapping[str, Any], tokens: str) -> Case:
    gold, cited = set(map(str, case["gold_evidence"])), set(map(str, case["cited"]))
    sentences = tuple(
        Sentence(
            id=str(item["id"]), text=str(item["text"]), gold=str(item["id"]) in gold, cited=str(item["id"]) in cited
        )
        for item in case["evidence"]
    )
    unplaced = tuple(sorted(cited - {item.id for item in sentences}))
    return Case(
        record=case,
        outcome="scored" if case.get("score") is not None and not case["failure"] else outcome(case),
        words=words(case),
        evidence=sentences,
        unplaced=unplaced,
        tokens=tokens,
        fields=_compared(case),
        turns=_turns(str(case["rationale"])),
    )


def _compared(case: Mapping[str, Any]) -> tuple[tuple[str, str, str], ...]:
    """The fields of two JSON objects side by side; () where one of them is none."""
    gold, given = _object(case["target"]), _object(case["answer"])
    if not gold or not given:
        return ()
    return tuple(
        (name.replace("_", " "), _plain(gold.get(name)), _plain(given.get(name))) for name in {**gold, **given}
    )


def _object(text: Any) -> Mapping[str, Any]:
    try:
        held = orjson.loads(text) if isinstance(text, str) else {}
    except orjson.JSONDecodeError:
        return {}
    return held if isinstance(held, dict) else {}


def _plain(value: Any) -> str:
    """A JSON value for reading: a list of words with semicolons, nothing as a dash."""
    if value is None or value in ("", [], {}):
        return "\u2013"
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return "; ".join(value)
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _turns(text: str) -> tuple[Turn, ...]:
    """The turns of a dialogue; () where a line is no turn of one, or no doctor speaks."""
    turns = read_transcript(text)
    whole = len(turns) == len(text.splitlines()) and any(turn.speaker == "doctor" for turn in turns)
    return turns if whole else ()
