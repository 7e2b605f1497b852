"""Your own cases with a text and a label: the shortest way from a spreadsheet to a study."""

from osler.tasks.template import Template

RECIPE = Template(
    title="Label a text",
    capability="structurization",
    area="document classification",
    instruction="Read the text and answer with the one label that fits it.",
    question="{text}",
    input="a text, in the column text of the file",
    output="one of the labels that occur in the file, or that its column choices lists",
    intended_use="to be written by whoever runs the study",
    users="to be written by whoever runs the study",
    oversight="to be written by whoever runs the study",
    metrics=("accuracy", "macro_f1", "parse_rate"),
    sources=("file",),
)
