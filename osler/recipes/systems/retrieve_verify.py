"""Retrieve and verify: each claim of a draft is searched for and mended (after Gao et al. 2022, arXiv:2210.08726)."""

from osler.prompting.chain_of_thought import ChainOfThought
from osler.prompting.retrieve_verify import RetrieveVerify

RECIPE = RetrieveVerify(k=8, rounds=2, claims=5, inner=ChainOfThought())
TINY = RetrieveVerify(k=4, rounds=1, claims=2)
DIFFERS = (
    "one of the three iterative kinds of retrieval that surveys name, built from their descriptions; none of the papers' "
    "figures is claimed",
    "the draft is answered anew from what the check found; RARR edits it sentence by sentence",
    "the same model answers and judges, unless a verifier is named",
    "the index is BM25 over OpenStax passages until another is named",
)
