"""One spelling for what texts write in several: names of drugs, abbreviations, British spelling, "one in ten"."""

from __future__ import annotations

import functools
import re

# Other names of the same drug (INN, USAN, BAN and a few trade names that patients use), and abbreviations that mean one thing.
_NAMES = {
    "adrenaline": "epinephrine", "noradrenaline": "norepinephrine", "paracetamol": "acetaminophen", "tylenol": "acetaminophen",
    "salbutamol": "albuterol", "ventolin": "albuterol", "frusemide": "furosemide", "lasix": "furosemide", "lignocaine": "lidocaine",
    "rifampicin": "rifampin", "pethidine": "meperidine", "glibenclamide": "glyburide", "ciclosporin": "cyclosporine",
    "aciclovir": "acyclovir", "suxamethonium": "succinylcholine", "glyceryl trinitrate": "nitroglycerin", "isoprenaline": "isoproterenol",
    "phenobarbitone": "phenobarbital", "cefalexin": "cephalexin", "colecalciferol": "cholecalciferol", "beclometasone": "beclomethasone",
    "advil": "ibuprofen", "motrin": "ibuprofen", "coumadin": "warfarin", "glucophage": "metformin", "lipitor": "atorvastatin",
    "zocor": "simvastatin", "zestril": "lisinopril", "synthroid": "levothyroxine", "narcan": "naloxone", "epipen": "epinephrine",
    "benadryl": "diphenhydramine", "valium": "diazepam", "xanax": "alprazolam", "prozac": "fluoxetine", "zoloft": "sertraline",
    "tpa": "alteplase", "acetylsalicylic acid": "aspirin", "hb": "hemoglobin", "hgb": "hemoglobin", "wbc": "white blood cells",
    "nsaid": "nonsteroidal anti-inflammatory drug", "nsaids": "nonsteroidal anti-inflammatory drugs", "iv": "intravenous",
    "intravenously": "intravenous", "im": "intramuscular", "intramuscularly": "intramuscular", "dvt": "deep vein thrombosis",
    "afib": "atrial fibrillation", "ckd": "chronic kidney disease", "egfr": "glomerular filtration rate",
    "gfr": "glomerular filtration rate", "h. pylori": "helicobacter pylori", "unborn baby": "fetus", "unborn child": "fetus",
    "at the same time": "together", "hours apart": "hours separately", "spaced apart": "separately", "mm hg": "mmHg",
}  # fmt: skip
# Short ones that are words, too, or symbols: they count in capitals alone.
_CAPITALS = frozenset(("iv", "im"))
_COUNTED = re.compile(r"\b(?:stages?|grades?|nerves?|types?|class|phase|factor|CN|NYHA|level) $", re.IGNORECASE)
_NAMED = re.compile(rf"\b(?:{'|'.join(sorted(map(re.escape, _NAMES), key=len, reverse=True))})\b", re.IGNORECASE)
_BRITISH = tuple(
    (re.compile(old, re.IGNORECASE), new)
    for old, new in (
        (r"aemi(?=[ac])", "emi"), (r"\bhaem", "hem"), (r"oedema", "edema"), (r"\boes(?=ophag|trogen)", "es"), (r"rrhoea", "rrhea"),
        (r"\bfoet", "fet"), (r"\bpaediatr", "pediatr"), (r"tumour", "tumor"), (r"\banaesth", "anesth"), (r"ischaem", "ischem"),
        (r"orthopaed", "orthoped"), (r"gynaec", "gynec"),
    )
)  # fmt: skip
_ONES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_DIGITS = {
    name: number
    for number, name in enumerate(_ONES)
} | {"twenty": 20, "hundred": 100}  # fmt: skip
_COUNT = rf"\d{{1,3}}|{'|'.join(_DIGITS)}"
_SHARE = re.compile(
    rf"\b(?P<n>{_COUNT}) (?:in|out of) (?:every |a )?(?P<of>{_COUNT})(?=\s+(?!days|weeks|hours|months|years|doses|tablets|minutes|milli)"
    r"(?:[a-z]+ )?(?:people|children|women|men|[a-z]{4,}s)\b)",
    re.IGNORECASE,
)
_ION = re.compile(r"\b(?:sodium|potassium|chloride|bicarbonate|lithium)\b", re.IGNORECASE)
_TWICE_CHARGED = re.compile(r"\b(?:calcium|magnesium|phosph\w+|sulfate)\b", re.IGNORECASE)


@functools.lru_cache(maxsize=8192)
def plain(text: str) -> str:
    """``text`` with one spelling for each of these. For comparing only: places and case may move."""
    out = _NAMED.sub(_name, text)
    for pattern, new in _BRITISH:
        out = pattern.sub(new, out)
    out = _SHARE.sub(_percent, out)
    if _ION.search(out) and not _TWICE_CHARGED.search(out):  # one charge: 138 mEq/L is 138 mmol/L
        out = re.sub(r"\bmEq\b", "mmol", out)
    return out


def _name(match: re.Match[str]) -> str:
    said = match[0].casefold()
    if said in _CAPITALS and (not match[0].isupper() or _COUNTED.search(match.string[: match.start()])):
        return match[0]
    return _NAMES[said]


def _percent(match: re.Match[str]) -> str:
    held = [int(one) if one.isdigit() else _DIGITS[one.casefold()] for one in (match["n"], match["of"])]
    return f"{100 * held[0] / held[1]:g}% of" if held[1] and held[0] <= held[1] else match[0]
