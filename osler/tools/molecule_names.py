"""Names and CAS numbers of some common molecules, and a tool that looks them up.

A short list of our own: public names, registry numbers and structures, each held against its formula in the tests.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson

from osler.core.block import block
from osler.core.errors import ToolError, nearest
from osler.tools.molecule import molecule

# name: (CAS number, SMILES, formula)
KNOWN: Mapping[str, tuple[str, str, str]] = {
    "acetone": ("67-64-1", "CC(C)=O", "C3H6O"),
    "acetylsalicylic acid": ("50-78-2", "CC(=O)Oc1ccccc1C(=O)O", "C9H8O4"),
    "acetic anhydride": ("108-24-7", "CC(=O)OC(C)=O", "C4H6O3"),
    "benzene": ("71-43-2", "c1ccccc1", "C6H6"),
    "caffeine": ("58-08-2", "Cn1cnc2c1c(=O)n(C)c(=O)n2C", "C8H10N4O2"),
    "deet": ("134-62-3", "CCN(CC)C(=O)c1cccc(C)c1", "C12H17NO"),
    "dopamine": ("51-61-6", "NCCc1ccc(O)c(O)c1", "C8H11NO2"),
    "ethanol": ("64-17-5", "CCO", "C2H6O"),
    "glucose": ("50-99-7", "OCC1OC(O)C(O)C(O)C1O", "C6H12O6"),
    "ibuprofen": ("15687-27-1", "CC(C)Cc1ccc(cc1)C(C)C(=O)O", "C13H18O2"),
    "lidocaine": ("137-58-6", "CCN(CC)CC(=O)Nc1c(C)cccc1C", "C14H22N2O"),
    "metformin": ("657-24-9", "CN(C)C(=N)NC(N)=N", "C4H11N5"),
    "methanol": ("67-56-1", "CO", "CH4O"),
    "naproxen": ("22204-53-1", "COc1ccc2cc(ccc2c1)C(C)C(=O)O", "C14H14O3"),
    "paracetamol": ("103-90-2", "CC(=O)Nc1ccc(O)cc1", "C8H9NO2"),
    "phenol": ("108-95-2", "Oc1ccccc1", "C6H6O"),
    "salicylic acid": ("69-72-7", "OC(=O)c1ccccc1O", "C7H6O3"),
    "theophylline": ("58-55-9", "Cn1c(=O)c2[nH]cnc2n(C)c1=O", "C7H8N4O2"),
    "thiophene": ("110-02-1", "c1ccsc1", "C4H4S"),
    "toluene": ("108-88-3", "Cc1ccccc1", "C7H8"),
    "warfarin": ("81-81-2", "CC(=O)CC(c1ccccc1)C1=C(O)c2ccccc2OC1=O", "C19H16O4"),
}
ALIASES = {"aspirin": "acetylsalicylic acid", "acetaminophen": "paracetamol", "diethyltoluamide": "deet"}
CAS = re.compile(r"\d{2,7}-\d{2}-\d")


def plain(name: str) -> str:
    """A name without case and doubled spaces."""
    return " ".join(name.casefold().split())


def smiles_of(named: str) -> str:
    """The SMILES of a known name or CAS number; a SMILES as it is. ToolError for what is neither."""
    word = plain(named)
    word = ALIASES.get(word, word)
    if word in KNOWN:
        return KNOWN[word][1]
    if CAS.fullmatch(word):
        found = next((smiles for cas, smiles, _ in KNOWN.values() if cas == word), None)
        if found is None:
            raise ToolError(f"the CAS number {word} is not in the list", hint="give the SMILES instead")
        return found
    try:
        return molecule(named).smiles
    except ToolError as error:
        if any(sign in named for sign in "()=#[]123456789") or len(named) <= 3:
            raise
        hint = nearest(word, [*KNOWN, *ALIASES])
        raise ToolError(f"no molecule is known as {named.strip()[:60]!r} and it is no SMILES", hint=hint) from error


# The arguments of every tool that takes one molecule.
ONE_MOLECULE: Mapping[str, Any] = {
    "type": "object",
    "properties": {"molecule": {"type": "string"}},
    "required": ["molecule"],
    "additionalProperties": False,
}


@block
class MoleculeName:
    """Looks up the structure of a molecule by name or CAS number in a short list of common ones."""

    @property
    def name(self) -> str:
        return "molecule_name"

    @property
    def description(self) -> str:
        return "The SMILES of a molecule by its common name or CAS number (a short list of common molecules)."

    @property
    def parameters(self) -> Mapping[str, Any]:
        return ONE_MOLECULE

    async def use(self, arguments: Mapping[str, Any]) -> str:
        return orjson.dumps({"smiles": smiles_of(arguments["molecule"])}).decode()
