"""ReAct: reasoning and acting in turns of text (Yao et al. 2022, arXiv:2210.03629).

A study gives its own tools: ``{ from = "react", tools = [...] }``.
"""

from osler.prompting.react import ReAct
from osler.tools.calculators.anion_gap import AnionGap
from osler.tools.calculators.body_mass_index import BodyMassIndex
from osler.tools.calculators.cockcroft_gault import CockcroftGault
from osler.tools.calculators.mean_arterial_pressure import MeanArterialPressure

RECIPE = ReAct(tools=(AnionGap(), BodyMassIndex(), CockcroftGault(), MeanArterialPressure()), max_calls=7)
TINY = ReAct(tools=(AnionGap(), BodyMassIndex(), CockcroftGault(), MeanArterialPressure()), max_calls=3)
DIFFERS = (
    "no worked trajectories are shown by default; the paper shows 6 for questions and 3 for claims",
    "calls are written as 'Action:' and 'Action Input:' with JSON; the paper writes Search[entity] and Finish[answer]",
    "the reply is cut where it makes up an observation, since the model's interface has no stop words",
    "tools are those of the study; the paper's is a search in Wikipedia with three actions",
    "a turn without call and answer is reminded of the form once",
)
