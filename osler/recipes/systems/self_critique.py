"""Self-Refine: answer, own feedback, refinement (Madaan et al. 2023, arXiv:2303.17651)."""

from osler.prompting.self_critique import SelfCritique
from osler.prompting.zero_shot import ZeroShot

RECIPE = SelfCritique(rounds=4, temperature=0.7, inner=ZeroShot(by="generate", temperature=0.7, max_tokens=1024))
TINY = SelfCritique(rounds=1, max_tokens=128, inner=ZeroShot(by="generate", max_tokens=128))
DIFFERS = (
    "at most four rounds at temperature 0.7 are recalled",
    "the paper shows worked examples of feedback and refinement for each task; here the instruction alone asks for them",
    "the paper scores feedback on some tasks by number; here a critique ends with a verdict of one word",
)
