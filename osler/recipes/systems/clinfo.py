"""Clinfo.ai: queries, search, relevance, summaries, an answer with references (Lozano et al. 2023, arXiv:2310.16146)."""

from osler.knowledge.bm25 import BM25
from osler.knowledge.passages import PassageFile
from osler.prompting.cited import Cited
from osler.prompting.screened_articles import ScreenedArticles
from osler.prompting.zero_shot import ZeroShot

RECIPE = ScreenedArticles(
    index=BM25(collection=PassageFile(path="$OSLER_DATA/bioasq/passages.jsonl.gz")),
    queries=3,
    k=10,
    articles=20,
    most=8,
    inner=Cited(inner=ZeroShot(by="generate", max_tokens=1024)),
)
TINY = ScreenedArticles(
    index=BM25(collection=PassageFile(path="$OSLER_DATA/bioasq/passages.jsonl.gz")),
    queries=2,
    k=3,
    articles=4,
    most=2,
    inner=Cited(inner=ZeroShot(by="generate", max_tokens=256)),
)
DIFFERS = (
    "the index is BM25 over abstract passages of BioASQ; the paper searches PubMed itself and ranks what comes back",
    "numbers of queries and articles are ours [recalled: the paper caps what is screened]",
    "statements without a citation that bears them out are left out; the paper prints the model's answer with its references",
    "the answer sees summaries under the ids of their articles, so that a citation opens the article and not the summary",
    "no figure is given: PubMedRS-200, on which the paper reports, is not held",
)
