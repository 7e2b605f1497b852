"""A realistic record of a small study, made from simulated answers so that its tables agree with each other."""

from __future__ import annotations

import math
import random
from typing import Any

LABELS = ("included", "not included", "not applicable", "not enough information")
SYSTEMS = {
    "lexicon + zero_shot": 0.52,
    "minilm + few_shot": 0.71,
    "minilm + chain_of_thought": 0.73,
    "minilm tuned (sft) + zero_shot": 0.86,
}
PRIMARY = "accuracy"
HOSTILE = "Patient wrote: <script>alert('x')</script> & \"quoted\" <b>not bold</b> {{ 7 * 7 }}"

Row = dict[str, Any]


def results(*, n: int = 180, patients: int = 60, synthetic: bool = True, seed: int = 0) -> Row:
    """The results of four systems on ``n`` cases of ``patients`` patients."""
    chance = random.Random(seed)
    cases = [_case(index, patients, chance) for index in range(n)]
    answers = {name: [_answer(case, skill, chance) for case in cases] for name, skill in SYSTEMS.items()}
    systems = [_system(name, cases, given, chance) for name, given in answers.items()]
    names = list(SYSTEMS)
    return {
        "osler": "0.1.0",
        "generated": "2026-11-21T12:00:00Z",
        "study": {
            "name": "trial_matching_ladder",
            "question": "Which patients meet which criteria of a clinical trial?",
            "toml": 'question = "Which patients meet which criteria of a clinical trial?"\ntask = "trial_matching"\n'
            'metrics = ["accuracy", "macro_f1"]\nseeds = [0]\n',
            "id": "5f1c8ad2b3e94710",
            "primary": PRIMARY,
            "accept": {"metric": PRIMARY, "at_least": 0.7, "lower_bound": True},
        },
        "task": TASK,
        "data": _data(cases, patients, synthetic),
        "flow": [
            {"step": "criteria identified", "n": n + 24, "note": "all patients, all criteria"},
            {"step": "with a settled answer", "n": n + 9, "note": "two raters agreed, or a third decided"},
            {"step": "analysed", "n": n, "note": "9 repeated from the training split"},
        ],
        "stages": STAGES,
        "gates": GATES,
        "metrics": METRICS,
        "systems": systems,
        "comparisons": [_comparison(a, b, cases, answers) for index, a in enumerate(names) for b in names[index + 1 :]],
        "published": PUBLISHED,
        "cases": _wrong(cases, answers),
        "warnings": ["The figure of the best of four systems is optimistic: the same cases chose it."],
        "methods": [
            f"Each of {n} cases was put to four systems. The data set has the hash 9b1f2c7d44a0e6f3.",
            "Intervals are 95 %: percentile bootstraps that resample whole patients 10,000 times.",
        ],
        "environment": {"python": "3.12.3", "platform": "Linux", "packages": {"numpy": "2.3.4", "scipy": "1.16.2"}},
    }


TASK: Row = {
    "name": "trial_matching",
    "title": "Match a patient to one criterion of a clinical trial",
    "capability": "structurization",
    "area": "clinical research",
    "input": "A patient summary and one eligibility criterion",
    "output": "One of four answers, with the sentences that support it",
    "intended_use": "Sort candidates for a coordinator who checks each one.",
    "users": "Trial coordinators",
    "oversight": "A coordinator reads every patient marked as included before contact.",
    "hazards": ["A patient who is excluded for safety is offered the trial.", "An eligible patient is passed over."],
    "labels": list(LABELS),
    "instruction": "Decide whether the patient meets the criterion.\nAnswer with exactly one of the choices.",
}
STAGES: list[Row] = [
    {"stage": "task formulation", "state": "done", "note": "task card complete, 180 gold cases"},
    {"stage": "model selection", "state": "done", "note": "2 models passed the filters"},
    {"stage": "prompt engineering", "state": "failed", "note": "no prompt met the target"},
    {"stage": "fine-tuning", "state": "done", "note": "the tuned model beats the best prompt"},
    {"stage": "deployment", "state": "open", "note": "release asks for the four dossiers"},
]
GATES: list[Row] = [
    {"edge": "task formulation -> model selection", "passed": True, "reason": "task card complete", "at": "2026-11-20"},
    {"edge": "prompt engineering -> deployment", "passed": False, "reason": "lower bound below 70 %", "at": ""},
    {"edge": "fine-tuning -> deployment", "passed": None, "reason": "not asked yet", "at": ""},
]
METRICS: Row = {
    "accuracy": {
        "title": "accuracy",
        "definition": "Share of cases answered right; an unread reply is wrong.",
        "unit": "share",
        "higher_is_better": True,
        "binary": True,
    },
    "macro_f1": {
        "title": "macro F1",
        "definition": "Mean over the labels of the F1 of each.",
        "unit": "share",
        "higher_is_better": True,
    },
    "kappa": {
        "title": "Cohen's kappa",
        "definition": "Agreement with the key beyond chance.",
        "unit": "",
        "higher_is_better": True,
    },
    "harmful": {
        "title": "unsafe inclusions",
        "definition": "Share of excluded patients called included.",
        "unit": "share",
        "higher_is_better": False,
        "binary": True,
    },
    "latency": {"title": "time per case", "definition": "", "unit": "s", "higher_is_better": False},
    "cost": {"title": "cost per case", "definition": "US dollars.", "unit": "USD", "higher_is_better": False},
}
PUBLISHED: list[Row] = [
    {
        "system": "minilm + few_shot",
        "group": "all",
        "metric": "accuracy",
        "published": 0.717,
        "rule": 0.711,
        "ours": 0.694,
        "n": 180,
        "items": [
            {
                "id": "p07-c2",
                "published_reading": "included",
                "our_reading": "unparsed",
                "target": "included",
                "reason": "two answers in one reply; the published rule takes the first",
            }
        ],
        "source": "Table 2 of the paper",
    }
]


def _case(index: int, patients: int, chance: random.Random) -> Row:
    patient = index % patients
    return {
        "id": f"p{patient:02d}-c{index // patients}",
        "patient": patient,
        "target": chance.choices(LABELS, (40, 25, 15, 20))[0],
        "meta": {
            "sex": "female" if patient % 2 else "male",
            "age_group": ("18 to 44", "45 to 64", "65 to 79", "80 and over")[min(3, patient * 4 // 52)],
        },
    }


def _answer(case: Row, skill: float, chance: random.Random) -> Row:
    draw = chance.random()
    if draw < 0.01:
        return {"answer": None, "parsed": True, "failure": "timeout"}
    if draw < 0.03:
        return {"answer": None, "parsed": False, "failure": ""}
    right = chance.random() < skill
    answer = case["target"] if right else chance.choice([label for label in LABELS if label != case["target"]])
    return {"answer": answer, "parsed": True, "failure": ""}


def _estimate(hits: list[int], clusters: int) -> Row:
    """Wilson interval, the method that a test can follow by hand."""
    n, z = len(hits), 1.96
    share = sum(hits) / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return {
        "value": share,
        "low": max(0.0, centre - half),
        "high": min(1.0, centre + half),
        "n": n,
        "clusters": min(n, clusters),
        "unscored": 0,
        "method": "wilson",
    }


def _hits(cases: list[Row], given: list[Row]) -> list[int]:
    return [int(answer["answer"] == case["target"]) for case, answer in zip(cases, given, strict=True)]


def _system(name: str, cases: list[Row], given: list[Row], chance: random.Random) -> Row:
    hits = _hits(cases, given)
    found = _estimate(hits, 60)
    plain = {**found, "method": "bootstrap"}
    tuned = "sft" in name
    estimates = {
        "accuracy": found,
        "macro_f1": {**plain, "value": found["value"] - 0.03, "low": found["low"] - 0.04, "high": found["high"] - 0.02},
        "kappa": {**plain, "value": found["value"] - 0.2, "low": found["low"] - 0.22, "high": found["high"] - 0.17},
        "harmful": {**plain, "value": 0.0, "low": 0.0, "high": 0.0, "n": 45, "clusters": 45}
        if tuned
        else {**plain, "value": 0.08, "low": 0.03, "high": 0.16, "n": 45, "unscored": 2},
        "latency": {**plain, "value": 0.4 + chance.random(), "low": 0.39, "high": 1.6},
        "cost": {**plain, "value": 0.0, "low": None, "high": None},
    }
    return {
        "name": name,
        "model": name.split(" + ")[0],
        "system": name.split(" + ")[1],
        "seeds": [0],
        "cells": [f"cell-{len(name):04d}"],
        "spec": _spec(name),
        "n": len(cases),
        "failures": {"timeout": sum(bool(item["failure"]) for item in given)},
        "unparsed": sum(not item["parsed"] for item in given),
        "estimates": estimates,
        "subgroups": {field: _subgroups(field, cases, hits) for field in ("sex", "age_group")},
        "confusion": _confusion(cases, given),
        "reliability": _reliability(found["value"], len(cases)) if "minilm" in name else None,
        "usage": {
            "calls": len(cases),
            "cached": 12,
            "tokens_in": 412 * len(cases),
            "tokens_out": 9 * len(cases),
            "cost_usd": 0.0021 * len(cases),
            "latency_p50_s": 0.41,
            "latency_p90_s": 1.27,
        },
        "training": {"n": 420, "seconds": 312.5, "data": "9b1f2c7d"} if tuned else None,
    }


def _spec(name: str) -> Row:
    demos = [{"block": "Demo", "question": f"Case {i}", "answer": LABELS[i % 4]} for i in range(5)]
    model = {"block": "LocalEncoder", "name": "minilm", "dimensions": 384, "normalise": True, "adapter": None}
    strategy: Row = {"block": "FewShot", "k": 5, "demos": demos, "inner": {"block": "ZeroShot", "temperature": 0.0}}
    return {"model": model, "system": strategy if "few" in name else {"block": "ZeroShot", "temperature": 0.0}}


def _subgroups(field: str, cases: list[Row], hits: list[int]) -> Row:
    groups: dict[str, list[int]] = {}
    for case, hit in zip(cases, hits, strict=True):
        groups.setdefault(case["meta"][field], []).append(hit)
    return {value: {"accuracy": _estimate(held, 60)} for value, held in sorted(groups.items())}


def _confusion(cases: list[Row], given: list[Row]) -> Row:
    columns = [*LABELS, "unparsed"]
    counts = [[0] * len(columns) for _ in LABELS]
    for case, answer in zip(cases, given, strict=True):
        counts[LABELS.index(case["target"])][columns.index(answer["answer"] or "unparsed")] += 1
    return {"labels": list(LABELS), "answers": columns, "counts": counts}


def _reliability(accuracy: float, n: int) -> list[Row]:
    steps = [0.35, 0.5, 0.62, 0.74, 0.85, 0.95]
    return [
        {"confidence": c, "accuracy": min(1.0, c * accuracy + 0.08), "n": n // (8 - i)} for i, c in enumerate(steps)
    ]


def _comparison(a: str, b: str, cases: list[Row], answers: dict[str, list[Row]]) -> Row:
    first, second = _hits(cases, answers[a]), _hits(cases, answers[b])
    only_a = sum(x > y for x, y in zip(first, second, strict=True))
    only_b = sum(y > x for x, y in zip(first, second, strict=True))
    n, difference = len(cases), (only_b - only_a) / len(cases)
    half = 1.96 * math.sqrt(max(only_a + only_b - (only_b - only_a) ** 2 / n, 0)) / n
    p = math.erfc(abs(only_b - only_a) / math.sqrt(2 * (only_a + only_b)))
    settled = abs(difference) > half
    return {
        "a": a,
        "b": b,
        "metric": PRIMARY,
        "difference": difference,
        "low": difference - half,
        "high": difference + half,
        "p": p,
        "p_adjusted": min(1.0, 6 * p),
        "method": "exact McNemar",
        "n": n,
        "clusters": 60,
        "only_a": only_a,
        "only_b": only_b,
        "detectable": 0.105,
        "verdict": ("b better" if difference > 0 else "a better") if settled else "no difference shown",
        "subgroup": None,
    }


def _data(cases: list[Row], patients: int, synthetic: bool) -> Row:
    n = len(cases)
    return {
        "source": "the synthetic cohort" if synthetic else "a public data set of expert annotations",
        "hash": "9b1f2c7d44a0e6f3",
        "n": n,
        "clusters": patients,
        "cluster": "patient",
        "splits": {"train": {"n": 420, "clusters": 140}, "test": {"n": n, "clusters": patients}},
        "folds": 0,
        "labels": {label: sum(case["target"] == label for case in cases) for label in LABELS},
        "subgroups": {field: _sizes(field, cases) for field in ("sex", "age_group")},
        "overlap": {"exact": 0, "near": 3, "checked": n, "note": "Near: half of the five-word runs are shared."},
        "licence": "CC0-1.0",
        "citation": "The Osler developers, 2026",
        "synthetic": synthetic,
    }


def _sizes(field: str, cases: list[Row]) -> dict[str, int]:
    out: dict[str, int] = {}
    for case in cases:
        out[case["meta"][field]] = out.get(case["meta"][field], 0) + 1
    return out


def _wrong(cases: list[Row], answers: dict[str, list[Row]]) -> list[Row]:
    out: list[Row] = []
    for name, given in answers.items():
        missed = [(c, a) for c, a in zip(cases, given, strict=True) if a["answer"] != c["target"]]
        out += [_shown(name, case, answer) for case, answer in missed[:12]]
    out[0]["question"] = HOSTILE
    return out


def _shown(system: str, case: Row, answer: Row) -> Row:
    return {
        "id": case["id"],
        "system": system,
        "target": case["target"],
        **answer,
        "meta": case["meta"],
        "question": "Criterion: the AVM must be confirmed by DSA or MRI.\nDoes the patient meet this criterion?",
        "evidence": [
            {"id": "0", "text": "The patient is a 56-year-old woman with headaches for three months."},
            {"id": "1", "text": "Angiogram reveals an arteriovenous malformation in the left temporal lobe."},
            {"id": "2", "text": "She takes no anticoagulants."},
        ],
        "gold_evidence": ["1"],
        "cited": ["1", "7"] if answer["parsed"] else [],
        "rationale": "An angiogram is a kind of DSA, so the criterion could be met." if answer["answer"] else "",
        "reply": "" if answer["failure"] else '{"rationale": "An angiogram is a kind of DSA", "answer": "see above"}',
        "choices": list(LABELS),
    }
