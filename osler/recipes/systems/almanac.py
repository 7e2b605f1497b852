"""Almanac: trusted sources, a threshold, calculators, cited answers (Zakka et al. 2024, arXiv:2303.01229)."""

from osler.knowledge.dense import Dense
from osler.knowledge.topic import Topic
from osler.prompting.cited import Cited
from osler.prompting.react import ReAct
from osler.prompting.safety_order import SafetyOrder
from osler.tools.calculators.ckd_epi_2021 import CkdEpi2021
from osler.tools.calculators.cockcroft_gault import CockcroftGault
from osler.tools.unit_conversion import UnitConversion

RECIPE = SafetyOrder(
    index=Dense(collection=Topic(words=("overdose", "boxed warning", "black box warning"))),
    k=4,
    threshold=0.35,
    inner=Cited(inner=ReAct(tools=(CockcroftGault(), CkdEpi2021(), UnitConversion()), max_tokens=1024)),
)
TINY = SafetyOrder(
    index=Dense(collection=Topic(words=("boxed warning", "black box warning"))),
    k=2,
    threshold=0.35,
    inner=Cited(inner=ReAct(tools=(UnitConversion(),), max_calls=3, max_tokens=256)),
)
DIFFERS = (
    "the sources are textbook passages on warnings and overdoses, so that it runs on open data; name your own index, with "
    "filtered by source where not all of it is trusted",
    "the encoder is MiniLM; the paper's is text-embedding-ada-002 with Qdrant [recalled], so the threshold, which the paper does "
    "not give in a form that carries over, is ours: refuse_unsupported learns one from validation cases",
    "the paper restricts a browser to trusted sites and has no code that could be found",
    "the screen of the question by rules is ours: in the paper the threshold alone stops adversarial prompts",
    "statements are held against what they cite and left out without support; the paper tells the model to cite",
    "the calculators here stand for the paper's calculator tool",
    "no figure is given: the clinicians' ratings (factuality up by 18 points on average) are recalled and not verified",
)
