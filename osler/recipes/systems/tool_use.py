"""Native function calling with a few clinical calculators (the guide's practice of tool learning).

A study gives its own tools: ``{ from = "tool_use", tools = [...] }``.
"""

from osler.prompting.tool_use import ToolUse
from osler.tools.calculators.anion_gap import AnionGap
from osler.tools.calculators.body_mass_index import BodyMassIndex
from osler.tools.calculators.cockcroft_gault import CockcroftGault
from osler.tools.calculators.mean_arterial_pressure import MeanArterialPressure

RECIPE = ToolUse(tools=(AnionGap(), BodyMassIndex(), CockcroftGault(), MeanArterialPressure()), max_calls=8)
TINY = ToolUse(tools=(AnionGap(), BodyMassIndex(), CockcroftGault(), MeanArterialPressure()), max_calls=3)
