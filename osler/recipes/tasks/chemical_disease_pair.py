"""Does this abstract say that the chemical induces the disease? Pair by pair (BC5CDR; Li et al. 2016, Database)."""

from osler.data.sets.bc5cdr import Bc5cdr
from osler.tasks.template import Template

RECIPE = Template(
    title="Does the chemical induce the disease, by this abstract?",
    capability="structurization",
    area="information extraction: relations, building a knowledge graph",
    instruction=(
        "Say whether the abstract states that the chemical induces the disease. A disease that is treated, or only "
        "mentioned beside the chemical, is not induced by it."
    ),
    question="Chemical: {chemical}\nDisease: {disease}",
    evidence="sentences",
    input="a chemical and a disease by the names that an abstract uses, and the sentences that name either",
    output='"induces" or "not stated"',
    intended_use="edges of a knowledge graph, each with the abstract that it was read from",
    users="pharmacovigilance and curators",
    oversight="a curator reads the abstract of every edge that is used",
    hazards=(
        "treatment is read as harm, or harm as treatment",
        "chemicals and diseases are those that curators marked",
    ),
    cluster="abstract",
    metrics=("macro_f1", "accuracy", "parse_rate"),
    sources=("bc5cdr",),
    references=("Li et al. 2016, doi 10.1093/database/baw068",),
    access="open: public domain notice",
    data=Bc5cdr(task="pairs"),
)
