"""Names and tables of a study file as blocks: dotted keys, every mistake at once, hints that can be followed."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from osler import recipes
from osler.core.errors import SpecError
from osler.prompting.few_shot import FewShot
from osler.prompting.role_panel import Role
from osler.prompting.zero_shot import ZeroShot
from osler.study.listing import listing
from osler.study.names import resolve

MEDPROMPT = recipes.recipe("systems", "medprompt")


def system(text: str) -> Any:
    return resolve("system", tomllib.loads(f"it = {text}")["it"])


def test_a_dotted_key_means_the_same_with_and_without_quotes() -> None:
    quoted = system('{ from = "medprompt", n = 3, "inner.k" = 3, "inner.inner.keep" = 7 }')
    assert system('{ from = "medprompt", n = 3, inner.k = 3, inner.inner.keep = 7 }') == quoted
    assert system('{ from = "medprompt", n = 3, inner = { k = 3, inner = { keep = 7 } } }') == quoted
    assert (quoted.n, quoted.inner.k, quoted.inner.inner.keep) == (3, 3, 7)
    assert quoted.inner.select == MEDPROMPT.inner.select, "what is not named stays"


def test_a_dotted_key_may_name_a_block_and_reach_into_a_block_of_the_table() -> None:
    assert system('{ from = "medprompt", "inner.inner" = "zero_shot" }').inner.inner == ZeroShot()
    found = system('{ use = "choice_shuffle", inner = "few_shot", "inner.k" = 2 }')
    assert isinstance(found.inner, FewShot)
    assert found.inner.k == 2


def test_a_model_that_may_be_left_out_goes_by_its_name() -> None:
    by_table = system('{ from = "automedprompt", backward = { use = "simulated_critic" } }')
    assert system('{ from = "automedprompt", backward = "simulated_critic" }') == by_table


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ('{ from = "medprompt", k = 3 }', "choice_shuffle has no setting 'k'", 'write "inner.k" = ...'),
        ('{ from = "medprompt", keep = 3 }', "no setting 'keep'", 'write "inner.inner.keep" = ...'),
        ('{ use = "prompt_vote", inner = "zero_shot" }', "no setting 'inner'", "strategies = ["),
        ('{ use = "role_panel", roles = [] }', "at least two roles", '{ use = "role", name = "cardiologist" }'),
        ('{ use = "role_panel", roles = [{ block = "Role", name = "x" }] }', "cannot hold the key 'block'", "use = "),
        ('{ use = "role_panel", roles = "x" }', "must be a list of tables", '{ use = "role", ... }'),
        ('{ use = "self_consistency", k = "many" }', "k must be a whole number, got 'many'", "set k to a whole number"),
        ('{ use = "few_shot", "inner.k" = 2 }', "zero_shot has no setting 'k'", "known names"),
        ('{ use = "few_shot", "k.n" = 2 }', "few_shot.k is no block, so k.n cannot be set", ""),
        ('{ use = "abstain", threshold = 0.5, coverage = 0.5 }', "both threshold and coverage", "keep one of them"),
    ],
)
def test_a_mistake_is_told_in_words_of_the_file_with_a_way_out(text: str, said: str, hint: str) -> None:
    with pytest.raises(SpecError) as caught:
        system(text)
    assert said in caught.value.message
    assert hint in caught.value.hint


def test_the_hint_on_roles_can_be_followed() -> None:
    with pytest.raises(SpecError) as caught:
        system('{ use = "role_panel", roles = [] }')
    followed = system(f'{{ use = "role_panel", {caught.value.hint} }}')
    assert followed.roles == (Role(name="cardiologist"), Role(name="pharmacologist"))


def test_all_mistakes_of_a_system_are_told_at_once(workplace: Any) -> None:
    bad = {"use": "choice_shuffle", "k": 3, "n": "x", "combine": "sum", "inner": {"use": "few_shot", "kk": 1}}
    said = workplace.osler("check", workplace.study(systems=[bad])).err
    assert "4 problems" in said
    for part in (
        "no setting 'k'",
        "n must be a whole number",
        "combine must be one of",
        "few_shot has no setting 'kk'",
    ):
        assert part in said, part


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"use": "abstain", "name": "a", "inner": "self_consistency"}, "'a' does not say when abstain answers"),
        ({"use": "abstain", "name": "a", "threshold": 0.5, "inner": "chain_of_thought"}, "'a' abstains below a confid"),
    ],
)
def test_what_cannot_abstain_is_found_by_check(workplace: Any, bad: dict[str, Any], said: str) -> None:
    checked = workplace.osler("check", workplace.study(systems=["zero_shot", bad]))
    assert checked.status == 2
    assert said in checked.err
    good = {"use": "abstain", "threshold": 0.5, "inner": {"use": "self_consistency", "k": 3}}
    assert workplace.osler("check", workplace.study(systems=["zero_shot", good])).status == 0


def test_what_has_no_recipes_is_refused_in_words() -> None:
    kind: Any = "tools"
    with pytest.raises(SpecError, match=r"no recipes of 'tools'.*\nhint: osler list tools"):
        recipes.recipe(kind, "anion_gap")
    kind = "system"
    with pytest.raises(SpecError, match="did you mean 'systems'"):
        recipes.names(kind)


def test_the_list_shows_settings_of_recipes_with_what_is_allowed() -> None:
    rows = {row["name"]: row["settings"] for row in listing("systems")}
    for name in ("few_shot", "chain_of_thought", "choice_shuffle", "self_consistency", "abstain", "role_panel"):
        assert rows[name], name
    assert rows["few_shot"]["select"] == '"random" or "balanced", "knn", "diverse", "fixed"'
    assert rows["self_consistency"]["k"] == "40", "the value of its paper"
    assert rows["abstain"]["coverage"] == "0.55"
    assert rows["prompt_vote"]["combine"] == '"vote" or "mean"'
    models = {row["name"]: row["settings"] for row in listing("models")}
    assert models["simulated"]["skill"] == "0.7"
