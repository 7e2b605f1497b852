"""Inputs that many scores share: who the patient is and what is measured at the bedside and in the blood gas.

The limits are what no living patient goes beyond; they catch a wrong unit, not an extreme illness.
"""

from __future__ import annotations

from osler.core.errors import ToolError
from osler.tools.calculators.calculator import Choice, Quantity

AGE = Quantity(name="age", unit="years", low=0, high=125, entity="age")
SEX = Choice(name="sex", options=("male", "female"), entity="sex")
PULSE = Quantity(
    name="heart_rate", unit="1/min", about="heart rate, beats per minute", low=0, high=350, entity="Heart Rate or Pulse"
)
BREATHING = Quantity(
    name="respiratory_rate", unit="1/min", about="breaths per minute", low=0, high=120, entity="respiratory rate"
)
TEMPERATURE = Quantity(
    name="temperature",
    unit="degC",
    about="body temperature",
    low=13,
    high=46,
    seldom_below=25,
    seldom_above=43,
    entity="Temperature",
)
SYSTOLIC = Quantity(
    name="systolic", unit="mmHg", about="systolic blood pressure", low=0, high=350, entity="Systolic Blood Pressure"
)
DIASTOLIC = Quantity(
    name="diastolic", unit="mmHg", about="diastolic blood pressure", low=0, high=250, entity="Diastolic Blood Pressure"
)
COMA_SCORE = Quantity(
    name="glasgow_coma_score",
    unit="",
    about="sum of the Glasgow Coma Scale",
    low=3,
    high=15,
    entity="Glasgow Coma Score",
)
OXYGEN_FRACTION = Quantity(
    name="fio2", unit="%", about="oxygen in the inspired air; 21 is room air", low=15, high=100, entity="FiO₂"
)
ARTERIAL_OXYGEN = Quantity(
    name="pao2",
    unit="mmHg",
    about="partial pressure of oxygen in arterial blood",
    low=5,
    high=760,
    seldom_below=25,  # where a pressure in kPa lies
    entity="Partial pressure of oxygen (PaO₂) for Apache II",
)
ACIDITY = Quantity(name="ph", unit="", about="arterial pH", low=6.3, high=8.3, entity="pH")
SODIUM = Quantity(name="sodium", unit="mmol/L", analyte="sodium", low=80, high=220, entity="Sodium")
POTASSIUM = Quantity(name="potassium", unit="mmol/L", analyte="potassium", low=0.5, high=15, entity="Potassium")
CREATININE = Quantity(
    name="creatinine",
    unit="mg/dL",
    about="serum creatinine",
    analyte="creatinine",
    low=0.05,
    high=50,
    seldom_below=0.15,
    seldom_above=25,  # where creatinine in µmol/L begins
    entity="creatinine",
)
BILIRUBIN = Quantity(
    name="bilirubin",
    unit="mg/dL",
    about="total bilirubin",
    analyte="bilirubin",
    low=0,
    high=90,
    seldom_above=50,
    entity="Bilirubin",
)
HEMATOCRIT = Quantity(name="hematocrit", unit="%", low=2, high=80, entity="Hematocrit")
LEUKOCYTES = Quantity(
    name="leukocytes", unit="10^9/L", about="white blood cells", low=0, high=1500, entity="White blood cell count"
)
UREA_NITROGEN = Quantity(
    name="urea_nitrogen",
    unit="mg/dL",
    about="blood urea nitrogen; a urea in mmol/L may be given with that unit, a urea in mg/dL is multiplied by 0.467 first",
    analyte="urea nitrogen",
    low=0.5,
    high=400,
    seldom_below=4,
    seldom_above=250,
    entity="Blood Urea Nitrogen (BUN)",
)
SATURATION = Quantity(
    name="oxygen_saturation",
    unit="%",
    about="oxygen saturation by pulse oximetry",
    low=20,
    high=100,
    entity="O₂ saturation percentage",
)
BODY_MASS = Quantity(
    name="bmi",
    unit="kg/m^2",
    about="body mass index",
    low=5,
    high=150,
    required=False,
    entity="Body Mass Index (BMI)",
)


def in_order(systolic: float, diastolic: float) -> None:
    """ToolError where the diastolic pressure is above the systolic one: they were taken for each other."""
    if diastolic > systolic:
        raise ToolError("the diastolic pressure is above the systolic pressure", hint="check which is which")
