"""The short lists: each row is consistent, found by any spelling, and ordinary medicines are not on them."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest
from test_molecule import checked

from osler.core.errors import SpecError, ToolError
from osler.tools.calling import use
from osler.tools.controlled_substances import CONTROLLED, EXPLOSIVE, NO_CLEARANCE, ControlledCheck, listed
from osler.tools.molecule import molecule
from osler.tools.molecule_names import KNOWN

ROWS = {**CONTROLLED, **EXPLOSIVE}


def ask(named: str, **settings: Any) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(asyncio.run(use(ControlledCheck(**settings), {"molecule": named})))
    return found


@pytest.mark.parametrize("name", ROWS)
def test_a_row_is_consistent(name: str) -> None:
    cas, smiles, formula, schedule = ROWS[name]
    assert molecule(smiles).formula == formula
    assert checked(cas)
    assert schedule


@pytest.mark.parametrize("name", ROWS)
def test_it_is_found_by_name_number_and_structure(name: str) -> None:
    table, kind = (CONTROLLED, "controlled") if name in CONTROLLED else (EXPLOSIVE, "explosive")
    other = "explosive" if kind == "controlled" else "controlled"
    for named in (name, name.upper(), table[name][0], table[name][1]):
        assert listed(named, table) == name
        said = ask(named, kind=kind)
        assert (said["allowed"], said["listed_as"], said["schedule"]) == (False, name, table[name][3])
    assert "listed_as" not in ask(name, kind=other)


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("FP(=O)(C)OC(C)C", "sarin"),
        ("CC(C)O[P@](=O)(C)F", "sarin"),
        ("C[NH2+][C@@H](C)Cc1ccccc1.[Cl-]", "methamphetamine"),
        ("CNC(C)CC1=CC=CC=C1.Cl", "methamphetamine"),
        ("CCC(=O)N(c1ccccc1)C1CCN(CC1)CCC1=CC=CC=C1", "fentanyl"),
    ],
)
def test_another_spelling_or_a_salt_is_found(spelling: str, name: str) -> None:
    assert listed(spelling, CONTROLLED) == name


@pytest.mark.parametrize("spelling", ["CC1=C(C=C(C=C1N(=O)=O)N(=O)=O)N(=O)=O", "TNT", "118-96-7"])
def test_two_ways_of_writing_a_nitro_group_are_one(spelling: str) -> None:
    assert listed(spelling, EXPLOSIVE) == "trinitrotoluene"


PASSED = {"allowed": True, "note": NO_CLEARANCE}


@pytest.mark.parametrize("name", sorted(set(KNOWN) - set(CONTROLLED)))
def test_ordinary_molecules_are_allowed(name: str) -> None:
    assert ask(name) == PASSED
    assert ask(name, kind="explosive") == PASSED
    assert ask(name, similar=0.8)["allowed"] is True


def test_unlisted_explosive_groups_are_not_allowed() -> None:
    assert ask("CC(C)(C)OOC(C)(C)C", kind="explosive") == {"allowed": False, "groups": ["peroxide"]}
    assert ask("c1c(N(=O)=O)cc(N(=O)=O)cc1N(=O)=O", kind="explosive")["groups"] == ["several nitro groups"]


def test_a_near_relative_is_found_by_similarity_alone() -> None:
    relative = "CCC(C)OP(C)(=O)F"  # one carbon more than sarin
    assert ask(relative) == PASSED
    said = ask(relative, similar=0.5)
    assert (said["allowed"], said["nearest"] in ("sarin", "soman")) == (False, True)
    assert ControlledCheck(similar=0.5).name == "similar_controlled_check"


def test_what_is_no_substance_is_refused() -> None:
    for named in ("nothing like it", "C(C", "00-00-0"):
        with pytest.raises(ToolError):
            ask(named)
    with pytest.raises(SpecError, match="from 0 to 1"):
        ControlledCheck(similar=2.0)
