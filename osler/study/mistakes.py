"""The cases of a report: those that went wrong, spread over the arms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from osler.core.types import Example, Prediction
from osler.evaluation.metrics.kinds import TableMetric
from osler.evaluation.metrics.per_case import case_values
from osler.evaluation.table import spelled
from osler.study.answers import Answers, Frame, closed, score_column
from osler.study.evaluate import describe
from osler.study.plan import Plan

MOST_CASES = 120  # shown in a report, spread over the arms


def mistakes(plan: Plan, test: Sequence[Example], answers: Sequence[Answers], held: Frame) -> list[dict[str, Any]]:
    """Cases that went wrong (the lowest scores where answers are texts), spread over the arms.

    Of identifiable data only pseudonyms and labels are there.
    """
    task, by_id = plan.study.task, {example.id: example for example in test}
    hidden = plan.study.sensitivity == "identifiable"
    labelled = closed(plan.data.test)  # also where the choices of a case stay at home
    share = max(4, MOST_CASES // max(1, len(answers)))
    wrong = {cell.cell: _wrong(cell, by_id, held) for cell in answers}
    measure = describe(held.metrics)[held.primary]["title"]
    out = []
    for cell in sorted(answers, key=lambda cell: len(wrong[cell.cell])):  # the best system's errors teach most
        chosen = wrong[cell.cell]
        for name, prediction, value in chosen[:: max(1, len(chosen) // share)][:share]:
            example = by_id[name]
            prompt = None if hidden else task.prompt(example)
            reply = prediction.replies[-1].text if prediction.replies else ""
            out.append(
                {
                    "id": name,
                    "system": cell.label,
                    "target": example.target,
                    "answer": prediction.answer,
                    "parsed": prediction.parsed,
                    "failure": prediction.failure,
                    "measure": measure,
                    "score": value,  # None where an answer is right or wrong and nothing between
                    "meta": {field: spelled(example.meta.get(field)) for field in held.subgroups},
                    "question": prompt.question if prompt else "not shown: the data counts as identifiable",
                    "evidence": [{"id": p.id, "text": p.text} for p in prompt.evidence] if prompt else [],
                    "gold_evidence": [str(i) for i in example.meta.get("evidence", ())],
                    "cited": list(prediction.evidence or ()),
                    "rationale": prediction.rationale,
                    "reply": reply,
                    "choices": list(prompt.choices) if prompt else [],
                    "labelled": labelled,
                }
            )
    return out


def _wrong(cell: Answers, by_id: Mapping[str, Example], held: Frame) -> list[tuple[str, Prediction, float | None]]:
    """The cases of a cell that were not right; of texts the worst third by the primary metric, worst first."""
    pairs = list(zip(cell.ids, cell.predictions, strict=True))
    metric = held.metrics[held.primary]
    if closed([by_id[name] for name in cell.ids]) or isinstance(metric, TableMetric):
        return [(name, p, None) for name, p in pairs if p.answer != by_id[name].target]
    values = case_values(metric, score_column(held.primary, metric, cell, by_id))
    sign = -1.0 if getattr(metric, "higher_is_better", True) is False else 1.0
    order = sorted((sign * value, place) for place, value in enumerate(values.tolist()) if value == value)
    return [(*pairs[place], sign * value) for value, place in order[: max(1, len(order) // 3)]]
