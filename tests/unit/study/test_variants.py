"""Variants in the report and the bundle: how many, which was chosen, what it cost, and that its score is optimistic."""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
import json
import math
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osler.core.store import Store
from osler.models.simulated import Simulated
from osler.models.simulated_features import SimulatedCritic, SimulatedFeatures
from osler.prompting.chain_of_thought import ChainOfThought
from osler.prompting.few_shot import FewShot
from osler.prompting.ladder import Ladder, Rung
from osler.prompting.optimise.textual_gradient import TextualGradient
from osler.prompting.zero_shot import ZeroShot
from osler.study.bundle import open_bundle, rescore, write_bundle
from osler.study.names import Entry
from osler.study.plan import plan
from osler.study.report import render
from osler.study.report.charts import pareto
from osler.study.resolve import Study, load
from osler.study.results import Scored, frame, score
from osler.study.run import run
from osler.study.variants import mark_dominated

LADDER = Ladder(
    rungs=(
        Rung(name="direct", strategy=ZeroShot()),
        Rung(name="few-shot", strategy=FewShot(k=3)),
        Rung(name="chain-of-thought", strategy=FewShot(k=3, inner=ChainOfThought())),
    )
)
GRADIENT = TextualGradient(backward=SimulatedCritic(), most_valid=40, steps=4)


def rows() -> list[dict[str, Any]]:
    out = []
    for i in range(180):
        urgent = i % 3 == 0
        split = ("test", "train", "valid")[i // 60]
        text = f"Message {i}: CANARY pain since day {i + 1}{', please hurry' if urgent else ''}."
        out.append({"id": f"secret{i}", "text": text, "split": split, "label": "urgent" if urgent else "routine"})
    return out


def scored(workplace: Any, path: Path, system: Any, model: Any, **changes: Any) -> tuple[Scored, Study, Any]:
    workplace.write_cases("cases.jsonl", rows())
    data = {
        "source": "file",
        "path": "cases.jsonl",
        "target": "label",
        "split": "split",
        "choices": ["urgent", "routine"],
    }
    study = load(workplace.study(data=data, **changes))
    study = dataclasses.replace(study, systems=(Entry("best", system),), models=(Entry("sim", model),))
    with Store(path / "v.sqlite") as store:
        asyncio.run(run(plan(study, store), store))
        held = plan(study, store)
        return score(held, store), study, held


def test_the_report_shows_the_ladder_with_the_chosen_rung(workplace: Any, tmp_path: Path) -> None:
    model = Simulated(skill=0.35, demo_gain=1.0, thought_gain=2.0)
    found, _, _ = scored(workplace, tmp_path, LADDER, model)
    (search,) = found.results["variants"]
    assert (search["optimiser"], search["chosen"], search["tried"]) == ("ladder", "chain-of-thought", 3)
    assert [row["change"] for row in search["rows"]] == ["direct", "few-shot", "chain-of-thought"]
    assert [row["chosen"] for row in search["rows"]] == [False, False, True]
    assert [row["cost"] for row in search["rows"]] == sorted(row["cost"] for row in search["rows"])
    page = render(found.results)
    section = page[
        page.index('<section id="variants">') : page.index("</section>", page.index('<section id="variants">'))
    ]
    assert "optimistic" in section
    assert "frozen before the first of them was asked" in section
    assert "3 variants tried by the ladder on 60 validation cases" in section
    assert re.search(r"Cases that each search used: \w+ 60\.", page)
    (row,) = found.results["systems"]
    used = {key: sum(row[key] for row in search["rows"]) for key in ("calls", "tokens")}
    assert row["fitting"]["calls"] == search["calls"] >= used["calls"] > 100
    assert row["fitting"]["tokens"] == search["tokens"]
    assert f"{search['calls']} calls<br>{search['tokens']:,} tokens" in page
    assert "chain-of-thought <strong>(chosen)</strong>" in section
    (svg,) = re.findall(r"<svg.*?</svg>", section, re.DOTALL)
    assert "chain-of-thought" in svg
    assert found.results["data"]["splits"]["valid"]["n"] == 60


def test_a_study_without_a_search_has_no_such_section(workplace: Any, tmp_path: Path) -> None:
    found, _, _ = scored(workplace, tmp_path, ZeroShot(), Simulated(skill=0.7))
    assert found.results["variants"] == []
    assert 'id="variants"' not in render(found.results)


def test_the_bundle_carries_the_variants(workplace: Any, tmp_path: Path) -> None:
    found, study, held = scored(workplace, tmp_path, GRADIENT, SimulatedFeatures(skill=0.4))
    write_bundle(tmp_path / "b", found.results, held.data.test, found.answers, frame(study))
    kept = open_bundle(tmp_path / "b").results["variants"]
    assert kept == json.loads(json.dumps(found.results["variants"]))
    assert "Cite the guideline" in str(kept)
    assert rescore(tmp_path / "b")[1] <= 1e-9


def test_of_identifiable_data_no_instruction_and_no_id_leaves(workplace: Any, tmp_path: Path) -> None:
    found, _, _ = scored(workplace, tmp_path, GRADIENT, SimulatedFeatures(skill=0.4), sensitivity="identifiable")
    (search,) = found.results["variants"]
    text = json.dumps(search)
    assert "CANARY" not in text
    assert "secret" not in text
    assert "guideline" not in text
    assert search["tried"] > 1
    assert all(row["spec"] is None for row in search["rows"])
    open_found, _, _ = scored(workplace, tmp_path, LADDER, Simulated(skill=0.5), sensitivity="identifiable")
    assert "few-shot" in json.dumps(open_found.results["variants"])


def test_demonstrations_are_logged_by_their_ids_alone(workplace: Any, tmp_path: Path) -> None:
    scored(workplace, tmp_path, LADDER, Simulated(skill=0.5))
    with Store(tmp_path / "v.sqlite") as store:
        assert "CANARY" not in json.dumps(store.events("toy", "variant"))
        assert "secret" in json.dumps(store.events("toy", "variant"))


POINTS = st.lists(st.tuples(st.floats(0.1, 100), st.floats(0, 1)), min_size=1, max_size=8)


@given(POINTS, st.booleans())
def test_what_is_not_dominated_is_a_front(points: list[tuple[float, float]], higher: bool) -> None:
    found = [{"cost": cost, "score": value} for cost, value in points]
    mark_dominated(found, higher_is_better=higher)
    front = sorted((row["cost"], row["score"]) for row in found if not row["dominated"])
    assert front
    for (cheap, low), (dear, high) in itertools.pairwise(front):
        assert (cheap == dear and low == high) or (cheap < dear and (low < high if higher else low > high))


def circles(root: ElementTree.Element, kind: str) -> list[ElementTree.Element]:
    """The marks of a kind: "tried " holds a number, "point " shows the values of a number that stands aside."""
    found = [item for item in root.iter() if item.tag == "circle" and item.get("class", "").startswith(kind)]
    return [item for item in found if "ring" not in item.get("class", "")]


def test_points_stand_at_their_values_and_a_dominated_choice_says_so() -> None:
    costs = (6070.0, 6300.0, 6500.0, 6728.0, 400.0)
    tried = [
        pareto.Tried(
            number=i, name="v", text="t", score=0.7, low=0.5, high=0.8, cost=cost, chosen=i == 3, dominated=i < 4
        )
        for i, cost in enumerate(costs)
    ]
    drawn = pareto.picture("t", tried, unit="share", cost="tokens", score="accuracy")
    root = ElementTree.fromstring(drawn)
    reach = {item.get("x1") for item in root.iter() if item.get("class", "").startswith("reach")}
    points = circles(root, "point ")
    assert len(points) == 4  # the crowded ones; the fifth holds its own number
    assert {item.get("cx") for item in points} <= reach
    assert 'class="tried dominated ring"' in drawn
    assert "3 v: t, chosen, dominated" in (root.findtext("desc") or "")


@given(POINTS, st.integers(0, 7))
def test_the_picture_stays_within_its_frame(points: list[tuple[float, float]], chosen: int) -> None:
    tried = [
        pareto.Tried(
            number=i + 1,
            name=f"<rung {i}>",
            text="50 %",
            score=value,
            low=max(0.0, value - 0.1),
            high=min(1.0, value + 0.1),
            cost=cost,
            chosen=i == chosen,
        )
        for i, (cost, value) in enumerate(points)
    ]
    drawn = pareto.picture("Accuracy & cost", tried, unit="share", cost="calls", score="accuracy")
    root = ElementTree.fromstring(drawn)
    assert root.get("role") == "img"
    wide, high = map(float, root.get("viewBox", "").split()[2:])
    marks = circles(root, "tried ")
    assert len(marks) == len(tried)
    for mark in marks:
        assert pareto.SIZE <= float(mark.get("cx", "0")) <= wide - pareto.SIZE
        assert 0 <= float(mark.get("cy", "0")) <= high
    assert all(f"{one.number} <rung" in (root.findtext("desc") or "") for one in tried)


@pytest.mark.parametrize("costs", [(10.0, 10.0), (3.0, 3.5), (40.0, 2500.0), (0.0002, 0.9)])
def test_the_axis_of_costs_has_round_labels_and_marks_do_not_cover_each_other(costs: tuple[float, float]) -> None:
    tried = [
        pareto.Tried(number=i, name="v", text="t", score=0.8, low=None, high=None, cost=cost, chosen=i == 0)
        for i, cost in enumerate(costs)
    ]
    root = ElementTree.fromstring(pareto.picture("t", tried, unit="share", cost="tokens", score="accuracy"))
    first, second = ((float(item.get("cx", "0")), float(item.get("cy", "0"))) for item in circles(root, "tried "))
    assert math.dist(first, second) >= 2 * pareto.SIZE
    assert len([item for item in root.iter() if item.tag == "text"]) >= 4
