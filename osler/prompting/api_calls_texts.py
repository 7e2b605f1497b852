"""What GeneGPT's prompt is made of: two documentation texts and four demonstrations, in words of our own.

Source of the interfaces: NCBI, "Entrez Programming Utilities Help" (NBK25501) and "BLAST URL API". The structure (two
documents, four demonstrations, a mask over them) is that of Jin et al. 2024, arXiv:2304.09667, section 2.
"""

from __future__ import annotations

EUTILS = "https://eutils.ncbi.nlm.nih.gov/entrez/eutils"
BLAST = "https://blast.ncbi.nlm.nih.gov/blast/Blast.cgi"

TASK = (
    "You answer questions about genes by calling the web interfaces of NCBI. To call one, write its address in square "
    "brackets and then '->', and stop: the result is put behind the arrow. Use the result for the next call or the "
    "answer. Write brackets inside an address as %5B and %5D and spaces as +."
)

EUTILS_DOC = f"""Entrez Programming Utilities.
Addresses start with {EUTILS}/ and go on with one of
esearch.fcgi (arguments db, term, retmax, sort, retmode): the ids of the records of db that match term;
esummary.fcgi (db, id, retmode): short facts on the records with these ids, several ids with commas between them;
efetch.fcgi (db, id, retmax, retmode): the records themselves.
db is gene for genes, snp for single nucleotide polymorphisms (an id is the rs number without rs), omim for genetic
diseases. Ask for retmode=json, and sort=relevance when searching. Searching gives ids only: ask for the summary next."""

BLAST_DOC = f"""BLAST.
To find where a DNA sequence comes from, address {BLAST} twice.
First CMD=Put with PROGRAM=blastn, MEGABLAST=on, DATABASE=nt for any species (or DATABASE=genomic/9606/GRCh38 for the
human genome) and QUERY=the sequence: the result is a request id (RID).
Then CMD=Get with FORMAT_TYPE=Text and RID=that id: the result is the list of alignments, the best first."""

ALIAS_DEMO = f"""Question: What is the official symbol of the gene also known as BRAF1?
[{EUTILS}/esearch.fcgi?db=gene&retmax=5&retmode=json&sort=relevance&term=BRAF1+human]->[{{"esearchresult":{{"count":"6","idlist":["673","286494"]}}}}]
[{EUTILS}/esummary.fcgi?db=gene&id=673,286494&retmode=json]->[{{"result":{{"uids":["673","286494"],"673":{{"uid":"673","name":"BRAF","otheraliases":"B-RAF1, B-raf, BRAF1, NS7, RAFB1","chromosome":"7","maplocation":"7q34"}}}}}}]
Answer: BRAF"""

SNP_DEMO = f"""Question: In which gene does the SNP rs334 lie?
[{EUTILS}/esummary.fcgi?db=snp&id=334&retmode=json]->[{{"result":{{"uids":["334"],"334":{{"uid":"334","snp_id":334,"genes":[{{"name":"HBB","gene_id":"3043"}}],"chr":"11","chrpos":"11:5227002"}}}}}}]
Answer: HBB"""

DISEASE_DEMO = f"""Question: Which gene is altered in cystic fibrosis?
[{EUTILS}/esearch.fcgi?db=omim&retmax=5&retmode=json&sort=relevance&term=cystic+fibrosis]->[{{"esearchresult":{{"count":"104","idlist":["219700","602421"]}}}}]
[{EUTILS}/esummary.fcgi?db=omim&id=219700,602421&retmode=json]->[{{"result":{{"uids":["219700","602421"],"219700":{{"title":"CYSTIC FIBROSIS; CF"}},"602421":{{"title":"CYSTIC FIBROSIS TRANSMEMBRANE CONDUCTANCE REGULATOR; CFTR"}}}}}}]
Answer: CFTR"""

ALIGNMENT_DEMO = f"""Question: On which human chromosome does this sequence lie: ACATTTGCTTCTGACACAACTGTGTTCACTAGCAACCTCAAACAGACACCATGG?
[{BLAST}?CMD=Put&PROGRAM=blastn&MEGABLAST=on&DATABASE=genomic/9606/GRCh38&QUERY=ACATTTGCTTCTGACACAACTGTGTTCACTAGCAACCTCAAACAGACACCATGG]->[RID = 3K7M0DEMO]
[{BLAST}?CMD=Get&FORMAT_TYPE=Text&RID=3K7M0DEMO]->[Sequences producing significant alignments:
Homo sapiens chromosome 11, GRCh38 Primary Assembly]
Answer: chr11"""

BLOCKS = (EUTILS_DOC, BLAST_DOC, ALIAS_DEMO, SNP_DEMO, DISEASE_DEMO, ALIGNMENT_DEMO)
"""In the order of the mask's bits."""


def written(mask: str) -> str:
    """Task, documents and demonstrations whose bit of ``mask`` is 1 ("111111": all)."""
    chosen = [block for bit, block in zip(mask, BLOCKS, strict=True) if bit == "1"]
    return "\n\n".join([TASK, *chosen])
