"""Med-PaLM, its prompting: five-shot chains of thought, 11 samples, plurality (Singhal et al. 2022, arXiv:2212.13138)."""

from osler.prompting.chain_of_thought import ChainOfThought
from osler.prompting.few_shot import FewShot
from osler.prompting.self_consistency import SelfConsistency
from osler.prompting.zero_shot import ZeroShot

RECIPE = SelfConsistency(k=11, temperature=0.7, inner=FewShot(k=5, inner=ChainOfThought(self_generated=True)))
TINY = SelfConsistency(
    k=3,
    temperature=0.7,
    inner=FewShot(
        k=2,
        inner=ChainOfThought(self_generated=True, keep=12, inner=ZeroShot(by="generate", max_tokens=128)),
    ),
)
REPORTED = {"medqa": 67.6, "medmcqa": 57.6, "pubmedqa": 75.2}
DIFFERS = (
    "the figures are Flan-PaLM 540B with self-consistency; on PubMedQA plain few-shot was better (79.0)",
    "the soft prompt of instruction prompt tuning needs the weights and belongs to tuning, so it is not here",
    "clinicians wrote the chains of the paper's demonstrations; here the model writes them, kept only if right, unless "
    "the study gives fixed demonstrations",
    "the paper shows three demonstrations on PubMedQA; set inner.k = 3 there",
    "the temperature of the samples is recalled, not read from the paper",
)
