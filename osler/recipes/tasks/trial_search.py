"""Which trials fit this patient, best first? (TrialGPT; Jin et al. 2024, Nat Commun 15:9074)."""

from osler.data.sets.trial_search import TrialSearch
from osler.tasks.template import Template

RECIPE = Template(
    title="Rank the judged trials of a patient (TrialGPT)",
    capability="knowledge and reasoning",
    area="clinical decision support: trial pre-screening",
    instruction="Rank the trials by how well they fit the patient, the best first, by their ids, as a JSON list.",
    question="{note}",
    evidence="candidates",
    schema={"type": "array", "items": {"type": "string", "minLength": 1}},
    input="a patient's note and the trials that judges compared with it",
    output="a JSON list of trial ids, best first",
    intended_use="a first order in which a trial coordinator reads trials; never a decision on enrolment",
    users="trial coordinators and research nurses",
    oversight="a person reads the note against every criterion before a patient is approached",
    hazards=(
        "a fitting trial that stands low is not read",
        "most judged trials are not held, so that figures do not compare with published ones",
    ),
    subgroups=("cohort",),
    metrics=("ndcg_at10", "precision_at10", "mrr_at10", "schema_valid"),
    sources=("trial_search",),
    references=("Jin et al. 2024, Nat Commun 15:9074", "Roberts et al. 2021, 2022, TREC Clinical Trials"),
    access="open: public domain",
    data=TrialSearch(candidates=2),
)
