"""Which published answers answer a person's question? Searched, not given (LiveQA-Med; Ben Abacha et al. 2017, TREC)."""

from osler.data.sets.liveqa import LiveQA
from osler.tasks.template import Template

RECIPE = Template(
    title="Find published answers to a person's question (LiveQA-Med)",
    capability="knowledge and reasoning",
    area="patient care: inquiry and response",
    instruction="List the answers that answer the question, the best first, by their ids, as a JSON list.",
    question="{question}",
    schema={"type": "array", "items": {"type": "string", "minLength": 1}},
    input="the question that a person sent, in one sentence; the answers of public institutes stand in an index",
    output="a JSON list of ids, best first",
    intended_use="choosing a retriever over trusted answers",
    users="health information services",
    oversight="a health professional reads the answer that is sent",
    hazards=(
        "a good answer to another question is sent",
        "many answers that the judges saw are missing: only 39 of 86 questions have a good one left to find",
    ),
    subgroups=("answerable",),
    metrics=("ndcg_at10", "recall_at10", "mrr_at10", "schema_valid"),
    sources=("live_qa",),
    references=("Ben Abacha et al. 2017, TREC LiveQA",),
    access="open: github.com/abachaa/LiveQA_MedicalTask_TREC2017",
    data=LiveQA(),
)
