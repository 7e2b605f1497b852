"""Every task whose data are public, end to end with a simulated model that knows the answers.

A model that gives the gold answer must get the best value of every measure: a task where it does not has a fault in
its card, its loader or a measure. Where it cannot, the reason stands in ``SHORT``.
"""

from __future__ import annotations

import json
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import osler.recipes.tasks as recipes
from osler.cli import main
from osler.study.file import StudyError
from osler.study.plan import plan
from osler.study.resolve import Study, load

pytestmark = pytest.mark.real
LIMIT = 12
NAMES = sorted(module.name for module in pkgutil.iter_modules(recipes.__path__))
NEED = {"trial_matching": '{ source = "cohort", patients = 12 }'}  # tasks whose data a study names
YOURS = {"health_bench", "labelled_text", "open_text"}  # tasks over a file of the user
PLAYED = {"consultation"}  # several turns: the simulated model knows answers and no conversations
# Measures that the gold answer does not bring to their best value, and why.
SHORT: dict[str, dict[str, str]] = {
    "research_passages": {"recall_at10": "some questions have more than ten gold passages"},
    "trial_search": {"precision_at10": "most patients have fewer than ten fitting trials among those held"},
    "plain_language": {"sari": "one of two adaptations cannot keep and add what the other does"},
    "plain_sentence": {"sari": "one of several adaptations cannot keep and add what the others do"},
    "discharge_letter": {
        "fact_recall": "gold facts are worded apart from the letter, so support is a matter of degree"
    },
    "research_answer": {
        "citation_recall": "published paragraphs cite no snippet",
        "citation_precision": "published paragraphs cite no snippet",
    },
    "reference_requests": {
        "invented_reference_rate": "the gold answer names no reference",
        "unverifiable_reference_rate": "the gold answer names no reference",
    },
    "consultation_next_turn": {"pqa_gmean": "the first cases all ask, and it needs turns that do not"},
    "trial_matching": {"evidence_f1": "a zero-shot answer cites nothing"},
    "knowledge_update": {"evidence_recall": "a zero-shot answer cites nothing"},
}
# Measures of probabilities, which a generated answer has none of; each case is counted as not scored.
OF_VOTES = {"calibration_error", "brier", "auroc", "auprc"}


def studied(name: str, folder: Path) -> Study:
    data = f"data = {NEED[name]}\n" if name in NEED else ""
    file = folder / f"{name}.toml"
    file.write_text(
        f'question = "Does the gold answer get the best value?"\ntask = "{name}"\nname = "{name}"\nlimit = {LIMIT}\n'
        f'models = [{{ use = "simulated", skill = 1.0, name = "sim" }}]\nsystems = ["zero_shot"]\n{data}',
        encoding="utf-8",
    )
    return load(file)


def problems(name: str, folder: Path) -> list[tuple[str, str]]:
    try:
        plan(studied(name, folder))
    except StudyError as error:
        return error.problems
    return []


def off(found: dict[str, Any], about: dict[str, Any]) -> Iterator[str]:
    """Measures that are not at their best value, as "name value"."""
    for name, estimate in found.items():
        value, higher = estimate["value"], about[name]["higher_is_better"]
        if value is None:
            yield f"{name} not scored"
            continue
        judged = higher is not None and (about[name]["unit"] == "share" or not higher)
        if judged and abs(value - float(higher)) > 1e-9:
            yield f"{name} {value:.4f}"


@pytest.mark.parametrize("name", [name for name in NAMES if name not in YOURS | PLAYED])
def test_the_gold_answer_is_best_by_every_measure(
    name: str, tmp_path: Path, data_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lacking = problems(name, tmp_path)
    if lacking:
        assert "not shipped" in lacking[0][0], lacking[0][0]
        assert all(hint for _, hint in lacking)
        pytest.skip(f"the data of {name} are for the user to get")
    store, out = tmp_path / "store.sqlite", tmp_path / "report"
    words = ["run", str(tmp_path / f"{name}.toml"), "--json", "--store", str(store), "--out", str(out)]
    assert main(words) == 0
    results = json.loads(capsys.readouterr().out)["results"]
    (row,) = results["systems"]
    assert 0 < row["n"] <= LIMIT
    assert row["failures"] == {}
    assert row["unparsed"] == 0
    allowed = {*SHORT.get(name, ()), *OF_VOTES}
    assert [text for text in off(row["estimates"], results["metrics"]) if text.split()[0] not in allowed] == []
    for measure in OF_VOTES & row["estimates"].keys():
        assert row["estimates"][measure]["unscored"] == row["n"]  # never taken as 0
    page = (out / "report.html").read_text(encoding="utf-8")
    assert page.rstrip().endswith("</html>")
    assert results["task"]["title"].split("(")[0].strip()[:20] in page.replace("&#39;", "'")
    assert main(["score", "--from", str(out / "bundle"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["largest_difference"] <= 1e-9
