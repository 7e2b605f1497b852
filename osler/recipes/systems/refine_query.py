"""Adaptive query refinement: search, judge, search again (after Ma et al. 2023, arXiv:2305.14283)."""

from osler.prompting.chain_of_thought import ChainOfThought
from osler.prompting.refine_query import RefineQuery

RECIPE = RefineQuery(k=8, rounds=4, keep=16, inner=ChainOfThought())
TINY = RefineQuery(k=4, rounds=2)
DIFFERS = (
    "one of the three iterative kinds of retrieval that surveys name, built from their descriptions: the papers differ in "
    "what triggers the next search, and none of their figures is claimed",
    "the model that answers judges what was found; nothing is trained, as the query writer of Ma et al. is",
    "the index is BM25 over OpenStax passages until another is named",
)
