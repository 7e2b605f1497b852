"""Criterion-level patient-to-trial matching, the running example of the guide (Jin et al. 2024, Nat Commun 15:9074)."""

from osler.tasks.template import Template

RECIPE = Template(
    title="Which patients meet which trial criteria?",
    capability="knowledge and reasoning",
    area="clinical decision support: trial pre-screening",
    instruction=(
        "You compare a patient's note with one eligibility criterion of a clinical trial. "
        "Use only what the note says. Say 'not enough information' when the note does not settle the criterion, and "
        "'not applicable' when the criterion cannot concern this patient."
    ),
    question="Trial: {trial_title}\nCriterion ({criterion_type}): {criterion}",
    evidence="sentences",
    input="numbered sentences of a patient's note; one inclusion or exclusion criterion of a trial",
    output="one of four labels for the kind of criterion (six in all), with the sentences that decide it",
    intended_use="a first pass over criteria that a trial coordinator reviews; never a decision on enrolment",
    users="trial coordinators and research nurses",
    oversight="a person reads the note against every criterion before a patient is approached or turned away",
    hazards=(
        "a patient wrongly excluded loses the chance to take part",
        "a patient wrongly included may be put at risk until screening finds the error",
        "a label given without evidence in the note looks as sure as one with it",
    ),
    cluster="patient",
    subgroups=("criterion_type", "sex", "age_group"),
    metrics=("accuracy", "macro_f1", "evidence_f1", "calibration_error", "parse_rate"),
    accept={"metric": "accuracy", "at_least": 0.85, "lower_bound": True},
    sources=("cohort", "trial_gpt"),
)
