"""Functional groups of a molecule by plain rules on its graph, and tools for facts and groups.

The groups are those of introductory organic chemistry (IUPAC Gold Book names). A group inside a larger one counts as
the larger one only (an ester's oxygen is no ether). Not covered: organometallics, phosphorus and boron groups.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import orjson

from osler.core.block import block
from osler.tools.molecule import Atom, Molecule, molecule
from osler.tools.molecule_names import ONE_MOLECULE, smiles_of

HALOGENS = frozenset({"F", "Cl", "Br", "I"})


def groups(held: Molecule) -> dict[str, int]:
    """How many of each functional group a molecule has, by name; those it has none of are left out."""
    found: Counter[str] = Counter()
    for place, atom in enumerate(held.atoms):
        if atom.element == "C":
            found.update(_at_carbon(held, place, atom))
        elif atom.element == "N":
            found.update(_at_nitrogen(held, place, atom))
        elif atom.element == "O":
            found.update(_at_oxygen(held, place, atom))
        elif atom.element == "S":
            found.update(_at_sulfur(held, atom))
        elif atom.element in HALOGENS and any(held.atoms[i].element == "C" for i in atom.bonds):
            found["halide"] += 1
    aromatic = sum(_is_aromatic_ring_bond(held, i, j) for i, a in enumerate(held.atoms) for j in a.bonds if i < j)
    if aromatic:
        found["aromatic ring system"] = _aromatic_systems(held)
    return dict(sorted((+found).items()))


def _near(held: Molecule, place: int, element: str, order: float = 0.0) -> list[int]:
    """Neighbours of an element, of one bond order where it is given."""
    bonds = held.atoms[place].bonds
    return [i for i, kind in bonds.items() if held.atoms[i].element == element and (not order or kind == order)]


def _at_carbon(held: Molecule, place: int, atom: Atom) -> list[str]:
    if _near(held, place, "N", 3.0):
        return ["nitrile"]
    made = ["alkene" for i in _near(held, place, "C", 2.0) if i > place]
    made += ["alkyne" for i in _near(held, place, "C", 3.0) if i > place]
    if not _near(held, place, "O", 2.0):
        return made
    if atom.aromatic:
        return [*made, "ring carbonyl"]
    single, nitrogen = _near(held, place, "O", 1.0), _near(held, place, "N", 1.0)
    halogen = [i for i in atom.bonds if held.atoms[i].element in HALOGENS]
    if halogen:
        return [*made, "acyl halide"]
    if len(nitrogen) == 2:
        return [*made, "urea"]
    if single and nitrogen:
        return [*made, "carbamate"]
    if nitrogen:
        return [*made, "amide"]
    if len(single) == 2:
        return [*made, "carbonate"]
    if single:
        kind = _acid_kind(held, place, single[0])
        return made if kind == "anhydride" and _partner(held, place, single[0]) < place else [*made, kind]
    return [*made, "aldehyde" if atom.hydrogens else "ketone"]


def _acid_kind(held: Molecule, place: int, oxygen: int) -> str:
    end = held.atoms[oxygen]
    if end.degree == 1:
        return "carboxylate" if end.charge else "carboxylic acid"
    other = _partner(held, place, oxygen)
    return "anhydride" if held.atoms[other].element == "C" and _near(held, other, "O", 2.0) else "ester"


def _partner(held: Molecule, place: int, oxygen: int) -> int:
    """The atom at the other side of an oxygen with two neighbours."""
    return next(i for i in held.atoms[oxygen].bonds if i != place)


def _carbonyl(held: Molecule, place: int) -> bool:
    atom = held.atoms[place]
    return (atom.element == "C" and bool(_near(held, place, "O", 2.0))) or atom.element in ("S", "P")


def _at_nitrogen(held: Molecule, place: int, atom: Atom) -> list[str]:
    oxygens = _near(held, place, "O")
    if len(oxygens) == 3:
        return ["nitrate ester"] if any(held.atoms[i].degree == 2 for i in oxygens) else ["nitrate"]
    if len(oxygens) == 2 and atom.degree == 3:
        kind = "nitramine" if _near(held, place, "N") else "nitro"
        return [kind]
    if atom.aromatic:
        return []
    if _near(held, place, "N", 2.0) or _near(held, place, "N", 3.0):
        chained = any(len(_near(held, i, "N")) == 2 for i in [place, *_near(held, place, "N")])
        ends = [i for i in _near(held, place, "N") if i < place]
        return ["azide"] if chained and len(_near(held, place, "N")) == 2 else ["azo"] if ends and not chained else []
    if any(order > 1 for order in atom.bonds.values()):
        return ["imine"] if _near(held, place, "C", 2.0) else []
    if any(_carbonyl(held, i) for i in atom.bonds) or _near(held, place, "N") or oxygens or not atom.bonds:
        return []
    if atom.charge > 0:
        return ["ammonium"]
    return [f"{('', 'primary ', 'secondary ', 'tertiary ')[min(atom.degree, 3)]}amine"]


def _at_oxygen(held: Molecule, place: int, atom: Atom) -> list[str]:
    if atom.aromatic or any(order > 1 for order in atom.bonds.values()):
        return []
    if _near(held, place, "O"):
        return ["peroxide"] if any(i > place for i in _near(held, place, "O")) else []
    carbons = _near(held, place, "C")
    if len(carbons) != atom.degree or any(_carbonyl(held, i) for i in carbons):
        return []
    if len(carbons) == 1 and atom.hydrogens:
        return ["phenol" if held.atoms[carbons[0]].aromatic else "alcohol"]
    if len(carbons) == 2:
        return ["epoxide" if carbons[1] in held.atoms[carbons[0]].bonds else "ether"]
    return []


def _at_sulfur(held: Molecule, atom: Atom) -> list[str]:
    if not all(held.atoms[i].element in ("C", "N", "O") for i in atom.bonds):
        return []
    double = sum(order == 2.0 and held.atoms[i].element == "O" for i, order in atom.bonds.items())
    if double == 2:
        return ["sulfonamide" if any(held.atoms[i].element == "N" for i in atom.bonds) else "sulfonyl"]
    if double or atom.aromatic or any(order > 1 for order in atom.bonds.values()):
        return ["sulfoxide"] if double else []
    if any(held.atoms[i].element != "C" for i in atom.bonds):
        return []
    return ["thiol" if atom.degree == 1 and atom.hydrogens else "thioether"] if atom.degree else []


def _is_aromatic_ring_bond(held: Molecule, one: int, other: int) -> bool:
    return held.atoms[one].bonds[other] == 1.5


def _aromatic_systems(held: Molecule) -> int:
    """Aromatic ring systems: parts joined by aromatic bonds, so that naphthalene counts once and biphenyl twice."""
    seen: set[int] = set()
    count = 0
    for start, atom in enumerate(held.atoms):
        if start in seen or not any(order == 1.5 for order in atom.bonds.values()):
            continue
        count += 1
        front = [start]
        while front:
            here = front.pop()
            if here in seen:
                continue
            seen.add(here)
            front += [i for i, order in held.atoms[here].bonds.items() if order == 1.5]
    return count


@block
class MoleculeFacts:
    """Formula, molar mass, rings and functional groups of a molecule. Refuses a SMILES that is none."""

    @property
    def name(self) -> str:
        return "molecule_facts"

    @property
    def description(self) -> str:
        return "Formula, molecular weight in g/mol, rings and functional groups of a molecule (SMILES or common name)."

    @property
    def parameters(self) -> Mapping[str, Any]:
        return ONE_MOLECULE

    async def use(self, arguments: Mapping[str, Any]) -> str:
        held = molecule(smiles_of(arguments["molecule"]))
        facts = {
            "formula": held.formula,
            "weight_g_per_mol": round(held.weight, 2),
            "rings": held.rings,
            "groups": groups(held),
        }
        return orjson.dumps(facts).decode()
