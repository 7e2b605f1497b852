"""Qilin-Med (Ye et al. 2023, arXiv:2310.09089): domain pre-training, tuning, direct preference optimisation."""

from osler.models.local import Local
from osler.tuning.corpora.text_files import TextFiles
from osler.tuning.dialogue.files import ConversationFiles
from osler.tuning.dialogue.invented import InventedDialogues, InventedQuestions
from osler.tuning.dialogue.mixture import MixedConversations
from osler.tuning.networks.shapes import DecoderShape
from osler.tuning.objectives.next_token import NextToken
from osler.tuning.peft.lora import LoRA
from osler.tuning.preference.dpo import DPO
from osler.tuning.preference.invented import InventedTalks
from osler.tuning.preference.lexicographic import RulePreferences, Says
from osler.tuning.preference.preference_files import PreferenceFiles
from osler.tuning.pretrain import Pretrain
from osler.tuning.schedule import Schedule
from osler.tuning.sft import SFT

RECIPE = DPO(
    base=SFT(
        base=Pretrain(
            base=Local(path="baichuan-inc/Baichuan-7B"),
            data=TextFiles(path="ChiMed-CPT.jsonl"),
            objectives=(NextToken(),),
            length=1024,
            schedule=Schedule(epochs=5.0, learning_rate=2e-4),
        ),
        data=ConversationFiles(paths=("ChiMed-SFT.jsonl",)),
        length=512,
        adapter=LoRA(rank=8, alpha=32.0),
        schedule=Schedule(epochs=1.0, learning_rate=2e-5),
    ),
    data=PreferenceFiles(paths=("ChiMed-DPO.jsonl",)),
    length=1152,
    adapter=LoRA(rank=8, alpha=16.0),
)
TINY = DPO(
    base=SFT(
        base=SFT(
            base=DecoderShape(layers=2, hidden=48, heads=4, inner=96, context=64),
            data=MixedConversations(
                parts=(
                    InventedDialogues(diseases=8, each=16),
                    InventedTalks(diseases=8, each=3, right=0.5),
                    InventedQuestions(diseases=8, each=1),
                ),
            ),
            template="vicuna",
            learn="all",
            schedule=Schedule(steps=250, batch_tokens=1024, learning_rate=3e-3, precision="float32"),
        ),
        data=InventedQuestions(diseases=8, each=4),
        schedule=Schedule(steps=250, batch_tokens=1024, learning_rate=2e-3, precision="float32"),
    ),
    data=RulePreferences(rule=Says(pattern="can not help", when="kill|die"), data=InventedTalks(diseases=8, each=1)),
    schedule=Schedule(epochs=2.0, batch_rows=16, learning_rate=3e-4, weight_decay=0.0, precision="float32"),
)
REPORTED = {
    "cmexam_base": 33.5,
    "cmexam_pre_trained": 38.4,
    "cmexam_tuned": 40.0,
    "cmexam_retrieval": 42.8,
    "huatuo26m_bleu1_tuned": 12.69,
    "huatuo26m_bleu1_dpo": 16.66,
}
DIFFERS = (
    "the paper's base is Baichuan-7B, its released scripts take Baichuan2-13B-Chat; the settings are those of the scripts",
    "ChiMed is on the hub and not shipped; the file names stand for its parts",
    "beta and learning rate of the preference stage are not known here: the defaults stand",
    "retrieval is no part of the trained model: put any retrieving strategy before it",
    "the tiny preset pre-trains on all text of dialogues, talks and a few questions in place of a corpus",
)
