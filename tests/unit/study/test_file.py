"""Bad study files: each mistake is one clear error through the command line, before anything is written or asked."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from osler.study.file import KEYS, Problems, StudyError, read_study

Rows = list[dict[str, Any]]
SIM = {"use": "simulated", "skill": 0.8, "name": "sim"}
REMOTE = {"use": "endpoint", "model": "m", "base_url": "https://llm.example.org/v1", "name": "far"}
FILE = {"source": "file", "path": "cases.jsonl", "target": "label", "split": "split", "choices": ["urgent", "routine"]}


@dataclass(frozen=True)
class Bad:
    """A mistake: what is changed in the study, and words that the error must hold, one for each problem."""

    name: str
    said: tuple[str, ...]
    changes: dict[str, Any] = field(default_factory=dict)
    drop: tuple[str, ...] = ()
    rows: Callable[[Rows], Rows] | None = None


def each(**changes: Any) -> Callable[[Rows], Rows]:
    return lambda rows: [{**row, **changes} for row in rows]


BAD = [
    Bad("no question", ("the setting 'question' is missing",), drop=("question",)),
    Bad("no models", ("the setting 'models' is missing",), drop=("models",)),
    Bad("empty question", ("question is empty",), {"question": ""}),
    Bad("no system listed", ("systems is empty",), {"systems": []}),
    Bad("unknown key", ("unknown setting 'model'", "did you mean 'models'?"), {"model": "sim"}),
    Bad("models is a text", ("models must be a list of model names or tables, got 'sim'",), {"models": "sim"}),
    Bad("seeds are texts", ("seeds must be whole numbers from 0, got ['one']",), {"seeds": ["one"]}),
    Bad("limit is a text", ("limit must be a whole number of cases, got 'ten'",), {"limit": "ten"}),
    Bad("a truth value is no number", ("budget_calls must be a whole number, got True",), {"budget_calls": True}),
    Bad(
        "unknown task",
        ("no recipe in tasks is named 'labeled_text'", "did you mean 'labelled_text'?"),
        {"task": "labeled_text"},
    ),
    Bad(
        "unknown model",
        ("models[1]: no model is named 'simulatd'", "did you mean 'simulated'?"),
        {"models": ["simulatd"]},
    ),
    Bad(
        "unknown system",
        ("systems[2]: no system is named 'zero_shots'", "did you mean 'zero_shot'?"),
        {"systems": ["zero_shot", "zero_shots"]},
    ),
    Bad("unknown metric", ("no metric is named 'acuracy'", "did you mean 'accuracy'?"), {"metrics": ["acuracy"]}),
    Bad(
        "unknown source",
        ("data: no source is named 'files'", "did you mean 'file'?"),
        {"data": {**FILE, "source": "files"}},
    ),
    Bad(
        "two at once",
        ("no metric is named 'acuracy'", "no model is named 'simulatd'", "2 problems"),
        {"metrics": ["acuracy"], "models": ["simulatd"]},
    ),
    Bad(
        "four at once",
        (
            "the setting 'question' is missing",
            "unknown setting 'seed'",
            "budget_usd must be above 0",
            "no system is named",
            "4 problems",
        ),
        {"seed": 1, "budget_usd": -1, "systems": ["zero"]},
        drop=("question",),
    ),
    Bad(
        "unknown setting of a model",
        ("models[1]: simulated has no setting 'skil'", "did you mean 'skill'?"),
        {"models": [{"use": "simulated", "skil": 1}]},
    ),
    Bad(
        "wrong type of a setting",
        ("simulated.skill must be a number, got 'high'",),
        {"models": [{"use": "simulated", "skill": "high"}]},
    ),
    Bad(
        "value out of range",
        ("simulated.skill must be from 0 to 1, got 8.0",),
        {"models": [{"use": "simulated", "skill": 8}]},
    ),
    Bad(
        "bad value of a choice",
        ("few_shot.select must be one of 'random', 'balanced', 'knn', 'diverse', 'fixed', got 'best'",),
        {"systems": [{"use": "few_shot", "select": "best"}]},
    ),
    Bad("unknown inner system", ("no system is named 'zro'",), {"systems": [{"use": "few_shot", "inner": "zro"}]}),
    Bad("a model table without use", ("a model table needs 'use'",), {"models": [{"skill": 0.3}]}),
    Bad("a model that is a number", ("a model is a name or a table, got 3",), {"models": [3]}),
    Bad("negative budget", ("budget_usd must be above 0, got -5",), {"budget_usd": -5}),
    Bad("budget 0", ("budget_calls must be above 0, got 0",), {"budget_calls": 0}),
    Bad("repeated seed", ("seeds holds a number twice: [0, 1, 0]",), {"seeds": [0, 1, 0]}),
    Bad("negative seed", ("seeds must be whole numbers from 0, got [-1]",), {"seeds": [-1]}),
    Bad(
        "capability mismatch",
        (
            "the system 'structured' needs a model that can generate",
            "'minilm' can only score",
            'exclude = [{ model = "minilm", system = "structured" }]',
        ),
        {"models": ["minilm"], "systems": ["structured"]},
    ),
    Bad("exclude leaves nothing", ("exclude leaves nothing to run",), {"exclude": [{"model": "sim"}]}),
    Bad(
        "exclude names unknown",
        ("exclude names the model 'sam', which this study does not have", "did you mean 'sim'?"),
        {"exclude": [{"model": "sam"}]},
    ),
    Bad("exclude has no rule", ("exclude must hold tables with model and system, got {}",), {"exclude": [{}]}),
    Bad("exclude is a number", ("exclude must be a list such as", "got 5"), {"exclude": 5}),
    Bad(
        "compare names unknown",
        ("compare names 'few_shot', which this study does not run",),
        {"compare": [["sim", "few_shot"]]},
    ),
    Bad("compare holds no pair", ("compare must hold pairs of names, got ['sim']",), {"compare": [["sim"]]}),
    Bad("compare holds lists", ("compare must hold pairs of names",), {"compare": [[["sim"], "sim"]]}),
    Bad(
        "subgroup field missing", ("subgroups names 'gender', which the cases do not have",), {"subgroups": ["gender"]}
    ),
    Bad("compare_by field missing", ("compare_by names 'ward', which the cases do not have",), {"compare_by": "ward"}),
    Bad("subgroups hold a list", ("subgroups must hold names in quotes, got ['sex']",), {"subgroups": [["sex"]]}),
    Bad(
        "metrics hold a table without a name",
        ("metrics must hold names in quotes or tables with use, got {'n': 1}",),
        {"metrics": ["accuracy", {"n": 1}]},
    ),
    Bad(
        "metric with a setting that it lacks",
        ("accuracy has no setting 'beta'",),
        {"metrics": ["parse_rate", {"use": "accuracy", "beta": 2}]},
    ),
    Bad("metric twice", ("the metric 'accuracy' is listed twice",), {"metrics": ["accuracy", "accuracy"]}),
    Bad("accept without metric", ("accept names no metric",), {"accept": {"at_least": 0.7}}),
    Bad("accept without bound", ("accept needs one of at_least and at_most",), {"accept": {"metric": "accuracy"}}),
    Bad(
        "accept with a text",
        ("accept.at_least must be a number, got '70 %'",),
        {"accept": {"metric": "accuracy", "at_least": "70 %"}},
    ),
    Bad(
        "accept with an unknown key",
        ("accept has no setting 'atleast'",),
        {"accept": {"metric": "accuracy", "at_most": 0.1, "atleast": 0.7}},
    ),
    Bad(
        "accept with another metric",
        ("accept names the metric 'macro_f1', which is not among the metrics",),
        {"accept": {"metric": "macro_f1", "at_least": 0.7}},
    ),
    Bad(
        "accept with a list",
        ("accept.metric must be the name of a metric, got ['accuracy']",),
        {"accept": {"metric": ["accuracy"], "at_least": 0.7}},
    ),
    Bad(
        "primary not among metrics",
        ("primary names 'macro_f1', which is not among the metrics",),
        {"primary": "macro_f1"},
    ),
    Bad("duplicate model names", ("two models are named 'sim'",), {"models": [SIM, {**SIM, "skill": 0.5}]}),
    Bad("the same model twice", ("model 'other' is the same as 'sim'",), {"models": [SIM, {**SIM, "name": "other"}]}),
    Bad("data missing", ("the setting 'data' is missing",), drop=("data",)),
    Bad("data file missing", ("nowhere.jsonl",), {"data": {**FILE, "path": "nowhere.jsonl"}}),
    Bad("unknown column", ("has no column 'lable'", "did you mean 'label'?"), {"data": {**FILE, "target": "lable"}}),
    Bad(
        "no choices",
        ("the cases have no choices, such as 'm00'", "the gold answers are 2 different texts"),
        {"data": {**{key: FILE[key] for key in FILE if key != "choices"}, "open": True}},
    ),
    Bad("no test case", ("holds no test case",), rows=each(split="train")),
    Bad(
        "train split missing for a trainable model",
        ("majority needs training cases and the source has none",),
        {"models": ["majority"], "data": {**FILE}},
        rows=each(split="test"),
    ),
    Bad(
        "train split missing for demonstrations",
        ("few_shot needs training cases and the source has none",),
        {"systems": ["few_shot"]},
        rows=each(split="test"),
    ),
    Bad(
        "identifiable data to a remote endpoint",
        ("the data counts as identifiable and 'far' is an endpoint at llm.example.org",),
        {"models": [REMOTE]},
        drop=("sensitivity",),
    ),
    Bad(
        "unknown sensitivity",
        ("sensitivity 'public_data' is not known", "did you mean 'public'?"),
        {"sensitivity": "public_data"},
    ),
    Bad("empty label", ("has an empty target",), rows=lambda rows: [*rows[:-1], {**rows[-1], "label": ""}]),
    Bad(
        "a label outside the choices",
        ("has a target that is not among its choices",),
        rows=lambda rows: [*rows[:-1], {**rows[-1], "label": "odd"}],
    ),
    Bad("duplicate ids", ("have the same id 'm00'",), rows=lambda rows: [*rows, rows[0]]),
    Bad(
        "a patient in train and test",
        ("stand in train and test",),
        {
            "data": {**FILE, "cluster": "patient"},
            "task": {"from": "labelled_text", "cluster": "patient"},
            "systems": ["few_shot"],
        },
        rows=each(patient="p"),
    ),
    Bad(
        "cases without a patient",
        ("2 case(s) have no 'patient' to keep together by: 'm00', 'm01'", "fill 'patient'"),
        rows=lambda rows: [{**row, "patient": "" if i else None} if i < 2 else row for i, row in enumerate(rows)],
        changes={"data": {**FILE, "cluster": "patient"}},
    ),
    Bad("one fold", ("data.folds must be 0 or at least 2, got 1",), {"data": {**FILE, "folds": 1}}),
    Bad("more folds than cases", ("100 folds cannot be made of 54 groups",), {"data": {**FILE, "folds": 100}}),
    Bad("public data not set up", ("OSLER_DATA",), {"task": "mirage", "data": {"source": "mirage"}}),
    Bad("unknown guard", ("no guard is named 'deidentify'",), {"guards": ["deidentify"]}),
    Bad(
        "an own task without a field",
        ("names no field of a case",),
        {"task": {"title": "t", "capability": "structurization", "question": "Urgent?"}},
    ),
    Bad(
        "an own task with an unknown field",
        ("has no field 'txt'", "did you mean 'text'?"),
        {"task": {"title": "t", "capability": "structurization", "question": "{txt}"}},
    ),
    Bad(
        "published without a value",
        ("published must hold tables with system and value",),
        {"published": [{"system": "sim"}]},
    ),
]


@pytest.mark.parametrize("verb", ["check", "run"])
@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.name)
def test_a_mistake_is_one_clear_error(bad: Bad, verb: str, workplace: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OSLER_DATA", raising=False)
    study = workplace.study(drop=bad.drop, **bad.changes)
    if bad.rows is not None:
        workplace.write_cases("cases.jsonl", bad.rows(workplace_rows(workplace)))
    assert_refused(workplace, [verb, study], bad.said)


@pytest.mark.parametrize(
    "name", ["../../escape", "a/b", "a\\b", "..", ".hidden", "a\tb", "a\nb", " a", "C:x", "n" * 101]
)
def test_a_name_that_leads_out_of_the_reports_is_one_clear_error(workplace: Any, name: str) -> None:
    study = workplace.study()
    study.write_text(f"name = {json.dumps(name)}\n" + study.read_text())
    assert_refused(workplace, ["check", study], ("name must be the name of a folder",))
    assert_refused(workplace, ["run", study], ("name must be the name of a folder",))


@pytest.mark.parametrize("name", ["toy 2", "Ärzte-1.5", "a_b"])
def test_a_plain_name_is_good(workplace: Any, name: str) -> None:
    study = workplace.study()
    study.write_text(f"name = {json.dumps(name)}\n" + study.read_text())
    assert read_study(study)[2].found == []


TEXTS = [
    ("no TOML", "question = Which?\n", "is not valid TOML"),
    ("half a table", "data = { source = \n", "is not valid TOML"),
    ("a key twice", 'task = "a"\ntask = "b"\n', "is not valid TOML"),
    ("empty", "", "the setting 'task' is missing"),
    ("budget not a number", "budget_usd = nan\n", "budget_usd must be above 0, got nan"),
]


@pytest.mark.parametrize(("text", "said"), [row[1:] for row in TEXTS], ids=[row[0] for row in TEXTS])
def test_a_file_that_is_no_study_is_one_clear_error(text: str, said: str, workplace: Any) -> None:
    study = workplace.path / "s.toml"
    study.write_text(text)
    assert_refused(workplace, ["check", study], (said,))


def test_a_file_that_is_not_there_is_one_clear_error(workplace: Any) -> None:
    workplace.study("toy.toml")
    assert_refused(workplace, ["check", "toi.toml"], ("there is no study file toi.toml", "did you mean 'toy.toml'?"))
    (workplace.path / "latin.toml").write_bytes('question = "Fièvre?"'.encode("latin-1"))
    assert_refused(workplace, ["check", "latin.toml"], ("cannot be read", "save it as UTF-8 text"))
    assert_refused(workplace, ["check", workplace.path], ("cannot be read",))


def test_the_base_study_is_good(workplace: Any) -> None:
    said = workplace.osler("check", workplace.study())
    assert (said.status, said.err) == (0, "")
    assert "30 test cases" in said.out
    assert "osler.sqlite" not in workplace.files()


def test_a_mistake_is_also_told_as_json(workplace: Any) -> None:
    said = workplace.osler("check", workplace.study(models=["simulatd"]), "--json")
    assert said.status == 2
    assert said.json["error"]["kind"] == "StudyError"
    assert "did you mean 'simulated'?" in said.json["error"]["message"]


def test_problems_are_kept_apart_and_told_once(workplace: Any) -> None:
    _, text, problems = read_study(workplace.study(budget_usd=-1, primary=3))
    assert "budget_usd = -1" in text
    assert [message.split(" ")[0] for message, _ in problems.found] == ["primary", "budget_usd"]
    problems.add(*problems.found[0])
    assert len(problems.found) == 2
    with pytest.raises(StudyError, match="has 2 problems") as caught:
        problems.raise_any()
    assert caught.value.problems == problems.found
    Problems("x").raise_any()


def test_every_key_says_what_it_must_be() -> None:
    assert all(kinds and wanted for kinds, wanted in KEYS.values())


def workplace_rows(workplace: Any) -> Rows:
    return [json.loads(line) for line in Path(workplace.path / "cases.jsonl").read_text().splitlines()]


def assert_refused(workplace: Any, arguments: list[Any], said: tuple[str, ...]) -> None:
    before = workplace.files()
    found = workplace.osler(*arguments)
    assert found.status == 2, found
    assert found.out == ""
    assert found.err.startswith("error: ")
    assert "Traceback" not in found.err
    assert "hint:" in found.err
    for words in said:
        assert words in found.err, found.err
    assert found.err.count("problem") <= 1 or "problems" in "".join(said), found.err
    assert workplace.files() == before
