"""A check of a molecule against a short list of controlled and explosive substances, and against ones like them.

The list is our own, from public schedules: Chemical Weapons Convention, annex on chemicals (schedules 1 to 3); UN
Convention on Psychotropic Substances 1971 and Single Convention 1961, schedules I; table I of the 1988 Convention; EU
regulation 2019/1148, annex I, with the best known explosives. It is SHORT: that something is not on it says nothing.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, Literal

import orjson

from osler.core.block import block
from osler.core.errors import SpecError, ToolError
from osler.tools.molecule import Molecule, molecule
from osler.tools.molecule_fingerprint import tanimoto
from osler.tools.molecule_groups import groups
from osler.tools.molecule_names import CAS, ONE_MOLECULE, plain, smiles_of

# name: (CAS number, SMILES, formula, schedule)
CONTROLLED: Mapping[str, tuple[str, str, str, str]] = {
    "sarin": ("107-44-8", "CC(C)OP(C)(=O)F", "C4H10FO2P", "CWC 1"),
    "soman": ("96-64-0", "CC(OP(C)(=O)F)C(C)(C)C", "C7H16FO2P", "CWC 1"),
    "tabun": ("77-81-6", "CCOP(=O)(C#N)N(C)C", "C5H11N2O2P", "CWC 1"),
    "vx": ("50782-69-9", "CCOP(C)(=O)SCCN(C(C)C)C(C)C", "C11H26NO2PS", "CWC 1"),
    "sulfur mustard": ("505-60-2", "ClCCSCCCl", "C4H8Cl2S", "CWC 1"),
    "nitrogen mustard hn2": ("51-75-2", "CN(CCCl)CCCl", "C5H11Cl2N", "CWC 1"),
    "lewisite": ("541-25-3", "ClC=C[As](Cl)Cl", "C2H2AsCl3", "CWC 1"),
    "thiodiglycol": ("111-48-8", "OCCSCCO", "C4H10O2S", "CWC 2"),
    "pinacolyl alcohol": ("464-07-3", "CC(O)C(C)(C)C", "C6H14O", "CWC 2"),
    "phosgene": ("75-44-5", "ClC(Cl)=O", "CCl2O", "CWC 3"),
    "hydrogen cyanide": ("74-90-8", "C#N", "CHN", "CWC 3"),
    "thionyl chloride": ("7719-09-7", "ClS(Cl)=O", "Cl2OS", "CWC 3"),
    "heroin": ("561-27-3", "CN1CCC23C4Oc5c3c(CC1C2C=CC4OC(C)=O)ccc5OC(C)=O", "C21H23NO5", "UN 1961 I"),
    "cocaine": ("50-36-2", "COC(=O)C1C(OC(=O)c2ccccc2)CC2CCC1N2C", "C17H21NO4", "UN 1961 I"),
    "fentanyl": ("437-38-7", "CCC(=O)N(C1CCN(CCc2ccccc2)CC1)c1ccccc1", "C22H28N2O", "UN 1961 I"),
    "lsd": ("50-37-3", "CCN(CC)C(=O)C1CN(C)C2Cc3c[nH]c4cccc(C2=C1)c34", "C20H25N3O", "UN 1971 I"),
    "mdma": ("42542-10-9", "CNC(C)Cc1ccc2OCOc2c1", "C11H15NO2", "UN 1971 I"),
    "methamphetamine": ("537-46-2", "CNC(C)Cc1ccccc1", "C10H15N", "UN 1971 II"),
    "ephedrine": ("299-42-3", "CNC(C)C(O)c1ccccc1", "C10H15NO", "UN 1988 I"),
    "piperonal": ("120-57-0", "O=Cc1ccc2OCOc2c1", "C8H6O3", "UN 1988 I"),
    "acetic anhydride": ("108-24-7", "CC(=O)OC(C)=O", "C4H6O3", "UN 1988 I"),
}
EXPLOSIVE: Mapping[str, tuple[str, str, str, str]] = {
    "trinitrotoluene": ("118-96-7", "Cc1c(cc(cc1[N+](=O)[O-])[N+](=O)[O-])[N+](=O)[O-]", "C7H5N3O6", "explosive"),
    "picric acid": ("88-89-1", "Oc1c(cc(cc1[N+](=O)[O-])[N+](=O)[O-])[N+](=O)[O-]", "C6H3N3O7", "explosive"),
    "rdx": ("121-82-4", "C1N(CN(CN1[N+](=O)[O-])[N+](=O)[O-])[N+](=O)[O-]", "C3H6N6O6", "explosive"),
    "nitroglycerin": ("55-63-0", "C(C(CO[N+](=O)[O-])O[N+](=O)[O-])O[N+](=O)[O-]", "C3H5N3O9", "explosive"),
    "petn": (
        "78-11-5",
        "C(C(CO[N+](=O)[O-])(CO[N+](=O)[O-])CO[N+](=O)[O-])O[N+](=O)[O-]",
        "C5H8N4O12",
        "explosive",
    ),
    "acetone peroxide": ("17088-37-8", "CC1(C)OOC(C)(C)OOC(C)(C)OO1", "C9H18O6", "explosive"),
    "ammonium nitrate": ("6484-52-2", "[NH4+].[N+](=O)([O-])[O-]", "H4N2O3", "EU 2019/1148"),
    "nitromethane": ("75-52-5", "C[N+](=O)[O-]", "CH3NO2", "EU 2019/1148"),
    "hydrogen peroxide": ("7722-84-1", "OO", "H2O2", "EU 2019/1148"),
}
ALIASES = {
    "tnt": "trinitrotoluene",
    "diamorphine": "heroin",
    "mustard gas": "sulfur mustard",
    "tatp": "acetone peroxide",
}
ALIASES |= {"ecstasy": "mdma", "lysergide": "lsd", "hexogen": "rdx", "diacetylmorphine": "heroin"}
WARNING = frozenset({"azide", "nitrate ester", "nitramine", "peroxide"})
Listed = Mapping[str, tuple[str, str, str, str]]


def listed(named: str, table: Listed) -> str:
    """The name in ``table`` of a substance given by name, CAS number or SMILES; "" where it is not there.

    A SMILES matches whatever its spelling, as a salt too. ToolError where ``named`` is none of the three.
    """
    word = plain(named)
    word = ALIASES.get(word, word)
    if word in table:
        return word
    if CAS.fullmatch(word):
        found = next((name for name, row in table.items() if row[0] == word), "")
        if found or any(row[0] == word for row in {**CONTROLLED, **EXPLOSIVE}.values()):
            return found
    if word in {**CONTROLLED, **EXPLOSIVE}:  # on the other list
        return ""
    return _same(molecule(smiles_of(named)), table)


def _same(held: Molecule, table: Listed) -> str:
    marks = [_mark(held, part) for part in held.components]
    for name, row in table.items():
        wanted = _marks(row[1])
        if all(mark in marks for mark in wanted):
            return name
    return ""


def _mark(held: Molecule, part: tuple[int, ...]) -> str:
    """A component's skeleton with a charged amine as its base, so that a hydrochloride is found."""
    net = sum(held.atoms[i].charge for i in part)
    if net == 1 and len(part) > 1:
        for i in part:
            atom = held.atoms[i]
            if atom.element == "N" and atom.charge == 1 and atom.hydrogens and not atom.aromatic:
                atom = type(atom)("N", False, 0, atom.hydrogens - 1, dict(atom.bonds))
                return Molecule(held.smiles, (*held.atoms[:i], atom, *held.atoms[i + 1 :])).skeleton(part)
    return held.skeleton(part)


@functools.lru_cache(maxsize=128)
def _marks(smiles: str) -> tuple[str, ...]:
    held = molecule(smiles)
    return tuple(_mark(held, part) for part in held.components)


NO_CLEARANCE = "not on this short list, which is no clearance"


@block
class ControlledCheck:
    """Whether a molecule is on a short list of controlled substances (``kind`` drugs and weapons) or explosives.

    The result is JSON with ``allowed``, which a safety-ordered strategy reads. similar: from this Tanimoto similarity
    to a listed one on, it is not allowed either (0 looks for the same one only). Not on the list is no clearance.
    """

    kind: Literal["controlled", "explosive"] = "controlled"
    similar: float = 0.0

    def check(self) -> None:
        if not 0 <= self.similar <= 1:
            raise SpecError(f"controlled_check.similar must be from 0 to 1, got {self.similar}", hint="similar = 0.6")

    @property
    def name(self) -> str:
        return f"{'similar_' if self.similar else ''}{self.kind}_check"

    @property
    def description(self) -> str:
        near = " or similar to one that is" if self.similar else ""
        what = "a controlled substance" if self.kind == "controlled" else "an explosive"
        return f"Whether a molecule (SMILES, CAS number or name) is listed as {what}{near}."

    @property
    def parameters(self) -> Mapping[str, Any]:
        return ONE_MOLECULE

    async def use(self, arguments: Mapping[str, Any]) -> str:
        table = CONTROLLED if self.kind == "controlled" else EXPLOSIVE
        found = listed(arguments["molecule"], table)
        said: dict[str, Any] = {"allowed": not found}
        if found:
            said |= {"listed_as": found, "schedule": table[found][3]}
            return orjson.dumps(said).decode()
        try:
            smiles = smiles_of(arguments["molecule"])
        except ToolError:  # known to the other list by name alone
            return orjson.dumps({**said, "note": NO_CLEARANCE}).decode()
        if self.kind == "explosive":
            held = groups(molecule(smiles))
            risky = sorted(WARNING & set(held)) + (["several nitro groups"] if held.get("nitro", 0) > 2 else [])
            said |= {"allowed": not risky} | ({"groups": risky} if risky else {})
        if self.similar:
            near = max(((tanimoto(smiles, row[1]), name) for name, row in table.items()), default=(0.0, ""))
            said |= {"nearest": near[1], "tanimoto": round(near[0], 3)}
            said["allowed"] = bool(said["allowed"]) and near[0] < self.similar
        return orjson.dumps({**said, "note": NO_CLEARANCE} if said["allowed"] else said).decode()
