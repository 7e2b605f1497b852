"""The cohort: deterministic, plausible, honest spans, disjoint patients, a healthy mix of labels."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osler.core.block import block_id, from_spec, to_spec
from osler.core.errors import SpecError
from osler.core.types import Split
from osler.data.cohort import Cohort, generate, make_patient, make_trial
from osler.data.cohort.conditions import CONDITIONS
from osler.data.cohort.criteria import LABELS, WORDINGS
from osler.data.cohort.groups import GROUPS
from osler.data.cohort.measures import MEASURES
from osler.data.cohort.note import MONTHS
from osler.data.cohort.treatments import DRUGS, DRUGS_FOR
from osler.data.source import Source, dataset_hash

SPLITS: tuple[Split, ...] = ("train", "valid", "test")
SMALL = Cohort(patients=30, train_patients=30, valid_patients=10)


def test_a_cohort_is_a_source_and_a_block() -> None:
    assert isinstance(SMALL, Source)
    assert from_spec(to_spec(SMALL)) == SMALL
    assert block_id(SMALL) != block_id(Cohort())
    for bad in ({"patients": -1}, {"trials": 0}, {"criteria_per_patient": 0}):
        with pytest.raises(SpecError):
            Cohort(**bad)


def test_the_same_seed_gives_the_same_rows() -> None:
    assert dataset_hash(SMALL.examples("test")) == dataset_hash(SMALL.examples("test"))
    other = Cohort(patients=30, train_patients=30, valid_patients=10, seed=1)
    assert dataset_hash(SMALL.examples("test")) != dataset_hash(other.examples("test"))


def test_a_patient_does_not_depend_on_how_many_there_are() -> None:
    few, many = list(generate(3, seed=2)), list(generate(9, seed=2))
    assert few == many[:3]
    assert [patient.note for patient in few] == [patient.note for patient in many[:3]]
    assert make_patient(2, seed=2) == few[2]
    grown = Cohort(patients=31, train_patients=30, valid_patients=10).examples("test")
    assert grown[: len(SMALL.examples("test"))] == SMALL.examples("test")


def test_splits_share_neither_patients_nor_ids() -> None:
    rows = {split: SMALL.examples(split) for split in SPLITS}
    ids = [example.id for examples in rows.values() for example in examples]
    assert len(set(ids)) == len(ids)
    patients = {split: {str(example.meta["patient"]) for example in examples} for split, examples in rows.items()}
    assert not patients["train"] & patients["test"]
    names = {split: {(p.identity.name, p.identity.mrn) for p in SMALL.people(split)} for split in SPLITS}
    assert not names["train"] & names["test"]
    assert all(re.fullmatch(r"(train|valid|test)-p\d{4}/t\d{2}/[ie]\d", name) for name in ids)


def test_rows_hold_what_the_task_needs() -> None:
    for example in SMALL.examples("test"):
        kind = str(example.input["criterion_type"])
        assert example.choices == LABELS[kind]
        assert example.target in example.choices
        sentences = [sentence for sentence, _ in example.input["sentences"]]
        assert sentences == [str(number) for number in range(len(sentences))]
        assert set(example.meta["evidence"]) <= set(sentences)
        assert bool(example.meta["evidence"]) == (example.target != "not enough information")
        assert set(example.meta) == {
            "patient", "trial", "sex", "age_group", "ethnicity", "insurance", "criterion_type", "criterion_kind",
            "evidence",
        }  # fmt: skip


@pytest.mark.parametrize("seed", [0, 1])
def test_labels_are_mixed(seed: int) -> None:
    rows = Cohort(seed=seed).examples("test")
    assert len(rows) == 720
    shares = {label: count / len(rows) for label, count in Counter(example.target for example in rows).items()}
    assert set(shares) == {label for labels in LABELS.values() for label in labels}
    assert max(shares.values()) <= 0.45
    assert min(shares.values()) >= 0.05
    assert len({example.meta["criterion_kind"] for example in rows}) >= 15


def test_test_trials_say_it_in_other_words() -> None:
    for train, test in WORDINGS.values():
        assert train
        assert test
        assert not set(train) & set(test)
    said = {
        split: {c.text for i in range(12) for c in make_trial(i, 0, split).criteria.values() if c.kind != "surgery"}
        for split in ("train", "test")
    }
    assert len(said["train"] & said["test"]) <= 0.02 * len(said["test"])


@settings(max_examples=150, deadline=None)
@given(index=st.integers(0, 10_000), seed=st.integers(0, 50))
def test_spans_stand_where_they_say(index: int, seed: int) -> None:
    patient = make_patient(index, seed)
    note, who = patient.note, patient.identity
    assert note.text == "\n".join(sentence.text for sentence in note.sentences)
    end = 0
    for span in note.spans:
        assert note.text[span.start : span.end] == span.text
        assert span.start >= end
        end = span.end
        if span.type == "AGE":
            assert int(span.text) > 89
    covered = {place for span in note.spans for place in range(span.start, span.end)}
    secrets = [who.mrn, who.phone, who.email, who.street, who.zip, who.hospital, who.doctor, who.name]
    for secret in filter(None, secrets):
        for match in re.finditer(re.escape(secret), note.text):
            assert set(range(*match.span())) <= covered
    months = "|".join(MONTHS) + "|" + "|".join(month[:3] for month in MONTHS)
    dates = rf"\d{{4}}-\d\d-\d\d|\d\d/\d\d/\d{{4}}|(?:{months}) (?:\d+, )?\d{{4}}|\d+ (?:{months}) \d{{4}}"
    for match in re.finditer(dates, note.text):
        assert set(range(*match.span())) <= covered, match[0]


@settings(max_examples=150, deadline=None)
@given(index=st.integers(0, 10_000), seed=st.integers(0, 50))
def test_patients_are_plausible(index: int, seed: int) -> None:
    patient = make_patient(index, seed)
    held = {item.code for item in patient.diagnoses}
    before_birthday = (patient.visit.month, patient.visit.day) < (patient.birth.month, patient.birth.day)
    assert patient.age == patient.visit.year - patient.birth.year - before_birthday
    assert 18 <= patient.age <= 96
    assert all(CONDITIONS[code].sex in ("", patient.sex) for code in held)
    assert not {"t1dm", "t2dm"} <= held
    assert not held & {"retinopathy", "neuropathy"} or held & {"t1dm", "t2dm"}
    assert all(patient.birth < item.onset <= patient.visit for item in patient.diagnoses)
    assert all(
        item.reason in held and item.drug in {d.code for d in DRUGS_FOR[item.reason]} for item in patient.medications
    )
    assert not {item.drug for item in patient.medications} & {item.code for item in patient.allergies}
    for item in (*patient.labs, *patient.vitals):
        assert MEASURES[item.code].low <= item.value <= MEASURES[item.code].high
        assert item.date <= patient.visit
    newest = {item.code: item.value for item in patient.labs}
    assert (newest["egfr"] < 60) == ("ckd" in held)
    vitals = {item.code: item.value for item in patient.vitals}
    assert (vitals["bmi"] >= 30) == ("obesity" in held)
    assert patient.sex == "F" or not patient.women.pregnancy


def egfr_2021(creatinine: float, age: int, female: bool) -> float:
    kappa, alpha = (0.7, -0.241) if female else (0.9, -0.302)
    share = creatinine / kappa
    return 142 * min(share, 1) ** alpha * max(share, 1) ** -1.2 * 0.9938**age * (1.012 if female else 1)  # type: ignore[no-any-return]


def test_creatinine_and_egfr_agree() -> None:
    for patient in generate(200, seed=8):
        newest = {item.code: item.value for item in patient.labs}
        assert egfr_2021(newest["creatinine"], patient.age, patient.sex == "F") == pytest.approx(
            newest["egfr"], rel=0.06
        )


def test_prevalence_follows_age_and_cause() -> None:
    people = list(generate(3000, seed=1))

    def share(code: str, low: int, high: int) -> float:
        band = [p for p in people if low <= p.age < high]
        return sum(code in {d.code for d in p.diagnoses} for p in band) / len(band)

    assert share("hypertension", 65, 120) > 3 * share("hypertension", 18, 40)
    assert share("alzheimer", 18, 50) == 0
    diabetics = [p for p in people if any(d.code == "t2dm" for d in p.diagnoses)]
    assert sum(any(m.drug == "metformin" for m in p.medications) for p in diabetics) > 0.6 * len(diabetics)
    assert 0.02 < sum(p.age >= 90 for p in people) / len(people) < 0.07


def test_tables_refer_to_each_other() -> None:
    for condition in CONDITIONS.values():
        assert {code for code, _ in condition.boosts} | set(condition.needs) <= set(CONDITIONS)
    assert {code for group in GROUPS.values() for code in group.members} <= set(CONDITIONS)
    assert {code for drug in DRUGS.values() for code in drug.treats} <= set(CONDITIONS)
    codes = [condition.snomed for condition in CONDITIONS.values() if condition.snomed]
    assert len(set(codes)) == len(codes)
    assert len({measure.loinc for measure in MEASURES.values()}) == len(MEASURES)
    for measure in MEASURES.values():
        same = set(measure.cuts[0]) & set(measure.cuts[1])
        assert not same or measure.code == "ecog"
