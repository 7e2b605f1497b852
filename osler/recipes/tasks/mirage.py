"""MIRAGE: 7,663 multiple-choice questions of five medical sets (Xiong et al. 2024, Findings of ACL)."""

from osler.data.mirage import Mirage
from osler.tasks.template import Template

RECIPE = Template(
    title="Medical multiple-choice questions (MIRAGE)",
    capability="knowledge and reasoning",
    area="examinations and research questions",
    instruction="Answer the medical question with the letter of one option.",
    question="{question}",
    lettered=True,
    input="a question with two to four options",
    output="the letter of one option",
    intended_use="a first filter of models; an examination score is no proof of clinical use",
    users="people who choose a model",
    oversight="none: no patient is concerned",
    hazards=("a high score is read as fitness for care",),
    subgroups=("dataset",),
    metrics=("accuracy", "parse_rate"),
    sources=("mirage",),
    data=Mirage(),
)
