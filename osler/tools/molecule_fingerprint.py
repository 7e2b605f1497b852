"""Path fingerprints of molecules, their Tanimoto similarity, and a tool over it.

Paths of up to 5 bonds (theirs: 7) hashed to bits, as in Daylight's fingerprints (Daylight Theory Manual, chapter 6); similarity
as in Rogers & Tanimoto 1960. The values are not those of Morgan fingerprints, which ChemCrow's tool uses.
"""

from __future__ import annotations

import functools
import itertools
import zlib
from collections.abc import Mapping
from typing import Any

import orjson

from osler.core.block import block
from osler.core.errors import ToolError
from osler.tools.molecule import AROMATIC, Molecule, molecule
from osler.tools.molecule_names import smiles_of

BONDS = 5
BITS = 2_048
MOST_PATHS = 100_000  # a molecule of 100 atoms has some thousands
_MARK = {1.0: "-", 2.0: "=", 3.0: "#", 4.0: "$", AROMATIC: ":"}


@functools.lru_cache(maxsize=512)
def fingerprint(smiles: str) -> frozenset[int]:
    """The set bits of a molecule: every path of at most ``BONDS`` bonds, read in the direction that sorts first."""
    held = molecule(smiles)
    bits: set[int] = set()
    left = [MOST_PATHS]
    for start in range(len(held.atoms)):
        _walk(held, (start,), _label(held, start), bits, left)
    return frozenset(bits)


def _walk(held: Molecule, path: tuple[int, ...], word: str, bits: set[int], left: list[int]) -> None:
    left[0] -= 1
    if left[0] < 0:
        raise ToolError(f"the molecule has more than {MOST_PATHS} paths", hint="such a net of bonds is no molecule")
    back = _word(held, path[::-1])
    bits.add(zlib.crc32(min(word, back).encode()) % BITS)
    if len(path) > BONDS:
        return
    for other, order in held.atoms[path[-1]].bonds.items():
        if other not in path:
            _walk(held, (*path, other), word + _MARK.get(order, "-") + _label(held, other), bits, left)


def _word(held: Molecule, path: tuple[int, ...]) -> str:
    out = _label(held, path[0])
    for one, other in itertools.pairwise(path):
        out += _MARK.get(held.atoms[one].bonds[other], "-") + _label(held, other)
    return out


def _label(held: Molecule, place: int) -> str:
    atom = held.atoms[place]
    return atom.element.lower() if atom.aromatic else atom.element


def tanimoto(one: str, other: str) -> float:
    """Shared bits by all bits of two SMILES, 0 to 1; 1 for the same molecule written in the same bond form."""
    a, b = fingerprint(one), fingerprint(other)
    return len(a & b) / len(a | b)


@block
class MoleculeSimilarity:
    """Tanimoto similarity of two molecules on path fingerprints."""

    @property
    def name(self) -> str:
        return "molecule_similarity"

    @property
    def description(self) -> str:
        return "Tanimoto similarity (0 to 1) of two molecules given by SMILES or common name."

    @property
    def parameters(self) -> Mapping[str, Any]:
        text = {"type": "string"}
        return {
            "type": "object",
            "properties": {"molecule": text, "other": text},
            "required": ["molecule", "other"],
            "additionalProperties": False,
        }

    async def use(self, arguments: Mapping[str, Any]) -> str:
        one, other = smiles_of(arguments["molecule"]), smiles_of(arguments["other"])
        return orjson.dumps({"tanimoto": round(tanimoto(one, other), 3)}).decode()
