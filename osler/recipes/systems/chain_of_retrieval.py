"""Chain of retrieval of the later Med-PaLM 2 (Singhal et al. 2025, Nature Medicine 31:943)."""

from osler.knowledge.bm25 import BM25
from osler.prompting.chain_of_retrieval import ChainOfRetrieval
from osler.prompting.zero_shot import ZeroShot

RECIPE = ChainOfRetrieval(index=BM25(), claims=6, k=3, inner=ZeroShot(by="generate", max_tokens=1024))
TINY = ChainOfRetrieval(index=BM25(), claims=3, k=2, inner=ZeroShot(by="generate", max_tokens=256))
DIFFERS = (
    "the search is BM25 over openly licensed textbooks; the paper uses a web search",
    "numbers of claims and passages and the prompts are ours: the paper tells the order of the steps [recalled]",
    "claims, queries and verdicts are asked for as JSON; a verdict that cannot be read leaves its claim unsupported",
    "long answers are written at temperature 0, as in the paper",
)
