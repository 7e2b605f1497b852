"""Drugs, allergies, operations and acute illnesses of the synthetic cohort."""

from __future__ import annotations

from typing import NamedTuple


class Drug(NamedTuple):
    """``doses`` in ``unit`` per intake; ``times`` holds intakes a day (AS_NEEDED, WEEKLY)."""

    code: str
    treats: tuple[str, ...]
    classes: tuple[str, ...]
    doses: tuple[float, ...]
    times: tuple[int, ...] = (1,)
    unit: str = "mg"
    brand: str = ""
    share: float = 0.5
    """Share of patients with the condition who take it."""


AS_NEEDED = 0
WEEKLY = -1
_D = Drug
DRUGS: dict[str, Drug] = {
    drug.code: drug
    for drug in (
        _D("metformin", ("t2dm",), (), (500, 850, 1000), (1, 2, 2), brand="Glucophage", share=0.75),
        _D("empagliflozin", ("t2dm",), ("sglt2",), (10, 25), brand="Jardiance", share=0.25),
        _D("glipizide", ("t2dm",), (), (5, 10), (1, 2), brand="Glucotrol", share=0.2),
        _D("insulin glargine", ("t1dm", "t2dm"), ("insulin",), (12, 18, 24, 36), unit="units", brand="Lantus"),
        _D("lisinopril", ("hypertension", "hf"), ("ace",), (5, 10, 20, 40), brand="Zestril", share=0.45),
        _D("losartan", ("hypertension",), ("arb",), (25, 50, 100), brand="Cozaar", share=0.3),
        _D("amlodipine", ("hypertension",), (), (2.5, 5, 10), brand="Norvasc", share=0.4),
        _D("hydrochlorothiazide", ("hypertension",), ("diuretic",), (12.5, 25), share=0.25),
        _D("metoprolol", ("cad", "hf", "af"), ("beta_blocker",), (25, 50, 100), (1, 2), brand="Lopressor", share=0.6),
        _D("furosemide", ("hf",), ("diuretic",), (20, 40, 80), (1, 2), brand="Lasix", share=0.7),
        _D("atorvastatin", ("hyperlipidaemia", "cad"), ("statin",), (10, 20, 40, 80), brand="Lipitor", share=0.5),
        _D("rosuvastatin", ("hyperlipidaemia",), ("statin",), (5, 10, 20), brand="Crestor", share=0.2),
        _D("aspirin", ("cad", "pad", "stroke"), ("antiplatelet",), (81, 100), share=0.7),
        _D("clopidogrel", ("mi", "pad"), ("antiplatelet",), (75,), brand="Plavix", share=0.5),
        _D("warfarin", ("af", "dvt", "pe"), ("anticoagulant",), (2, 3, 5), brand="Coumadin", share=0.3),
        _D("apixaban", ("af", "dvt", "pe"), ("anticoagulant",), (2.5, 5), (2,), brand="Eliquis", share=0.5),
        _D("albuterol inhaler", ("asthma", "copd"), (), (90,), (AS_NEEDED,), unit="mcg", brand="Ventolin", share=0.8),
        _D("budesonide inhaler", ("asthma",), (), (180, 360), (2,), unit="mcg", brand="Pulmicort"),
        _D("tiotropium", ("copd",), (), (18,), unit="mcg", brand="Spiriva", share=0.6),
        _D("levothyroxine", ("hypothyroidism",), (), (25, 50, 75, 100, 125), unit="mcg", brand="Synthroid", share=0.9),
        _D("omeprazole", ("gerd",), ("ppi",), (20, 40), (1, 1, 2), brand="Prilosec", share=0.6),
        _D("sertraline", ("depression", "anxiety"), ("ssri",), (25, 50, 100, 150), brand="Zoloft", share=0.4),
        _D("escitalopram", ("depression", "anxiety"), ("ssri",), (5, 10, 20), brand="Lexapro", share=0.3),
        _D("lithium", ("bipolar",), (), (300, 450), (2,), share=0.6),
        _D("olanzapine", ("schizophrenia", "bipolar"), ("antipsychotic",), (5, 10, 15), brand="Zyprexa"),
        _D("levetiracetam", ("epilepsy",), ("anticonvulsant",), (500, 750, 1000), (2,), brand="Keppra", share=0.7),
        _D("sumatriptan", ("migraine",), (), (50, 100), (AS_NEEDED,), brand="Imitrex"),
        _D("carbidopa-levodopa", ("parkinson",), (), (100, 250), (3,), brand="Sinemet", share=0.85),
        _D("donepezil", ("alzheimer",), (), (5, 10), brand="Aricept", share=0.7),
        _D("methotrexate", ("ra", "psoriasis"), ("immunosuppressant",), (10, 15, 20), (WEEKLY,), share=0.4),
        _D("prednisone", ("ra", "sle", "copd"), ("steroid",), (5, 10, 20), share=0.3),
        _D("hydroxychloroquine", ("sle", "ra"), (), (200,), (1, 2), brand="Plaquenil", share=0.4),
        _D("azathioprine", ("crohn", "uc"), ("immunosuppressant",), (50, 100), share=0.4),
        _D("mesalamine", ("uc",), (), (800, 1200), (2, 3), share=0.6),
        _D("ibuprofen", ("osteoarthritis", "migraine"), ("nsaid",), (200, 400, 600), (2, 3), brand="Advil", share=0.3),
        _D("naproxen", ("osteoarthritis",), ("nsaid",), (250, 500), (2,), brand="Aleve", share=0.2),
        _D("acetaminophen", ("osteoarthritis",), (), (500, 650), (2, 3), brand="Tylenol", share=0.3),
        _D("alendronate", ("osteoporosis",), ("bisphosphonate",), (70,), (WEEKLY,), brand="Fosamax", share=0.6),
        _D("allopurinol", ("gout",), (), (100, 300), share=0.6),
        _D("ferrous sulfate", ("ida",), (), (325,), (1, 2), share=0.75),
        _D("tamoxifen", ("breast_cancer",), (), (20,), share=0.5),
        _D("tamsulosin", ("bph",), (), (0.4,), brand="Flomax", share=0.6),
        _D("tenofovir", ("hbv",), ("antiviral",), (300,), share=0.6),
        _D("dolutegravir", ("hiv",), ("antiviral",), (50,), share=0.8),
        _D("gabapentin", ("neuropathy",), ("anticonvulsant",), (100, 300, 600), (2, 3), brand="Neurontin"),
    )
}

CLASSES: dict[str, tuple[str, str]] = {
    "sglt2": ("SGLT2 inhibitors", "sodium-glucose cotransporter 2 inhibitors"),
    "insulin": ("insulin", "insulin therapy"),
    "ace": ("ACE inhibitors", "angiotensin-converting enzyme inhibitors"),
    "arb": ("angiotensin receptor blockers", "ARBs"),
    "diuretic": ("diuretics", "diuretic agents"),
    "beta_blocker": ("beta-blockers", "beta-adrenergic blockers"),
    "statin": ("statins", "HMG-CoA reductase inhibitors"),
    "antiplatelet": ("antiplatelet drugs", "antiplatelet agents"),
    "anticoagulant": ("anticoagulants", "oral anticoagulation"),
    "ppi": ("proton pump inhibitors", "PPIs"),
    "ssri": ("SSRIs", "selective serotonin reuptake inhibitors"),
    "antipsychotic": ("antipsychotics", "antipsychotic medication"),
    "anticonvulsant": ("anticonvulsants", "antiepileptic drugs"),
    "immunosuppressant": ("immunosuppressants", "immunosuppressive drugs"),
    "steroid": ("systemic corticosteroids", "oral steroids"),
    "nsaid": ("NSAIDs other than aspirin", "nonsteroidal anti-inflammatory drugs (aspirin is allowed)"),
    "bisphosphonate": ("bisphosphonates", "bisphosphonate therapy"),
    "antiviral": ("antiviral drugs", "antiviral therapy"),
}
MEMBERS: dict[str, tuple[str, ...]] = {
    name: tuple(drug.code for drug in DRUGS.values() if name in drug.classes) for name in CLASSES
}
DRUGS_FOR: dict[str, tuple[Drug, ...]] = {}
for _drug in DRUGS.values():
    for _condition in _drug.treats:
        DRUGS_FOR[_condition] = (*DRUGS_FOR.get(_condition, ()), _drug)

ALLERGENS: dict[str, tuple[str, str]] = {
    "penicillin": ("penicillin", "penicillins"),
    "sulfonamides": ("sulfa drugs", "sulfonamides"),
    "contrast": ("iodinated contrast", "iodine-containing contrast media"),
    "latex": ("latex", "natural rubber latex"),
    "aspirin": ("aspirin", "acetylsalicylic acid"),
    "peanut": ("peanuts", "peanut protein"),
    "codeine": ("codeine", "codeine phosphate"),
    "cephalosporins": ("cephalexin", "cephalosporins"),
}
REACTIONS = ("rash", "hives", "anaphylaxis", "swelling of the lips", "nausea", "itching")


class Operation(NamedTuple):
    code: str
    names: tuple[str, str]
    snomed: str
    share: float
    sex: str = ""
    after: str = ""


OPERATIONS: dict[str, Operation] = {
    operation.code: operation
    for operation in (
        Operation("appendectomy", ("appendectomy", "removal of the appendix"), "80146002", 0.07),
        Operation("cholecystectomy", ("cholecystectomy", "gallbladder removal"), "38102005", 0.07),
        Operation("hernia", ("inguinal hernia repair", "repair of an inguinal hernia"), "44558001", 0.05),
        Operation("caesarean", ("cesarean section", "caesarean delivery"), "11466000", 0.15, sex="F"),
        Operation("hip", ("total hip replacement", "total hip arthroplasty"), "52734007", 0.15, after="osteoarthritis"),
        Operation(
            "knee", ("total knee replacement", "total knee arthroplasty"), "609588000", 0.15, after="osteoarthritis"
        ),
        Operation("cabg", ("coronary artery bypass grafting", "CABG"), "232717009", 0.2, after="cad"),
        Operation("pci", ("percutaneous coronary intervention", "PCI with stent"), "415070008", 0.35, after="cad"),
        Operation("cataract", ("cataract extraction", "cataract surgery"), "54885007", 0.06),
        Operation("tonsillectomy", ("tonsillectomy", "removal of the tonsils"), "173422009", 0.06),
        Operation("mastectomy", ("mastectomy", "removal of the breast"), "", 0.5, after="breast_cancer"),
        Operation("colectomy", ("partial colectomy", "colon resection"), "", 0.6, after="colon_cancer"),
        Operation("bariatric", ("bariatric surgery", "gastric bypass"), "", 0.06, after="obesity"),
    )
}

ACUTE = (
    "pneumonia",
    "cellulitis of the left leg",
    "a urinary tract infection",
    "acute gastroenteritis",
    "influenza",
    "a fall without fracture",
    "acute bronchitis",
    "a kidney stone",
    "diverticulitis",
    "a distal radius fracture",
)
COMPLAINTS = (
    "fatigue",
    "low back pain",
    "a persistent cough",
    "intermittent headache",
    "joint stiffness in the morning",
    "poor sleep",
    "mild ankle swelling",
    "dizziness on standing",
    "abdominal discomfort after meals",
    "a routine follow-up",
    "reduced exercise tolerance",
    "review of recent results",
)
