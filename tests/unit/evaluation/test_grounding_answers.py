"""Sentences as models write them, held against sources: 204 of them, written by hand, and what the check may make of each.

Each row: its source, what it is, and the answer. True: borne out by the source, if in other words. Wrong: it says
otherwise. Absent: the source says nothing of it. Foreign: in another language than the source. None: no claim at all.
"""

from __future__ import annotations

from collections import Counter

import pytest

from osler.core.types import Passage
from osler.evaluation.grounding.checker import ClaimChecker

SOURCES = {
    "amox": "Adults with community-acquired pneumonia receive amoxicillin 500 mg every 8 hours for 5 days. In children older than 3 months the dose is 15 mg/kg every 8 hours, up to 500 mg per dose. Do not give amoxicillin to patients with a history of anaphylaxis to penicillin.",
    "apap": "Acetaminophen 325 to 650 mg may be taken every 4 to 6 hours as needed. The total dose should not exceed 4,000 mg in 24 hours, or 2,000 mg in patients who drink alcohol regularly. Acetaminophen is no longer recommended together with other products that contain it.",
    "levo": "Levothyroxine is started at 25 mcg once daily in older adults with heart disease. Take it in the morning on an empty stomach, 30 to 60 minutes before breakfast. Calcium and iron tablets should be taken at least 4 hours apart from levothyroxine.",
    "lab": "Serum potassium was 5.9 mmol/L (reference range 3.5-5.0 mmol/L). Sodium was 138 mmol/L (reference range 135-145 mmol/L). Creatinine rose from 1.1 mg/dL to 1.9 mg/dL within 48 hours. Hemoglobin was 9.8 g/dL.",
    "knee": "The patient underwent arthroscopy of the left knee on 3 March 2024. The right knee was normal on examination. Stitches are removed after 10 to 14 days. He should not drive until he can perform an emergency stop. Put no weight on the left leg for 2 weeks.",
    "warf": "Warfarin 5 mg is taken once daily in the evening. The target INR is 2.0 to 3.0. Patients should not take ibuprofen with warfarin unless their doctor has approved it. Bleeding occurs in about 2% of patients each year. If a dose is missed, do not double the next dose.",
    "preg": "Metformin may be continued during pregnancy. Lisinopril must be stopped as soon as pregnancy is detected, because ACE inhibitors can harm the fetus. Aspirin 81 mg daily lowers the risk of preeclampsia in women at high risk.",
    "stroke": "Alteplase 0.9 mg/kg is given within 4.5 hours of the onset of ischemic stroke; the maximum dose is 90 mg. It is contraindicated when the platelet count is below 100,000 per microliter. Blood pressure must be below 185/110 mmHg before treatment.",
    "asth": "For an acute asthma attack give albuterol 2.5 mg by nebulizer every 20 minutes for three doses. Ipratropium is not recommended as the only treatment. Antibiotics are not routinely needed. Oral prednisone 40 mg daily for 5 days shortens the attack.",
    "dm": "Type 2 diabetes is caused by insulin resistance and a relative lack of insulin. An HbA1c of 6.5% or higher confirms the diagnosis. About 10% of people with diabetes have type 1. Metformin does not usually cause hypoglycemia. Foot ulcers should be inspected daily.",
    "hf": "In heart failure start carvedilol at 3.125 mg twice daily and double the dose every 2 weeks as tolerated, to a target of 25 mg twice daily. Do not start a beta blocker during acute decompensation. Spironolactone is avoided when potassium exceeds 5.0 mmol/L or the eGFR is below 30 mL/min.",
    "epi": "For anaphylaxis inject epinephrine 0.3 mg into the outer thigh; children weighing less than 30 kg receive 0.15 mg. A second dose may be given after 5 to 15 minutes. Epinephrine must never be injected into a vein outside the hospital. Antihistamines do not relieve airway obstruction.",
    "gent": "Gentamicin 5 mg/kg is given intravenously once daily. Trough levels above 1 mcg/mL increase the risk of kidney injury. Hearing loss is usually permanent. Gentamicin is not absorbed by mouth.",
    "dc": "You were admitted on 12 January 2025 with a fracture of the right hip. You had an operation on 13 January 2025. Do not cross your legs for 6 weeks. You may shower after 48 hours, but not take a bath until the wound has healed. Your left shoulder pain was not treated during this stay.",
    "vax": "The vaccine is given as two doses, 0 and 6 months apart, to children aged 9 to 14 years. People with weakened immunity need three doses. It prevents about 90% of cervical cancers. The vaccine cannot cause the infection.",
    "gi": "Peptic ulcers are most often caused by Helicobacter pylori or by NSAIDs. Spicy food does not cause ulcers. Omeprazole 20 mg once daily before breakfast heals most duodenal ulcers within 4 weeks. Smoking slows healing.",
    "opi": "Naloxone 0.4 to 2 mg intravenously reverses opioid overdose within 2 minutes. The effect of naloxone lasts 30 to 90 minutes, so breathing must be watched after it wears off. Flumazenil does not reverse opioids.",
    "dig": "Digoxin 0.125 mg is taken once daily. Toxicity is more likely when potassium is low. Amiodarone doubles the level of digoxin, so the dose is halved. Digoxin does not lower mortality in heart failure. Serum levels are measured at least 6 hours after the last dose.",
    "asp": "Children and teenagers with chickenpox or influenza should not be given aspirin because of Reye syndrome. In adults with a suspected heart attack 325 mg of aspirin is chewed at once. Low-dose aspirin (75 to 100 mg daily) is continued for life after a coronary stent.",
    "ins": "Rapid-acting insulin is injected within 15 minutes before a meal. Opened vials are kept at room temperature for up to 28 days. Insulin must not be frozen. Rotate the injection site. For glucose below 70 mg/dL take 15 grams of sugar and measure again after 15 minutes.",
    "chest": "CT of the chest shows a 12 mm nodule in the right upper lobe. There is no pleural effusion. The left lung is clear. No enlarged lymph nodes are seen. Follow-up CT is advised in 3 months.",
    "preop": "Clear fluids may be drunk until 2 hours before anesthesia. Solid food is stopped 6 hours before. Metformin is withheld on the day of surgery. Beta blockers are continued. Warfarin is stopped 5 days before the operation and restarted 12 to 24 hours after it.",
    "hiv": "Post-exposure prophylaxis is started within 72 hours and taken for 28 days. It is not needed when the source has an undetectable viral load. Dolutegravir is taken without regard to food. The risk after a needlestick is about 0.3%.",
    "cel": "Celiac disease is caused by an immune reaction to gluten. Oats without contamination are usually tolerated. A gluten-free diet must be kept for life. Antibodies to tissue transglutaminase fall within 6 to 12 months of the diet.",
    "clo": "Clozapine is started at 12.5 mg once or twice daily. White blood cells are counted weekly for the first 18 weeks. Treatment is stopped if neutrophils fall below 1,000 per microliter. Smoking lowers the level of clozapine. Constipation must be treated early, as it can be fatal.",
    "mtx": "Methotrexate for rheumatoid arthritis is taken once a week, never daily. Folic acid 5 mg is taken on another day. Trimethoprim must not be combined with methotrexate. Women should not become pregnant during treatment and for 6 months after it.",
    "burn": "Cool the burn under running water for 20 minutes. Do not apply ice or butter. The left hand has second-degree burns of about 1% of the body surface; the right hand is unhurt. Tetanus vaccination is not needed, as the last was given in 2021.",
    "ckd": "The eGFR fell from 62 to 38 mL/min/1.73 m2 between March and June. Urine albumin is 450 mg/g. Blood pressure is to be kept below 130/80 mmHg. An SGLT2 inhibitor slows the decline of kidney function. NSAIDs are to be avoided.",
    "pump": "Morphine 2.5 mg is given subcutaneously every 4 hours when needed. Patients older than 70 years receive half the dose. Respiratory depression is treated with naloxone, not with flumazenil.",
}
FIRST = """
amox true Adults with community-acquired pneumonia should take amoxicillin 500 mg three times daily for 5 days.
amox wrong Adults with community-acquired pneumonia should take amoxicillin 500 mg every 6 hours for 5 days.
amox true For children older than 3 months, give 15 mg/kg every 8 hours (maximum 500 mg per dose).
amox wrong For children older than 3 months, give 15 mg every 8 hours.
amox wrong For children older than 3 months, give 50 mg/kg every 8 hours.
amox true Patients who have had anaphylaxis to penicillin must not be given amoxicillin.
amox wrong Amoxicillin may be given to patients with a history of anaphylaxis to penicillin.
amox wrong Amoxicillin can be given safely even when there is a history of anaphylaxis to penicillin.
amox wrong Adults with pneumonia receive amoxicillin 500 mg every 8 hours for 5 weeks.
apap true You may take 325-650 mg of acetaminophen every 4-6 hours as needed.
apap wrong You may take 325-650 mg of acetaminophen every 2-4 hours as needed.
apap true Do not take more than 4 g of acetaminophen in one day.
apap wrong The total dose should not exceed 4,000 mg in 24 hours even in patients who drink alcohol regularly.
apap wrong Acetaminophen is recommended together with other products that contain it.
apap true If you drink alcohol regularly, the total dose should not exceed 2,000 mg in 24 hours.
levo true Older adults with heart disease start levothyroxine at 25 micrograms (0.025 mg) once a day.
levo wrong Older adults with heart disease start levothyroxine at 25 mg once a day.
levo true Take levothyroxine 30-60 min before breakfast, on an empty stomach.
levo wrong Take levothyroxine 30 to 60 minutes after breakfast.
levo wrong Iron tablets can be taken at the same time as levothyroxine.
levo true Keep at least four hours between levothyroxine and calcium or iron tablets.
lab true The potassium was elevated at 5.9 mmol/L (normal 3.5-5.0).
lab wrong The serum potassium of 3.9 mmol/L was within the reference range.
lab true Serum sodium was 138 mEq/L.
lab wrong Creatinine rose from 1.9 mg/dL to 1.1 mg/dL within 48 hours.
lab true Creatinine increased from 1.1 to 1.9 mg/dL in two days.
lab true Hb was 9.8 g/dL.
lab wrong Hemoglobin was 9.8 mg/dL.
knee true You had keyhole surgery (arthroscopy) on your left knee on March 3, 2024.
knee wrong You had arthroscopy of the right knee on 3 March 2024.
knee wrong The patient underwent arthroscopy of the left knee on 3 May 2024.
knee wrong He may drive before he can perform an emergency stop.
knee true Do not drive until you can perform an emergency stop.
knee true Left knee: arthroscopy done; right knee: normal.
knee wrong - Put weight on the left leg for 2 weeks.
warf wrong Patients should take ibuprofen with warfarin.
warf true Ibuprofen should be avoided with warfarin unless a doctor has approved it.
warf true About 2 percent of patients have bleeding each year.
warf wrong Bleeding occurs in about 20% of patients each year.
warf true The INR should be kept between 2 and 3.
warf wrong The target INR is 3.0 to 4.0.
warf wrong If you miss a dose, double the next dose.
warf absent Warfarin 5 mg is taken once daily in the evening [w1]. The drug was discovered in 1920 in Wisconsin [w1].
preg true Stop lisinopril as soon as pregnancy is detected, since ACE inhibitors can harm the unborn baby.
preg wrong Lisinopril may be continued during pregnancy.
preg wrong Metformin must be stopped as soon as pregnancy is detected.
preg true Aspirin 81 mg daily may lower the risk of preeclampsia in high-risk women.
preg wrong Aspirin 81 mg daily raises the risk of preeclampsia in women at high risk.
stroke true tPA is given at 0.9 mg/kg, up to a maximum of 90 mg.
stroke wrong Alteplase 0.9 mg is given within 4.5 hours of the onset of ischemic stroke.
stroke wrong Alteplase is contraindicated when the platelet count is above 100,000 per microliter.
stroke wrong Alteplase can be used when the platelet count is below 100,000 per microliter.
stroke true Blood pressure must be below 185/110 mm Hg before alteplase is given.
asth wrong Ipratropium is recommended as the only treatment.
asth wrong Antibiotics are routinely needed.
asth true Give three doses of albuterol 2.5 mg by nebulizer, one every 20 minutes.
asth true Prednisone 40 mg once a day for five days makes the attack shorter.
dm true Insulin resistance together with a relative lack of insulin causes type 2 diabetes.
dm true Type 2 diabetes results from cells that respond poorly to insulin.
dm wrong An HbA1c below 6.5% confirms the diagnosis of diabetes.
dm wrong Metformin usually causes hypoglycemia.
dm true Roughly one in ten people with diabetes has type 1.
dm absent Semaglutide lowers weight by 15%.
warf none What should I do if I miss a dose?
warf none ## Taking your warfarin
warf none I don't know.
warf none I'm not certain; please ask your pharmacist.
warf foreign 华法林每天晚上服用5毫克。
warf foreign 华法林不能与布洛芬一起服用。
warf foreign La warfarina 5 mg se toma una vez al día por la noche.
amox foreign No administre amoxicilina a pacientes con anafilaxia a la penicilina.
amox foreign Los niños mayores de 3 meses reciben 15 mg/kg cada 8 horas.
"""
SECOND = """
hf true Carvedilol is begun at 3.125 mg BID, with the dose doubled every two weeks if tolerated.
hf wrong Carvedilol is begun at 31.25 mg BID, with the dose doubled every two weeks.
hf true The target dose of carvedilol in heart failure is 25 mg twice a day.
hf wrong The target dose of carvedilol is 25 mg once a day.
hf wrong Start a beta blocker during acute decompensation.
hf true A beta blocker should not be started while the patient is acutely decompensated.
hf true Spironolactone should be avoided if the eGFR is under 30 mL/min.
hf wrong Spironolactone can be used when the eGFR is below 30 mL/min.
hf wrong Bisoprolol is started at 3.125 mg twice daily in heart failure.
epi true Inject 0.3 mg of adrenaline (epinephrine) into the outer thigh.
epi wrong Inject 0.3 mg of epinephrine into the inner thigh.
epi true Children under 30 kg are given 0.15 mg.
epi wrong Children under 30 kg are given 1.5 mg of epinephrine.
epi true A second dose may be given after 5-15 min.
epi wrong Outside the hospital epinephrine may be injected into a vein.
epi wrong Antihistamines relieve airway obstruction.
epi true Antihistamines will not open a blocked airway.
gent true Give gentamicin 5 mg/kg IV every 24 hours.
gent wrong Give gentamicin 5 mg/kg IV every 8 hours.
gent wrong Troughs above 1 mg/mL raise the risk of kidney injury.
gent true A trough of more than 1 µg/mL increases the risk of renal injury.
gent wrong Hearing loss is usually temporary.
gent wrong Gentamicin is well absorbed by mouth.
dc true You broke your right hip and had an operation on January 13, 2025.
dc wrong You broke your left hip and had an operation on January 13, 2025.
dc wrong You were admitted with a fracture of the left hip.
dc wrong You can take a bath and shower after 48 hours.
dc true Avoid crossing your legs for six weeks.
dc wrong Your left shoulder pain was treated during this stay.
vax true Children aged 9-14 get 2 doses six months apart.
vax wrong Children aged 9-14 need three doses of the vaccine.
vax true The vaccine prevents roughly nine in ten cervical cancers.
vax wrong The vaccine can cause the infection.
gi true Most peptic ulcers are due to H. pylori or NSAIDs.
gi wrong Spicy food causes ulcers.
gi true Omeprazole 20 mg daily heals most duodenal ulcers in four weeks.
gi wrong Omeprazole 20 mg heals most duodenal ulcers within 4 days.
gi wrong Smoking speeds healing.
gi absent Bismuth turns the stool black.
opi true IV naloxone 0.4-2 mg reverses an opioid overdose within two minutes.
opi wrong Flumazenil reverses opioids.
opi wrong Naloxone lasts for 30 to 90 hours.
opi true Naloxone's effect wears off after 30-90 minutes, so keep watching the breathing.
opi foreign 纳洛酮可在2分钟内逆转阿片类药物过量。
opi foreign El flumazenil no revierte los opioides.
opi foreign La naloxona no debe administrarse nunca.
"""
THIRD = """
dig true Digoxin is dosed at 125 micrograms once a day.
dig wrong Digoxin is dosed at 125 mg once a day.
dig wrong Digoxin 1.25 mg is taken once daily.
dig wrong High potassium makes digoxin toxicity more likely.
dig true Low potassium makes digoxin toxicity more likely.
dig wrong When amiodarone is added, the dose of digoxin should be doubled.
dig wrong Digoxin lowers mortality in heart failure.
dig true Levels of digoxin should be drawn six or more hours after the last dose.
dig wrong Serum levels are measured within 6 hours after the last dose.
asp true Aspirin should not be given to children who have influenza or chickenpox.
asp wrong Aspirin may be given to children who have influenza.
asp wrong Give children with chickenpox aspirin.
asp true In a suspected heart attack, adults should chew 325 mg of aspirin immediately.
asp wrong Adults with a suspected heart attack chew 32.5 mg of aspirin.
asp wrong Low-dose aspirin can be stopped after a coronary stent.
asp true After a coronary stent, aspirin 75-100 mg a day is continued lifelong.
ins true Inject rapid-acting insulin up to 15 minutes before eating.
ins wrong Inject rapid-acting insulin within 15 minutes after a meal.
ins true Once opened, a vial keeps for 28 days at room temperature.
ins wrong Opened vials may be frozen.
ins wrong Opened vials are kept at room temperature for at least 28 days.
ins true If glucose is less than 70 mg/dL, take 15 g of sugar and check again in 15 minutes.
ins wrong For glucose above 70 mg/dL take 15 grams of sugar.
chest true There is a 1.2 cm nodule in the right upper lobe.
chest wrong There is a 12 cm nodule in the right upper lobe.
chest wrong The nodule lies in the right lower lobe.
chest wrong The CT shows a pleural effusion.
chest true No pleural effusion and no enlarged lymph nodes.
chest wrong The right lung is clear.
chest true Another CT is recommended in three months.
preop true You may drink clear fluids up to two hours before anesthesia.
preop wrong Solid food may be eaten until 2 hours before anesthesia.
preop wrong Metformin is continued on the day of surgery.
preop wrong Beta blockers are withheld.
preop true Stop warfarin five days before surgery and restart it 12-24 hours afterwards.
preop wrong Warfarin is stopped 5 days after the operation.
hiv true Start prophylaxis within 3 days of exposure and take it for 4 weeks.
hiv wrong Post-exposure prophylaxis is started within 72 days.
hiv wrong Prophylaxis is needed when the source has an undetectable viral load.
hiv true Dolutegravir can be taken with or without food.
hiv wrong Dolutegravir must be taken with food.
hiv wrong The risk after a needlestick is about 3%.
hiv true Roughly 3 in 1000 needlesticks transmit the virus.
cel true An immune reaction to gluten causes celiac disease.
cel wrong Uncontaminated oats are not tolerated by most people.
cel wrong The gluten-free diet may be stopped after a year.
cel absent Celiac disease raises the risk of lymphoma.
cel true Coeliac disease is triggered by gluten.
cel foreign La enfermedad celíaca es causada por una reacción al gluten.
cel foreign 乳糜泻由对麸质的免疫反应引起。
ins foreign La insulina no debe congelarse.
chest none Is the nodule malignant?
chest none Findings:
chest none I'm sorry, I cannot say.
"""
FOURTH = """
clo true Start clozapine at 12.5 mg once daily or twice daily.
clo wrong Start clozapine at 125 mg once or twice daily.
clo wrong White cells are counted monthly for the first 18 weeks.
clo wrong Smoking raises clozapine levels.
clo true Stop treatment if neutrophils drop under 1,000 per microliter.
clo wrong Treatment is continued if neutrophils fall below 1,000 per microliter.
clo wrong Constipation on clozapine is harmless.
mtx true Methotrexate is taken weekly for rheumatoid arthritis.
mtx wrong Methotrexate is taken daily for rheumatoid arthritis.
mtx true Take folic acid 5 mg on a different day.
mtx wrong Folic acid 5 mg is taken on the same day as methotrexate.
mtx wrong Trimethoprim can be combined with methotrexate.
mtx wrong Women may become pregnant during treatment.
mtx true Wait at least six months after methotrexate before becoming pregnant.
burn true Hold the burn under cool running water for 20 min.
burn wrong Apply ice to the burn.
burn wrong The right hand has second-degree burns.
burn wrong A tetanus shot is needed.
burn true The last tetanus vaccination was in 2021.
burn wrong Cool the burn under running water for 2 minutes.
ckd true The eGFR dropped from 62 to 38 between March and June.
ckd wrong The eGFR rose from 38 to 62 mL/min/1.73 m2 between March and June.
ckd wrong Blood pressure should be kept above 130/80 mmHg.
ckd wrong NSAIDs are recommended.
ckd wrong An SGLT2 inhibitor speeds the decline of kidney function.
ckd true Keep the blood pressure under 130/80.
pump true Give morphine 2.5 mg under the skin every four hours as needed.
pump wrong Give morphine 25 mg subcutaneously every 4 hours.
pump wrong Give morphine 2.5 mg intravenously every 4 hours when needed.
pump wrong Respiratory depression is treated with flumazenil.
pump wrong Patients younger than 70 years receive half the dose.
pump true Over the age of 70 the dose is halved.
"""
ROWS = [line.split(" ", 2) for line in "".join((FIRST, SECOND, THIRD, FOURTH)).splitlines() if line]


def verdicts(answer: str, *sources: str) -> list[str]:
    passages = [Passage(id="w1" if len(sources) == 1 else name, text=SOURCES[name]) for name in sources]
    return [item.verdict for item in ClaimChecker().report(answer, passages).findings]


def worst(found: list[str]) -> str:
    return next((name for name in ("contradicted", "unsupported", "supported") if name in found), "none")


@pytest.fixture(scope="module", params=["its own source", "all sources"])
def counts(request: pytest.FixtureRequest) -> Counter[tuple[str, str]]:
    """How many answers of each sort got each verdict, beside their own source alone or among all of them."""
    return Counter(
        (sort, worst(verdicts(answer, *((source,) if request.param == "its own source" else tuple(SOURCES)))))
        for source, sort, answer in ROWS
    )


def test_nothing_true_is_called_contradicted(counts: Counter[tuple[str, str]]) -> None:
    assert sum(counts[sort, "contradicted"] for sort in ("true", "absent", "foreign", "none")) == 0


def test_what_is_wrong_is_flagged(counts: Counter[tuple[str, str]]) -> None:
    assert sum(number for (sort, _), number in counts.items() if sort == "wrong") == 106
    assert counts["wrong", "supported"] <= 3
    assert counts["wrong", "contradicted"] >= 85


def test_what_no_source_says_is_never_supported(counts: Counter[tuple[str, str]]) -> None:
    assert counts["absent", "supported"] == counts["foreign", "supported"] == 0
    assert counts["none", "none"] == 7


def test_rewordings_are_supported_in_most_cases(counts: Counter[tuple[str, str]]) -> None:
    assert counts["true", "supported"] >= 50
