"""Baize-Healthcare, a model tuned on self-chat (Xu et al. 2023, arXiv:2304.01196)."""

from osler.models.local import Local
from osler.tuning.dialogue.files import ConversationFiles
from osler.tuning.dialogue.invented import InventedDialogues
from osler.tuning.networks.shapes import DecoderShape
from osler.tuning.peft.lora import LoRA
from osler.tuning.schedule import Schedule
from osler.tuning.sft import SFT

RECIPE = SFT(
    base=Local(path="huggyllama/llama-7b"),
    data=ConversationFiles(paths=("medical_chat_data.jsonl",), made="gpt-3.5-turbo: self-chat"),
    template="baize",
    learn="all",
    length=512,
    adapter=LoRA(rank=8, alpha=16.0, dropout=0.05, targets=("q", "k", "v", "up", "down")),
    schedule=Schedule(
        epochs=1.0, batch_rows=64, micro_tokens=8192, learning_rate=2e-4, decay="linear", weight_decay=0.0
    ),
)
TINY = SFT(
    base=DecoderShape(layers=2, hidden=64, heads=4, inner=128, context=128),
    data=InventedDialogues(diseases=12, each=12, asks=0.0),
    template="baize",
    learn="replies",
    length=128,
    schedule=Schedule(steps=80, batch_tokens=1024, learning_rate=5e-3, weight_decay=0.0, precision="float32"),
)
REPORTED = {"self_chat_dialogues_medquad": 47000.0}
DIFFERS = (
    "the conversations are to be made with the block SelfChatted from MedQuadQuestions; the published file could not be read",
    "the paper holds the frozen base in 8 bits; here it is in float32",
    "rank, rate, batch and length are those of the code for 7B; the paper gives no medical figures",
    "the loss reads the whole text, as we recall the released script; the number of seeds is the paper's",
    "self-distillation with feedback of the second version is not part of this recipe",
)
