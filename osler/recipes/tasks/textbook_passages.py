"""Which module of the textbook answers its review question? (OpenStax; Betts et al. 2022, Parker et al. 2016)."""

from osler.data.sets.openstax import OpenStax
from osler.tasks.template import Template

RECIPE = Template(
    title="Find the textbook passages for a review question (OpenStax)",
    capability="knowledge and reasoning",
    area="medical education: literature search",
    instruction="List the passages that hold the answer, the best first, by their ids, as a JSON list.",
    question="{question}",
    schema={"type": "array", "items": {"type": "string", "minLength": 1}},
    input="a review question; the passages of five textbooks stand in an index",
    output="a JSON list of passage ids, best first",
    intended_use="choosing a retriever over textbooks",
    users="people who build retrieval over textbooks",
    oversight="none: no patient is concerned",
    hazards=(
        "the module that answers is known, the passage within it is not: every passage of it counts as relevant, so "
        "that recall is low by nature and the first place of a hit says more",
    ),
    cluster="module",
    subgroups=("book",),
    metrics=("mrr_at10", "ndcg_at10", "recall_at100", "schema_valid"),
    sources=("open_stax",),
    references=("OpenStax, Anatomy and Physiology 2e and Microbiology, openstax.org",),
    access="open: openstax.org, CC BY 4.0 at the commits used",
    data=OpenStax(relevance=True),
)
