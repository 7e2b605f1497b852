"""Reading SMILES: formula, mass, spelling, groups, similarity, and what is refused."""

from __future__ import annotations

import asyncio
import csv
import gzip
import random
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from osler.core.errors import ToolError
from osler.core.types import Tool
from osler.tools.calling import use
from osler.tools.molecule import Molecule, molecule
from osler.tools.molecule_fingerprint import MoleculeSimilarity, fingerprint, tanimoto
from osler.tools.molecule_groups import MoleculeFacts, groups
from osler.tools.molecule_names import KNOWN, MoleculeName, smiles_of


def ask(tool: Tool, **given: str) -> object:
    return orjson.loads(asyncio.run(use(tool, given)))


@pytest.mark.parametrize(
    ("smiles", "formula", "weight"),
    [
        ("O", "H2O", 18.015),
        ("CCO", "C2H6O", 46.069),
        ("c1ccccc1", "C6H6", 78.114),
        ("C1=CC=CC=C1", "C6H6", 78.114),
        ("CC(=O)Oc1ccccc1C(=O)O", "C9H8O4", 180.159),
        ("CN1C=NC2=C1C(=O)N(C(=O)N2C)C", "C8H10N4O2", 194.194),
        ("c1ccc2[nH]ccc2c1", "C8H7N", 117.151),
        ("c1ccncc1", "C5H5N", 79.102),
        ("O=c1cc[nH]cc1", "C5H5NO", 95.101),
        ("c1cc[n+]([O-])cc1", "C5H5NO", 95.101),
        ("[NH4+].[Cl-]", "ClH4N", 53.491),
        ("[Na+].[O-]C(C)=O", "C2H3NaO2", 82.034),
        ("CS(=O)(=O)O", "CH4O3S", 96.10),
        ("OP(=O)(O)O", "H3O4P", 97.994),
        ("[2H]O[2H]", "H2O", 18.015),
        ("[13CH4]", "CH4", 16.043),
        ("N#N", "N2", 28.014),
        ("C%10CCCC%10", "C5H10", 70.135),
        ("F/C=C/F", "C2H2F2", 64.034),
        ("N[C@@H](C)C(=O)O", "C3H7NO2", 89.094),
        ("[O-]S(=O)(=O)[O-]", "O4S-2", 96.056),
        ("C[N+](C)(C)C", "C4H12N+", 74.147),
    ],
)
def test_formula_and_mass(smiles: str, formula: str, weight: float) -> None:
    held = molecule(smiles)
    assert held.formula == formula
    assert held.weight == pytest.approx(weight, abs=0.005)


@pytest.mark.parametrize("name", KNOWN)
def test_the_listed_molecules_have_the_formula_beside_them(name: str) -> None:
    cas, smiles, formula = KNOWN[name]
    assert molecule(smiles).formula == formula
    assert checked(cas)


def checked(cas: str) -> bool:
    """The check digit of a CAS number: digits weighted by their place from the right, modulo 10."""
    digits = [int(sign) for sign in cas.replace("-", "")]
    return sum(i * digit for i, digit in enumerate(reversed(digits[:-1]), 1)) % 10 == digits[-1]


@pytest.mark.parametrize(
    ("smiles", "told"),
    [
        ("", "1 to 2000 characters"),
        ("C" * 2001, "1 to 2000 characters"),
        ("C(C", "a branch is not closed"),
        ("C1CC", "a ring is not closed"),
        ("CC=", "a bond is not closed"),
        ("CC)", "a bracket stands where none can"),
        ("(C)C", "a bracket stands where none can"),
        ("=CC", "a bond has no atom before it"),
        ("1CC", "a ring number has no atom before it"),
        ("C11", "joins two atoms twice"),
        ("C12CC12", "joins two atoms twice"),
        ("C=1CCC#1", "differ in their bond"),
        ("C(C)(C)(C)(C)C", "too many bonds"),
        ("O(C)(C)C", "too many bonds"),
        ("F(C)C", "too many bonds"),
        ("[CH5]", "too many bonds"),
        ("C=C=C=C=O=C", "too many bonds"),
        ("[Xx]", "unknown element"),
        ("hello", "cannot be read"),
        ("C C", "cannot be read"),
        ("C..C", "a dot stands"),
        ("*C", "cannot be read"),
    ],
)
def test_what_is_no_molecule_is_refused_with_the_reason(smiles: str, told: str) -> None:
    with pytest.raises(ToolError, match=told):
        molecule(smiles)


@given(st.text(alphabet="CcNnOo()[]=#123456789+-.@HFlBr%/\\", max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        held = molecule(text)
    except ToolError:
        return
    assert held.weight > 0
    assert all(atom.hydrogens >= 0 for atom in held.atoms)
    assert sum(len(part) for part in held.components) == len(held.atoms)
    assert groups(held) is not None
    assert tanimoto(text, text) == 1.0


def rewritten(held: Molecule, rng: random.Random) -> str:
    """The same molecule written from another atom, in another order, each ring bond closed by a number."""
    seen: dict[int, int] = {}
    rings: dict[tuple[int, int], int] = {}
    signs = {1.0: "-", 2.0: "=", 3.0: "#", 1.5: ":"}

    def tree(place: int, parent: int, order: list[tuple[int, int]]) -> None:
        seen[place] = len(seen)
        others = list(held.atoms[place].bonds)
        rng.shuffle(others)
        for other in others:
            if other == parent:
                continue
            if other not in seen:
                order.append((place, other))
                tree(other, place, order)
            elif seen[other] < seen[place]:
                rings[(other, place)] = len(rings) + 1

    def write(place: int, children: dict[int, list[int]]) -> str:
        atom = held.atoms[place]
        symbol = atom.element.lower() if atom.aromatic else atom.element
        hydrogens = f"H{atom.hydrogens}" if atom.hydrogens else ""
        text = f"[{symbol}{hydrogens}{f'{atom.charge:+d}' if atom.charge else ''}]"
        for (one, other), number in rings.items():
            if place in (one, other):
                sign = signs[held.atoms[one].bonds[other]]
                text += f"{sign}%{number:02d}"
        for i, child in enumerate(children.get(place, [])):
            inner = signs[atom.bonds[child]] + write(child, children)
            text += inner if i == len(children[place]) - 1 else f"({inner})"
        return text

    texts = []
    for part in held.components:
        order: list[tuple[int, int]] = []
        start = rng.choice(part)
        tree(start, -1, order)
        children: dict[int, list[int]] = {}
        for one, other in order:
            children.setdefault(one, []).append(other)
        texts.append(write(start, children))
    return ".".join(texts)


@given(st.sampled_from(sorted(KNOWN)), st.integers(0, 10_000))
def test_another_spelling_is_the_same_molecule(name: str, seed: int) -> None:
    held = molecule(KNOWN[name][1])
    again = molecule(rewritten(held, random.Random(seed)))
    assert again.formula == held.formula
    assert again.skeleton(again.components[0]) == held.skeleton(held.components[0])
    assert groups(again) == groups(held)
    assert fingerprint(again.smiles) == fingerprint(held.smiles)


def test_different_molecules_have_different_skeletons() -> None:
    isomers = ["CCCCO", "CC(C)CO", "CCC(C)O", "CC(C)(C)O", "CCOCC", "COCCC", "CC(C)OC"]
    marks = {held.skeleton(held.components[0]) for held in map(molecule, isomers)}
    assert len(marks) == len(isomers)
    kekule, aromatic = molecule("CC1=CC=CC=C1"), molecule("Cc1ccccc1")
    assert kekule.skeleton(kekule.components[0]) == aromatic.skeleton(aromatic.components[0])
    assert molecule("C1CC2CCC1CC2").rings == 2
    assert molecule("CCO").rings == 0


@pytest.mark.parametrize(
    ("smiles", "found"),
    [
        ("CC(=O)O", {"carboxylic acid": 1}),
        ("CC(=O)[O-]", {"carboxylate": 1}),
        ("CC(=O)OC", {"ester": 1}),
        ("CC(=O)OC(C)=O", {"anhydride": 1}),
        ("CC(=O)N", {"amide": 1}),
        ("NC(=O)N", {"urea": 1}),
        ("COC(=O)NC", {"carbamate": 1}),
        ("COC(=O)OC", {"carbonate": 1}),
        ("CC(=O)Cl", {"acyl halide": 1, "halide": 1}),
        ("CC=O", {"aldehyde": 1}),
        ("CC(=O)C", {"ketone": 1}),
        ("CCO", {"alcohol": 1}),
        ("Oc1ccccc1", {"aromatic ring system": 1, "phenol": 1}),
        ("COC", {"ether": 1}),
        ("C1CO1", {"epoxide": 1}),
        ("COOC", {"peroxide": 1}),
        ("CN", {"primary amine": 1}),
        ("CNC", {"secondary amine": 1}),
        ("CN(C)C", {"tertiary amine": 1}),
        ("C[NH3+]", {"ammonium": 1}),
        ("CC#N", {"nitrile": 1}),
        ("CC=NC", {"imine": 1}),
        ("CN=[N+]=[N-]", {"azide": 1}),
        ("CN=NC", {"azo": 1}),
        ("C[N+](=O)[O-]", {"nitro": 1}),
        ("CN(=O)=O", {"nitro": 1}),
        ("CO[N+](=O)[O-]", {"nitrate ester": 1}),
        ("CN(C)[N+](=O)[O-]", {"nitramine": 1}),
        ("CS", {"thiol": 1}),
        ("CSC", {"thioether": 1}),
        ("CS(=O)C", {"sulfoxide": 1}),
        ("CS(=O)(=O)C", {"sulfonyl": 1}),
        ("CS(=O)(=O)N", {"sulfonamide": 1}),
        ("C=CC#C", {"alkene": 1, "alkyne": 1}),
        ("CCl", {"halide": 1}),
        ("c1ccc2ccccc2c1", {"aromatic ring system": 1}),
        ("c1ccccc1-c1ccccc1", {"aromatic ring system": 2}),
        ("CC", {}),
    ],
)
def test_functional_groups(smiles: str, found: dict[str, int]) -> None:
    assert groups(molecule(smiles)) == found


def test_similarity() -> None:
    assert tanimoto("CCO", "OCC") == 1.0
    near, far = tanimoto("CC(=O)Oc1ccccc1C(=O)O", "OC(=O)c1ccccc1O"), tanimoto("CC(=O)Oc1ccccc1C(=O)O", "CCCCCC")
    assert 1 > near > 0.3 > far > 0
    assert tanimoto("CCO", "CCN") == tanimoto("CCN", "CCO")
    assert ask(MoleculeSimilarity(), molecule="ethanol", other="CCO") == {"tanimoto": 1.0}


def test_names_and_numbers_are_looked_up() -> None:
    assert smiles_of("Aspirin") == smiles_of(" acetylsalicylic  acid") == smiles_of("50-78-2")
    assert smiles_of("CCO") == "CCO"
    assert ask(MoleculeName(), molecule="ethanol") == {"smiles": "CCO"}
    assert ask(MoleculeFacts(), molecule="ethanol") == {
        "formula": "C2H6O",
        "weight_g_per_mol": 46.07,
        "rings": 0,
        "groups": {"alcohol": 1},
    }
    assert hint("caffein") == "did you mean 'caffeine'?"
    with pytest.raises(ToolError, match="not in the list"):
        smiles_of("11-23-4")
    with pytest.raises(ToolError, match="branch is not closed"):
        smiles_of("C(C")


def hint(named: str) -> str:
    with pytest.raises(ToolError) as caught:
        smiles_of(named)
    return caught.value.hint


@pytest.mark.real
@pytest.mark.parametrize(("file", "share"), [("esol", 1.0), ("tox21", 0.998), ("clintox", 0.99)])
def test_published_molecules_can_be_read(data_folder: Path, file: str, share: float) -> None:
    with gzip.open(data_folder / "molecules" / f"{file}.csv.gz", "rt", encoding="utf-8") as rows:
        texts = [row["smiles"] for row in csv.DictReader(rows)]
    read = 0
    for text in texts:
        try:
            molecule(text)
            read += 1
        except ToolError:
            continue
    assert read / len(texts) >= share
