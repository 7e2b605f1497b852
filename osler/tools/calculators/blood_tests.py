"""Laboratory values that several formulas take. The limits are what no living patient goes beyond."""

from __future__ import annotations

from osler.tools.calculators.calculator import Quantity

CHLORIDE = Quantity(name="chloride", unit="mEq/L", analyte="chloride", low=40, high=190, entity="Chloride")
BICARBONATE = Quantity(name="bicarbonate", unit="mEq/L", analyte="bicarbonate", low=0.5, high=80, entity="Bicarbonate")
ALBUMIN = Quantity(
    name="albumin",
    unit="g/dL",
    about="serum albumin",
    analyte="albumin",
    low=0.3,
    high=8,
    seldom_below=1,
    entity="Albumin",
)
GLUCOSE = Quantity(
    name="glucose",
    unit="mg/dL",
    about="serum glucose",
    analyte="glucose",
    low=1,
    high=3000,
    seldom_below=40,  # where glucose in mmol/L lies
    seldom_above=1500,
    entity="Glucose",
)
CHOLESTEROL = Quantity(
    name="total_cholesterol",
    unit="mg/dL",
    analyte="cholesterol",
    low=20,
    high=2000,
    seldom_below=60,
    seldom_above=800,
    entity="Total cholesterol",
)
HDL = Quantity(
    name="hdl_cholesterol",
    unit="mg/dL",
    about="high-density lipoprotein cholesterol",
    analyte="cholesterol",
    low=1,
    high=250,
    seldom_below=10,
    seldom_above=150,
    entity="high-density lipoprotein cholesterol",
)
