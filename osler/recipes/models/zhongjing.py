"""Zhongjing (Yang et al. 2023, arXiv:2308.03549): pre-training, dialogue tuning, reward model, PPO.

The TINY preset keeps dialogue tuning, reward model and PPO; candidates are ranked by rules in Zhongjing's order.
"""

from osler.models.local import Local
from osler.tuning.dialogue.files import ConversationFiles
from osler.tuning.networks.shapes import DecoderShape
from osler.tuning.peft.lora import LoRA
from osler.tuning.preference.invented import InventedTalks
from osler.tuning.preference.lexicographic import Fluent, Lexicographic, RulePreferences, Says
from osler.tuning.preference.ppo import PPO
from osler.tuning.preference.preference_files import RankedReplies
from osler.tuning.preference.reward_model import RewardModel
from osler.tuning.schedule import Schedule
from osler.tuning.sft import SFT

_SFT = SFT(
    base=Local(path="IDEA-CCNL/Ziya-LLaMA-13B-v1"),
    data=ConversationFiles(paths=("CMtMedQA.jsonl",)),
    template="ziya",
    length=2048,
    adapter=LoRA(rank=16),
    schedule=Schedule(epochs=3.0, batch_rows=64, learning_rate=5e-5),
)
RECIPE = PPO(
    base=_SFT,
    prompts=ConversationFiles(paths=("CMtMedQA.jsonl",)),
    reward=RewardModel(
        base=_SFT,
        data=RankedReplies(paths=("rlhf_ranked.jsonl",)),
        adapter=LoRA(rank=32),
        length=2048,
        schedule=Schedule(epochs=10.0, batch_rows=64, learning_rate=7e-4),
    ),
    inner_epochs=1,
    new_tokens=512,
    length=2048,
    adapter=LoRA(rank=16),
)
_TALKS = InventedTalks(diseases=24, each=3, right=0.6)
_TINY_SFT = SFT(
    base=DecoderShape(layers=2, hidden=48, heads=4, inner=96, context=64),
    data=_TALKS,
    template="ziya",
    schedule=Schedule(steps=300, batch_tokens=1024, learning_rate=3e-3, precision="float32"),
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
                    Says(pattern=r"\?", when="ill since|not help me|unwell"),
                    Fluent(),
                ),
                levels=3,
            ),
            data=_TALKS,
        ),
        held_out=0.2,
        schedule=Schedule(epochs=8.0, batch_rows=8, learning_rate=3e-3, precision="float32"),
    ),
    kl=0.1,
    kl_budget=12.0,
    unfinished=1.0,
    new_tokens=24,
    schedule=Schedule(
        steps=30,
        batch_rows=64,
        learning_rate=4e-4,
        warm_up=0.0,
        decay="constant",
        weight_decay=0.0,
        precision="float32",
    ),
)
REPORTED = {"parameters_of_the_base_in_billions": 13.0}
DIFFERS = (
    "continued pre-training (3 passes over books and records) comes before: give its model as the base of the dialogue tuning",
    "rank of the adapters of dialogue tuning and PPO, and the lengths, are recalled; those of the reward model are published",
    "the ranked replies of the six annotators are not public in a readable form; the file names stand for them",
    "adapters are merged into the weights before the next stage, not stacked",
    "the tiny preset has rules in the place of annotators and no pre-training",
)
