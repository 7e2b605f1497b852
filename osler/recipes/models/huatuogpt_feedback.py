"""HuatuoGPT's reinforcement learning from mixed feedback (Zhang et al. 2023, arXiv:2305.15075)."""

from osler.models.local import Local
from osler.tuning.dialogue.files import ConversationFiles
from osler.tuning.dialogue.mixture import MixedConversations
from osler.tuning.networks.shapes import DecoderShape
from osler.tuning.preference.invented import InventedTalks, Kind
from osler.tuning.preference.lexicographic import Says
from osler.tuning.preference.ppo import PPO
from osler.tuning.preference.preference_files import RankedReplies
from osler.tuning.preference.reward import WeightedRewards
from osler.tuning.preference.reward_model import RewardModel
from osler.tuning.schedule import Schedule
from osler.tuning.sft import SFT

_DATA = ConversationFiles(paths=("HuatuoGPT-sft-data-v1.jsonl",))
_SFT = SFT(
    base=Local(path="baichuan-inc/Baichuan-7B"),
    data=_DATA,
    template="huatuogpt",
    length=2048,
    schedule=Schedule(epochs=3.0, batch_rows=128, learning_rate=5e-5),
)
RECIPE = PPO(
    base=_SFT,
    prompts=_DATA,
    reward=RewardModel(base=_SFT, data=RankedReplies(paths=("rlmf_ranked.jsonl",), by="ai:chatgpt"), length=2048),
    new_tokens=512,
    length=2048,
)
_KINDS: tuple[Kind, ...] = ("vague", "clear")
TINY = PPO(
    base=SFT(
        base=DecoderShape(layers=2, hidden=48, heads=4, inner=96, context=64),
        data=MixedConversations(
            parts=(
                InventedTalks(kinds=_KINDS, right=1.0, styles=("explain",), asks=0.0),
                InventedTalks(kinds=_KINDS, right=1.0, styles=("advise",), asks=0.6, seed=1),
            ),
            synthetic="tagged",
        ),
        template="huatuogpt",
        schedule=Schedule(steps=300, batch_tokens=1024, learning_rate=3e-3, precision="float32"),
    ),
    prompts=InventedTalks(kinds=_KINDS),
    reward=WeightedRewards(
        parts=(
            Says(pattern=r"\?", when="ill since|not help me|unwell"),
            Says(pattern="take [0-9]+ mg", when="i have|helps|found"),
            Says(pattern="never take", when="i have|helps|found"),
        )
    ),
    kl=0.1,
    kl_budget=12.0,
    unfinished=1.0,
    new_tokens=32,
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
REPORTED = {"won_or_tied_against_doctorglm": 97.0, "won_or_tied_against_chatgpt": 62.0}
DIFFERS = (
    "sampling, scoring by ChatGPT with the real doctor's reply as reference, and PPO with KL are recalled, their settings unknown",
    "scores of a judge with a reference become ranked rows through judged_preferences; the file name stands for such rows",
    "the tiny preset rewards by rules that want both questions and full advice, without a reward model",
)
