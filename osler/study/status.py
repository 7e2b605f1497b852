"""``status`` and ``show``: where a study stands, and everything about one case."""

from __future__ import annotations

import datetime
from typing import Any

from osler.core.errors import SpecError, nearest
from osler.core.store import Store
from osler.study.cells import cells
from osler.study.dataset import Dataset
from osler.study.disclosure import pseudonym
from osler.study.gates import STAGES
from osler.study.plan import Plan
from osler.study.resolve import Study
from osler.study.variants import counted


def status(plan: Plan, store: Store) -> dict[str, Any]:
    """Cells done and to do, gates with reasons, spending, failures."""
    study = plan.study
    n = len(plan.data.test)
    rows = []
    for row in plan.rows:
        attempts = store.attempts(row.cell.id)
        rows.append(
            {
                "cell": row.cell.id,
                "name": study.label(row.cell.model.name, row.cell.system.name),
                "seed": row.cell.seed,
                "done": len(attempts),
                "failed": sum(failed for _, failed in attempts.values()),
                "n": n,
            }
        )
    gates = {event["edge"]: event for event in store.events(study.name, "gate")}
    spent = store.spent(study.name)
    return {
        "study": study.name,
        "question": study.question,
        "cells": rows,
        "gates": [
            {"edge": edge, "passed": event["passed"], "reason": event["reason"], "at": _when(event["at"])}
            for edge, event in gates.items()
        ],
        "loops": len(store.events(study.name, "gate")) - len(gates),
        "runs": len(store.events(study.name, "run started")),
        "variants": counted(plan, store),
        "spent": {"calls": spent.calls, "tokens": spent.tokens, "usd": spent.usd},
        "failures": [
            {"kind": event["failure"], "message": event["message"], "at": _when(event["at"])}
            for event in store.events(study.name, "failure")[-5:]
        ],
    }


def picture(found: dict[str, Any]) -> str:
    """The workflow as text: a mark for each stage, and the gates between them."""
    gates = {gate["edge"]: gate for gate in found["gates"]}
    marks = {True: "passed", False: "not passed", None: "open"}
    done = sum(row["done"] for row in found["cells"])
    total = sum(row["n"] for row in found["cells"])
    lines = [f"{found['study']}: {found['question']}", f"{done:,} of {total:,} answers are there", ""]
    if found["variants"]:
        lines[1] += f"; {found['variants']:,} variants were tried on validation cases"
    for i, stage in enumerate(STAGES):
        lines.append(f"  [{stage}]")
        after = STAGES[i + 1] if i + 1 < len(STAGES) else ""
        for edge, gate in gates.items():
            start, _, end = edge.partition(" -> ")
            if start == stage:
                arrow = "v" if end == after else "->"
                lines.append(f"     {arrow} {end}: {marks[gate['passed']]} ({gate['reason']})")
    if not gates:
        lines.append("  no gate was judged yet: osler run, then osler report")
    return "\n".join(lines)


def show(study: Study, data: Dataset, store: Store, case: str) -> dict[str, Any]:
    """One case, by its id or the hash that a report shows: what was asked, of whom, what came back, how it was read."""
    examples = {example.id: example for example in store.examples(data.hash)}
    # A report of identifiable data names its cases by hashes; here, beside the store, they lead back to the case.
    case = case if case in examples else next((name for name in examples if pseudonym(name) == case), case)
    if case not in examples:
        raise SpecError(
            f"no case {case!r} in study {study.name!r}",
            hint=nearest(case, list(examples)) if examples else "run the study first",
        )
    example = examples[case]
    answers = []
    for cell in cells(study, data):
        found = next((p for name, p in store.predictions(cell.id) if name == case), None)
        if found is None:
            continue
        calls = []
        for reply in found.replies:
            request = store.request(reply.key) if reply.key else None
            calls.append(
                {
                    "messages": [] if request is None else [_message(message) for message in request[2]],
                    **_settings(request),
                    "reply": reply.text,
                    "tokens_in": reply.tokens_in,
                    "tokens_out": reply.tokens_out,
                    "latency_s": reply.latency_s,
                    "cost_usd": reply.cost_usd,
                    "model": reply.model,
                    "key": reply.key,
                }
            )
        answers.append(
            {
                "name": study.label(cell.model.name, cell.system.name),
                "seed": cell.seed,
                "cell": cell.id,
                "answer": found.answer,
                "right": found.answer == example.target,
                "parsed": found.parsed,
                "failure": found.failure,
                "votes": dict(found.votes),
                "evidence": None if found.evidence is None else list(found.evidence),
                "rationale": found.rationale,
                "calls": calls,
            }
        )
    return {
        "id": case,
        "input": example.input,
        "target": example.target,
        "choices": example.choices,
        "meta": example.meta,
        "answers": answers,
    }


def _settings(request: Any) -> dict[str, Any]:
    """How a call was put: a generation has a temperature, a seed and a bound; a scoring has choices."""
    if request is None:
        return {}
    if request[0] == "score":
        return {"scored": request[3]}
    return {"temperature": request[3], "seed": request[4], "max_tokens": request[5]}


def _message(message: Any) -> dict[str, str]:
    return {
        "role": message["role"],
        "text": "\n".join(part["text"] for part in message["parts"] if part["kind"] == "text"),
    }


def _when(epoch: float) -> str:
    return datetime.datetime.fromtimestamp(epoch, datetime.UTC).isoformat(timespec="seconds")
