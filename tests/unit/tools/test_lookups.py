"""Drug and disease look-up: by any name or code, with what was perhaps meant."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from osler.core.block import from_spec, to_spec
from osler.core.errors import DataError, ToolError
from osler.core.types import Tool
from osler.tools.calling import use
from osler.tools.drug_lookup import DrugLookup
from osler.tools.terminology_lookup import TerminologyLookup

TABLE = """doid_id\tdrugbank_id\tdisease\tdrug\tcategory\tn_curators\tn_resources
D:1\tDB1\tgout\tAllopurinol\tDM\t2\t3
D:1\tDB2\tgout\tIndomethacin\tSYM\t1\t2
D:2\tDB2\tmigraine\tIndomethacin\tNOT\t1\t1
"""
TERMS = [
    {"id": "D:0", "name": "disease", "definition": None, "synonyms": [], "is_a": [], "xref": []},
    {
        "id": "D:1",
        "name": "gout",
        "definition": "Crystals in joints.",
        "synonyms": ["gouty arthritis", "podagra"],
        "is_a": ["D:0"],
        "xref": ["ICD10CM:M10", "SNOMEDCT_US_2025_09_01:90560007"],
    },
    {"id": "D:2", "name": "podagra", "definition": None, "synonyms": [], "is_a": ["D:1", "D:9"], "xref": []},
]


@pytest.fixture
def drugs(tmp_path: Path) -> DrugLookup:
    path = tmp_path / "indications.tsv"
    path.write_text(TABLE)
    return DrugLookup(path=str(path))


@pytest.fixture
def diseases(tmp_path: Path) -> TerminologyLookup:
    path = tmp_path / "terms.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in TERMS))
    return TerminologyLookup(path=str(path))


def ask(tool: Tool, **arguments: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(asyncio.run(use(tool, arguments)))
    return found


def test_drugs_are_found_by_disease_and_diseases_by_drug(drugs: DrugLookup) -> None:
    gout = ask(drugs, disease="GOUT")
    assert [(row["drug"], row["indication"]) for row in gout["indications"]] == [
        ("Allopurinol", "disease-modifying"),
        ("Indomethacin", "symptomatic"),
    ]
    both = ask(drugs, drug="db2", disease="D:2")
    assert both == {
        "total": 1,
        "indications": [
            {
                "drug": "Indomethacin",
                "drugbank": "DB2",
                "disease": "migraine",
                "doid": "D:2",
                "indication": "no indication",
                "curators": 1,
            }
        ],
    }
    assert ask(drugs, drug="allopurinol", disease="migraine") == {"total": 0, "indications": []}
    few = ask(DrugLookup(path=drugs.path, most=1), disease="gout")
    assert (few["total"], [row["drug"] for row in few["indications"]]) == (2, ["Allopurinol"])


def test_unknown_names_come_back_with_near_ones(drugs: DrugLookup, diseases: TerminologyLookup) -> None:
    with pytest.raises(ToolError, match="no drug 'Alopurinol'") as drug:
        ask(drugs, drug="Alopurinol")
    assert "Allopurinol" in drug.value.hint
    with pytest.raises(ToolError, match="no disease 'zzz'"):
        ask(drugs, disease="zzz")
    with pytest.raises(ToolError, match="no term 'gouti arthritis'") as term:
        ask(diseases, term="gouti arthritis")
    assert "gout" in term.value.hint
    with pytest.raises(ToolError, match="drug_lookup"):
        ask(drugs)


@pytest.mark.parametrize(
    "said", ["gout", " Gout ", "D:1", "d:1", "gouty  arthritis", "ICD10CM:M10", "SNOMEDCT:90560007"]
)
def test_a_term_is_found_by_any_of_its_names(diseases: TerminologyLookup, said: str) -> None:
    (term,) = ask(diseases, term=said)["terms"]
    assert (term["id"], term["name"], term["definition"]) == ("D:1", "gout", "Crystals in joints.")
    assert term["parents"] == [{"id": "D:0", "name": "disease"}]
    assert term["children"] == [{"id": "D:2", "name": "podagra"}]


def test_a_text_of_several_terms_gives_all_the_name_first(diseases: TerminologyLookup) -> None:
    assert [term["id"] for term in ask(diseases, term="podagra")["terms"]] == ["D:2", "D:1"]
    assert ask(diseases, term="D:2")["terms"][0]["parents"] == [{"id": "D:1", "name": "gout"}]


def test_broken_files_are_told(tmp_path: Path) -> None:
    path = tmp_path / "x.tsv"
    path.write_text(TABLE.replace("\tDM\t", "\tXX\t"))
    with pytest.raises(DataError, match=r"row 1 of x\.tsv is no indication"):
        ask(DrugLookup(path=str(path)), drug="a")
    path.write_text('{"id": "D:1"}\n')
    with pytest.raises(DataError, match="no column 'name'"):
        ask(TerminologyLookup(path=str(path)), term="a")


def test_they_are_blocks_and_tools(drugs: DrugLookup, diseases: TerminologyLookup) -> None:
    for tool in (drugs, diseases):
        assert isinstance(tool, Tool)
        assert from_spec(to_spec(tool)) == tool
        assert tool.content_hash()
