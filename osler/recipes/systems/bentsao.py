"""BenTsao's knowledge tuning as a look-up in a graph (Wang et al. 2023, arXiv:2304.06975 and arXiv:2309.04175)."""

from osler.prompting.graph_lookup import GraphLookup
from osler.prompting.zero_shot import ZeroShot

RECIPE = GraphLookup(inner=ZeroShot(by="generate", max_tokens=512))
TINY = GraphLookup(most=1, shown=4, inner=ZeroShot(by="generate", max_tokens=128))
DIFFERS = (
    "the model is asked for what to look up; the published one was tuned to fill it in, on Chinese text",
    "the graph is joined from the Disease Ontology, phenopacket-store and PharmacotherapyDB; the paper's is CMeKG",
    "the wording of the prompts, three look-ups and ten triples each are ours; the paper's values are not known to us",
)
