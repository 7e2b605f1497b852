"""AMIE's chain of reasoning at inference: analyse, draft, refine (Tu et al. 2024, arXiv:2401.05654)."""

from osler.prompting.multi_turn import MultiTurn
from osler.prompting.zero_shot import ZeroShot

_turns = (
    "First analyse, without answering yet: summarise what is known and what is not, list the possible explanations with "
    "what speaks for and against each, and say what is missing and how urgent it is.",
    "Now draft your answer on the basis of that analysis.",
    "Now refine the draft: hold it against the case once more, mend errors and unsupported statements, and make sure that "
    "nothing important is missing.",
)
RECIPE = MultiTurn(turns=_turns, inner=ZeroShot(by="generate", max_tokens=1024))
TINY = MultiTurn(turns=_turns, inner=ZeroShot(by="generate", max_tokens=128))
DIFFERS = (
    "the three steps are the paper's; its prompts are not published in full, and these are worded here",
    "AMIE's model is trained by self-play on 11,686 simulated dialogues a round; any model stands here",
    "temperature 0 and 1,024 tokens: the paper gives neither (unknown)",
)
