"""DoctorGLM, a Chinese doctor by P-tuning v2 on dialogues (Xiong et al. 2023, arXiv:2304.01097)."""

from osler.models.local import Local
from osler.tuning.dialogue.files import ConversationFiles
from osler.tuning.dialogue.invented import InventedDialogues, InventedQuestions
from osler.tuning.networks.shapes import DecoderShape
from osler.tuning.peft.p_tuning_v2 import PTuningV2
from osler.tuning.schedule import Schedule
from osler.tuning.sft import SFT
from osler.tuning.tokenizers.symbols import Words

RECIPE = SFT(
    base=Local(path="THUDM/chatglm-6b"),
    data=ConversationFiles(
        paths=("cmd.jsonl", "med_dialog.jsonl", "chatdoctor.jsonl", "health_care_magic.jsonl"),
        made="people: consultations, machine translation of the English ones",
    ),
    template="chatglm",
    adapter=PTuningV2(length=128),
    learn="replies",
    length=2048,
    schedule=Schedule(epochs=1.0, batch_tokens=65536, micro_tokens=8192, learning_rate=2e-2, decay="linear"),
)
TINY = SFT(
    base=SFT(
        base=DecoderShape(layers=2, hidden=64, heads=4, inner=128, context=96),
        data=InventedDialogues(diseases=8, each=12, asks=1.0),
        tokenizer=Words(kind="decoder"),
        length=64,
        schedule=Schedule(steps=120, batch_rows=32, learning_rate=5e-3, weight_decay=0.0, precision="float32"),
    ),
    data=InventedQuestions(diseases=8, each=2, relations=("drug", "dose")),
    adapter=PTuningV2(length=16),
    length=64,
    schedule=Schedule(steps=100, batch_rows=32, learning_rate=2e-2, weight_decay=0.0, precision="float32"),
)
REPORTED: dict[str, float] = {}
DIFFERS = (
    "the paper reports no figure; its repository warns of repeated replies and of poor quality in 4 and 8 bits",
    "length 128 and rate 2e-2 are those of ChatGLM's own script, recalled [R]",
    "the English sets were translated by a small model trained on ChatGPT's translations; the files here are yours to give",
    "the first version used LoRA for one epoch and 'kept losing the dialogue ability'; see the experiment",
    "ChatGLM-6B brings its own code, which Local does not run; a decoder of transformers must stand in its place",
)
