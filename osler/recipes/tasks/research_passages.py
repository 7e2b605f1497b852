"""Which passages answer a researcher's question? (BioASQ; Krithara et al. 2023, Sci Data 10:170)."""

from osler.data.sets.bioasq import BioASQ
from osler.tasks.template import Template

RECIPE = Template(
    title="Find the passages that answer a research question (BioASQ)",
    capability="knowledge and reasoning",
    area="research: literature search",
    instruction="List the passages that hold the answer, the best first, by their ids, as a JSON list.",
    question="{question}",
    schema={"type": "array", "items": {"type": "string", "minLength": 1}},
    input="an expert's question; the passages stand in an index",
    output="a JSON list of passage ids, best first",
    intended_use="choosing and comparing retrievers before a model reads what they find",
    users="people who build retrieval for questions on the literature",
    oversight="what is found is read, not taken as an answer",
    hazards=(
        "the corpus holds passages that answer some question only: finding them is easier than in PubMed",
        "passages that nobody judged count as irrelevant, though some of them are not",
    ),
    subgroups=("type", "year"),
    metrics=("ndcg_at10", "recall_at10", "recall_at100", "mrr_at10", "schema_valid"),
    sources=("bio_asq",),
    references=("Krithara et al. 2023, Scientific Data 10:170", "Xiong et al. 2024, arXiv:2402.13178, section 2.2"),
    access="open: CC BY 2.5",
    data=BioASQ(form="passages"),
)
