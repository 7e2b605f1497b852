"""What synthetic trials are about: target conditions, and titles for train and test."""

from __future__ import annotations

TARGETS = (
    "t2dm",
    "hypertension",
    "hyperlipidaemia",
    "cad",
    "hf",
    "af",
    "ckd",
    "asthma",
    "copd",
    "depression",
    "osteoarthritis",
    "osteoporosis",
    "gerd",
    "migraine",
    "gout",
    "ra",
    "hypothyroidism",
    "osa",
    "anxiety",
    "nafld",
)
TITLES = (
    (
        "A randomized trial of {drug} in patients with {name}",
        "Efficacy and safety of {drug} for {name}",
        "{drug} versus placebo in adults with {name}",
    ),
    ("Phase 3 study of {drug} as treatment of {name}", "Does {drug} improve outcomes in {name}?"),
)
