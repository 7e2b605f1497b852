"""What a system has learnt by heart is said: in the run, its notes, the plan and the report."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

OPTIONS = ("--store", "s.sqlite")
MEDPROMPT = {"from": "medprompt", "preset": "tiny", "name": "MedPrompt"}


@pytest.mark.parametrize(
    ("skill", "chains", "short"),
    [
        (1.0, "MedPrompt kept 12 of 12 chains that the model wrote", ""),
        (0.0, "MedPrompt kept 0 of 12 chains that the model wrote", "MedPrompt shows no demonstration in place of 2"),
    ],
)
def test_a_run_and_its_report_say_how_many_chains_were_kept(
    workplace: Any, skill: float, chains: str, short: str
) -> None:
    models = [{"use": "simulated", "skill": skill, "name": "sim"}]
    study = workplace.study(systems=["zero_shot", MEDPROMPT], models=models)
    ran = workplace.osler("run", study, *OPTIONS)
    assert chains in ran.err, "the progress tells it"
    assert ("WARNING: " + short in ran.err) == bool(short) == ("warning: " + short in ran.out)
    page = (workplace.path / "reports" / "toy" / "report.html").read_text(encoding="utf-8")
    assert chains in page
    assert ("shows no demonstration in place" in page) == bool(short)
    again = workplace.osler("run", study, *OPTIONS, "--json").json
    assert any(said.startswith(chains) for said in again["results"]["warnings"]), "nothing is fitted a second time"
    assert again["outcome"]["short"] == []


def test_fewer_demonstrations_than_asked_for_are_said_before_and_after(workplace: Any) -> None:
    many = {"from": "few_shot", "k": 100, "name": "many"}
    study = workplace.study(systems=["zero_shot", many])
    checked = workplace.osler("check", study, *OPTIONS, "--json").json
    assert "many asks for 100 demonstrations of 24 training cases and can show no more" in checked["warnings"]
    ran = workplace.osler("run", study, *OPTIONS, "--json").json
    assert ran["outcome"]["short"] == ["many shows at most 24 demonstrations in place of 100: there are no more"]
    enough = workplace.study("enough.toml", systems=["zero_shot", {**many, "k": 24}])
    assert not any("asks for" in said for said in workplace.osler("check", enough, "--json").json["warnings"])


def test_chains_of_too_few_cases_are_told_by_check(workplace: Any) -> None:
    system = {"from": "medprompt", "name": "few", "inner.inner.keep": 3}
    said = workplace.osler("check", workplace.study(systems=[system]), *OPTIONS, "--json").json["warnings"]
    assert "few asks for 5 demonstrations of 24 training cases and works 3 of them to find chains" in said


def test_a_system_that_fails_by_itself_leaves_the_others_of_its_model(workplace: Any) -> None:
    import asyncio

    from osler.core.store import Store
    from osler.prompting.abstain import Abstain
    from osler.prompting.zero_shot import ZeroShot
    from osler.study.names import Entry
    from osler.study.plan import plan
    from osler.study.resolve import load
    from osler.study.run import run

    made = plan(load(workplace.study(systems=["chain_of_thought", "zero_shot"])))
    bad = Entry("chain_of_thought", Abstain(threshold=0.5, inner=ZeroShot(by="generate")))
    rows = [
        dataclasses.replace(row, cell=dataclasses.replace(row.cell, system=bad))
        if row.cell.system.name == bad.name
        else row
        for row in made.rows
    ]
    with Store(workplace.path / "s.sqlite") as store:
        outcome = asyncio.run(run(dataclasses.replace(made, rows=tuple(rows)), store))
        answered = len(store.attempts(rows[1].cell.id))
    assert "30 cases in a row failed in sim + chain_of_thought" in outcome.stopped
    assert answered == 30
