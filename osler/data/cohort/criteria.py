"""Typed criteria of trials: what they ask, and how they say it.

Every kind has wordings for train and valid trials and others for test trials, and measures have other thresholds.
"""

from __future__ import annotations

from typing import NamedTuple

# By type: met, unmet, unknown, does not apply. TrialGPT's six labels (Jin et al. 2024), four of them for each type.
LABELS: dict[str, tuple[str, str, str, str]] = {
    "inclusion": ("included", "not included", "not enough information", "not applicable"),
    "exclusion": ("excluded", "not excluded", "not enough information", "not applicable"),
}


class Criterion(NamedTuple):
    """``kind`` and ``code`` say what is asked; see ``osler.data.cohort.reading`` for when it holds.

    ``op`` compares a number with ``low`` (and ``high``): ge, gt, le, lt, between (both ends count), outside.
    ``parts``: the criteria that both, either, without and conditional are made of.
    """

    kind: str
    type: str
    text: str
    code: str = ""
    op: str = ""
    low: float = 0.0
    high: float = 0.0
    parts: tuple[Criterion, ...] = ()

    def accepts(self, value: float) -> bool:
        if self.op == "between":
            return self.low <= value <= self.high
        if self.op == "outside":
            return value < self.low or value > self.high
        if self.op == "ge":
            return value >= self.low
        if self.op == "gt":
            return value > self.low
        return value <= self.low if self.op == "le" else value < self.low


# (kind or kind/variant, type) -> wordings of train and valid, wordings of test.
Wording = tuple[tuple[str, ...], tuple[str, ...]]
WORDINGS: dict[tuple[str, str], Wording] = {
    ("age/between", "inclusion"): (
        ("Age {low} to {high} years", "Aged between {low} and {high} years, inclusive"),
        ("{low}-{high} years of age", "Participants must be at least {low} and at most {high} years old"),
    ),
    ("age/ge", "inclusion"): (
        ("Age ≥ {low} years", "Adults of {low} years or older"),
        ("At least {low} years of age",),
    ),
    ("age/outside", "exclusion"): (
        ("Age below {low} or above {high} years",),
        ("Younger than {low} or older than {high} years",),
    ),
    ("age/gt", "exclusion"): (("Age > {low} years",), ("Older than {low} years of age",)),
    ("sex", "inclusion"): (("{who} only", "{who}"), ("Participants must be {who}", "Sex: {who}")),
    ("condition", "inclusion"): (
        ("Diagnosis of {name}", "Patients with {name}", "Known {name}", "Documented {name}"),
        (
            "Established {name}",
            "Subjects who have been diagnosed with {name}",
            "Confirmed {name} in the medical record",
        ),
    ),
    ("condition", "exclusion"): (
        ("History of {name}", "Patients with {name}", "Any {name}", "Known {name}"),
        ("Past or present {name}", "Subjects suffering from {name}", "Evidence of {name} in the medical history"),
    ),
    ("without", "inclusion"): (
        ("No history of {name}", "Absence of {name}"),
        ("Free of {name}", "Must not have {name}"),
    ),
    ("duration", "inclusion"): (
        ("{name} for at least {low} years", "Diagnosis of {name} made {low} or more years ago"),
        ("{name} of {low} years' duration or longer",),
    ),
    ("duration", "exclusion"): (
        ("{name} known for {low} years or more",),
        ("Long-standing {name} ({low} years or longer)",),
    ),
    ("measure/ge", "inclusion"): (
        ("{name} ≥ {low}{unit}", "{name} of at least {low}{unit}"),
        ("{name} not below {low}{unit}",),
    ),
    ("measure/le", "inclusion"): (
        ("{name} ≤ {low}{unit}", "{name} of at most {low}{unit}"),
        ("{name} no higher than {low}{unit}",),
    ),
    ("measure/between", "inclusion"): (
        ("{name} between {low} and {high}{unit}",),
        ("{name} in the range {low} - {high}{unit}",),
    ),
    ("measure/gt", "exclusion"): (
        ("{name} > {low}{unit}", "{name} above {low}{unit}"),
        ("{name} exceeding {low}{unit}",),
    ),
    ("measure/lt", "exclusion"): (
        ("{name} < {low}{unit}", "{name} below {low}{unit}"),
        ("{name} less than {low}{unit}",),
    ),
    ("medication", "inclusion"): (
        ("Current treatment with {name}", "Taking {name}"),
        ("On a regimen that contains {name}", "Receives {name} at screening"),
    ),
    ("medication", "exclusion"): (
        ("Use of {name}", "Current treatment with {name}"),
        ("Concomitant therapy with {name}", "Intake of {name} at screening"),
    ),
    ("dose/ge", "inclusion"): (("{name} at a daily dose of at least {low} {unit}",), ("{name} ≥ {low} {unit}/day",)),
    ("dose/gt", "exclusion"): (
        ("{name} at more than {low} {unit} per day",),
        ("Daily {name} dose above {low} {unit}",),
    ),
    ("pregnancy", "exclusion"): (
        ("Pregnant or breastfeeding women", "Pregnancy or lactation"),
        ("Women who are pregnant or nursing", "Females who are expecting or breast-feeding"),
    ),
    ("menopause", "inclusion"): (("Women must be postmenopausal",), ("Female participants only after menopause",)),
    ("contraception", "inclusion"): (
        ("Women of childbearing potential must use effective contraception",),
        ("Effective birth control is required of women who can become pregnant",),
    ),
    ("smoking/current", "exclusion"): (
        ("Current smokers", "Active tobacco smoking"),
        ("Smoking at the time of screening",),
    ),
    ("smoking/ever", "inclusion"): (("Current or former smokers",), ("A history of smoking, past or present",)),
    ("smoking/packs", "inclusion"): (
        ("Smoking history of at least {low} pack-years",),
        ("≥ {low} pack-years of smoking",),
    ),
    ("drinks", "exclusion"): (
        ("More than {low} alcoholic drinks per week",),
        ("Alcohol intake above {low} drinks a week",),
    ),
    ("allergy", "exclusion"): (
        ("Allergy to {name}", "Known hypersensitivity to {name}"),
        ("Hypersensitive to {name}", "Previous allergic reaction to {name}"),
    ),
    ("surgery", "exclusion"): (
        ("Surgery within {low} months before enrollment", "Any operation in the last {low} months"),
        ("Surgical procedure during the {low} months before screening",),
    ),
    ("surgery/named", "exclusion"): (("Previous {name}", "History of {name}"), ("Has undergone {name}",)),
    ("admission", "exclusion"): (
        ("Hospital admission within the last {low} months",),
        ("Inpatient treatment during the {low} months before screening",),
    ),
    ("family", "inclusion"): (("First-degree relative with {name}",), ("A parent or sibling who had {name}",)),
    ("consent", "inclusion"): (
        ("Able and willing to give written informed consent", "Signed informed consent"),
        ("Agrees to take part and can give consent", "Willing to follow the study procedures"),
    ),
    ("language", "inclusion"): (("Able to speak English",), ("Fluency in English",)),
    ("conditional", "inclusion"): (
        ("For patients with {name}: {part}", "If {name} is present, {part}"),
        ("Those who have {name} need {part}",),
    ),
    ("conditional", "exclusion"): (("For patients with {name}: {part}",), ("In case of {name}: {part}",)),
    ("conditional/men", "inclusion"): (("For men: {part}",), ("Male participants need {part}",)),
    ("both", "inclusion"): (("{a} and {b}", "Both {a} and {b}"), ("{a} together with {b}",)),
    ("both", "exclusion"): (("Combination of {a} and {b}",), ("{a} as well as {b}",)),
    ("either", "inclusion"): (("{a} or {b}", "Either {a} or {b}"), ("At least one of {a} and {b}",)),
    ("either", "exclusion"): (("{a} or {b}", "History of {a} or {b}"), ("Any of the following: {a}, {b}",)),
}
