"""Sections of a note about the past and the person: operations, drugs, allergies, habits, admissions, consent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osler.data.cohort.history import FAMILY_DISEASES, months_between
from osler.data.cohort.note import MONTHS, Fact, Writer, shown_date
from osler.data.cohort.treatments import ALLERGENS, AS_NEEDED, CLASSES, DRUGS, MEMBERS, OPERATIONS, WEEKLY

if TYPE_CHECKING:
    from osler.data.cohort.patient import Medication, Patient


def course(patient: Patient, writer: Writer) -> None:
    told = [item for item in patient.admissions if writer.draw() < 0.8]
    for item in told:
        months = months_between(item.date, patient.visit)
        values = {
            "day": shown_date(item.date, patient.key % 4),
            "reason": item.reason,
            "n": str(item.days),
            "ago": f"{months} month{'s' if months > 1 else ''} ago",
        }
        writer.say(
            (
                "On {day:DATE} the patient was admitted with {reason} and went home after {n} days.",
                "Hospitalized {ago} for {reason}.",
                "Inpatient stay from {day:DATE} for {reason}.",
            ),
            values,
            Fact("admission", value=months),
        )
    year_free = all(months_between(item.date, patient.visit) > 12 for item in patient.admissions)
    if year_free and writer.draw() < 0.5:
        writer.say(
            (
                "No hospital admissions in the past year.",
                "Has not been hospitalized during the last 12 months.",
                "No inpatient stays over the past 12 months.",
            ),
            {},
            Fact("closed", "admission"),
        )


def surgeries(patient: Patient, writer: Writer) -> None:
    closed = writer.draw() < 0.45
    told = [item for item in patient.surgeries if closed or writer.draw() < 0.8]
    for item in told:
        months = months_between(item.date, patient.visit)
        values = {
            "name": writer.one(OPERATIONS[item.code].names),
            "day": shown_date(item.date, patient.key % 4),
            "month": f"{MONTHS[item.date.month - 1]} {item.date.year}",
            "ago": f"{months} month{'s' if months > 1 else ''} ago",
        }
        writer.say(
            (
                "Underwent {name} on {day:DATE}.",
                "S/p {name} in {month:DATE}.",
                "Surgical history: {name} ({month:DATE}).",
                "{name} was performed {ago}.",
            ),
            values,
            Fact("surgery", item.code, value=months),
        )
    if closed:
        options = (
            ("No other surgeries.", "No further operations were reported.")
            if told
            else ("No prior surgeries.", "PSH: none.", "The patient has never been operated on.")
        )
        writer.say(options, {}, Fact("closed", "surgery"))


def medications(patient: Patient, writer: Writer) -> None:
    closed = writer.draw() < 0.45
    told = [item for item in patient.medications if closed or writer.draw() < 0.85]
    left = list(told)
    while left:
        size = 1 + int(writer.draw() * 3)
        part, left = left[:size], left[size:]
        shown = [_taken(item, writer) for item in part]
        writer.say(
            (
                "Takes {list}.",
                "Current medications: {list}.",
                "Meds include {list}.",
                "On {list}.",
                "Treated with {list}.",
            ),
            {"list": ", ".join(text for text, _ in shown)},
            *(fact for _, fact in shown),
        )
    if closed:
        options = (
            ("No other medications.", "The medication list is otherwise empty.", "Takes nothing else.")
            if told
            else ("Takes no medications.", "Medications: none.", "Not on any regular drugs.")
        )
        writer.say(options, {}, Fact("closed", "medication"))
    elif writer.draw() < 0.6:
        taken = {item.drug for item in patient.medications}
        free = [name for name, members in MEMBERS.items() if taken.isdisjoint(members)]
        name = free[int(writer.draw() * len(free))]
        writer.say(
            ("Not taking any {name}.", "Denies use of {name}.", "No {name} at present."),
            {"name": writer.one(CLASSES[name])},
            *(Fact("medication", drug, False) for drug in MEMBERS[name]),
        )


_TIMES = {
    1: ("daily", "once daily", "qd", "every morning"),
    2: ("BID", "twice daily", "two times a day"),
    3: ("TID", "three times daily"),
    AS_NEEDED: ("as needed", "prn"),
    WEEKLY: ("once weekly", "weekly"),
}


def _taken(item: Medication, writer: Writer) -> tuple[str, Fact]:
    """Wording of one drug; the dose a day is stated for those taken daily whose dose is written."""
    brand = DRUGS[item.drug].brand
    name = f"{item.drug} ({brand})" if brand and writer.draw() < 0.2 else item.drug
    if writer.draw() < 0.25:
        return name, Fact("medication", item.drug)
    text = f"{name} {item.dose:g} {item.unit} {writer.one(_TIMES[item.times])}"
    return text, Fact("medication", item.drug, value=item.daily or 0.0)


def allergies(patient: Patient, writer: Writer) -> None:
    if not patient.allergies:
        if writer.draw() < 0.7:
            writer.say(
                ("NKDA; no other known allergies.", "No known allergies.", "Allergies: none known."),
                {},
                Fact("closed", "allergy"),
            )
        return
    if writer.draw() < 0.12:
        return
    texts = [f"{ALLERGENS[item.code][0]} ({item.reaction})" for item in patient.allergies]
    facts = [Fact("allergy", item.code) for item in patient.allergies]
    writer.say(
        ("Allergies: {list}.", "Allergic to {list}.", "Reports a reaction to {list}."),
        {"list": " and ".join(texts)},
        *facts,
    )
    if writer.draw() < 0.5:
        writer.say(("No other known allergies.", "Otherwise no allergies."), {}, Fact("closed", "allergy"))


def family(patient: Patient, writer: Writer) -> None:
    told = [item for item in patient.family if writer.draw() < 0.8]
    for relative, code in told:
        values = {"relative": relative, "disease": writer.one(FAMILY_DISEASES[code])}
        writer.say(
            (
                "Family history: {disease} in the {relative}.",
                "The {relative} had {disease}.",
                "FH positive for {disease} ({relative}).",
            ),
            values,
            Fact("family", code),
        )
    if len(told) == len(patient.family) and writer.draw() < 0.4:
        options = (
            ("Family history is otherwise negative.", "No other diseases run in the family.")
            if told
            else ("Family history is noncontributory and negative for major disease.", "FH: negative.")
        )
        writer.say(options, {}, Fact("closed", "family"))


def smoking(patient: Patient, writer: Writer) -> None:
    status, packs, quit_year = patient.smoking
    values = {"packs": str(packs), "quit": str(quit_year)}
    if writer.draw() < 0.82:
        if status == "never":
            options: tuple[str, ...] = (
                "Never smoker.",
                "Has never smoked.",
                "Lifetime non-smoker.",
                "Denies any tobacco use ever.",
            )
            writer.say(options, values, Fact("smoking", "never"))
        elif writer.draw() < 0.6:
            options = (
                (
                    "Current smoker, {packs} pack-years.",
                    "Smokes cigarettes daily ({packs} pack-years).",
                    "Active tobacco use with a {packs} pack-year history.",
                )
                if status == "current"
                else (
                    "Former smoker, quit in {quit} ({packs} pack-years).",
                    "Ex-smoker with {packs} pack-years, stopped in {quit}.",
                )
            )
            writer.say(options, values, Fact("smoking", status, value=packs))
        else:
            options = (
                ("Still smokes.", "Currently smokes cigarettes.", "Active smoker.")
                if status == "current"
                else ("Quit smoking in {quit}.", "Former smoker.", "Gave up cigarettes.")
            )
            writer.say(options, values, Fact("smoking", status))
    if writer.draw() < 0.5:
        options = (
            ("Drinks about {n} alcoholic drinks a week.", "Alcohol: {n} drinks/week.")
            if patient.drinks
            else ("Does not drink alcohol.", "No alcohol use.")
        )
        writer.say(options, {"n": str(patient.drinks)}, Fact("drinks", value=patient.drinks))


def women(patient: Patient, writer: Writer) -> None:
    state, draw = patient.women, writer.draw
    if state.pregnancy in ("pregnant", "breastfeeding"):
        if draw() < 0.85:
            options = _EXPECTING if state.pregnancy == "pregnant" else _NURSING
            writer.say(options, {"n": str(state.weeks)}, Fact("pregnancy", state.pregnancy))
        return
    if state.postmenopausal:
        if draw() < 0.5:
            writer.say(_PAST_MENOPAUSE, {}, Fact("menopause"))
        return
    if state.pregnancy and draw() < 0.45:
        writer.say(_NOT_PREGNANT, {}, Fact("pregnancy", "no"))
    if state.pregnancy and draw() < 0.3:
        writer.say(_BEFORE_MENOPAUSE, {}, Fact("menopause", present=False))
    if state.contraception and draw() < 0.6:
        used = state.contraception != "none"
        options = _CONTRACEPTION if used else _NO_CONTRACEPTION
        writer.say(options, {"method": state.contraception}, Fact("contraception", present=used))


_EXPECTING = (
    "Currently pregnant at {n} weeks.",
    "Intrauterine pregnancy, {n} weeks of gestation.",
    "G2P1 at {n} weeks.",
)
_NURSING = ("Is breastfeeding an infant.", "Currently nursing a 4-month-old baby.")
_PAST_MENOPAUSE = (
    "Postmenopausal.",
    "Menopause several years ago.",
    "Went through menopause without bleeding since.",
)
_NOT_PREGNANT = ("Urine pregnancy test negative; not breastfeeding.", "Not pregnant and not nursing.")
_BEFORE_MENOPAUSE = ("Menstrual periods are regular.", "LMP two weeks ago, cycles regular.")
_CONTRACEPTION = ("Uses {method} for contraception.", "Contraception: {method}.")
_NO_CONTRACEPTION = ("Uses no contraception.", "Does not use birth control.")


def consent(patient: Patient, writer: Writer) -> None:
    language = patient.identity.language
    if writer.draw() < 0.5:
        writer.say(
            ("Speaks fluent English.", "Preferred language: English.")
            if language == "English"
            else (
                "Preferred language is {l}; an interpreter was needed as English is not spoken.",
                "Speaks {l} but no English, interpreter present.",
            ),
            {"l": language},
            Fact("language", language),
        )
    if writer.draw() < 0.5:
        writer.say(
            (
                "The patient will provide informed consent and comply with the trial protocol.",
                "Is willing to take part in research and able to consent.",
            )
            if patient.consents
            else ("Declines to take part in any research study.", "Does not wish to sign a study consent form."),
            {},
            Fact("consent", present=patient.consents),
        )
