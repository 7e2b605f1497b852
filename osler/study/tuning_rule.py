"""What a study file asks of tuning, and which of its models are tuned."""

from __future__ import annotations

from osler.core.block import build
from osler.study.file import Problems, attempt
from osler.study.names import Entry
from osler.study.resolve import Study
from osler.tuning.gate import TuningRule
from osler.tuning.stage import Stage


def is_tuned(entry: Entry) -> bool:
    """Whether a model of a study is trained by a stage: gradient steps, hours, a machine's price."""
    return isinstance(entry.block, Stage)


def rule_of(study: Study) -> TuningRule:
    return build(TuningRule, study.settings.get("tuning", {}))


def asked(study: Study, problems: Problems) -> None:
    """The table ``tuning`` of a study: its settings, and a safety metric that is compared."""
    rule = attempt(problems, "tuning", lambda: rule_of(study))
    compared = (study.primary, *study.settings.get("compare_metrics", ()))
    if rule is not None and rule.safety_metric and rule.safety_metric not in compared:
        problems.add(
            f"tuning.safety_metric {rule.safety_metric!r} is not compared in this study",
            "name it in metrics and in compare_metrics",
        )
