"""Where graphs come from, as blocks: published vocabularies and tables, files of triples, and triples of a store."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

from osler.core.block import block, digest
from osler.core.errors import DataError
from osler.data.published import locate, require, resolved, rows
from osler.data.sets.disease_ontology import terms
from osler.data.sets.tables import published_table
from osler.knowledge.graph.triple import Node, Triple


class Part(NamedTuple):
    """Nodes and triples of one source."""

    nodes: tuple[Node, ...]
    triples: tuple[Triple, ...]


@runtime_checkable
class GraphSource(Protocol):
    """A block that gives a part of a graph, the same every time."""

    def part(self) -> Part: ...


def _hash(*names: str) -> str:
    return digest(b"".join(locate(name, what="a part of the graph").read_bytes() for name in names))


@block
class DiseaseHierarchy:
    """The Human Disease Ontology: 9,184 diseases with synonyms, 8,285 triples "is_a" (Schriml et al. 2022)."""

    def part(self) -> Part:
        found = terms()
        known = {row["id"] for row in found}
        nodes = [Node(row["id"], "disease", row["name"], tuple(row["synonyms"])) for row in found]
        made = [
            Triple(row["id"], "is_a", parent, f"Disease Ontology, {row['version']}", row["id"])
            for row in found
            for parent in row["is_a"]
            if parent in known
        ]
        return Part(tuple(nodes), tuple(made))

    def content_hash(self) -> str:
        return _hash("disease_ontology/doid_terms.jsonl.gz")


@block
class Phenotypes:
    """Findings and genes of 800 rare diseases, counted over published patients (Danis et al. 2025, phenopacket-store).

    ``least``: patients with the finding. The weight of "has_phenotype" is the share of the disease's patients with it.
    ``joined``: "same_as" to the one term of the Disease Ontology that refers to this OMIM entry alone, where there is one.
    """

    least: int = 1
    joined: bool = True

    def part(self) -> Part:
        source = "phenopacket-store"
        names = {
            row["id"]: row["label"]
            for row in published_table("phenopackets/terms.tsv.gz", ("id", "label"), what=source)
        }
        columns = ("disease_id", "hpo_id", "n_cases_with", "n_cases")
        shown = published_table("phenopackets/disease_phenotype.tsv.gz", columns, what=source)
        genes = published_table("phenopackets/disease_gene.tsv.gz", ("disease_id", "gene"), what=source)
        nodes: dict[str, Node] = {}
        made: list[Triple] = []
        for row in shown:
            disease, finding, with_it = row["disease_id"], row["hpo_id"], int(row["n_cases_with"])
            if with_it < self.least:
                continue
            nodes.setdefault(disease, Node(disease, "disease", names[disease]))
            nodes.setdefault(finding, Node(finding, "finding", names[finding]))
            where = f"{disease} {finding}: {with_it} of {row['n_cases']} patients"
            made.append(Triple(disease, "has_phenotype", finding, source, where, with_it / max(1, int(row["n_cases"]))))
        for row in genes:
            disease, gene = row["disease_id"], f"gene:{row['gene']}"
            nodes.setdefault(disease, Node(disease, "disease", names[disease]))
            nodes.setdefault(gene, Node(gene, "gene", row["gene"]))
            made.append(Triple(disease, "has_gene", gene, source, f"{disease} {row['gene']}"))
        return self._joined(nodes, made) if self.joined else Part(tuple(nodes.values()), tuple(made))

    def _joined(self, nodes: dict[str, Node], made: list[Triple]) -> Part:
        for code, term in _one_to_one("MIM:").items():
            disease = f"O{code}"
            if disease in nodes:
                nodes.setdefault(term["id"], Node(term["id"], "disease", term["name"], tuple(term["synonyms"])))
                made.append(Triple(disease, "same_as", term["id"], "Disease Ontology, reference to OMIM", term["id"]))
        return Part(tuple(nodes.values()), tuple(made))

    def content_hash(self) -> str:
        names = ("terms", "disease_phenotype", "disease_gene")
        return _hash(*(f"phenopackets/{name}.tsv.gz" for name in names), "disease_ontology/doid_terms.jsonl.gz")


def _one_to_one(prefix: str) -> dict[str, Mapping[str, Any]]:
    """Code of another vocabulary -> the one term that refers to it and to no other code of that vocabulary."""
    held: dict[str, list[Mapping[str, Any]]] = {}
    for row in terms():
        codes = [code for code in row["xref"] if code.startswith(prefix)]
        if len(codes) == 1:
            held.setdefault(codes[0], []).append(row)
    return {code: found[0] for code, found in held.items() if len(found) == 1}


_TREATS = {"DM": "treats", "SYM": "relieves", "NOT": "does_not_treat"}


@block
class Indications:
    """1,388 pairs of drug and disease that physicians judged (PharmacotherapyDB 1.0, Himmelstein et al. 2016)."""

    def part(self) -> Part:
        columns = ("doid_id", "drugbank_id", "disease", "drug", "category", "n_curators")
        found = published_table("pharmacotherapydb/indications.tsv", columns, what="PharmacotherapyDB 1.0")
        nodes: dict[str, Node] = {}
        made = []
        for row in found:
            drug, disease = row["drugbank_id"], row["doid_id"]
            nodes.setdefault(drug, Node(drug, "drug", row["drug"]))
            nodes.setdefault(disease, Node(disease, "disease", row["disease"]))
            where = f"{disease} {drug}: {row['n_curators']} curators"
            made.append(Triple(drug, _TREATS[row["category"]], disease, "PharmacotherapyDB 1.0", where))
        return Part(tuple(nodes.values()), tuple(made))

    def content_hash(self) -> str:
        return _hash("pharmacotherapydb/indications.tsv")


@block
class TripleFile:
    """Triples of a JSON-lines file: head, relation, tail, and where they are held source, where, weight, head_name,
    head_kind, tail_name, tail_kind. ``path``: "$OSLER_DATA/..." is taken from the folder of that variable."""

    path: str = "triples.jsonl"

    def part(self) -> Part:
        what = "the file of triples"
        found = rows(resolved(self.path, what=what), what=what)
        for number, row in enumerate(found, 1):
            require(row, ("head", "relation", "tail"), what=what, number=number)
        return part_of(found, source=re.sub(r".*/", "", self.path))

    def content_hash(self) -> str:
        return digest(resolved(self.path, what="the file of triples").read_bytes())


@block
class TripleList:
    """Triples that stand in the block itself: for small graphs and tests. Each has the columns of a ``TripleFile``."""

    rows: tuple[Mapping[str, Any], ...] = ()

    def part(self) -> Part:
        return part_of(self.rows, source="given")


def part_of(found: Sequence[Mapping[str, Any]], *, source: str) -> Part:
    """Nodes and triples of rows; an id without a name is its own name, one without a kind is a "thing"."""
    nodes: dict[str, Node] = {}
    made = []
    for number, row in enumerate(found, 1):
        weight = row.get("weight", 1.0)
        if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not 0 <= weight <= 1:
            raise DataError(f"row {number} of the triples has a weight that is not from 0 to 1", hint="leave it out")
        for node in _ends(row):
            nodes.setdefault(node.id, node)
        place = str(row.get("where", "") or f"row {number}")
        made.append(
            Triple(
                str(row["head"]),
                str(row["relation"]),
                str(row["tail"]),
                str(row.get("source") or source),
                place,
                weight,
            )
        )
    return Part(tuple(nodes.values()), tuple(made))


def _ends(row: Mapping[str, Any]) -> Iterator[Node]:
    for end in ("head", "tail"):
        name = str(row[end])
        yield Node(name, str(row.get(f"{end}_kind") or "thing"), str(row.get(f"{end}_name") or name))
