"""For each score: a patient with every item normal, one with every item at its worst, and the published points.

The limits and weights here are typed from the papers, not taken from the code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from osler.tools.calculators.apache_ii import ApacheIi
from osler.tools.calculators.caprini_score import CapriniScore
from osler.tools.calculators.centor_score import CentorScore
from osler.tools.calculators.cha2ds2_vasc import Cha2ds2Vasc
from osler.tools.calculators.chads2 import Chads2
from osler.tools.calculators.charlson_comorbidity_index import CharlsonComorbidityIndex
from osler.tools.calculators.child_pugh import ChildPugh
from osler.tools.calculators.curb65 import Curb65
from osler.tools.calculators.fever_pain import FeverPain
from osler.tools.calculators.glasgow_blatchford import GlasgowBlatchford
from osler.tools.calculators.glasgow_coma_scale import GlasgowComaScale
from osler.tools.calculators.has_bled import HasBled
from osler.tools.calculators.heart_score import HeartScore
from osler.tools.calculators.news2 import News2
from osler.tools.calculators.padua_score import PaduaScore
from osler.tools.calculators.perc_rule import PercRule
from osler.tools.calculators.pneumonia_severity_index import PneumoniaSeverityIndex
from osler.tools.calculators.qsofa import Qsofa
from osler.tools.calculators.revised_cardiac_risk_index import RevisedCardiacRiskIndex
from osler.tools.calculators.score import Score
from osler.tools.calculators.sirs import Sirs
from osler.tools.calculators.sofa import Sofa
from osler.tools.calculators.wells_deep_vein_thrombosis import WellsDeepVeinThrombosis
from osler.tools.calculators.wells_pulmonary_embolism import WellsPulmonaryEmbolism


@dataclass(frozen=True, kw_only=True)
class Case:
    """``normal`` gives ``least``; ``worst`` over it, with every flag set but ``unset``, gives ``most``.

    ``flags``: what each flag alone adds to ``normal``.
    """

    score: Score
    normal: Mapping[str, Any] = field(default_factory=dict)
    least: float = 0
    worst: Mapping[str, Any] = field(default_factory=dict)
    most: float
    unset: tuple[str, ...] = ()
    flags: Mapping[str, float] = field(default_factory=dict)


def given(**values: Any) -> dict[str, Any]:
    return values


def ones(*names: str) -> dict[str, float]:
    return dict.fromkeys(names, 1.0)


CASES = (
    Case(
        score=Cha2ds2Vasc(),
        normal={"age": 64, "sex": "male"},
        worst={"age": 75, "sex": "female"},
        most=9,
        flags={
            **ones("heart_failure", "hypertension", "diabetes", "vascular_disease"),
            **given(stroke=2, transient_ischemic_attack=2, thromboembolism=2),
        },
    ),
    Case(
        score=Chads2(),
        normal={"age": 74},
        worst={"age": 75},
        most=6,
        flags={**ones("heart_failure", "hypertension", "diabetes"), "stroke_or_tia": 2},
    ),
    Case(
        score=WellsPulmonaryEmbolism(),
        normal={"heart_rate": 100},
        worst={"heart_rate": 101},
        most=12.5,
        flags={
            **given(signs_of_dvt=3, embolism_most_likely=3, immobilization=1.5, surgery=1.5),
            **given(previous_embolism=1.5, previous_dvt=1.5, hemoptysis=1, malignancy=1),
        },
    ),
    Case(
        score=WellsDeepVeinThrombosis(),
        most=9,
        unset=("alternative_as_likely",),
        flags={
            **ones(
                "active_cancer", "paralysis_or_plaster", "bedridden", "major_surgery", "tenderness", "pitting_edema"
            ),
            **ones("entire_leg_swollen", "calf_swelling", "collateral_veins", "previous_dvt"),
            "alternative_as_likely": -2,
        },
    ),
    Case(
        score=ChildPugh(),
        normal={"bilirubin": 1.9, "albumin": 3.6, "inr": 1.6},
        least=5,
        worst={"bilirubin": 3.1, "albumin": 2.7, "inr": 2.4, "ascites": "moderate", "encephalopathy": "grade 3-4"},
        most=15,
    ),
    Case(
        score=RevisedCardiacRiskIndex(),
        normal={"creatinine": 2.0},
        worst={"creatinine": 2.1},
        most=6,
        flags=ones(
            "high_risk_surgery", "ischemic_heart_disease", "heart_failure", "cerebrovascular_disease", "insulin"
        ),
    ),
    Case(
        score=HeartScore(),
        normal={"age": 44},
        worst={
            "age": 65,
            "history": "highly suspicious",
            "ecg": "significant ST deviation",
            "troponin": "greater than three times normal limit",
        },
        most=10,
        flags={
            **ones("hypercholesterolemia", "hypertension", "diabetes", "smoking", "family_history", "obesity"),
            **given(atherosclerotic_disease=2, transient_ischemic_attack=2),
        },
    ),
    Case(
        score=CentorScore(),
        normal={"age": 45, "temperature": 38.0},
        least=-1,
        worst={"age": 3, "temperature": 38.1},
        most=5,
        flags=ones("no_cough", "tender_nodes", "tonsils"),
    ),
    Case(
        score=FeverPain(),
        most=5,
        flags=ones("fever", "purulent_tonsils", "rapid_attendance", "inflamed_tonsils", "no_cough_or_coryza"),
    ),
    Case(
        score=GlasgowComaScale(),
        normal={"eye": "no eye opening", "verbal": "no verbal response", "motor": "no motor response"},
        least=3,
        worst={"eye": "eyes open spontaneously", "verbal": "oriented", "motor": "obeys commands"},
        most=15,
        flags={"not_testable_as_best": 0},
    ),
    Case(
        score=HasBled(),
        normal={"age": 65, "drinks_per_week": 7},
        worst={"age": 66, "drinks_per_week": 8},
        most=9,
        flags=ones("hypertension", "renal_disease", "liver_disease", "stroke", "bleeding", "labile_inr", "drugs"),
    ),
    Case(
        score=GlasgowBlatchford(),
        normal={"sex": "male", "urea_nitrogen": 18.1, "hemoglobin": 13.0, "systolic": 110, "heart_rate": 99},
        worst={"urea_nitrogen": 70, "hemoglobin": 9.9, "systolic": 89, "heart_rate": 100},
        most=23,
        flags={"melena": 1, "syncope": 2, "hepatic_disease": 2, "cardiac_failure": 2},
    ),
    Case(
        score=ApacheIi(),
        normal={
            **given(age=44, temperature=37, systolic=120, diastolic=80, heart_rate=80, respiratory_rate=16),
            **given(fio2=21, pao2=90, a_a_gradient=20, ph=7.4, sodium=140, potassium=4, creatinine=1),
            **given(hematocrit=40, leukocytes=8, glasgow_coma_score=15),
        },
        worst={
            **given(age=75, temperature=41, systolic=200, diastolic=140, heart_rate=180),
            **given(respiratory_rate=50, fio2=100, a_a_gradient=500, ph=7.1, sodium=180, potassium=7),
            **given(creatinine=3.5, hematocrit=60, leukocytes=40, glasgow_coma_score=3, surgery="emergency"),
        },
        most=71,
        flags={"acute_renal_failure": 0, "organ_failure": 5},
    ),
    Case(
        score=PneumoniaSeverityIndex(),
        normal={
            **given(age=60, sex="male", heart_rate=124, respiratory_rate=29, systolic=90),
            **given(temperature=39.9, ph=7.35, urea_nitrogen=29, sodium=130, glucose=249),
            **given(hematocrit=30, pao2=60),
        },
        least=60,
        worst={
            **given(heart_rate=125, respiratory_rate=30, systolic=89, temperature=40, ph=7.34),
            **given(urea_nitrogen=30, sodium=129, glucose=250, hematocrit=29, pao2=59),
        },
        most=60 + 10 + 30 + 20 + 10 + 10 + 10 + 20 + 20 + 20 + 15 + 10 + 30 + 20 + 20 + 10 + 10 + 10 + 10,
        flags={
            **given(nursing_home=10, neoplastic_disease=30, liver_disease=20, heart_failure=10),
            **given(cerebrovascular=10, renal_disease=10, altered_mental_status=20, pleural_effusion=10),
        },
    ),
    Case(
        score=CharlsonComorbidityIndex(),
        worst={
            **given(age=80, liver_disease="moderate to severe", diabetes="end-organ damage"),
            "solid_tumor": "metastatic",
        },
        most=37,
        flags={
            **ones("myocardial_infarction", "heart_failure", "peripheral_vascular_disease", "dementia", "peptic_ulcer"),
            **ones("stroke", "transient_ischemic_attack", "chronic_pulmonary_disease", "connective_tissue_disease"),
            **given(hemiplegia=2, renal_disease=2, leukemia=2, lymphoma=2, aids=6),
        },
    ),
    Case(
        score=CapriniScore(),
        normal={"age": 40, "bmi": 25},
        worst={
            **given(age=75, bmi=25.1, mobility="confined to bed >72 hours"),
            "surgery": "elective major lower extremity arthroplasty",
        },
        most=3 + 1 + 2 + 5 + 2 * 3 + 12 * 1 + 3 * 2 + 8 * 3 + 4 * 5,
        flags={
            **given(previous_dvt=3, previous_embolism=3, thrombosis_and_embolism_apart=0),
            **ones("major_surgery_last_month", "varicose_veins", "swollen_legs", "inflammatory_bowel_disease"),
            **ones("acute_myocardial_infarction", "heart_failure", "sepsis", "pneumonia", "chronic_pulmonary_disease"),
            **ones("hormones", "pregnancy", "pregnancy_loss"),
            **given(malignancy=2, plaster_cast=2, central_venous_access=2),
            **given(family_history=3, factor_v_leiden=3, prothrombin_20210a=3, homocysteine=3),
            **given(lupus_anticoagulant=3, anticardiolipin=3, heparin_thrombocytopenia=3),
            **given(other_thrombophilia=3, fracture=5, stroke=5, multiple_trauma=5, spinal_cord_injury=5),
        },
    ),
    Case(
        score=Sofa(),
        normal={
            **given(pao2=84, fio2=21, platelets=150, bilirubin=1.1, glasgow_coma_score=15),
            **given(creatinine=1.1, systolic=90, diastolic=60, urine_output=500),
        },
        worst={
            **given(pao2=49, fio2=50, platelets=19, bilirubin=12, glasgow_coma_score=5, creatinine=5),
            "norepinephrine": 0.11,
        },
        most=24,
        flags={"hypotension": 1, "ventilated": 0, "cpap": 0},
    ),
    Case(
        score=Curb65(),
        normal={"age": 64, "urea_nitrogen": 19, "respiratory_rate": 29, "systolic": 90, "diastolic": 61},
        worst={"age": 65, "urea_nitrogen": 20, "respiratory_rate": 30, "systolic": 89},
        most=5,
        flags=ones("confusion"),
    ),
    Case(
        score=PercRule(),
        normal={"age": 49, "heart_rate": 99, "oxygen_saturation": 95},
        worst={"age": 50, "heart_rate": 100, "oxygen_saturation": 94},
        most=8,
        flags=ones("leg_swelling", "hemoptysis", "surgery_or_trauma", "previous_embolism", "previous_dvt", "hormones"),
    ),
    Case(
        score=Sirs(),
        normal={"temperature": 37, "heart_rate": 90, "respiratory_rate": 20, "leukocytes": 12},
        worst={"temperature": 38.1, "heart_rate": 91, "respiratory_rate": 21, "leukocytes": 12.1},
        most=4,
    ),
    Case(
        score=News2(),
        normal={
            **given(respiratory_rate=16, oxygen_saturation=96, oxygen=False, systolic=120, heart_rate=70),
            **given(consciousness="alert", temperature=37.0),
        },
        worst={
            **given(respiratory_rate=25, oxygen_saturation=91, oxygen=True, systolic=90, heart_rate=131),
            **given(consciousness="voice", temperature=35.0),
        },
        most=20,
        unset=("scale_2",),
        flags={"oxygen": 2, "scale_2": 0},
    ),
    Case(
        score=Qsofa(),
        normal={"respiratory_rate": 21, "systolic": 101, "glasgow_coma_score": 15},
        worst={"respiratory_rate": 22, "systolic": 100, "glasgow_coma_score": 14},
        most=3,
    ),
    Case(
        score=PaduaScore(),
        normal={"age": 69, "bmi": 29.9},
        worst={"age": 70, "bmi": 30},
        most=20,
        flags={
            **given(active_cancer=3, previous_thromboembolism=3, reduced_mobility=3, thrombophilia=3),
            "trauma_or_surgery": 2,
            **ones(
                "heart_or_respiratory_failure", "infarction_or_stroke", "infection_or_rheumatic_disease", "hormones"
            ),
        },
    ),
)
