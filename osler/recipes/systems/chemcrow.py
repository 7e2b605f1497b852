"""ChemCrow (Bran et al. 2024, arXiv:2304.05376).

Chemistry with tools in ReAct turns, controlled and explosive substances checked first. The published program is GPT-4
at temperature 0.1 with at most 40 turns.
"""

from osler.prompting.safety_first import SafetyFirst
from osler.tools.controlled_substances import ControlledCheck
from osler.tools.molecule_fingerprint import MoleculeSimilarity
from osler.tools.molecule_groups import MoleculeFacts
from osler.tools.molecule_names import MoleculeName

RECIPE = SafetyFirst(
    tools=(
        ControlledCheck(),
        ControlledCheck(kind="explosive"),
        ControlledCheck(similar=0.8),
        MoleculeFacts(),
        MoleculeSimilarity(),
        MoleculeName(),
    ),
    checks=("controlled_check", "explosive_check"),
    on_failure="stop",
    max_calls=40,
    temperature=0.1,
    rephrase=True,
)
TINY = SafetyFirst(max_calls=6, temperature=0.1, rephrase=True)
DIFFERS = (
    "6 of the 12 tools of the public program; missing are patents, CAS look-up, the safety summary, literature (give "
    "literature_search over an index of your own), and of the optional ones web search, prices and the reaction "
    "planners; the paper has 18",
    "controlled and explosive substances are a short list of our own from public schedules, not PubChem's hazard "
    "classes; not being on it clears nothing",
    "the order is enforced: no tool runs on a molecule before its checks have allowed it, where the program asks for "
    "it in the prompt and inside some tools",
    "similarity is Tanimoto on path fingerprints, not Morgan's; 0.8 is our threshold, since small molecules share many "
    "short paths",
    "names are looked up in a short list, not in PubChem",
    "tools are programs; those of the paper that ask a model themselves (gpt-3.5-turbo) are left out",
    "the rephrased answer counts only where it says the same as the draft, if there are labels",
    "the paper reports judgements by experts and by a model, which disagree, and no single figure",
)
