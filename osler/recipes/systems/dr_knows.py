"""Dr. Knows: paths of a knowledge graph before the question (Gao et al. 2023, arXiv:2308.14321)."""

from osler.knowledge.graph.graph_search import GraphSearch
from osler.models.encoder import Encoder
from osler.prompting.retrieve import Retrieve
from osler.prompting.zero_shot import ZeroShot

RECIPE = Retrieve(
    index=GraphSearch(longest=2, around=True, encoder=Encoder()),
    k=16,
    inner=ZeroShot(by="generate", max_tokens=512),
)
TINY = Retrieve(
    index=GraphSearch(longest=2, around=True, encoder=None, pool=20),
    k=4,
    inner=ZeroShot(by="generate", max_tokens=128),
)
DIFFERS = (
    "paths are ranked by the embedded encoder's nearness to the question; the paper trains a ranker of paths over UMLS",
    "the graph is joined from the Disease Ontology, phenopacket-store and PharmacotherapyDB",
    "things are linked by their names alone; the paper uses a concept recogniser",
    "sixteen passages is ours; the number of paths in the paper's prompts is recalled as varied",
)
