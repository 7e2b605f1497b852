"""Med-PaLM's selective prediction by the agreement of 41 samples (Singhal et al. 2022, arXiv:2212.13138)."""

from osler.prompting.abstain import Abstain
from osler.prompting.chain_of_thought import ChainOfThought
from osler.prompting.few_shot import FewShot
from osler.prompting.self_consistency import SelfConsistency
from osler.prompting.zero_shot import ZeroShot

RECIPE = Abstain(
    coverage=0.55,
    inner=SelfConsistency(k=41, temperature=0.7, inner=FewShot(k=5, inner=ChainOfThought())),
)
TINY = Abstain(
    coverage=0.55,
    cases=20,
    inner=SelfConsistency(
        k=5,
        temperature=0.7,
        inner=FewShot(k=2, inner=ChainOfThought(inner=ZeroShot(by="generate", temperature=0.7, max_tokens=128))),
    ),
)
REPORTED = {"medqa_at_45_percent_deferral": 82.5}
DIFFERS = (
    "the paper draws accuracy over all thresholds; here the one that answers 55 % of the validation cases is kept",
    "demonstrations come from the training cases; the paper's chains of thought were written by clinicians",
)
