"""Puts the page together: record, charts and tables into the template, under a policy that forbids the network."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from importlib import resources
from typing import TYPE_CHECKING, Any

from osler.study.report import cases, opinion_views, palette, probes, quantities, rating_views, summary, tables
from osler.study.report.charts import forest, reliability, workflow
from osler.study.report.record import Record, complete
from osler.study.report.variants import variant_views

if TYPE_CHECKING:
    from jinja2 import Environment

_LONGEST = 2000  # characters of one setting; a fitted model may hold far more


def build(results: Mapping[str, Any]) -> str:
    """The page as text; see ``osler.study.report.render``."""
    record = complete(results)
    style = palette.css() + resource("page.css")
    script = resource("page.js")
    return (
        environment()
        .get_template("page.html")
        .render(**record, **_views(record), style=style, script=script, policy=policy(style, script))
    )


def _views(record: Record) -> dict[str, Any]:
    shown, filters = cases.listing(record)
    study = record["study"]
    return {
        "summary": summary.summary(record),
        "paired": summary.paired_cases(record),
        "primary": record["metrics"].get(study["primary"]),
        "standing": workflow.standing(record["stages"]),
        "primary_plot": tables.primary_plot(record),
        "difference_plot": tables.difference_plot(record),
        "grouped_plot": tables.difference_plot(record, grouped=True),
        "subgroup_plots": tables.subgroup_plots(record),
        "metric_rows": tables.metric_rows(record),
        "matrices": [found for found in map(tables.matrix, record["systems"]) if found],
        "calibrated": [item for item in record["systems"] if item["reliability"]],
        "failure_kinds": sorted({kind for item in record["systems"] for kind in item["failures"]}),
        "shown_cases": shown,
        "filters": filters,
        "matrix_view": opinion_views.matrix_table(record),
        "people_views": opinion_views.people_plots(record),
        "between": opinion_views.between(record),
        "ranked": opinion_views.ranked(record),
        "probe_views": probes.probe_views(record),
        "variant_views": variant_views(record),
        "rated_views": opinion_views.rated_plots(record),
        "rating_view": rating_views.rating_view(record),
    }


def environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("osler.study.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        whole=quantities.count,
        quantity=quantities.quantity,
        difference=quantities.difference,
        span=quantities.span,
        estimate=_estimate,
        p=quantities.p_value,
        listed=quantities.listed,
        setting=_setting,
        unbroken=_unbroken,
        verdict=tables.verdict,
    )
    environment.globals.update(
        bar=forest.bar,
        diagram=reliability.diagram,
        workflow_wide=workflow.wide,
        workflow_tall=workflow.tall,
        signs=workflow.SIGNS,
        development=quantities.DEVELOPMENT,
        oversight=summary.OVERSIGHT,
    )
    return environment


def _estimate(found: Mapping[str, Any], unit: str) -> str:
    return quantities.estimate(found, unit, binary=False)


def _unbroken(text: str) -> str:
    """Keeps a number and its percent sign on one line."""
    return text.replace(" %", "\u00a0%")


def _setting(value: Any) -> str:
    """A single setting as written in a study file; very long text is cut and says so."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} \u2026 ({len(text):,} characters in all)"


def resource(name: str) -> str:
    return resources.files("osler.study.report").joinpath("templates", name).read_text(encoding="utf-8")


def policy(style: str, script: str) -> str:
    """Nothing may be loaded or sent, and only the very style and script of the page count, each by its hash."""
    return (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; "
        "connect-src 'none'; img-src 'none'; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    found = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{found}'"
