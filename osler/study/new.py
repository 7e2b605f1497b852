"""``new``: a first study file to change, valid as it stands."""

from __future__ import annotations

from pathlib import Path

import orjson

from osler.core.errors import SpecError

TEMPLATE = """\
# A study is data: names and numbers. Every name can be listed: osler list tasks|models|systems|metrics|sources
question = {question}
task = "trial_matching"
data = {{ source = "cohort", patients = 20, train_patients = 60 }}
# Your own cases (columns id, text, label and patient): task = "labelled_text" and
# data = {{ source = "file", path = "cases.csv", text = "text", target = "label", cluster = "patient", folds = 5 }}
# Exam questions of your own (columns id, text, options such as ["...", "..."], and answer, a letter or an option's text):
# task = {{ from = "labelled_text", title = "Exam", instruction = "Answer with one letter.", lettered = true }} and
# data = {{ source = "file", path = "exam.jsonl", target = "answer", choices_column = "options", folds = 5 }}
# sensitivity = "deidentified"      # what your file is; without it Osler treats it as identifiable

models = ["majority", "minilm"]
# A server that speaks the OpenAI protocol:
# models = [{{ use = "endpoint", model = "llama3", base_url = "http://localhost:11434/v1", api_key_env = "" }}]
systems = ["zero_shot"]
metrics = ["accuracy", "macro_f1", "parse_rate"]
primary = "accuracy"
seeds = [0]
accept = {{ metric = "accuracy", at_least = 0.80, lower_bound = true }}
budget_usd = 5
"""


def new_study(path: Path, *, question: str = "") -> Path:
    """Write a study file; an existing one is never overwritten."""
    if path.suffix != ".toml":
        path = path.with_name(path.name + ".toml")
    if path.exists():
        raise SpecError(f"{path} exists already", hint="choose another name, or edit the file")
    path.parent.mkdir(parents=True, exist_ok=True)
    # A JSON text is a TOML text, but for one control character that only TOML wants escaped.
    text = orjson.dumps(question or "Which patients meet which trial criteria?").decode().replace("\x7f", "\\u007f")
    path.write_text(TEMPLATE.format(question=text), encoding="utf-8")
    return path
