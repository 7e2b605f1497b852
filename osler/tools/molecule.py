"""A reader of SMILES: atoms, bonds, hydrogens, formula and mass of a molecule.

Grammar: Weininger 1988 (J. Chem. Inf. Comput. Sci. 28:31) and the OpenSMILES specification. Covered: the organic subset,
brackets with isotope, hydrogens and charge, branches, ring closures, several components, aromatic atoms. Stereo marks
are read over and not kept. Not covered: reaction arrows, wildcards, and a check that aromatic rings obey Hueckel's rule.
"""

from __future__ import annotations

import dataclasses
import functools
import re
from collections import Counter

from osler.core.errors import ToolError

# Standard atomic weights, IUPAC 2021 (abridged, conventional values for intervals).
WEIGHTS = {
    "H": 1.008, "He": 4.0026, "Li": 6.94, "Be": 9.0122, "B": 10.81, "C": 12.011, "N": 14.007, "O": 15.999,
    "F": 18.998, "Na": 22.990, "Mg": 24.305, "Al": 26.982, "Si": 28.085, "P": 30.974, "S": 32.06, "Cl": 35.45,
    "K": 39.098, "Ca": 40.078, "Ti": 47.867, "Cr": 51.996, "Mn": 54.938, "Fe": 55.845, "Co": 58.933, "Ni": 58.693,
    "Cu": 63.546, "Zn": 65.38, "Ga": 69.723, "Ge": 72.630, "As": 74.922, "Se": 78.971, "Br": 79.904, "Ag": 107.87,
    "Cd": 112.41, "Sn": 118.71, "Sb": 121.76, "Te": 127.60, "I": 126.90, "Ba": 137.33, "Gd": 157.25, "Pt": 195.08,
    "Au": 196.97, "V": 50.942, "Sr": 87.62, "Zr": 91.224, "Mo": 95.95, "Pd": 106.42, "In": 114.82, "Tc": 98.0,
    "Hg": 200.59, "Tl": 204.38, "Pb": 207.2, "Bi": 208.98,
}  # fmt: skip
VALENCES = {"B": (3,), "C": (4,), "N": (3, 5), "O": (2,), "P": (3, 5), "S": (2, 4, 6)} | dict.fromkeys(
    ("F", "Cl", "Br", "I"), (1,)
)
LONGEST = 2_000
AROMATIC = 1.5
_ORDERS = {"-": 1.0, "=": 2.0, "#": 3.0, "$": 4.0, ":": AROMATIC, "/": 1.0, "\\": 1.0}
_TOKEN = re.compile(
    r"(?P<bracket>\[(?P<isotope>\d{1,3})?(?P<symbol>[A-Z][a-z]?|[bcnops]|se|as)(?:@@?(?:[A-Z]{2}\d{1,2})?)?"
    r"(?:H(?P<hydrogens>\d)?(?P<has>))?(?P<charge>\+{1,3}|-{1,3}|[+-]\d)?(?::\d+)?\])"
    r"|(?P<bare>Cl|Br|[BCNOPSFI]|[bcnops])|(?P<bond>[-=#$:/\\])|(?P<ring>%\d\d|\d)|(?P<open>\()|(?P<close>\))|(?P<dot>\.)"
)


@dataclasses.dataclass(slots=True)
class Atom:
    """One heavy atom (or an explicit hydrogen). ``bonds``: neighbour's index to bond order (1.5 aromatic)."""

    element: str
    aromatic: bool = False
    charge: int = 0
    hydrogens: int = -1  # -1: not yet counted
    bonds: dict[int, float] = dataclasses.field(default_factory=dict)

    @property
    def degree(self) -> int:
        return len(self.bonds)


@dataclasses.dataclass(frozen=True)
class Molecule:
    """A molecule as a graph. Compared by what it is made of, not by how it was written (see ``skeleton``)."""

    smiles: str
    atoms: tuple[Atom, ...]

    @functools.cached_property
    def counts(self) -> Counter[str]:
        found: Counter[str] = Counter()
        for atom in self.atoms:
            found[atom.element] += 1
            found["H"] += atom.hydrogens
        return +found

    @property
    def formula(self) -> str:
        """In Hill's order: carbon, hydrogen, then by letter; by letter alone without carbon. The net charge follows."""
        held = self.counts
        first = ["C", "H"] if held["C"] else []
        order = [*first, *sorted(set(held) - set(first))]
        charge = sum(atom.charge for atom in self.atoms)
        sign = "" if not charge else ("+" if charge > 0 else "-") + (str(abs(charge)) if abs(charge) > 1 else "")
        return "".join(f"{name}{held[name] if held[name] > 1 else ''}" for name in order if held[name]) + sign

    @property
    def weight(self) -> float:
        """Average molar mass in g/mol. Isotope marks are not taken into account."""
        return sum(WEIGHTS[element] * count for element, count in self.counts.items())

    @property
    def rings(self) -> int:
        """The number of independent rings: bonds - atoms + components."""
        return sum(atom.degree for atom in self.atoms) // 2 - len(self.atoms) + len(self.components)

    @functools.cached_property
    def components(self) -> tuple[tuple[int, ...], ...]:
        """Indices of the atoms of each connected part, the largest part first."""
        seen: set[int] = set()
        parts = []
        for start in range(len(self.atoms)):
            if start in seen:
                continue
            part, front = {start}, [start]
            while front:
                for other in self.atoms[front.pop()].bonds:
                    if other not in part:
                        part.add(other)
                        front.append(other)
            seen |= part
            parts.append(tuple(sorted(part)))
        return tuple(sorted(parts, key=len, reverse=True))

    def skeleton(self, part: tuple[int, ...]) -> str:
        """A hash of one component that is the same however its SMILES is written.

        Refined neighbourhoods (Weisfeiler & Lehman 1968) of elements, hydrogens and charges without bond orders, so
        that both Kekule forms and the aromatic form of a ring agree. Stereoisomers agree too; tautomers do not.
        """
        from osler.core.block import digest

        label = {i: f"{self.atoms[i].element}{self.atoms[i].hydrogens}{self.atoms[i].charge:+d}" for i in part}
        for _ in range(min(len(part), 24)):
            label = {
                i: digest("|".join([label[i], *sorted(label[j] for j in self.atoms[i].bonds)]).encode(), size=8)
                for i in part
            }
        return digest("".join(sorted(label.values())).encode())


def molecule(smiles: str) -> Molecule:
    """Read a SMILES. ToolError, with the place, for what is no valid one."""
    text = smiles.strip()
    if not text or len(text) > LONGEST:
        raise ToolError(f"a SMILES has 1 to {LONGEST} characters, got {len(text)}", hint="for example CCO for ethanol")
    reader = _Reader(text)
    atoms = reader.read()
    _charge_separated(atoms)
    for place, atom in enumerate(atoms):
        _count_hydrogens(atom, place)
    return Molecule(text, tuple(_folded(atoms)))


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.atoms: list[Atom] = []
        self.last: int | None = None
        self.order: float | None = None
        self.branches: list[int] = []
        self.rings: dict[str, tuple[int, float | None]] = {}

    def read(self) -> list[Atom]:
        place = 0
        while place < len(self.text):
            match = _TOKEN.match(self.text, place)
            if match is None:
                raise self._wrong(place, "cannot be read")
            self._take(match, place)
            place = match.end()
        if self.branches or self.rings or self.order is not None or self.last is None:
            open_ = "a branch" if self.branches else "a ring" if self.rings else "a bond"
            raise self._wrong(len(self.text), f"{open_} is not closed")
        return self.atoms

    def _take(self, match: re.Match[str], place: int) -> None:
        if match["bracket"] or match["bare"]:
            self._atom(match, place)
        elif match["bond"]:
            if self.order is not None or self.last is None:
                raise self._wrong(place, "a bond has no atom before it")
            self.order = _ORDERS[match["bond"]]
        elif match["ring"]:
            self._ring(match["ring"].lstrip("%"), place)
        elif match["open"] or match["close"]:
            self._branch(bool(match["open"]), place)
        else:
            if self.order is not None or self.last is None or self.branches:
                raise self._wrong(place, "a dot stands inside a bond or branch")
            self.last = None

    def _atom(self, match: re.Match[str], place: int) -> None:
        symbol = match["symbol"] or match["bare"]
        element = symbol.capitalize()
        if element not in WEIGHTS:
            raise self._wrong(place, f"has the unknown element {symbol}")
        atom = Atom(element, aromatic=symbol[0].islower())
        if match["bracket"]:
            atom.hydrogens = int(match["hydrogens"] or 1) if match["has"] is not None else 0
            sign = match["charge"] or ""
            size = int(sign[1:]) if sign[1:].isdigit() else len(sign)
            atom.charge = -size if sign.startswith("-") else size
        self.atoms.append(atom)
        here = len(self.atoms) - 1
        if self.last is not None:
            self._join(self.last, here, self.order, place)
        self.last, self.order = here, None

    def _join(self, one: int, other: int, order: float | None, place: int) -> None:
        a, b = self.atoms[one], self.atoms[other]
        if one == other or other in a.bonds:
            raise self._wrong(place, "joins two atoms twice")
        if order is None:
            order = AROMATIC if a.aromatic and b.aromatic else 1.0
        a.bonds[other] = b.bonds[one] = order

    def _ring(self, number: str, place: int) -> None:
        if self.last is None:
            raise self._wrong(place, "a ring number has no atom before it")
        number = str(int(number))
        if number in self.rings:
            start, order = self.rings.pop(number)
            if order is not None and self.order is not None and order != self.order:
                raise self._wrong(place, "the two ends of a ring differ in their bond")
            self._join(start, self.last, self.order if self.order is not None else order, place)
        else:
            self.rings[number] = (self.last, self.order)
        self.order = None

    def _branch(self, opens: bool, place: int) -> None:
        if self.order is not None or (opens and self.last is None) or not (opens or self.branches):
            raise self._wrong(place, "a bracket stands where none can")
        if opens:
            assert self.last is not None
            self.branches.append(self.last)
        else:
            self.last = self.branches.pop()

    def _wrong(self, place: int, what: str) -> ToolError:
        return ToolError(f"the SMILES {what} (character {place + 1})", hint="check brackets, ring numbers and valences")


def _folded(atoms: list[Atom]) -> list[Atom]:
    """Hydrogens (and deuterium) written as atoms of their own, counted at their neighbour as implied ones are."""
    gone = set()
    for i, atom in enumerate(atoms):
        other = atoms[next(iter(atom.bonds))] if atom.degree == 1 else atom
        if atom.element == "H" and not atom.charge and other.element != "H":
            gone.add(i)
            other.hydrogens += 1
            del other.bonds[i]
    left = [i for i in range(len(atoms)) if i not in gone]
    place = {old: new for new, old in enumerate(left)}
    for i in left:
        atoms[i].bonds = {place[j]: order for j, order in atoms[i].bonds.items()}
    return [atoms[i] for i in left]


def _charge_separated(atoms: list[Atom]) -> None:
    """N(=O)=O as [N+](=O)[O-] and [P+][O-] as P=O (sulfur too): two spellings of a group become one."""
    for i, atom in enumerate(atoms):
        for j, order in list(atom.bonds.items()) if atom.element in ("P", "S") and not atom.aromatic else ():
            other = atoms[j]
            if atom.charge > 0 and order == 1 and (other.element, other.charge, other.degree) == ("O", -1, 1):
                atom.bonds[j] = other.bonds[i] = 2.0
                atom.charge, other.charge = atom.charge - 1, 0
        if atom.element != "N" or atom.charge or sum(atom.bonds.values()) < 5:
            continue
        ends = [i for i, order in atom.bonds.items() if order == 2 and atoms[i].element == "O" and atoms[i].degree == 1]
        if ends:
            other = atoms[ends[0]]
            me = next(i for i in other.bonds)
            atom.bonds[ends[0]] = other.bonds[me] = 1.0
            atom.charge, other.charge = atom.charge + 1, other.charge - 1
            atom.hydrogens, other.hydrogens = max(atom.hydrogens, 0), 0


def _count_hydrogens(atom: Atom, place: int) -> None:
    """Fill in implied hydrogens; refuse more bonds than an element of the organic subset can have."""
    known = VALENCES.get(atom.element)
    used = _used(atom)
    if atom.hydrogens >= 0:
        if known and atom.element in ("C", "N", "O", "F") and used + atom.hydrogens > _most(atom):
            raise ToolError(f"atom {place + 1} ({atom.element}) has too many bonds", hint="check its bonds and charge")
        return
    assert known is not None
    allowed = known[:1] if atom.aromatic else known
    fitting = [valence for valence in allowed if valence >= used]
    if not fitting and not (atom.aromatic and used <= known[-1]):
        raise ToolError(f"atom {place + 1} ({atom.element}) has too many bonds", hint="check its bonds and charge")
    atom.hydrogens = int(fitting[0] - used) if fitting else 0


def _used(atom: Atom) -> int:
    """Valences in use. An aromatic bond counts one; the ring's share is one more for carbon, and for nitrogen and
    phosphorus with two neighbours (pyridine), not with three (pyrrole) and not for oxygen and sulfur."""
    plain = sum(1.0 if order == AROMATIC else order for order in atom.bonds.values())
    if not atom.aromatic:
        return int(plain)
    outside = any(order > AROMATIC for order in atom.bonds.values())  # c(=O): the double bond has taken the share
    share = 1 if atom.element in ("C", "B") and not outside else 0
    if atom.element in ("N", "P") and atom.degree + max(atom.hydrogens, 0) == 2:
        share = 1
    return int(plain) + share


def _most(atom: Atom) -> int:
    """The most bonds of an atom in brackets: its valence, one more for each positive charge of N and O, less for C."""
    most = {"C": 4, "N": 3, "O": 2, "F": 1}[atom.element]
    if atom.element == "C":
        return most - abs(atom.charge) + (1 if atom.aromatic else 0)
    return most + atom.charge + (1 if atom.aromatic else 0)
