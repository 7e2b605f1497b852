"""A wrong value of any key is told in one sentence with a hint, before the first call and without a traceback."""

from __future__ import annotations

import json
from typing import Any

import pytest

from osler.study.resolve import load

COHORT = {"source": "cohort", "patients": 4, "train_patients": 4}
STATIONS = {"source": "stations", "patients": 2}
JUDGE = {"model": "simulated", "rubric": "seven_dimensions"}


def people(**row: Any) -> dict[str, Any]:
    return {"people": [row]}


def probed(**settings: Any) -> dict[str, Any]:
    return {"task": "trial_matching", "data": {"source": "probed", "base": COHORT, **settings}}


def talk(**settings: Any) -> dict[str, Any]:
    base = {"task": "consultation", "data": STATIONS, "models": ["bian_que_doctor"], "metrics": ["pqa"]}
    return {**base, **settings}


def patient(value: Any) -> dict[str, Any]:
    return talk(task={"from": "consultation", "patient": value})


WRONG: tuple[tuple[dict[str, Any], str], ...] = (
    (people(field=3), "people must hold tables with field and higher_is_better"),
    ({"people": ["x"]}, "people must hold tables"),
    ({"people": {"field": "sex"}}, "people must be a list such as"),
    ({"people": []}, "people is empty"),
    (people(field="zz"), "people names the field 'zz', which the cases do not have"),
    (people(field="sex"), "people names the field 'sex', which holds no number"),
    (people(field="sex", higher_is_better="yes"), "people must hold tables"),
    (people(field="sex", better=True), "people must hold tables"),
    ({"rank_by": 3}, "rank_by must be a field of the cases"),
    ({"rank_by": ""}, "rank_by is empty"),
    ({"rank_by": "sex"}, "rank_by holds measures of texts against each other"),
    ({"rank_by": "zz", "metrics": ["rouge_l", "chrf"]}, "rank_by names 'zz'"),
    ({"compare_metrics": "accuracy"}, "compare_metrics must be a list"),
    ({"compare_metrics": ["acuracy"]}, "compare_metrics names 'acuracy'"),
    ({"compare_metrics": [3]}, "compare_metrics must hold names"),
    ({"judges": "x"}, "judges must be a list"),
    ({"judges": ["x"]}, "judges[1] names no model"),
    ({"judges": [{"rubric": "quest"}]}, "judges[1] names no model"),
    ({"judges": [{"model": 3}]}, "judges[1] names no model"),
    ({"judges": [{"model": "nope"}]}, "no model is named 'nope'"),
    ({"judges": [{**JUDGE, "rubric": "nope"}]}, "no rubric is named 'nope'"),
    ({"judges": [{**JUDGE, "zz": 1}]}, "judge has no setting 'zz'"),
    ({"judges": [{**JUDGE, "model": {"use": "simulated", "skil": 1}}]}, "simulated has no setting 'skil'"),
    ({"rating": "x"}, "rating must be a table"),
    ({"rating": {"rubric": "nope"}}, "no rubric is named 'nope'"),
    ({"rating": {"rubric": 3}}, "rubric must be a text"),
    ({"rating": {"cases": 0}}, "rating.cases must be a whole number from 1"),
    ({"rating": {"cases": "ten"}}, "rating.cases must be a whole number from 1"),
    ({"rating": {"casez": 3}}, "has no setting 'casez'"),
    ({"metrics": [3]}, "metrics must hold names in quotes or tables with use"),
    ({"metrics": [{"n": 1}]}, "metrics must hold names in quotes or tables with use"),
    ({"metrics": [{"use": 3}]}, "metrics must hold names in quotes or tables with use"),
    ({"metrics": ["accuracy", {"use": "accuracy", "name": 3}]}, "metrics must hold names in quotes"),
    ({"metrics": [{"use": "acuracy"}]}, "no metric is named 'acuracy'"),
    ({"metrics": ["accuracy", {"use": "calibration_error", "binz": 3}]}, "has no setting 'binz'"),
    ({"metrics": ["accuracy", "accuracy"]}, "the metric 'accuracy' is listed twice"),
    ({"task": {}}, "template needs the setting 'title'"),
    ({"task": {"from": "nope"}}, "no recipe in tasks is named 'nope'"),
    ({"task": {"from": "labelled_text", "instrukt": "x"}}, "has no setting 'instrukt'"),
    ({"task": {"from": "labelled_text", "question": 3}}, "question must be a text"),
    ({"task": {"from": "labelled_text", "question": "{nofield}"}}, "has no field 'nofield'"),
    (probed(probes=["typoz"]), "no probe is named 'typoz'"),
    (probed(probes=[]), "probed.probes names no probe"),
    (probed(probes="typos"), "probed.probes must be"),
    (probed(base=3), "a block is a name or a table with use, got 3"),
    (probed(base={"source": "cohrt"}), "no source is named 'cohrt'"),
    (probed(base={"patients": 3}), "a source table needs 'source'"),
    (probed(base="accuracy"), "probed.base must be a source, and accuracy is none"),
    (probed(share=2), "probed.share must be above 0"),
    (probed(probes=["language"]), "belong together"),
    (probed(probes=["typos"], fields=["zz"]), "the probes make no variant of any case"),
    (patient("scripted_patien"), "no block is named 'scripted_patien'"),
    (patient(3), "a block is a name or a table with use"),
    (patient({"most": 2}), "a block is a name or a table with use"),
    (patient({"use": "accuracy"}), "consultation.patient must be a patient actor, and accuracy is none"),
    (patient({"use": "scripted_patient", "most": 0}), "scripted_patient needs most >= 1"),
    (patient({"use": "scripted_patient", "mst": 2}), "scripted_patient has no setting 'mst'"),
    (patient({"use": "model_patient", "model": "nope"}), "no model is named 'nope'"),
    (patient({"use": "model_patient", "model": "majority"}), "the patient is played by majority"),
    (
        patient({"use": "model_patient", "model": {"use": "simulated_patient", "tells": 3}}),
        "simulated_patient.tells must be from 0 to 1",
    ),
    (talk(task={"from": "consultation", "most_turns": 0}), "most_turns must be 1 or more"),
    (talk(task={"from": "consultation", "question": "{note} {station}"}), "has no field 'station'"),
    (talk(data=COHORT), "is no station"),
    (talk(data={**STATIONS, "language": "fr"}), "stations.language must be one of"),
    (talk(data={"source": "probed", "base": STATIONS}), "the probes change the note at the door"),
    (talk(metrics=["accuracy"]), "accuracy compares labels"),
    (talk(systems=["few_shot"]), "few_shot learns from solved cases"),
    (talk(systems=["few_shot_knn"], data={**STATIONS, "patients": 10, "folds": 2}), "learns from solved cases"),
    (talk(models=[{"use": "simulated", "skill": 0.8}]), "answers from a list of cases"),
)


@pytest.mark.parametrize(("changes", "message"), WRONG, ids=[json.dumps(changes)[:70] for changes, _ in WRONG])
def test_one_clear_error_with_a_hint(workplace: Any, changes: dict[str, Any], message: str) -> None:
    study = workplace.study(**changes)
    for verb in ("check", "run"):
        said = workplace.osler(verb, study)
        assert said.status == 2
        assert "has one problem:" in said.err
        assert message in said.err
        assert said.err.count("hint: ") == 1
        assert "Traceback" not in said.err
    assert not (workplace.path / "osler.sqlite").exists()


@pytest.mark.parametrize(
    "value", ["scripted_patient", {"use": "scripted_patient", "most": 1}, {"use": "model_patient"}]
)
def test_a_patient_is_a_name_or_a_table(workplace: Any, value: Any) -> None:
    assert workplace.osler("check", workplace.study(**patient(value))).status == 0


def test_an_instruction_of_the_studys_own_is_put_to_the_doctor(workplace: Any) -> None:
    study = load(workplace.study(**talk(task={"from": "consultation", "instruction": "Ask kindly."})))
    task: Any = study.task
    assert task.prompt(task.examples("test")[0]).instruction == "Ask kindly."
