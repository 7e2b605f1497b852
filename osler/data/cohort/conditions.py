"""Conditions of the synthetic cohort: how often they are, what goes with them, and what they are called.

Shares by age are rounded orders of magnitude for adults in rich countries and boosts are rough relative risks. They
make plausible patients, and are no source for epidemiology. A SNOMED CT code is given where it is certain.
"""

from __future__ import annotations

from typing import NamedTuple


class Condition(NamedTuple):
    """``names``: formal, second formal, then what notes also write. ``share``: of ages 18-39, 40-64, 65 and over.

    ``boosts`` multiply the share when the patient already has the named condition, so causes stand first; one of
    ``needs`` must be there at all. ``recalled``: it can be a criterion. Obesity cannot, as a stated body mass index
    would say it without naming it.
    """

    code: str
    names: tuple[str, ...]
    share: tuple[float, float, float]
    snomed: str = ""
    sex: str = ""
    boosts: tuple[tuple[str, float], ...] = ()
    needs: tuple[str, ...] = ()
    recalled: bool = True


_C = Condition
ALL = (
    _C("obesity", ("obesity", "obesity"), (0.2, 0.3, 0.25), "414916001", recalled=False),
    _C("t1dm", ("type 1 diabetes mellitus", "type 1 diabetes", "T1DM", "DM type 1"), (0.015, 0.01, 0.005), "46635009"),
    _C(
        "t2dm",
        ("type 2 diabetes mellitus", "type 2 diabetes", "T2DM", "type II DM", "adult-onset diabetes"),
        (0.04, 0.16, 0.26),
        "44054006",
        boosts=(("obesity", 2.2), ("t1dm", 0.0)),
    ),
    _C(
        "hypertension",
        ("hypertension", "arterial hypertension", "HTN", "high blood pressure"),
        (0.08, 0.36, 0.6),
        "59621000",
        boosts=(("obesity", 1.5), ("t2dm", 1.5)),
    ),
    _C(
        "hyperlipidaemia",
        ("hyperlipidemia", "dyslipidemia", "HLD", "high cholesterol"),
        (0.06, 0.32, 0.45),
        "55822004",
        boosts=(("t2dm", 1.6), ("obesity", 1.3)),
    ),
    _C(
        "cad",
        ("coronary artery disease", "coronary heart disease", "CAD"),
        (0.003, 0.06, 0.18),
        "53741008",
        boosts=(("hypertension", 1.6), ("t2dm", 1.6), ("hyperlipidaemia", 1.5)),
    ),
    _C(
        "mi",
        ("myocardial infarction", "heart attack", "MI", "prior MI"),
        (0.2, 0.25, 0.3),
        "22298006",
        needs=("cad",),
    ),
    _C(
        "hf",
        ("heart failure", "congestive heart failure", "CHF", "HF"),
        (0.003, 0.025, 0.08),
        "84114007",
        boosts=(("cad", 3.0), ("hypertension", 1.5), ("mi", 2.0)),
    ),
    _C(
        "af",
        ("atrial fibrillation", "atrial fibrillation (AF)", "AF", "a-fib"),
        (0.003, 0.03, 0.11),
        "49436004",
        boosts=(("hf", 3.0), ("hypertension", 1.4)),
    ),
    _C(
        "stroke",
        ("stroke", "cerebrovascular accident", "CVA"),
        (0.003, 0.025, 0.08),
        "230690007",
        boosts=(("af", 2.5), ("hypertension", 1.5)),
    ),
    _C(
        "pad",
        ("peripheral artery disease", "peripheral arterial disease", "PAD"),
        (0.002, 0.025, 0.09),
        "399957001",
        boosts=(("cad", 2.0), ("t2dm", 1.8)),
    ),
    _C(
        "ckd",
        ("chronic kidney disease", "chronic renal disease", "CKD"),
        (0.015, 0.06, 0.2),
        "709044004",
        boosts=(("t2dm", 2.2), ("t1dm", 4.0), ("hypertension", 1.5), ("hf", 1.5)),
    ),
    _C(
        "neuropathy",
        ("diabetic peripheral neuropathy", "diabetic polyneuropathy", "diabetic neuropathy"),
        (0.08, 0.2, 0.25),
        "",
        needs=("t1dm", "t2dm"),
    ),
    _C(
        "retinopathy",
        ("diabetic retinopathy", "retinopathy due to diabetes", "DR of both eyes"),
        (0.1, 0.15, 0.2),
        "4855003",
        boosts=(("t1dm", 1.6),),
        needs=("t1dm", "t2dm"),
    ),
    _C("asthma", ("asthma", "bronchial asthma"), (0.1, 0.08, 0.06), "195967001"),
    _C(
        "copd",
        ("chronic obstructive pulmonary disease", "chronic obstructive lung disease", "COPD"),
        (0.003, 0.05, 0.12),
        "13645005",
        boosts=(("cad", 1.4),),
    ),
    _C(
        "osa",
        ("obstructive sleep apnea", "obstructive sleep apnoea syndrome", "OSA"),
        (0.03, 0.1, 0.12),
        "78275009",
        boosts=(("obesity", 3.0),),
    ),
    _C("hypothyroidism", ("hypothyroidism", "underactive thyroid"), (0.03, 0.07, 0.11), "40930008"),
    _C(
        "gerd",
        ("gastroesophageal reflux disease", "gastro-oesophageal reflux disease", "GERD", "acid reflux"),
        (0.08, 0.16, 0.2),
        "235595009",
        boosts=(("obesity", 1.5),),
    ),
    _C(
        "nafld",
        ("non-alcoholic fatty liver disease", "nonalcoholic hepatic steatosis", "NAFLD"),
        (0.03, 0.09, 0.08),
        "",
        boosts=(("obesity", 2.5), ("t2dm", 1.8)),
    ),
    _C(
        "hbv",
        ("chronic hepatitis B", "chronic hepatitis B virus infection", "chronic HBV"),
        (0.008, 0.012, 0.01),
        "61977001",
    ),
    _C(
        "hcv",
        ("chronic hepatitis C", "chronic hepatitis C virus infection", "chronic HCV"),
        (0.008, 0.018, 0.015),
        "128302006",
    ),
    _C(
        "cirrhosis",
        ("cirrhosis of the liver", "liver cirrhosis", "cirrhosis"),
        (0.001, 0.01, 0.012),
        "19943007",
        boosts=(("hcv", 9.0), ("hbv", 6.0), ("nafld", 3.0)),
    ),
    _C("hiv", ("HIV infection", "human immunodeficiency virus infection", "HIV"), (0.012, 0.012, 0.004), "86406008"),
    _C(
        "depression",
        ("major depressive disorder", "major depression", "MDD", "depression"),
        (0.11, 0.11, 0.08),
        "370143000",
    ),
    _C(
        "anxiety",
        ("generalized anxiety disorder", "generalised anxiety disorder", "GAD"),
        (0.09, 0.07, 0.04),
        "21897009",
        boosts=(("depression", 3.0),),
    ),
    _C(
        "bipolar",
        ("bipolar disorder", "bipolar affective disorder"),
        (0.018, 0.014, 0.006),
        "13746004",
        boosts=(("depression", 0.0),),
    ),
    _C(
        "schizophrenia",
        ("schizophrenia", "schizophrenic disorder"),
        (0.008, 0.007, 0.003),
        "58214004",
        boosts=(("bipolar", 0.0),),
    ),
    _C("epilepsy", ("epilepsy", "seizure disorder"), (0.012, 0.012, 0.016), "84757009", boosts=(("stroke", 3.0),)),
    _C("migraine", ("migraine", "migraine headaches"), (0.13, 0.11, 0.04), "37796009"),
    _C("parkinson", ("Parkinson's disease", "Parkinson disease", "PD"), (0.0002, 0.004, 0.025), "49049000"),
    _C(
        "alzheimer",
        ("Alzheimer's disease", "Alzheimer disease", "Alzheimer's dementia"),
        (0.0, 0.001, 0.06),
        "26929004",
    ),
    _C("ms", ("multiple sclerosis", "multiple sclerosis (MS)", "MS"), (0.004, 0.004, 0.002), "24700007"),
    _C("ra", ("rheumatoid arthritis", "rheumatoid arthritis (RA)", "RA"), (0.006, 0.016, 0.025), "69896004"),
    _C(
        "sle",
        ("systemic lupus erythematosus", "lupus erythematosus, systemic", "SLE", "lupus"),
        (0.004, 0.004, 0.002),
        "55464009",
    ),
    _C("psoriasis", ("psoriasis", "psoriasis vulgaris", "plaque psoriasis"), (0.025, 0.03, 0.03), "9014002"),
    _C("crohn", ("Crohn's disease", "Crohn disease"), (0.007, 0.006, 0.004), "34000006"),
    _C(
        "uc",
        ("ulcerative colitis", "colitis ulcerosa", "UC"),
        (0.006, 0.006, 0.005),
        "64766004",
        boosts=(("crohn", 0.0),),
    ),
    _C(
        "osteoarthritis",
        ("osteoarthritis", "degenerative joint disease", "OA", "DJD"),
        (0.02, 0.16, 0.36),
        "396275006",
        boosts=(("obesity", 1.5),),
    ),
    _C("osteoporosis", ("osteoporosis", "osteoporosis with low bone density"), (0.001, 0.04, 0.18), "64859006"),
    _C("gout", ("gout", "gouty arthritis"), (0.006, 0.045, 0.08), "90560007", boosts=(("ckd", 2.0),)),
    _C("dvt", ("deep vein thrombosis", "deep venous thrombosis", "DVT"), (0.005, 0.015, 0.03), "128053003"),
    _C("pe", ("pulmonary embolism", "lung embolism", "PE"), (0.003, 0.01, 0.02), "59282003", boosts=(("dvt", 6.0),)),
    _C(
        "ida",
        ("iron deficiency anemia", "anemia due to iron deficiency", "IDA"),
        (0.05, 0.04, 0.05),
        "87522002",
        boosts=(("crohn", 3.0), ("uc", 3.0)),
    ),
    _C(
        "breast_cancer",
        ("breast cancer", "carcinoma of the breast", "breast ca"),
        (0.003, 0.03, 0.06),
        "254837009",
        sex="F",
    ),
    _C(
        "prostate_cancer",
        ("prostate cancer", "carcinoma of the prostate", "prostate ca"),
        (0.0, 0.015, 0.08),
        "399068003",
        sex="M",
    ),
    _C("colon_cancer", ("colon cancer", "carcinoma of the colon", "colon ca"), (0.001, 0.008, 0.025), "363406005"),
    _C(
        "lung_cancer",
        ("non-small cell lung cancer", "non-small cell lung carcinoma", "NSCLC"),
        (0.0005, 0.007, 0.02),
        "254637007",
        boosts=(("copd", 3.0),),
    ),
    _C(
        "bph",
        ("benign prostatic hyperplasia", "benign prostatic hypertrophy", "BPH"),
        (0.0, 0.14, 0.4),
        "266569009",
        sex="M",
    ),
    _C("endometriosis", ("endometriosis", "pelvic endometriosis"), (0.05, 0.03, 0.0), "129103003", sex="F"),
)

CONDITIONS: dict[str, Condition] = {condition.code: condition for condition in ALL}
