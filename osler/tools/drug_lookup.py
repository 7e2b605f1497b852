"""Which drugs treat a disease, and what a drug is for (PharmacotherapyDB 1.0, Himmelstein et al. 2016, CC0)."""

from __future__ import annotations

import csv
import difflib
from collections.abc import Mapping
from typing import Any, ClassVar

import orjson

from osler.core.block import block, digest
from osler.core.errors import DataError, ToolError
from osler.data.published import resolved

_COLUMNS = ("doid_id", "drugbank_id", "disease", "drug", "category", "n_curators")
_WORDS = {"DM": "disease-modifying", "SYM": "symptomatic", "NOT": "no indication"}
_ORDER = list(_WORDS.values())
_OTHERWISE = {"drug": "use the generic name", "disease": "use another name of the disease"}
Row = Mapping[str, str]


@block
class DrugLookup:
    """Indications as physicians judged them, by drug, by disease or by both; names or ids, whatever their case.

    ``path``: the table indications.tsv; "$OSLER_DATA/..." is taken from the folder of that variable. What is not in
    the table was not judged: its absence is no evidence that a drug does not help. At most ``most`` indications are
    shown, disease-modifying ones first, with the number of all.
    """

    path: str = "$OSLER_DATA/pharmacotherapydb/indications.tsv"
    most: int = 20

    name: ClassVar[str] = "drug_lookup"
    description: ClassVar[str] = (
        "Look up indications: drugs for a disease, diseases of a drug, or what one drug is to one disease "
        "(disease-modifying, symptomatic, no indication). 97 diseases, 601 drugs; judged in 2016. Pairs that are not "
        "listed were not judged."
    )

    @property
    def parameters(self) -> Mapping[str, Any]:
        return {
            "type": "object",
            "properties": {
                "drug": {"type": "string", "description": "generic name or DrugBank id"},
                "disease": {"type": "string", "description": "name or Disease Ontology id (DOID:...)"},
            },
            "minProperties": 1,
            "additionalProperties": False,
        }

    async def use(self, arguments: Mapping[str, Any]) -> str:
        rows = self._rows()
        for key, columns in (("drug", ("drug", "drugbank_id")), ("disease", ("disease", "doid_id"))):
            if key in arguments:
                known = [row for row in self._rows() if _named(row, columns, arguments[key])]
                if not known:
                    raise ToolError(f"there is no {key} {arguments[key][:60]!r}", hint=self._close(key, arguments[key]))
                rows = [row for row in rows if _named(row, columns, arguments[key])]
        shown = [
            {
                "drug": row["drug"],
                "drugbank": row["drugbank_id"],
                "disease": row["disease"],
                "doid": row["doid_id"],
                "indication": _WORDS[row["category"]],
                "curators": int(row["n_curators"]),
            }
            for row in rows
        ]
        shown.sort(key=lambda row: (_ORDER.index(str(row["indication"])), str(row["disease"]), str(row["drug"])))
        return orjson.dumps({"total": len(shown), "indications": shown[: self.most]}).decode()

    def content_hash(self) -> str:
        """BLAKE2b of the file's bytes (32 hex characters)."""
        return digest(resolved(self.path, what="the drug table").read_bytes())

    def _rows(self) -> list[Row]:
        held: list[Row] | None = self.__dict__.get("_held")
        if held is None:
            place = resolved(self.path, what="the drug table")
            with place.open(encoding="utf-8", newline="") as file:
                held = list(csv.DictReader(file, delimiter="\t"))
            for number, row in enumerate(held, start=1):
                if any(row.get(column) is None for column in _COLUMNS) or row["category"] not in _WORDS:
                    raise DataError(
                        f"row {number} of {place.name} is no indication", hint=f"columns: {', '.join(_COLUMNS)}"
                    )
            self.__dict__["_held"] = held
        return held

    def _close(self, key: str, said: str) -> str:
        names = {row[key].casefold(): row[key] for row in self._rows()}
        near = difflib.get_close_matches(said.casefold(), sorted(names), n=5, cutoff=0.6)
        part = [name for name in sorted(names) if said.casefold() in name][:5] if len(said) > 2 else []
        found = list(dict.fromkeys([*part, *near]))[:5]
        return f"did you mean {', '.join(names[name] for name in found)}?" if found else _OTHERWISE[key]


def _named(row: Row, columns: tuple[str, ...], said: str) -> bool:
    return said.strip().casefold() in [row[column].casefold() for column in columns]
