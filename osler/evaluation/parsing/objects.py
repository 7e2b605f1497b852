"""Finding the JSON object in a reply, also one that is fenced, quoted the Python way, broken or cut off."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import orjson

ANSWER_KEYS = (
    "final_answer",
    "answer_choice",
    "answer",
    "label",
    "eligibility",
    "choice",
    "prediction",
    "decision",
    "option",
    "答案",
)
RATIONALE_KEYS = (
    "rationale",
    "reasoning",
    "explanation",
    "step_by_step_thinking",
    "thinking",
    "thought",
    "thoughts",
    "analysis",
    "justification",
    "reason",
    "chain_of_thought",
    "解析",
)
EVIDENCE_KEYS = ("evidence", "sentences", "sentence_ids", "evidence_ids", "relevant_sentences", "citations")
CONFIDENCE_KEYS = ("confidence", "probability", "certainty")
_LONGEST = 200_000  # characters looked at; a reply is far shorter, and nested brackets cost recursion

_KEY = "|".join(sorted((key.replace("_", r"[_\s-]?") for key in ANSWER_KEYS), key=len, reverse=True))
_FIELD = re.compile(
    rf"""(?:["'“](?:{_KEY})["'”]|(?<=[{{,])\s*(?:{_KEY}))\s*[:：=]\s*
         (?:"(?P<double>(?:[^"\\]|\\.)*)(?P<shut>"|$)|'(?P<single>[^'\n]*)(?P<quoted>'|$)|“(?P<curly>[^”]*)”
         |(?P<bare>[^\s"'“,}}\]\[{{][^,}}\]\n]*)(?=[,}}\]\n]|$))""",
    re.VERBOSE | re.IGNORECASE,
)
_BEGUN = re.compile(r"""[{,]\s*["'“]?(?:step_by_step_thinking|\w{3,30})["'”]\s*[:：]""")


class Fields(NamedTuple):
    """What an object says. ``answer`` holds the raw values of the answer key, one per object that has one."""

    answers: tuple[Any, ...]
    rationale: str = ""
    evidence: tuple[str, ...] | None = None
    confidence: float | None = None
    rule: str = "json"
    cut: bool = False


def load(text: str) -> Any:
    """The JSON value of a text, or None. Lone surrogates and the like are no JSON."""
    try:
        return orjson.loads(text)
    except ValueError:
        return None


def fields(text: str) -> Fields | None:
    """The answer, rationale and evidence of the object(s) in ``text``; None when there is no object at all.

    Objects are tried as JSON, then as a Python dict, then field by field. Of several objects the last rationale
    counts; all their answers are returned, so that a disagreement can be seen.
    """
    text = text[:_LONGEST]
    if "{" not in text:
        return _scan(text) if text.lstrip()[:1] in ('"', "'", "“") else None
    whole = load(text) if text.lstrip()[:1] == "{" else None
    if isinstance(whole, dict):
        found = of(whole, "json")
        if found is not None:
            return found
    held = [item for item in map(_object, _spans(text)) if item is not None]
    read = [item for item in held if item.answers]
    if read:
        return read[-1]._replace(answers=tuple(value for item in read for value in item.answers))
    scanned = _scan(text)
    if scanned is not None:
        return scanned
    if held:
        return held[-1]
    return (
        Fields((), rule="repaired json", cut=True) if _BEGUN.search(text) and not text.rstrip().endswith("}") else None
    )


def _object(span: str) -> Fields | None:
    value = load(span)
    if isinstance(value, dict):
        return of(value, "json")
    try:
        value = ast.literal_eval(re.sub(r",\s*([}\]])", r"\1", span))
    except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
        return None
    return of(value, "repaired json") if isinstance(value, dict) else None


def _spans(text: str) -> Iterator[str]:
    """Balanced ``{...}`` from left to right; braces inside double-quoted strings do not count."""
    depth, begin, quoted = 0, 0, False
    for match in re.finditer(r'\\.|[{}"]', text, re.DOTALL):
        sign = match[0]
        if sign == '"':
            quoted = depth > 0 and not quoted
        elif quoted or len(sign) > 1:
            continue
        elif sign == "{":
            begin = match.start() if depth == 0 else begin
            depth += 1
        elif depth:
            depth -= 1
            if depth == 0:
                yield text[begin : match.end()]


def of(value: Mapping[Any, Any], rule: str) -> Fields | None:
    keys = {re.sub(r"[\s-]+", "_", str(key).strip().casefold()): key for key in value}
    answer = next((value[keys[key]] for key in ANSWER_KEYS if key in keys), None)
    has = any(key in keys for key in ANSWER_KEYS)
    if has and isinstance(answer, Mapping):
        return of(answer, rule)
    listed = _listed(value) if not has else None
    if listed is not None:
        return listed._replace(rule=rule)
    rationale = next((_prose(value[keys[key]]) for key in RATIONALE_KEYS if key in keys), "")
    if not has and not rationale:
        return None
    evidence = next((_ids(value[keys[key]]) for key in EVIDENCE_KEYS if key in keys), None)
    sure = next((confidence(value[keys[key]]) for key in CONFIDENCE_KEYS if key in keys), None)
    return Fields((answer,) if has else (), rationale, evidence, sure, rule)


def _listed(value: Mapping[Any, Any]) -> Fields | None:
    """TrialGPT's own form, ``{"0": [reasoning, [sentence ids], label]}``, of one criterion."""
    if len(value) != 1:
        return None
    (item,) = value.values()
    if isinstance(item, (list, tuple)) and len(item) == 3 and isinstance(item[1], (list, tuple)):
        return Fields((item[2],), _prose(item[0]), _ids(item[1]))
    return None


def _scan(text: str) -> Fields | None:
    """The answer fields of a text that is no valid object: a missing comma, an unescaped quote, a cut end."""
    found = list(_FIELD.finditer(text))
    if not found:
        return None
    answers: list[Any] = []
    cut = False
    for match in found:
        raw = next(match[name] for name in ("double", "single", "curly", "bare") if match[name] is not None)
        cut = (match["double"] is not None and not match["shut"]) or (
            match["single"] is not None and not match["quoted"]
        )
        answers.append(raw.strip())
    keys = "|".join(RATIONALE_KEYS)
    thought = re.search(
        rf"""["'](?:{keys})["']\s*:\s*["'](.*?)["']?\s*[,}}]?\s*["']""", text, re.DOTALL | re.IGNORECASE
    )
    ids = re.search(rf"""["'](?:{"|".join(EVIDENCE_KEYS)})["']\s*:\s*\[([^\]]*)\]""", text, re.IGNORECASE)
    evidence = _ids(ids[1]) if ids else None
    return Fields(tuple(answers), thought[1] if thought else "", evidence, None, "repaired json", cut)


def _prose(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return "\n".join(map(_prose, value))
    if isinstance(value, Mapping):
        return "\n".join(map(_prose, value.values()))
    return "" if value is None else str(value)


def _ids(value: Any) -> tuple[str, ...] | None:
    """Ids of sentences or passages: a list, one id, or ids parted by commas. Prose is no id."""
    if isinstance(value, (list, tuple)):
        return tuple(str(item).strip("[] ") for item in value if isinstance(item, (str, int)))
    if isinstance(value, int) and not isinstance(value, bool):
        return (str(value),)
    if isinstance(value, str):
        parts = [part.strip(" []\"'") for part in re.split(r"[,;]", value) if part.strip(" []\"'")]
        return None if any(re.search(r"\s", part) for part in parts) else tuple(parts)
    return None


def confidence(value: Any) -> float | None:
    """A stated confidence as a share: 0.85, "85%", 85. None when it is no number or out of range."""
    match = re.fullmatch(r"\s*(\d{1,3}(?:\.\d+)?)\s*(%?)\s*", str(value)) if not isinstance(value, bool) else None
    if match is None:
        return None
    number = float(match[1])
    share = number / 100 if match[2] or number > 1 else number
    return share if share <= 1 else None
