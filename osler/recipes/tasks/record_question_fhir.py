"""Questions over patient records that are read with a FHIR search (synthetic cohort; after EHRSQL, Lee et al. 2022)."""

from osler.data.generated.record_questions import RecordQuestions
from osler.tasks.template import Template

RECIPE = Template(
    title="Answer a question from FHIR records",
    capability="knowledge and reasoning",
    area="agents: questions to health records",
    instruction=(
        "Answer the question from the patient's FHIR record, which you can search. End with the line 'Answer: ' and the "
        "answer alone: a number without unit, a day as YYYY-MM-DD, yes or no, an id, or a JSON list of ids. If the "
        "record does not hold the answer, write: not recorded."
    ),
    question="Patient: {patient}\nQuestion: {question}",
    input="a question and the id of a patient, or all patients; the record comes by tools",
    output="a number, a day, yes or no, an id, a list of ids, or not recorded",
    intended_use="a test of agents that read records; the patients are synthetic",
    users="people who build agents over health records",
    oversight="a reader can repeat each search from the log before acting on the answer",
    hazards=(
        "a wrong search gives a plausible number",
        "the answer of another patient is given",
        "what was not found on one page is taken for absent",
    ),
    cluster="patient",
    subgroups=("template", "form", "answerable"),
    metrics=("record_answer", "parse_rate"),
    accept={"metric": "record_answer", "at_least": 0.95, "lower_bound": True},
    sources=("record_questions",),
    references=("Lee et al. 2022, arXiv 2301.07695, for the kind of question",),
    access="open: made by Osler; other records as FHIR bundles through records = ...",
    data=RecordQuestions(),
)
