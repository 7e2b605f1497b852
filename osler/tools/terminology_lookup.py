"""Terms of the Human Disease Ontology (Schriml et al. 2022): by name, synonym, id or code of another vocabulary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

import orjson

from osler.core.block import block, digest
from osler.core.errors import ToolError
from osler.data.published import require, resolved, rows

_COLUMNS = ("id", "name", "definition", "synonyms", "is_a", "xref")
_SUGGESTED = 6
_TERMS = 3
Term = Mapping[str, Any]


class _Held(NamedTuple):
    """``named``: casefolded name, synonym, id or code -> ids. ``grams``: trigram -> casefolded names that have it."""

    terms: Mapping[str, Term]
    named: Mapping[str, tuple[str, ...]]
    children: Mapping[str, tuple[str, ...]]
    grams: Mapping[str, tuple[str, ...]]


@block
class TerminologyLookup:
    """A disease by any of its names or codes: preferred name, definition, synonyms, codes, parents, children.

    ``path``: JSON lines with id, name, definition, synonyms, is_a, xref; "$OSLER_DATA/..." is taken from the folder of
    that variable. A text that several terms share gives up to three of them, those that bear it as their name first. At most
    ``most`` entries of each list are shown, with the number of all.
    """

    path: str = "$OSLER_DATA/disease_ontology/doid_terms.jsonl.gz"
    most: int = 10

    name: ClassVar[str] = "terminology_lookup"
    description: ClassVar[str] = (
        "Look up a disease in the Disease Ontology by name, synonym, id (DOID:...) or code elsewhere (MIM:..., "
        "ICD10CM:..., MESH:..., SNOMEDCT:..., UMLS_CUI:...). Gives name, definition, synonyms, codes, parents, children."
    )

    @property
    def parameters(self) -> Mapping[str, Any]:
        return {
            "type": "object",
            "properties": {"term": {"type": "string", "minLength": 1, "description": "name, synonym, id or code"}},
            "required": ["term"],
            "additionalProperties": False,
        }

    async def use(self, arguments: Mapping[str, Any]) -> str:
        said = _plain(arguments["term"])
        held = self._held()
        found = held.named.get(_code(said), ())
        if not found:
            near = _nearest(said, held)
            hint = f"did you mean {'; '.join(near)}?" if near else "try another name of the disease"
            raise ToolError(f"there is no term {arguments['term'][:60]!r}", hint=hint)
        by_name = sorted(found, key=lambda name: held.terms[name]["name"].casefold() != said)
        return orjson.dumps({"terms": [self._shown(held.terms[name], held) for name in by_name[:_TERMS]]}).decode()

    def content_hash(self) -> str:
        """BLAKE2b of the file's bytes (32 hex characters)."""
        return digest(resolved(self.path, what="the terminology").read_bytes())

    def _shown(self, term: Term, held: _Held) -> dict[str, Any]:
        children = held.children.get(term["id"], ())
        out = {
            "id": term["id"],
            "name": term["name"],
            "definition": term["definition"],
            "synonyms": term["synonyms"][: self.most],
            "codes": term["xref"][: self.most],
            "parents": [_short(held.terms[name]) for name in term["is_a"] if name in held.terms],
            "children": [_short(held.terms[name]) for name in children[: self.most]],
            "number_of_children": len(children),
        }
        return {key: value for key, value in out.items() if value not in (None, [])}

    def _held(self) -> _Held:
        held: _Held | None = self.__dict__.get("_kept")
        if held is None:
            held = self.__dict__["_kept"] = _read(self.path)
        return held


def _read(path: str) -> _Held:
    what = "the terminology"
    found = rows(resolved(path, what=what), what=what)
    for number, row in enumerate(found, 1):
        require(row, _COLUMNS, what=what, number=number)
    named: dict[str, list[str]] = {}
    children: dict[str, list[str]] = {}
    grams: dict[str, list[str]] = {}
    for row in found:
        for text in dict.fromkeys(_code(_plain(said)) for said in (row["id"], row["name"], *row["synonyms"])):
            named.setdefault(text, []).append(row["id"])
        for code in dict.fromkeys(_code(code.casefold()) for code in row["xref"]):
            named.setdefault(code, []).append(row["id"])
        for parent in row["is_a"]:
            children.setdefault(parent, []).append(row["id"])
        for text in dict.fromkeys(_plain(said) for said in (row["name"], *row["synonyms"])):
            for gram in _grams(text):
                grams.setdefault(gram, []).append(text)
    return _Held(
        {row["id"]: row for row in found},
        {text: tuple(ids) for text, ids in named.items()},
        {parent: tuple(ids) for parent, ids in children.items()},
        {gram: tuple(dict.fromkeys(texts)) for gram, texts in grams.items()},
    )


def _plain(said: str) -> str:
    return " ".join(said.split()).casefold()


def _code(said: str) -> str:
    """SNOMED codes carry the date of their release in the ontology (SNOMEDCT_US_2025_09_01:...); it is left out."""
    head, colon, code = said.partition(":")
    return f"snomedct:{code}" if colon and head.startswith("snomedct") else said


def _short(term: Term) -> dict[str, str]:
    return {"id": term["id"], "name": term["name"]}


def _grams(text: str) -> set[str]:
    padded = f"  {text} "
    return {padded[i : i + 3] for i in range(len(padded) - 2)}


def _nearest(said: str, held: _Held) -> list[str]:
    """Names that share the largest part of their trigrams with what was said (Dice coefficient of 0.4 or more)."""
    own = _grams(said)
    shared = Counter(text for gram in sorted(own) for text in held.grams.get(gram, ()))
    scored = [(2 * count / (len(own) + len(_grams(text))), text) for text, count in shared.most_common(300)]
    best = sorted(((score, text) for score, text in scored if score >= 0.4), key=lambda pair: (-pair[0], pair[1]))
    names = [held.terms[held.named[_code(text)][0]]["name"] for _, text in best]
    return list(dict.fromkeys(names))[:_SUGGESTED]
