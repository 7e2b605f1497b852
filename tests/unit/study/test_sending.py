"""What a system would send, before anything is run; and how the calls of a run were put."""

from __future__ import annotations

from typing import Any

import pytest

OPTIONS = ("--store", "s.sqlite")
SYSTEMS = [
    "zero_shot",
    {"from": "medprompt", "preset": "tiny", "name": "small"},
    {"use": "bootstrap_demos", "name": "s"},
]


def test_a_preview_shows_the_demonstrations_and_leaves_nothing_behind(workplace: Any) -> None:
    study = workplace.study(systems=SYSTEMS)
    before = workplace.files()
    said = workplace.osler("show", "m03", study, "--preview", "small")
    assert said.status == 0
    assert "small on m03, fitted on 24 training cases and answered by simulated; nothing was sent or kept" in said.out
    assert said.out.count("**assistant**") >= 2, "its own chains stand there as demonstrations"
    assert "> Message 3:" in said.out
    assert workplace.files() == before
    plain = workplace.osler("show", "m03", study, "--preview", "zero_shot", "--json").json
    assert (plain["training"], plain["model"], plain["seed"]) == (0, "simulated", 0)
    assert plain["calls"].startswith("### 1 call, temperature 0, at most 256 tokens")
    assert workplace.osler("show", "m03", study, "--preview", "s").status == 0, "a search is made on the way"


def test_a_preview_works_with_a_model_that_is_elsewhere(workplace: Any) -> None:
    far = {"use": "endpoint", "model": "m", "base_url": "https://example.org/v1", "name": "far"}
    study = workplace.study(models=[far], systems=SYSTEMS[:2], sensitivity="public")
    assert workplace.osler("show", "m03", study, "--preview", "small", "--json").json["model"] == "simulated"


@pytest.mark.parametrize(
    ("case", "name", "said"),
    [
        ("m03", "smal", "no system of the study 'toy' is named 'smal'\nhint: did you mean 'small'?"),
        ("zzz", "small", "no test case of the study 'toy' has the id 'zzz'"),
        ("m03", "critic", "'critic' asks endpoint itself, and a preview sends nothing"),
        ("m03", "tools", "'tools' needs a model that can"),
    ],
)
def test_what_cannot_be_shown_is_refused(workplace: Any, case: str, name: str, said: str) -> None:
    far = {"use": "endpoint", "model": "m", "base_url": "https://example.org/v1"}
    others: list[Any] = [
        {"from": "automedprompt", "preset": "tiny", "backward": far, "name": "critic"},
        {"use": "tool_use", "tools": ["anion_gap"], "name": "tools"},
    ]
    study = workplace.study(systems=[*SYSTEMS, *others], sensitivity="public")
    told = workplace.osler("show", case, study, "--preview", name)
    assert told.status == 2
    assert said in told.err


def test_show_says_how_each_call_was_put(workplace: Any) -> None:
    votes = {"use": "self_consistency", "k": 2, "temperature": 0.7, "name": "votes"}
    study = workplace.study(systems=[votes, {"use": "zero_shot", "by": "score", "name": "scores"}])
    workplace.osler("run", study, *OPTIONS, "--json")
    first, second = workplace.osler("show", "m03", study, *OPTIONS, "--json").json["answers"]
    assert [(call["temperature"], call["max_tokens"]) for call in first["calls"]] == [(0.7, 1024)] * 2
    assert len({call["seed"] for call in first["calls"]}) == 2
    assert second["calls"][0]["scored"] == ["urgent", "routine"]
    said = workplace.osler("show", "m03", study, *OPTIONS).out
    assert "temperature 0.7, seed 0, at most 1,024" in " ".join(said.split())
    assert "scoring the choices" in " ".join(said.split())
