"""DRG by two labels, base DRG and CC/MCC, joined by a rule (after DRG-LLaMA, Wang et al. 2024, arXiv:2309.12625)."""

from osler.prompting.decompose import Decompose, Rule, Step
from osler.prompting.structured import Structured
from osler.prompting.zero_shot import ZeroShot

_bases = (
    "intracranial hemorrhage or cerebral infarction",
    "chronic obstructive pulmonary disease",
    "simple pneumonia and pleurisy",
    "heart failure and shock",
    "GI hemorrhage",
    "renal failure",
    "kidney and urinary tract infections",
    "septicemia or severe sepsis without MV over 96 hours",
)
_levels = ("MCC", "CC", "without CC/MCC")
_table = {
    "intracranial hemorrhage or cerebral infarction | MCC": "064",
    "intracranial hemorrhage or cerebral infarction | CC": "065",
    "intracranial hemorrhage or cerebral infarction | without CC/MCC": "066",
    "chronic obstructive pulmonary disease | MCC": "190",
    "chronic obstructive pulmonary disease | CC": "191",
    "chronic obstructive pulmonary disease | without CC/MCC": "192",
    "simple pneumonia and pleurisy | MCC": "193",
    "simple pneumonia and pleurisy | CC": "194",
    "simple pneumonia and pleurisy | without CC/MCC": "195",
    "heart failure and shock | MCC": "291",
    "heart failure and shock | CC": "292",
    "heart failure and shock | without CC/MCC": "293",
    "GI hemorrhage | MCC": "377",
    "GI hemorrhage | CC": "378",
    "GI hemorrhage | without CC/MCC": "379",
    "renal failure | MCC": "682",
    "renal failure | CC": "683",
    "renal failure | without CC/MCC": "684",
    "kidney and urinary tract infections | MCC": "689",
    "kidney and urinary tract infections | CC": "690",
    "kidney and urinary tract infections | without CC/MCC": "690",
    "septicemia or severe sepsis without MV over 96 hours | MCC": "871",
    "septicemia or severe sepsis without MV over 96 hours | CC": "872",
    "septicemia or severe sepsis without MV over 96 hours | without CC/MCC": "872",
}
_base_told = (
    "Which base DRG does this stay belong to? Decide by the principal diagnosis: the condition that, after study, "
    "caused the admission."
)
_level_told = (
    "Which is the highest severity among the secondary diagnoses of this stay: a major complication or comorbidity (MCC), "
    "a complication or comorbidity (CC), or neither? The principal diagnosis itself does not count."
)
_rule = Rule(name="drg", uses=("base", "severity"), table=_table)
RECIPE = Decompose(
    steps=(
        Step(name="base", capability="structurization", instruction=_base_told, choices=_bases, strategy=Structured()),
        Step(
            name="severity",
            capability="structurization",
            instruction=_level_told,
            choices=_levels,
            strategy=Structured(),
        ),
        _rule,
    )
)
TINY = Decompose(
    steps=(
        Step(
            name="base",
            capability="structurization",
            instruction=_base_told,
            choices=_bases,
            strategy=ZeroShot(by="auto"),
        ),
        Step(
            name="severity",
            capability="structurization",
            instruction=_level_told,
            choices=_levels,
            strategy=ZeroShot(by="auto"),
        ),
        _rule,
    )
)
REPORTED = {
    "base_drg_accuracy": 67.8,
    "cc_mcc_accuracy": 67.5,
    "single_label_top_1": 52.0,
    "single_label_macro_f1": 32.7,
}
DIFFERS = (
    "the paper fine-tunes LLaMA with LoRA on MIMIC-IV and has two classification heads; here a model is prompted twice",
    "the two-label accuracies are recalled; the single-label figures are those of the abstract",
    "8 frequent base DRGs of MS-DRG (recalled from the public tables of version 34) instead of all of more than 700",
)
