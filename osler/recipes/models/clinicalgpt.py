"""ClinicalGPT (Wang et al. 2023, arXiv:2306.09968): tuning on several medical sources, reward model, PPO."""

from osler.models.local import Local
from osler.tuning.dialogue.files import ConversationFiles
from osler.tuning.dialogue.invented import InventedQuestions
from osler.tuning.dialogue.mixture import MixedConversations
from osler.tuning.networks.shapes import DecoderShape
from osler.tuning.preference.invented import InventedTalks
from osler.tuning.preference.lexicographic import Fluent, Lexicographic, RulePreferences, Says
from osler.tuning.preference.ppo import PPO
from osler.tuning.preference.preference_files import RankedReplies
from osler.tuning.preference.reward_model import RewardModel
from osler.tuning.schedule import Schedule
from osler.tuning.sft import SFT

_SOURCES = ConversationFiles(
    paths=("cMedQA2.jsonl", "cMedQA-KG.jsonl", "MedDialog.jsonl", "MEDQA-MCMLE.jsonl", "MD-EHR.jsonl")
)
_SFT = SFT(base=Local(path="bigscience/bloom-7b1"), data=_SOURCES, length=2048, schedule=Schedule(learning_rate=5e-5))
RECIPE = PPO(
    base=_SFT,
    prompts=ConversationFiles(paths=("cMedQA2.jsonl",)),
    reward=RewardModel(base=_SFT, data=RankedReplies(paths=("ranked_answers.jsonl",)), length=2048),
    new_tokens=512,
    length=2048,
)
_TALKS = InventedTalks(diseases=10, each=3, right=0.6)
_TINY_SFT = SFT(
    base=DecoderShape(layers=2, hidden=48, heads=4, inner=96, context=64),
    data=MixedConversations(
        parts=(
            _TALKS,
            InventedQuestions(diseases=10, relations=("organ",), each=4),
            InventedQuestions(diseases=10, relations=("drug",), each=4),
            InventedQuestions(diseases=10, relations=("alarm",), each=4),
        )
    ),
    template="vicuna",
    schedule=Schedule(steps=200, batch_tokens=1024, learning_rate=3e-3, precision="float32"),
)
TINY = PPO(
    base=_TINY_SFT,
    prompts=_TALKS,
    reward=RewardModel(
        base=_TINY_SFT,
        data=RulePreferences(
            rule=Lexicographic(
                rules=(
                    Says(pattern="can not help", when="kill|die"),
                    Says(pattern="[?]", when="ill since|not help me|unwell"),
                    Fluent(),
                ),
                levels=3,
            ),
            data=_TALKS,
        ),
        held_out=0.2,
        schedule=Schedule(epochs=10.0, batch_rows=8, learning_rate=3e-3, precision="float32"),
    ),
    kl=0.1,
    kl_budget=12.0,
    unfinished=1.0,
    new_tokens=24,
    schedule=Schedule(
        steps=25,
        batch_rows=48,
        learning_rate=4e-4,
        warm_up=0.0,
        decay="constant",
        weight_decay=0.0,
        precision="float32",
    ),
)
REPORTED = {"preferred_over_bloom": 89.7, "preferred_over_llama": 85.0, "preferred_over_chatglm": 67.2}
DIFFERS = (
    "the base, all learning rates and lengths, and the reported figures are recalled; the paper's repository is not public",
    "the private records MD-EHR stand as a file name only; the other sources are public but not shipped",
    "who ranked the answers for the reward model is not known here",
)
