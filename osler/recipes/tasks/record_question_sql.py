"""Questions over patient records that are asked in SQL, by execution (synthetic cohort; after EHRSQL, Lee et al. 2022)."""

from osler.data.generated.record_questions import RecordQuestions
from osler.tasks.template import Template

RECIPE = Template(
    title="Answer a question from a database of records",
    capability="knowledge and reasoning",
    area="agents: questions to health records",
    instruction=(
        "Answer the question from the hospital's SQLite database (tables patients, encounters, conditions, medications, "
        "observations, procedures, allergies, immunizations), which you can query. End with the line 'Answer: ' and the "
        "answer alone: a number without unit, a day as YYYY-MM-DD, yes or no, an id, or a JSON list of ids. If the "
        "database does not hold the answer, write: not recorded."
    ),
    question="Patient: {patient}\nQuestion: {question}",
    input="a question and the id of a patient, or all patients; the records come by queries",
    output="a number, a day, yes or no, an id, a list of ids, or not recorded",
    intended_use="a test of agents that query databases, by what they find and not by the wording of the query",
    users="people who build agents over health records",
    oversight="the query is shown with its result; it may only read",
    hazards=(
        "a wrong query returns a plausible number",
        "a question that cannot be answered gets an answer",
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
