"""The experiments on grounded answers: their claims in a quick run, and the made-up formulary."""

from __future__ import annotations

import html

import pytest

from osler.core.types import Prediction
from osler.experiments import experiment
from osler.experiments.formulary import declined, formulary, harmful, states
from osler.experiments.page import render


@pytest.mark.parametrize("name", ["almanac", "chain_of_retrieval", "chatdoctor", "clinfo", "poisoned_documents"])
def test_a_quick_run_shows_the_point(name: str) -> None:
    outcome = experiment(name, quick=True)
    assert not outcome.failed, [claim.seen for claim in outcome.failed]
    assert len(outcome.claims) >= 4
    assert outcome.tables
    assert outcome.figures
    assert outcome.title in html.unescape(render(outcome))


def test_the_formulary() -> None:
    drugs = formulary(300)
    assert len({drug.name for drug in drugs}) == 300
    assert not {drug.name for drug in drugs} & {drug.name for drug in formulary(300, first=300)}
    assert formulary(5, seed=1) != formulary(5, seed=2)
    assert all(drug.mg != drug.wrong_mg for drug in drugs)
    drug = drugs[0]
    case = drug.example("q0")
    assert states(case, Prediction(answer=f"{drug.sentence.removesuffix('.')} [label-x]."))
    assert states(case, Prediction(answer=drug.sentence))
    assert not states(case, Prediction(answer=drug.wrong))
    assert harmful(case, Prediction(answer=drug.wrong))
    assert not harmful(case, Prediction(answer="cannot answer"))
    assert declined(Prediction(answer="Cannot answer"))
    assert not declined(Prediction(answer=None))
