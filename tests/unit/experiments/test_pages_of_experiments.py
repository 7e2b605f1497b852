"""What a page of an experiment says first, and that nothing of its figures is cut on a telephone."""

from __future__ import annotations

import asyncio
import math
import re
import statistics

import orjson
import pytest

from osler import experiments
from osler.experiments.codex import _agrees
from osler.experiments.exam import EXAM, exam
from osler.experiments.figure import numbered, picture
from osler.experiments.measure import Right, ask, gain_beyond, p_told
from osler.experiments.outcome import Claim, Curve, Figure, Outcome, Point
from osler.experiments.page import render
from osler.models.simulated import Simulated
from osler.prompting.choice_shuffle import ChoiceShuffle
from osler.prompting.zero_shot import ZeroShot
from osler.study.report.page import resource

NAMED = Figure(
    title="T",
    x_title="",
    y_title="right",
    names={0.0: "zero-shot", 1.0: "random 5-shot", 2.0: "+ chain of thought", 3.0: "+ shuffle ensemble"},
    curves=[Curve(title="seen", points=[Point(x=at, y=0.2 * at) for at in range(4)])],
)
JARGON = (
    "logit",
    "multinomial",
    "binomial",
    "decisive",
    "temperature",
    "T = 0",
    "p =",
    "nDCG",
    "ROUGE",
    "k =",
    "McNemar",
)


@pytest.mark.parametrize("name", experiments.names())
def test_every_experiment_says_what_it_means_without_jargon(name: str) -> None:
    plain = experiments.module(name).PLAIN
    assert 60 < len(plain) < 230
    assert plain.endswith(".")
    assert not [word for word in JARGON if word.casefold() in plain.casefold()]


def test_the_page_begins_with_what_it_means() -> None:
    outcome = Outcome(
        setup="SETUP",
        tables=[],
        figures=[NAMED],
        claims=[Claim(text="C", seen="s", holds=True)],
        plain="A plain <word>.",
    )
    page = render(outcome)
    assert page.index("What this means") < page.index("A plain &lt;word&gt;.") < page.index("SETUP")
    assert page.count("<svg") == 2
    assert "<li>+ shuffle ensemble</li>" in page


def test_named_places_can_be_written_as_json() -> None:
    kept = orjson.loads(orjson.dumps(Outcome(setup="", tables=[], figures=[NAMED], claims=[]).json()))
    assert kept["figures"][0]["names"]["3"] == "+ shuffle ensemble"


def test_the_narrow_picture_fits_a_telephone_and_numbers_names_without_room() -> None:
    wide, narrow = str(picture(NAMED)), str(picture(NAMED, narrow=True))
    width = re.search(r'viewBox="0 0 (\d+)', narrow)
    assert width is not None
    assert int(width[1]) <= 340
    assert "shuffle" in re.sub(r"<desc>.*?</desc>", "", wide)
    assert "shuffle" not in re.sub(r"<desc>.*?</desc>", "", narrow)
    assert numbered(NAMED) == list(NAMED.names.values())
    assert max(float(x) for x in re.findall(r' x2?="([\d.]+)"', narrow)) <= int(width[1])
    assert "min-width:34rem" not in resource("page.css")


def test_names_with_room_are_written_on_the_narrow_picture_too() -> None:
    two = Figure(title="T", x_title="", y_title="", names={0.0: "one", 1.0: "two"}, curves=NAMED.curves)
    assert numbered(two) == []
    assert ">one<" in str(picture(two, narrow=True))


@pytest.mark.parametrize(("p", "said"), [(3.1e-33, "< 0.001"), (0.0009, "< 0.001"), (0.043, "= 0.043"), (1.0, "= 1")])
def test_a_p_value_claims_no_more_than_is_known(p: float, said: str) -> None:
    assert p_told(p) == said


def test_the_difference_of_two_gains_is_taken_case_by_case() -> None:
    a, b = Right((True, False, False, True, False), 5), Right((True, True, False, True, False), 5)
    c, d = Right((False, False, False, True, True), 5), Right((True, True, True, True, False), 5)
    found = gain_beyond((a, b), (c, d))
    steps = [1, 0, 1, 0, -1]
    error = statistics.stdev(steps) / math.sqrt(5)
    assert found.value == pytest.approx(0.2)
    assert found.high - found.low == pytest.approx(2 * 1.959964 * error)
    assert gain_beyond((a, b), (a, b)).p == 1.0
    assert gain_beyond((a, b), (a, b)).none


def test_points_that_lean_to_one_side_are_not_called_agreement() -> None:
    assert _agrees(1.0, 0.5) is True
    assert _agrees(2.3, -2.4) is None
    assert _agrees(1.9, -3.6) is False
    assert _agrees(3.6, 0.0) is False


@pytest.mark.parametrize(("temperature", "gains"), [(0.0, False), (0.7, True)])
def test_votes_of_a_simulated_model_gain_only_where_it_draws(temperature: float, gains: bool) -> None:
    """What the page of medprompt and the documentation of models say."""
    cases = exam(150)
    model = Simulated(skill=0.6, verbosity=1).keyed(cases, lettered=True)
    once = ZeroShot(by="generate", temperature=temperature)
    alone = asyncio.run(ask(once, model, EXAM, cases))
    voted = asyncio.run(ask(ChoiceShuffle(n=5, inner=once), model, EXAM, cases))
    assert (voted.share - alone.share > 0.1) is gains
    assert (voted.right == alone.right) is not gains
