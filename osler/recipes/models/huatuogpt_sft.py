"""HuatuoGPT's first stage, distilled and real data mixed (Zhang et al. 2023, arXiv:2305.15075)."""

from osler.models.local import Local
from osler.tuning.dialogue.files import ConversationFiles
from osler.tuning.dialogue.invented import InventedDialogues
from osler.tuning.dialogue.mixture import MixedConversations
from osler.tuning.networks.shapes import DecoderShape
from osler.tuning.schedule import Schedule
from osler.tuning.sft import SFT

RECIPE = SFT(
    base=Local(path="baichuan-inc/Baichuan-7B"),
    data=MixedConversations(
        parts=(
            ConversationFiles(paths=("distilled_instructions.jsonl",), made="ChatGPT: self-instruct"),
            ConversationFiles(paths=("real_instructions.jsonl",)),
            ConversationFiles(paths=("distilled_conversations.jsonl",), made="ChatGPT: two roles on real cases"),
            ConversationFiles(paths=("real_conversations.jsonl",), made="people: dialogues, ChatGPT: polishing"),
        ),
        ratios=(61_400, 69_768, 68_888, 25_986),
        synthetic="tagged",
    ),
    template="huatuogpt",
    learn="replies",
    length=2048,
    schedule=Schedule(epochs=3.0, batch_rows=128, micro_tokens=8192, learning_rate=5e-5, warm_up=0.03, decay="cosine"),
)
TINY = SFT(
    base=DecoderShape(layers=2, hidden=64, heads=4, inner=128, context=64),
    data=MixedConversations(
        parts=(
            InventedDialogues(diseases=12, each=12, asks=0.0),
            InventedDialogues(diseases=12, each=12, asks=1.0, seed=1),
        ),
    ),
    template="huatuogpt",
    learn="replies",
    length=64,
    schedule=Schedule(steps=120, batch_tokens=2048, learning_rate=5e-3, weight_decay=0.0, precision="float32"),
)
REPORTED = {"cmedqa2_bleu_1": 27.39, "cmedqa2_bleu_1_t5": 20.88, "cmedqa2_rouge_l": 15.46, "cmedqa2_distinct_2": 0.93}
DIFFERS = (
    "the four collections are to be fetched by the reader and put into these files; the counts are those of the repository",
    "this is the first stage alone; learning from mixed feedback comes after it",
    "warm-up is recalled, and so is the wording of the template",
)
