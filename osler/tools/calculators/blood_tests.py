"""Laboratory values that several formulas take. The limits are what no living patient goes beyond."""

from __future__ import annotations

from osler.tools.calculators.calculator import Quantity

CHLORIDE = Quantity(name="chloride", unit="mEq/L", analyte="chloride", low=40, high=190, entity="Chloride")
BICARBONATE = Quantity(name="bicarbonate", unit="mEq/L", analyte="bicarbonate", low=0.5, high=80, entity="Bicarbonate")
ALBUMIN = Quantity(
    name="albumin", unit="g/dL", about="serum albumin", analyte="albumin", low=0.3, high=8, entity="Albumin"
)
GLUCOSE = Quantity(
    name="glucose", unit="mg/dL", about="serum glucose", analyte="glucose", low=1, high=3000, entity="Glucose"
)
CHOLESTEROL = Quantity(
    name="total_cholesterol", unit="mg/dL", analyte="cholesterol", low=20, high=2000, entity="Total cholesterol"
)
HDL = Quantity(
    name="hdl_cholesterol",
    unit="mg/dL",
    about="high-density lipoprotein cholesterol",
    analyte="cholesterol",
    low=1,
    high=250,
    entity="high-density lipoprotein cholesterol",
)
