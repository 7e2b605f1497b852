"""The plain-language summary, written from the numbers by fixed rules.

Rules: no better system is named when the interval of the difference holds 0 or the adjusted p is above 0.05; what the
first in the list loses case by case is said; below 200 paired cases the study is
called a development evaluation; small subgroups, made-up data and unread replies are said; and every summary ends
with the oversight that the output needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from osler.study.report import quantities as say
from osler.study.report import ranking

SHOWN = 6  # systems told with their value
OVERSIGHT = (
    "Nothing here is intended for direct diagnostic use or medical decision-making without review and oversight by "
    "a clinical professional."
)


@dataclass(frozen=True)
class Passage:
    """A heading of the summary box with its sentences."""

    heading: str
    sentences: tuple[str, ...]


def summary(record: Mapping[str, Any]) -> tuple[Passage, ...]:
    """What was asked, on what, what was found, and what the study does not show."""
    return (
        Passage("What was asked", _asked(record)),
        Passage("On what", _cases(record)),
        Passage("What was found", _found(record)),
        Passage("What this does not show", _limits(record)),
    )


def paired_cases(record: Mapping[str, Any]) -> int | None:
    """The smallest number of pairs behind an overall comparison of the primary metric, else of scored cases."""
    metric = record["study"]["primary"]
    pairs = [item["n"] for item in record["comparisons"] if item["metric"] == metric and item["subgroup"] is None]
    found = [item["estimates"].get(metric, {}).get("n") for item in record["systems"]]
    held = [int(n) for n in (*(pairs or found), record["data"]["n"]) if n is not None]
    return min(held) if held else None  # repeated runs of a case are no further cases


def _asked(record: Mapping[str, Any]) -> tuple[str, ...]:
    study, task = record["study"], record["task"]
    out = [study["question"] or "The study file states no question."]
    if task["title"]:
        kind = f" ({task['capability']})" if task["capability"] else ""
        out.append(f"The task: {task['title'].rstrip('.')}{kind}.")
    metric = record["metrics"].get(study["primary"])
    if metric:
        meaning = f" ({metric['definition'].rstrip('.')})" if metric["definition"] else ""
        how = "named before the run" if study["primary_named"] else "the first metric of the study file"
        out.append(f"The result that counts, {how}, is {metric['title']}{meaning}.")
    return tuple(out)


def _cases(record: Mapping[str, Any]) -> tuple[str, ...]:
    data, out = record["data"], []
    if data["synthetic"]:
        out.append("The cases are synthetic: made up by a program, not taken from patients.")
    if data["n"] is not None:
        cluster = data["cluster"] or "cluster"
        grouped = data["clusters"] is not None and data["clusters"] < data["n"]
        groups = f" from {say.count(data['clusters'])} groups (by {cluster})" if grouped else ""
        source = f" of {data['source']}" if data["source"] else ""
        out.append(f"{say.count(data['n'])} cases{groups}{source} were analysed.")
    names = [item["name"] for item in record["systems"]]
    if names:
        shown = names if len(names) <= 6 else [*names[:5], f"{len(names) - 5} more"]
        many = "One system answered"
        if len(names) > 1:
            many = f"{len(names)} systems answered " + ("the same cases" if same_cases(record) else "different cases")
        out.append(f"{many}: {say.listed(shown)}.")
        if not same_cases(record):
            out.append(_shared(record))
    return tuple(out) or ("The results do not describe the data.",)


def same_cases(record: Mapping[str, Any]) -> bool:
    """Whether every system answered all cases of the study, or (by the flow of cases) all the same ones."""
    found = {item["cases"] for item in record["systems"]} - {None}
    if found <= {record["data"]["n"]} or record["data"]["n"] is None:
        return len(found) <= 1
    everywhere = {row["n"] for row in record["flow"] if row["step"] == "asked of every system"}
    return len(found) == 1 and everywhere == found


def _shared(record: Mapping[str, Any]) -> str:
    """How many cases each system answered, and how many any two of them share."""
    counts = [f"{item['name']} {say.count(item['cases'])}" for item in record["systems"]]
    shown = counts if len(counts) <= 6 else [*counts[:5], f"{len(counts) - 5} more"]
    metric = record["study"]["primary"]
    pairs = [
        item["n"] if item["cases"] is None else item["cases"]
        for item in record["comparisons"]
        if item["metric"] == metric and item["subgroup"] is None
    ]
    known = [int(n) for n in pairs if n is not None]
    both = "" if not known else f" Two systems are compared on the {_range(known)} cases that both answered."
    return f"Cases answered: {say.listed(shown)}.{both}"


def _range(counts: list[int]) -> str:
    low, high = min(counts), max(counts)
    return say.count(low) if low == high else f"{say.count(low)} to {say.count(high)}"


def _found(record: Mapping[str, Any]) -> tuple[str, ...]:
    metric = record["study"]["primary"]
    about = record["metrics"].get(metric)
    if about is None or not any(ranking.value(item, metric) is not None for item in record["systems"]):
        return ("No system has a value for the primary metric, so nothing was found.",)
    ordered = _best_first(record, metric, about["higher_is_better"])
    first = next(item for item in record["systems"] if ranking.value(item, metric) is not None)
    shown = ordered[:SHOWN]
    # The first system is what the others are held against: it is told wherever it stands.
    shown = shown if first in shown else [*shown[: SHOWN - 1], first]
    out = [
        f"{about['title'][:1].upper()}{about['title'][1:]} of {item['name']}: "
        f"{say.estimate(item['estimates'].get(metric), about['unit'], binary=about['binary'])}."
        for item in shown
    ]
    if any(item["estimates"].get(metric, {}).get("low") is not None for item in record["systems"]):
        out[0] = out[0][:-1] + "; the range in brackets is the 95 % interval."
    if len(ordered) > SHOWN:
        out.append(f"The results hold {len(ordered) - SHOWN} more.")
    return (*out, *_better(record, metric, about), *_accepted(record))


def _best_first(record: Mapping[str, Any], metric: str, higher: bool | None) -> list[Mapping[str, Any]]:
    scored = [item for item in record["systems"] if ranking.value(item, metric) is not None]
    if higher is None:
        return scored
    return sorted(scored, key=lambda item: ranking.value(item, metric) or 0.0, reverse=higher)


def _better(record: Mapping[str, Any], metric: str, about: Mapping[str, Any]) -> tuple[str, ...]:
    """Who is better, or that the data cannot tell."""
    higher = about["higher_is_better"]
    ordered = _best_first(record, metric, higher)
    if len(ordered) < 2 or higher is None:
        return ()
    best = ordered[0]["name"]
    if ranking.winner(record["systems"], record["comparisons"], metric, higher):
        others = "the other" if len(ordered) == 2 else "each of the others"
        return (f"{best} did better than {others}: no interval of the difference holds 0.",)
    unsettled, unpaired, lost, adjusted = [], [], [], []
    for other in ordered[1:]:
        found = ranking.between(record["comparisons"], metric, best, other["name"])
        if found is None:
            unpaired.append(other["name"])
            continue
        shown = f"{other['name']} ({_difference(found, about['unit'])})"
        if ranking.open_question(found):
            unsettled.append(shown)
            if not ranking.open_question({**found, "p_adjusted": None}):
                adjusted.append(other["name"])
        elif not ranking.ahead(found, best, higher):
            lost.append(_lost(found, best, other["name"], about["unit"]))
    out = lost
    if unsettled:
        out.append(f"The data do not show whether {best} is better than {say.listed(unsettled, 'or')}.")
    if adjusted:
        out.append(
            f"After adjustment for the number of comparisons this is not settled against {say.listed(adjusted)}."
        )
    if unpaired:
        out.append(f"{best} was not compared case by case with {say.listed(unpaired, 'or')}: the order is no evidence.")
    return tuple(out)


def _lost(found: Mapping[str, Any], best: str, other: str, unit: str) -> str:
    """What the leader loses on the cases that both answered: its place was won on others."""
    n = found["n"] if found["cases"] is None else found["cases"]
    return (
        f"{other} did better than {best} on the {say.count(n)} cases that both answered ({_difference(found, unit)}): "
        f"the higher place of {best} comes from other cases and is no evidence."
    )


def _difference(found: Mapping[str, Any], unit: str) -> str:
    ends = say.interval(found["low"], found["high"], unit)
    return f"difference {say.span(found['difference'], unit)}{f', interval {ends}' if ends else ''}"


def _accepted(record: Mapping[str, Any]) -> tuple[str, ...]:
    rule = record["study"]["accept"]
    if not rule:
        return ("The study set no value that would be good enough.",)
    about = record["metrics"].get(rule["metric"], {"title": rule["metric"], "unit": ""})
    cases = record["data"]["n"]
    reached = [item for item in record["systems"] if ranking.acceptance(item, rule, cases) == "met"]
    met = [item["name"] for item in reached if not ranking.baseline(item)]
    shown = say.listed(met) if met else "no system"
    verb = "meets" if len(met) < 2 else "meet"
    out = [f"Good enough was set as {acceptance_rule(rule, about)}: {shown} {verb} it."]
    simple = [item["name"] for item in reached if ranking.baseline(item)]
    if simple:
        out.append(f"{say.listed(simple)}, a baseline, reaches it, too: the value is set too low.")
    for item in record["systems"]:
        refused = ranking.refusal(item, rule["metric"], cases)
        if refused and not ranking.baseline(item):
            out.append(f"{item['name']} cannot be accepted on these figures, as {refused}.")
    return tuple(out)


def acceptance_rule(rule: Mapping[str, Any], about: Mapping[str, Any]) -> str:
    """``the lower end of the interval of accuracy at least 80.0 %``."""
    wanted, limit = ranking.target(rule)
    end = f"the {'upper' if limit else 'lower'} end of the interval of " if rule.get("lower_bound", True) else ""
    return f"{end}{about['title']} {'at most' if limit else 'at least'} {say.quantity(wanted, about['unit'])}"


def _limits(record: Mapping[str, Any]) -> tuple[str, ...]:
    out, pairs = [], paired_cases(record)
    if pairs is not None and pairs < say.DEVELOPMENT:
        out.append(
            f"This is a development evaluation: {pairs} paired cases can guide the choice of a prompt or model, "
            "but cannot support claims of safety or of small gains."
        )
    out += _detectable(record)
    if record["data"]["synthetic"]:
        out.append("Synthetic cases do not show how a system does on real patients.")
    out += _unread(record)
    small = small_groups(record)
    if small:
        shown = say.listed(small if len(small) <= 4 else [*small[:3], f"{len(small) - 3} more"])
        out.append(f"Some groups have fewer than {say.SMALL_GROUP} cases, too few to judge: {shown}.")
    overlap = record["data"]["overlap"]
    if overlap is None or not (overlap["checked"] or overlap["note"]):
        out.append("Overlap between the cases and what the systems had seen before was not checked.")
    if all(len(item["seeds"]) <= 1 for item in record["systems"]):
        out.append("Each system ran once, so the variation between runs is not known.")
    return (*out, OVERSIGHT)


def _detectable(record: Mapping[str, Any]) -> list[str]:
    metric = record["study"]["primary"]
    unit = record["metrics"].get(metric, {}).get("unit", "")
    found = [
        item["detectable"]
        for item in record["comparisons"]
        if item["metric"] == metric and item["subgroup"] is None and item["detectable"] is not None
    ]
    return (
        [f"Differences smaller than about {say.span(max(found), unit)} may be missed (at a power of 80 %)."]
        if found
        else []
    )


def _unread(record: Mapping[str, Any]) -> list[str]:
    out = []
    for item in record["systems"]:
        failed = sum(item["failures"].values())
        if item["unparsed"] or failed:
            kinds = [f"{item['unparsed']} could not be read"] if item["unparsed"] else []
            kinds += [f"{failed} failed"] if failed else []
            out.append(f"Of the {say.count(item['n'])} replies of {item['name']}, {say.listed(kinds)}.")
    if len(out) > 3:
        return [f"{len(out)} systems gave replies that could not be read or calls that failed; they are listed apart."]
    return out


def small_groups(record: Mapping[str, Any]) -> list[str]:
    """Subgroups with fewer than 30 cases, as ``field value (n)``."""
    return [
        f"{field} {value} ({n})"
        for field, groups in record["data"]["subgroups"].items()
        for value, n in groups.items()
        if n < say.SMALL_GROUP
    ]
