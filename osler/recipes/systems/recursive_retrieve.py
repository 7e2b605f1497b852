"""Recursive retrieval: the question split into a tree of simpler ones (after Kim et al. 2023, arXiv:2310.14696)."""

from osler.knowledge.documents_first import DocumentsFirst
from osler.prompting.chain_of_thought import ChainOfThought
from osler.prompting.recursive_retrieve import RecursiveRetrieve

RECIPE = RecursiveRetrieve(k=8, depth=2, branches=3, index=DocumentsFirst(documents=10), inner=ChainOfThought())
TINY = RecursiveRetrieve(k=4, depth=1, branches=2)
DIFFERS = (
    "one of the three iterative kinds of retrieval that surveys name, built from their descriptions: the tree of questions "
    "over documents first, then passages within them; none of the papers' figures is claimed",
    "documents first is there for the method's sake: on OpenStax it finds the right module as often as BM25 alone (87 % in 8 "
    "passages, 10 documents) and with fewer documents less often",
    "a question is split once, where its passages do not answer it; Kim et al. also prune the tree by a self-check",
    "the index is BM25 over OpenStax passages, whose documents are the books' modules, until another is named",
)
