"""Previews: what a strategy sends, and the refusal of one that has not learnt what it would show."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from scripted import QUESTION, Scripted

from osler import recipes
from osler.core.block import replace
from osler.core.errors import SpecError
from osler.core.types import Demo
from osler.models.simulated import Simulated
from osler.prompting.few_shot import FewShot
from osler.prompting.optimise.bootstrap_demos import BootstrapDemos
from osler.prompting.optimise.instruction_search import InstructionSearch
from osler.prompting.preview import preview, unfitted
from osler.prompting.self_consistency import SelfConsistency
from osler.prompting.zero_shot import ZeroShot

PAIRS = [(QUESTION.replace(id=f"t{i}", question=f"Is {i} even?"), "AB"[i % 2]) for i in range(8)]
GIVEN = FewShot(select="fixed", fixed=(Demo(question="Is 2 even?", answer="A", choices=("yes", "no")),))


def shown(strategy: Any, **more: Any) -> str:
    key = {prompt.id: prompt.choices["AB".index(gold)] for prompt, gold in PAIRS}
    return asyncio.run(preview(strategy, Simulated(skill=1.0, key={**key, QUESTION.id: "yes"}), QUESTION, **more))


@pytest.mark.parametrize("name", ["few_shot", "few_shot_cot", "medprompt", "automedprompt", "ladder", "codex_few_shot"])
def test_what_has_not_learnt_its_demonstrations_is_refused(name: str) -> None:
    with pytest.raises(SpecError, match="learns from training cases and was not fitted") as caught:
        shown(recipes.recipe("systems", name))
    assert "--preview" in caught.value.hint


def test_with_training_cases_it_is_fitted_and_shows_them() -> None:
    text = shown(recipes.recipe("systems", "medprompt", preset="tiny").inner, train=PAIRS)
    assert text.startswith("### 1 call")
    assert "> Is " in text
    assert text.count("**assistant**") == 2
    assert shown(FewShot(k=2), train=PAIRS).count("**assistant**") == 2


def test_what_learns_nothing_needs_no_training_cases() -> None:
    assert unfitted(SelfConsistency(k=2)) is None
    assert "Is 2 even?" in shown(GIVEN)
    assert "**assistant**" not in shown(ZeroShot())


def test_a_search_is_looked_at_through_its_winner() -> None:
    search = InstructionSearch(inner=FewShot(k=2))
    assert unfitted(search) is search
    assert unfitted(replace(search, winner=ZeroShot())) is None
    assert isinstance(unfitted(BootstrapDemos(winner=FewShot(k=2))), FewShot)


def test_nothing_is_sent_where_a_preview_is_refused() -> None:
    model = Scripted("Answer: A")
    with pytest.raises(SpecError):
        asyncio.run(preview(FewShot(), model, QUESTION))
    assert not model.asked
