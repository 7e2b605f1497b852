"""The command line: every verb, for people and as JSON; Ctrl-C keeps what was finished."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import time
from typing import Any

import pytest

from osler.cli import LISTS, main
from osler.core.errors import DataError
from osler.core.store import Store

OPTIONS = ("--store", "s.sqlite")


def run_toy(workplace: Any, **changes: Any) -> Any:
    study = workplace.study(systems=["zero_shot", "few_shot"], **changes)
    return study, workplace.osler("run", study, *OPTIONS, "--json")


def test_a_study_goes_through_every_verb_as_json(workplace: Any) -> None:
    study, said = run_toy(workplace, seeds=[0, 1], subgroups=["sex"])
    assert (said.status, said.err) == (0, "")
    outcome, results = said.json["outcome"], said.json["results"]
    assert (outcome["done"], outcome["left"], outcome["failed"]) == (120, 0, 0)
    assert [row["name"] for row in results["systems"]] == ["zero_shot", "few_shot"]
    assert results["systems"][0]["n"] == 60

    checked = workplace.osler("check", study, *OPTIONS, "--json").json
    assert checked["totals"]["calls"] == 0, "everything is answered"
    scored = workplace.osler("score", study, *OPTIONS, "--json").json
    assert scored["systems"] == results["systems"]
    status = workplace.osler("status", study, *OPTIONS, "--json").json
    assert [row["done"] for row in status["cells"]] == [30, 30, 30, 30]
    assert status["spent"]["calls"] == 120
    assert {gate["edge"] for gate in status["gates"]} >= {"task formulation -> model selection"}
    case = workplace.osler("show", "m03", study, *OPTIONS, "--json").json
    assert (case["id"], case["target"], len(case["answers"])) == ("m03", "urgent", 4)
    assert case["answers"][0]["calls"][0]["messages"][-1]["text"].startswith("Message 3:")
    reported = workplace.osler("report", study, *OPTIONS, "--json").json
    assert reported["systems"] == results["systems"]
    bundle = workplace.path / "reports" / "toy" / "bundle"
    again = workplace.osler("score", "--from", bundle, "--json").json
    assert again["equal"] is True
    assert again["largest_difference"] <= 1e-9


def test_a_study_goes_through_every_verb_for_people(workplace: Any) -> None:
    study = workplace.study()
    told = {
        "run": workplace.osler("run", study, *OPTIONS),
        "again": workplace.osler("run", study, *OPTIONS),
        "score": workplace.osler("score", study, *OPTIONS),
        "status": workplace.osler("status", study, *OPTIONS),
        "show": workplace.osler("show", "m03", study, *OPTIONS),
        "report": workplace.osler("report", study, *OPTIONS, "--out", "out"),
    }
    assert {name: said.status for name, said in told.items()} == dict.fromkeys(told, 0)
    assert "30 answers in" in told["run"].out
    assert "Nothing to do: every answer is there already. No call was made." in told["again"].out
    assert "30 of 30 answers are there" in told["status"].out
    assert "gold answer: urgent" in told["show"].out
    assert (workplace.path / "out" / "report.html").read_text(encoding="utf-8").startswith("<!")
    assert workplace.osler("score", "--from", "out/bundle").out.strip().endswith("(equal)")


@pytest.mark.parametrize("kind", LISTS)
def test_everything_that_can_be_named_is_listed(kind: str, workplace: Any) -> None:
    rows = workplace.osler("list", kind, "--json").json
    assert rows
    assert all(row["name"] and row["what"] for row in rows)
    assert len({row["name"] for row in rows}) == len(rows)
    told = workplace.osler("list", kind)
    assert told.status == 0
    assert rows[0]["name"] in told.out


def test_names_that_are_listed_can_be_used(workplace: Any) -> None:
    names = [row["name"] for row in workplace.osler("list", "metrics", "--json").json]
    said = workplace.osler("check", workplace.study(metrics=names), "--json")
    assert said.status == 0


def test_a_changed_bundle_is_found_out(workplace: Any) -> None:
    run_toy(workplace)
    bundle = workplace.path / "reports" / "toy" / "bundle"
    results = json.loads((bundle / "results.json").read_text())
    results["systems"][0]["estimates"]["accuracy"]["value"] += 1e-6
    (bundle / "results.json").write_text(json.dumps(results))
    said = workplace.osler("score", "--from", bundle)
    assert said.status == 1
    assert "NOT EQUAL" in said.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["score"], "score needs a study file or a bundle"),
        (["score", "--from", "."], "is no bundle"),
        (["show", "m99", "toy.toml"], "there is no store"),
        (["score", "toy.toml"], "there is no store"),
        (["report", "toy.toml"], "there is no store"),
        (["bench", "nothing"], "no benchmark is named 'nothing'"),
    ],
)
def test_a_verb_that_cannot_be_done_says_why(workplace: Any, arguments: list[str], said: str) -> None:
    workplace.study()
    found = workplace.osler(*arguments)
    assert found.status == 2
    assert said in found.err
    assert "hint:" in found.err


def test_the_parser_refuses_what_is_no_verb(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in ([], ["fly"], ["list", "things"]):
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        assert caught.value.code == 2
    with pytest.raises(SystemExit) as asked:
        main(["--version"])
    assert asked.value.code == 0
    assert capsys.readouterr().out.startswith("osler ")


def test_text_that_looks_like_markup_is_printed_as_it_is(workplace: Any) -> None:
    rows = [{"id": "x", "text": "[bold]not bold[/bold] [/]", "label": "urgent", "split": "test"}]
    workplace.write_cases("cases.jsonl", rows)
    data = {"source": "file", "path": "cases.jsonl", "target": "label", "split": "split", "choices": ["urgent", "[b]"]}
    study = workplace.study(data=data, question="Is [red] red? [/]")
    assert "Is [red] red? [/]" in workplace.osler("run", study, *OPTIONS).out
    assert "[bold]not bold[/bold] [/]" in workplace.osler("show", "x", study, *OPTIONS).out


def test_a_run_that_is_stopped_by_hand_goes_on_where_it_was(workplace: Any) -> None:
    slow = {"use": "simulated", "skill": 0.8, "latency_s": 0.2, "name": "slow"}
    rows = [{"id": f"c{i}", "text": f"text {i}", "label": "urgent", "split": "test"} for i in range(3000)]
    workplace.write_cases("cases.jsonl", rows)
    data = {"source": "file", "path": "cases.jsonl", "target": "label", "split": "split", "choices": ["urgent", "no"]}
    study = workplace.study(models=[slow], data=data)
    command = [sys.executable, "-m", "osler", "run", str(study), *OPTIONS, "--no-report"]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=workplace.path)
    wait_for_answers(workplace, 256, child)
    child.send_signal(signal.SIGINT)
    _, told = child.communicate(timeout=30)
    assert child.returncode == 130
    assert "Stopped. Finished work is kept; go on with: osler run" in told
    assert "Traceback" not in told
    before = answers(workplace)
    assert 256 <= before < 3000
    said = workplace.osler("run", study, *OPTIONS, "--no-report", "--json").json["outcome"]
    assert said["calls"] <= 3000 - before
    assert said["left"] == 0
    assert answers(workplace) == 3000


def test_as_a_module_a_mistake_has_no_traceback(workplace: Any) -> None:
    study = workplace.study(models=["simulatd"])
    made = subprocess.run(
        [sys.executable, "-m", "osler", "check", str(study)],
        capture_output=True,
        text=True,
        cwd=workplace.path,
        check=False,
    )
    assert made.returncode == 2
    assert made.stdout == ""
    assert made.stderr.startswith("error: ")
    assert "Traceback" not in made.stderr
    assert "hint: did you mean 'simulated'?" in made.stderr


def test_a_pipe_that_closes_is_no_error(workplace: Any) -> None:
    command = f"{sys.executable} -m osler list metrics | head -n 1"
    made = subprocess.run(["bash", "-c", command], capture_output=True, text=True, cwd=workplace.path, check=False)
    assert "Traceback" not in made.stderr
    assert "Exception ignored" not in made.stderr


def answers(workplace: Any) -> int:
    with Store(workplace.path / "s.sqlite") as store:
        return store.spent("toy").calls


def wait_for_answers(workplace: Any, n: int, child: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and child.poll() is None:
        if (workplace.path / "s.sqlite").exists():
            with contextlib.suppress(DataError):  # the store may be half made at this moment
                if answers(workplace) >= n:
                    return
        time.sleep(0.05)
    child.kill()
    raise AssertionError(f"the run did not get to {n} answers: {child.communicate()[1]}")
