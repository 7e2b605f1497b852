"""A multidisciplinary panel with a moderator (after MedAgents: Tang et al. 2023, arXiv:2311.10537; recalled)."""

from osler.prompting.chain_of_thought import ChainOfThought
from osler.prompting.role_panel import Role, RolePanel
from osler.prompting.zero_shot import ZeroShot

_thinks = ChainOfThought(inner=ZeroShot(by="generate", temperature=1.0, max_tokens=1024))
RECIPE = RolePanel(rounds=5, inner=_thinks, moderator=_thinks)
TINY = RolePanel(
    roles=(
        Role(name="general internist"),
        Role(name="specialist of the organ concerned"),
        Role(name="critical reviewer", task="Look for what is missed and for the dangerous alternative."),
    ),
    rounds=1,
    inner=ChainOfThought(inner=ZeroShot(by="generate", max_tokens=128)),
    moderator=ChainOfThought(inner=ZeroShot(by="generate", max_tokens=128)),
)
DIFFERS = (
    "all settings are recalled: five experts of the question, temperature 1, at most five rounds",
    "the five specialties are fixed; there they are named by the model for each question, and two more for the options",
    "each member sees the opinions themselves and may change its own; there they vote on one report that is rewritten",
    "opinions are quoted on one line, so that none can pose as an instruction",
)
