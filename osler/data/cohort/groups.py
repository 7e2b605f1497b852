"""Groups of conditions, and what a stated condition says about others."""

from __future__ import annotations

from typing import NamedTuple


class Group(NamedTuple):
    """A kind of disease that criteria and denials name: it is present when one of its members is."""

    code: str
    names: tuple[str, str]
    members: tuple[str, ...]


GROUPS: dict[str, Group] = {
    group.code: group
    for group in (
        Group("any_diabetes", ("diabetes mellitus of any type", "diabetes"), ("t1dm", "t2dm")),
        Group("any_heart", ("heart disease", "cardiac disease"), ("cad", "mi", "hf", "af")),
        Group("any_liver", ("chronic liver disease", "liver disease"), ("nafld", "hbv", "hcv", "cirrhosis")),
        Group(
            "any_cancer",
            ("malignancy", "cancer"),
            ("breast_cancer", "prostate_cancer", "colon_cancer", "lung_cancer"),
        ),
        Group(
            "any_psychiatric",
            ("psychiatric disorder", "mental illness"),
            ("depression", "anxiety", "bipolar", "schizophrenia"),
        ),
        Group("any_lung", ("chronic lung disease", "chronic airway disease"), ("asthma", "copd")),
        Group("any_ibd", ("inflammatory bowel disease", "IBD"), ("crohn", "uc")),
        Group("any_vte", ("venous thromboembolism", "venous thrombosis or embolism"), ("dvt", "pe")),
        Group("any_hepatitis", ("chronic viral hepatitis", "hepatitis B or C"), ("hbv", "hcv")),
    )
}

IMPLIED_BY: dict[str, tuple[str, ...]] = {
    "cad": ("mi",),
    "any_diabetes": ("neuropathy", "retinopathy"),
}
"""Stating one of these states the condition or group: an infarction says that there is coronary disease."""
RULED_OUT_BY: dict[str, tuple[str, ...]] = {
    "t1dm": ("t2dm",),
    "t2dm": ("t1dm",),
    "crohn": ("uc",),
    "uc": ("crohn",),
}
"""A patient with a stated type has not the other."""
