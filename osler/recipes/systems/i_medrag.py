"""i-MedRAG: four rounds of three follow-up questions, each answered by MedRAG (Xiong et al. 2024, arXiv:2408.00727)."""

from osler.knowledge.bm25 import BM25
from osler.prompting.chain_of_thought import ChainOfThought
from osler.prompting.follow_up import FollowUp
from osler.prompting.zero_shot import ZeroShot
from osler.recipes.systems import medrag

RECIPE = FollowUp(
    rounds=4,
    queries=3,
    tries=3,
    k=32,
    passage_tokens=15_000,
    index=medrag.RECIPE.index,
    answering=ZeroShot(by="generate", max_tokens=1024),
    inner=ChainOfThought(inner=ZeroShot(by="generate", max_tokens=1024)),
)
TINY = FollowUp(
    rounds=2,
    queries=2,
    tries=1,
    k=4,
    index=BM25(),
    answering=ZeroShot(by="generate", max_tokens=256),
    inner=ChainOfThought(inner=ZeroShot(by="generate", max_tokens=256)),
)
REPORTED = {"medqa": 69.68}
DIFFERS = (
    "corpora and retrievers are those of the recipe medrag, with the same differences; the corpora that the authors used for "
    "each benchmark are not known to us",
    "the model gives its questions as JSON in the same call; the authors let it write a section of queries and extract them by "
    "a second call [recalled]",
    "the answer is asked for on its own line and read by our parser; the authors ask for JSON in a last call [recalled]",
    "it stops early when a round asks nothing new, and a question that finds nothing is not put to the model",
    "the wording of all prompts is ours",
    "REPORTED is GPT-3.5's on MedQA, at second hand",
)
