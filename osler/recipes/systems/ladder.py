"""The prompting ladder, in the order of MedPrompt's ablation (Nori et al. 2023, arXiv:2311.16452, figure 4).

Direct, five random demonstrations, chains of thought, nearest demonstrations, ensemble of shuffled choices; retrieval
and tools are climbed where a study gives them. Reported: the paper's rungs on MedQA with GPT-4 (recalled), each a mean
on the test set without a test of the step.
"""

from osler.prompting.chain_of_thought import ChainOfThought
from osler.prompting.choice_shuffle import ChoiceShuffle
from osler.prompting.few_shot import FewShot
from osler.prompting.ladder import Ladder, Rung
from osler.prompting.zero_shot import ZeroShot

RECIPE = Ladder(
    rungs=(
        Rung(name="direct", strategy=ZeroShot()),
        Rung(name="few-shot", strategy=FewShot(k=5)),
        Rung(name="chain-of-thought", strategy=FewShot(k=5, inner=ChainOfThought(self_generated=True))),
        Rung(name="kNN", strategy=FewShot(k=5, select="knn", inner=ChainOfThought(self_generated=True))),
        Rung(
            name="ensemble",
            strategy=ChoiceShuffle(n=5, inner=FewShot(k=5, select="knn", inner=ChainOfThought(self_generated=True))),
        ),
    ),
    patience=4,
)
TINY = Ladder(
    rungs=(
        Rung(name="direct", strategy=ZeroShot()),
        Rung(name="few-shot", strategy=FewShot(k=2)),
        Rung(name="chain-of-thought", strategy=FewShot(k=2, inner=ChainOfThought(self_generated=True, keep=20))),
        Rung(
            name="ensemble",
            strategy=ChoiceShuffle(n=3, inner=FewShot(k=2, inner=ChainOfThought(self_generated=True, keep=20))),
        ),
    ),
    most_valid=60,
)
REPORTED = {"direct": 81.7, "few-shot": 83.9, "chain-of-thought": 87.3, "kNN": 88.4, "ensemble": 90.2}
DIFFERS = (
    "the paper climbs on the test set and stops nowhere; here validation cases and paired tests decide, and test is untouched",
    "the nearest demonstrations come from an open encoder; the paper's is text-embedding-ada-002",
)
