"""Clinical coding in two steps: what is confirmed, then its codes with the words they rest on."""

from osler.prompting.decompose import Decompose, Step
from osler.prompting.structured import Structured
from osler.prompting.zero_shot import ZeroShot

_conditions = (
    "List every condition and every reason for the encounter that the text confirms for this patient, one a line, each "
    "with the words of the text that confirm it. Leave out what is denied, ruled out, only suspected, or true of a "
    "relative. Be as specific as the text is: side, stage, cause, acute or chronic, with which complication."
)
_codes = (
    "Work from the conditions listed under [conditions]: look up the most specific code for each, keep it only if the text "
    "has words that support it, and add none that is not listed there."
)
RECIPE = Decompose(
    steps=(
        Step(
            name="conditions",
            capability="structurization",
            instruction=_conditions,
            strategy=ZeroShot(by="generate", max_tokens=1024),
        ),
        Step(
            name="codes",
            capability="structurization",
            instruction=_codes,
            uses=("case", "conditions"),
            strategy=Structured(repairs=1, max_tokens=2048),
        ),
    )
)
TINY = Decompose(
    steps=(
        Step(
            name="conditions",
            capability="structurization",
            instruction=_conditions,
            strategy=ZeroShot(by="generate", max_tokens=128),
        ),
        Step(
            name="codes",
            capability="structurization",
            instruction=_codes,
            uses=("case", "conditions"),
            strategy=Structured(repairs=0, max_tokens=256),
        ),
    )
)
DIFFERS = (
    "no published system: the two steps answer the finding that models asked for codes at once invent them "
    "(Soroush et al. 2024, NEJM AI), and the words are ours",
    "codes are written from the model's memory; a terminology look-up is a tool and stands in systems with tools",
)
