"""Synthetic trials: a target condition and criteria drawn from the typed templates."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from random import Random
from typing import NamedTuple

from osler.data.cohort.conditions import ALL, CONDITIONS
from osler.data.cohort.criteria import WORDINGS, Criterion
from osler.data.cohort.groups import GROUPS
from osler.data.cohort.history import FAMILY_DISEASES
from osler.data.cohort.measures import MEASURES
from osler.data.cohort.targets import TARGETS, TITLES
from osler.data.cohort.treatments import ALLERGENS, CLASSES, DRUGS, OPERATIONS

INCLUSION, EXCLUSION = 10, 10
"""Criteria of each type in a trial, at most."""
_LOW_IS_BAD = frozenset(
    ["egfr", "haemoglobin", "platelets", "wbc", "albumin", "sodium", "potassium", "lvef", "spo2", "weight", "height"]
)


class Trial(NamedTuple):
    """``criteria`` by their ids: i0, i1, ... of inclusion and e0, e1, ... of exclusion."""

    id: str
    title: str
    target: str
    criteria: dict[str, Criterion]


def make_trial(index: int, seed: int = 0, split: str = "train") -> Trial:
    """Trial ``index`` of a split. Test trials use other wordings and thresholds than those of train and valid."""
    key = int.from_bytes(hashlib.blake2b(f"{seed}/trial/{split}/{index}".encode(), digest_size=8).digest())
    maker = _Maker(Random(key), 1 if split == "test" else 0)
    target = TARGETS[(index * 7 + key % 3) % len(TARGETS)]
    drug = f"{chr(65 + key % 26)}{chr(65 + key // 26 % 26)}-{100 + key // 676 % 900}"
    title = maker.one(TITLES[maker.side]).format(drug=drug, name=CONDITIONS[target].names[0])
    criteria: dict[str, Criterion] = {}
    for letter, kind, number in (("i", "inclusion", INCLUSION), ("e", "exclusion", EXCLUSION)):
        for place, criterion in enumerate(maker.several(kind, target, number)):
            criteria[f"{letter}{place}"] = criterion
    return Trial(f"t{index:02d}", title, target, criteria)


class _Maker:
    """Draws criteria of one trial."""

    def __init__(self, rng: Random, side: int) -> None:
        self.rng = rng
        self.side = side

    def one(self, options: tuple[str, ...]) -> str:
        return options[int(self.rng.random() * len(options))]

    def several(self, kind: str, target: str, number: int) -> list[Criterion]:
        """The target condition or an age first, then a draw without two criteria about the same thing."""
        first = self.condition("inclusion", target) if kind == "inclusion" else self.condition("exclusion")
        out = {(first.kind, first.code): first}
        recipes, weights = zip(*_RECIPES[kind], strict=True)
        for _ in range(8 * number):
            if len(out) == number:
                break
            made = self.rng.choices(recipes, weights)[0](self, kind)
            out.setdefault((made.kind, made.code), made)
        return list(out.values())

    def word(self, key: str, kind: str, **values: object) -> str:
        text = self.one(WORDINGS[key, kind][self.side]).format(**values)
        return text if text[1:2].isupper() else text[:1].upper() + text[1:]

    def name(self, code: str) -> str:
        return (GROUPS[code].names if code in GROUPS else CONDITIONS[code].names)[self.side]

    def some_condition(self) -> str:
        """A condition or group, common ones more often."""
        if self.rng.random() < 0.3:
            return self.one(tuple(GROUPS))
        open_to_all = [item for item in ALL if item.recalled and not item.sex]
        return self.rng.choices(open_to_all, [0.02 + sum(item.share) for item in open_to_all])[0].code

    def condition(self, kind: str, code: str = "") -> Criterion:
        code = code or self.some_condition()
        return Criterion("condition", kind, self.word("condition", kind, name=self.name(code)), code)

    def without(self, kind: str) -> Criterion:
        part = self.condition("exclusion")
        return Criterion(
            "without", kind, self.word("without", kind, name=self.name(part.code)), part.code, parts=(part,)
        )

    def duration(self, kind: str) -> Criterion:
        code = self.one(TARGETS)
        years = self.rng.choice(((2, 5, 10), (3, 4, 8))[self.side])
        text = self.word("duration", kind, name=self.name(code), low=years)
        return Criterion("duration", kind, text, code, low=years)

    def age(self, kind: str) -> Criterion:
        low = self.rng.choice(((18, 40, 50, 65), (21, 30, 45, 60))[self.side])
        high = self.rng.choice(((65, 70, 75, 80), (68, 72, 78, 85))[self.side])
        if kind == "exclusion":
            op = "outside" if self.rng.random() < 0.5 else "gt"
            low = high if op == "gt" else low
        else:
            op = "between" if self.rng.random() < 0.7 else "ge"
        return Criterion(
            "age", kind, self.word(f"age/{op}", kind, low=low, high=max(low, high)), "", op, low, max(low, high)
        )

    def sex(self, kind: str) -> Criterion:
        code = self.rng.choice(("F", "M", "M", ""))
        who = {"F": ("Women", "female"), "M": ("Men", "male"), "": ("Men and women", "male or female")}[code][self.side]
        return Criterion("sex", kind, self.word("sex", kind, who=who), code)

    def measure(self, kind: str, code: str = "") -> Criterion:
        usual = (
            "hba1c",
            "creatinine",
            "egfr",
            "haemoglobin",
            "platelets",
            "alt",
            "potassium",
            "ldl",
            "bmi",
            "sbp",
            "dbp",
        )
        code = code or (self.one(usual) if self.rng.random() < 0.7 else self.one(tuple(MEASURES)))
        measure = MEASURES[code]
        cuts = measure.cuts[self.side]
        low, high = self.rng.choice(cuts), max(cuts)
        bad = "low" if code in _LOW_IS_BAD else "high"
        if self.rng.random() < 0.75:  # trials keep the sick out; some enrich for them
            op = {"low": ("ge", "lt"), "high": ("le", "gt")}[bad][kind == "exclusion"]
        else:
            op = self.rng.choice(("ge", "le", "between") if kind == "inclusion" else ("gt", "lt"))
        if op == "between" and low == high:
            op = "ge"
        unit = measure.unit if measure.unit == "%" else f" {measure.unit}" if measure.unit else ""
        text = self.word(
            f"measure/{op}",
            kind,
            name=measure.names[min(self.side, len(measure.names) - 1)],
            low=f"{low:g}",
            high=f"{high:g}",
            unit=unit,
        )
        return Criterion("measure", kind, text, code, op, low, high)

    def medication(self, kind: str) -> Criterion:
        if self.rng.random() < 0.6:
            code = self.one(tuple(CLASSES))
            name = CLASSES[code][self.side]
        else:
            code = name = self.one(tuple(DRUGS))
        return Criterion("medication", kind, self.word("medication", kind, name=name), code)

    def dose(self, kind: str) -> Criterion:
        code = self.one(
            ("metformin", "lisinopril", "amlodipine", "metoprolol", "atorvastatin", "levothyroxine", "furosemide")
        )
        drug = DRUGS[code]
        low = self.rng.choice(drug.doses[1:]) * max(drug.times)
        op = "ge" if kind == "inclusion" else "gt"
        if kind == "exclusion":
            low = drug.doses[self.side] * max(drug.times)
        text = self.word(f"dose/{op}", kind, name=code, low=f"{low:g}", unit=drug.unit)
        return Criterion("dose", kind, text, code, op, low)

    def plain(self, name: str, kind: str) -> Criterion:
        return Criterion(name, kind, self.word(name, kind), "English" if name == "language" else "")

    def smoking(self, kind: str) -> Criterion:
        code = "current" if kind == "exclusion" else self.rng.choice(("ever", "packs"))
        low = self.rng.choice(((10, 20), (15, 30))[self.side])
        return Criterion("smoking", kind, self.word(f"smoking/{code}", kind, low=low), code, "ge", low)

    def drinks(self, kind: str) -> Criterion:
        low = self.rng.choice(((7, 14), (5, 10))[self.side])
        return Criterion("drinks", kind, self.word("drinks", kind, low=low), "", "gt", low)

    def allergy(self, kind: str) -> Criterion:
        code = self.one(tuple(ALLERGENS))
        return Criterion("allergy", kind, self.word("allergy", kind, name=ALLERGENS[code][self.side]), code)

    def surgery(self, kind: str) -> Criterion:
        if self.rng.random() < 0.4:
            code = self.one(tuple(OPERATIONS))
            return Criterion(
                "surgery", kind, self.word("surgery/named", kind, name=OPERATIONS[code].names[self.side]), code
            )
        months = self.rng.choice((3, 6, 12))
        return Criterion("surgery", kind, self.word("surgery", kind, low=months), low=months)

    def admission(self, kind: str) -> Criterion:
        months = self.rng.choice((3, 6, 12))
        return Criterion("admission", kind, self.word("admission", kind, low=months), low=months)

    def family(self, kind: str) -> Criterion:
        code = self.one(tuple(FAMILY_DISEASES))
        return Criterion("family", kind, self.word("family", kind, name=FAMILY_DISEASES[code][self.side]), code)

    def conditional(self, kind: str) -> Criterion:
        """About patients with a condition, or about men."""
        if kind == "inclusion" and self.rng.random() < 0.4:
            part = self.measure(kind, self.rng.choice(("psa", "haemoglobin")))
            first = Criterion("sex", kind, "", "M")
            text = self.word("conditional/men", kind, part=_lower(part.text))
            return Criterion("conditional", kind, text, f"men {part.code}", parts=(first, part))
        code, measured = self.rng.choice(
            (("any_diabetes", "hba1c"), ("hypertension", "sbp"), ("any_liver", "alt"), ("ckd", "egfr"), ("hf", "lvef"))
        )
        part = self.measure(kind, measured)
        text = self.word("conditional", kind, name=self.name(code), part=_lower(part.text))
        return Criterion("conditional", kind, text, code, parts=(Criterion("condition", kind, "", code), part))

    def combined(self, kind: str) -> Criterion:
        joint = "both" if self.rng.random() < 0.4 else "either"
        a, b = self.some_condition(), self.some_condition()
        while a == b or a in GROUPS or b in GROUPS:
            a, b = self.some_condition(), self.some_condition()
        text = self.word(joint, kind, a=self.name(a), b=self.name(b))
        parts = tuple(Criterion("condition", kind, "", code) for code in (a, b))
        return Criterion(joint, kind, text, f"{a} {b}", parts=parts)


def _lower(text: str) -> str:
    """The text inside a sentence; acronyms keep their capitals."""
    return text if text[1:2].isupper() or text[1:3] == "bA" else text[:1].lower() + text[1:]


def _plain(name: str) -> Callable[[_Maker, str], Criterion]:
    return lambda maker, kind: maker.plain(name, kind)


_RECIPES: dict[str, tuple[tuple[Callable[[_Maker, str], Criterion], float], ...]] = {
    "inclusion": (
        (_Maker.age, 3),
        (_Maker.sex, 2),
        (_Maker.condition, 3),
        (_Maker.without, 2),
        (_Maker.duration, 1.5),
        (_Maker.measure, 4),
        (_Maker.medication, 2.5),
        (_Maker.dose, 1),
        (_plain("menopause"), 0.8),
        (_plain("contraception"), 1),
        (_Maker.smoking, 1),
        (_Maker.family, 0.8),
        (_plain("consent"), 1.5),
        (_plain("language"), 0.8),
        (_Maker.conditional, 2),
        (_Maker.combined, 1.5),
    ),
    "exclusion": (
        (_Maker.age, 1.5),
        (_Maker.condition, 5),
        (_Maker.duration, 1),
        (_Maker.measure, 3.5),
        (_Maker.medication, 2.5),
        (_Maker.dose, 0.8),
        (_plain("pregnancy"), 2.5),
        (_Maker.smoking, 1),
        (_Maker.drinks, 0.8),
        (_Maker.allergy, 1.5),
        (_Maker.surgery, 2),
        (_Maker.admission, 1),
        (_Maker.conditional, 1.5),
        (_Maker.combined, 1.5),
    ),
}
