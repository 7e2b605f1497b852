"""A made-up gene database and questions over it with computed answers, in the manner of GeneTuring.

None of these genes, diseases and variants exists, so no model can know them: an answer can only come from a call.
Kinds of question after Hou & Ji 2023 (GeneTuring, bioRxiv 2023.03.11.532238); the texts are our own.
"""

from __future__ import annotations

import dataclasses
import json
import random
from collections.abc import Sequence
from urllib.parse import quote_plus

from osler.core.errors import SpecError
from osler.core.types import Example

EUTILS = "https://eutils.ncbi.nlm.nih.gov/entrez/eutils"
BLAST = "https://blast.ncbi.nlm.nih.gov/blast/Blast.cgi"
KINDS = ("alias", "location", "snp_gene", "snp_location", "disease", "alignment")
_SOUNDS = ("bal", "cor", "dim", "fen", "gul", "hob", "kir", "lom", "nur", "pex", "ruv", "tas", "vod", "zim")


@dataclasses.dataclass(frozen=True, slots=True)
class Gene:
    """A made-up gene. ``omim`` is the number of its disease, ``snp`` that of a variant in it, ``at`` its position."""

    uid: str
    symbol: str
    alias: str
    chromosome: str
    disease: str
    omim: str
    snp: str
    at: int
    sequence: str


def genes(count: int = 40, *, seed: int = 0) -> tuple[Gene, ...]:
    """The first ``count`` genes of a seed, 600 at most; symbols, aliases, diseases and sequences are all different."""
    if not 1 <= count <= 600:
        raise SpecError(f"genes are made 1 to 600 at a time, got {count}", hint="another seed gives others")
    rng = random.Random(f"genes/{seed}")
    taken: set[str] = set()

    def word() -> str:
        while (drawn := "".join(rng.sample(_SOUNDS, 3))) in taken:
            pass
        taken.add(drawn)
        return drawn

    made = []
    for i in range(count):
        symbol, alias, disease = word(), word(), word()
        made.append(
            Gene(
                uid=str(9_000_001 + 37 * i),
                symbol=f"{symbol.upper()}{i % 9 + 1}",
                alias=f"{alias.upper()}-{i % 7}",
                chromosome=str(rng.randint(1, 22)),
                disease=f"{disease} syndrome",
                omim=str(990_001 + 11 * i),
                snp=str(9_900_000_000 + 101 * i),
                at=rng.randint(1_000_000, 90_000_000),
                sequence="".join(rng.choice("ACGT") for _ in range(100)),
            )
        )
    return tuple(made)


def request_id(sequence: str) -> str:
    """The made-up BLAST request id of a sequence."""
    import hashlib

    return hashlib.blake2b(sequence.encode(), digest_size=5).hexdigest().upper()


def questions(known: Sequence[Gene], *, kinds: Sequence[str] = KINDS) -> tuple[Example, ...]:
    """One question of each kind on each gene. ``meta["plan"]`` holds the calls of a perfect agent, for simulated ones."""
    made = []
    for kind in kinds:
        for gene in known:
            text, answer, calls = _question(kind, gene)
            plan = {"calls": calls, "answer": f"{{{len(calls)}}}"}
            made.append(
                Example(
                    id=f"{kind}-{gene.uid}",
                    input={"question": text},
                    target=answer,
                    meta={"kind": kind, "plan": json.dumps(plan)},
                )
            )
    return tuple(made)


def _question(kind: str, gene: Gene) -> tuple[str, str, list[dict[str, object]]]:
    if kind == "alias":
        asked = f"What is the official symbol of the gene also known as {gene.alias}?"
        return asked, gene.symbol, _looked_up("gene", gene.alias, r'"name":"([^"]+)"')
    if kind == "location":
        asked = f"On which chromosome does the gene {gene.symbol} lie?"
        return asked, f"chr{gene.chromosome}", _looked_up("gene", gene.symbol, r'"maplocation":"(chr\d+)"')
    if kind == "disease":
        asked = f"Which gene is altered in {gene.disease}?"
        return asked, gene.symbol, _looked_up("omim", gene.disease, r'"title":"[^"]*; ([A-Z0-9]+)"')
    if kind == "alignment":
        asked = f"On which chromosome does this sequence lie: {gene.sequence}?"
        put = f"{BLAST}?CMD=Put&PROGRAM=blastn&DATABASE=nt&QUERY={gene.sequence}"
        get = f"{BLAST}?CMD=Get&FORMAT_TYPE=Text&RID={{1}}"
        return asked, f"chr{gene.chromosome}", [_step(put, r"RID = (\w+)"), _step(get, r"(chr\d+):")]
    summary = f"{EUTILS}/esummary.fcgi?db=snp&id={gene.snp}&retmode=json"
    if kind == "snp_gene":
        asked = f"In which gene does the SNP rs{gene.snp} lie?"
        return asked, gene.symbol, [_step(summary, r'"genes":\[\{"name":"([^"]+)"')]
    asked = f"On which chromosome does the SNP rs{gene.snp} lie?"
    return asked, f"chr{gene.chromosome}", [_step(summary, r'"locus":"(chr\d+)"')]


def _looked_up(db: str, term: str, read: str) -> list[dict[str, object]]:
    search = f"{EUTILS}/esearch.fcgi?db={db}&retmax=5&retmode=json&sort=relevance&term={quote_plus(term)}"
    summary = f"{EUTILS}/esummary.fcgi?db={db}&id={{1}}&retmode=json"
    return [_step(search, r'"idlist":\["(\d+)"'), _step(summary, read)]


def _step(url: str, read: str) -> dict[str, object]:
    return {"tool": "ncbi", "arguments": {"url": url}, "read": read}
