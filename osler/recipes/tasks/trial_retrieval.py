"""Find trials for a patient among thousands (TrialGPT; Jin et al. 2024, Nat Commun 15:9074)."""

from osler.data.sets.trial_search import TrialSearch
from osler.tasks.template import Template

RECIPE = Template(
    title="Find trials for a patient (TrialGPT)",
    capability="knowledge and reasoning",
    area="clinical decision support: trial pre-screening",
    instruction="List the trials that may fit the patient, the best first, by their ids, as a JSON list.",
    question="{note}",
    schema={"type": "array", "items": {"type": "string", "minLength": 1}},
    input="a patient's note; the trials stand in an index",
    output="a JSON list of trial ids, best first",
    intended_use="a first selection that is matched criterion by criterion afterwards",
    users="trial coordinators and research nurses",
    oversight="a person reads the note against every criterion before a patient is approached",
    hazards=(
        "a fitting trial that is not found is never read",
        "only about one judged trial in a hundred is held, so that figures do not compare with published ones",
        "30 of the 72 patients have exactly one fitting trial that is held (median 2), so recall of a patient is mostly all "
        "or nothing; the 112 patients without one are left out",
    ),
    subgroups=("cohort",),
    metrics=("recall_at100", "recall_at10", "ndcg_at10", "schema_valid"),
    sources=("trial_search",),
    references=("Jin et al. 2024, Nat Commun 15:9074", "Koopman and Zuccon 2016, SIGIR"),
    access="open: public domain",
    data=TrialSearch(),
)
