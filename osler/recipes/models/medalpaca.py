"""MedAlpaca, open medical data for instruction tuning (Han et al. 2023, arXiv:2304.08247)."""

from osler.models.local import Local
from osler.tuning.dialogue.files import ConversationFiles
from osler.tuning.dialogue.invented import InventedQuestions
from osler.tuning.networks.shapes import DecoderShape
from osler.tuning.peft.qlora import QLoRA
from osler.tuning.schedule import Schedule
from osler.tuning.sft import SFT
from osler.tuning.tokenizers.symbols import Words

RECIPE = SFT(
    base=Local(path="huggyllama/llama-13b"),
    data=ConversationFiles(
        paths=("medical_meadow.jsonl",),
        made="people: forums and textbooks, ChatGPT: rephrased",
        source="Medical Meadow",
    ),
    template="alpaca",
    adapter=QLoRA(rank=8, alpha=16.0, dropout=0.05, targets=("q", "v"), weights="int8"),
    learn="replies",
    length=512,
    schedule=Schedule(epochs=3.0, batch_rows=128, micro_tokens=8192, learning_rate=2e-4, decay="cosine"),
)
TINY = SFT(
    base=SFT(
        base=DecoderShape(layers=2, hidden=64, heads=4, inner=128, context=64),
        data=InventedQuestions(diseases=12, each=2),
        tokenizer=Words(kind="decoder"),
        length=40,
        schedule=Schedule(steps=100, batch_rows=64, learning_rate=5e-3, weight_decay=0.0, precision="float32"),
    ),
    data=InventedQuestions(diseases=12, each=2, relations=("drug", "test"), seed=1),
    adapter=QLoRA(rank=8, targets=("q", "v"), weights="int8"),
    length=40,
    schedule=Schedule(steps=100, batch_rows=32, learning_rate=1e-2, weight_decay=0.0, precision="float32"),
)
REPORTED = {
    "13B, all weights, USMLE step 1": 47.3,
    "13B, all weights, USMLE step 2": 47.7,
    "13B, all weights, USMLE step 3": 60.2,
    "13B, LoRA, USMLE step 1": 25.0,
    "13B, LoRA, USMLE step 2": 25.5,
    "13B, LoRA, USMLE step 3": 25.5,
    "13B, LoRA and 8 bits, USMLE step 1": 18.9,
    "13B, LoRA and 8 bits, USMLE step 2": 30.3,
    "13B, LoRA and 8 bits, USMLE step 3": 28.8,
    "13B base, USMLE step 1": 22.2,
}
DIFFERS = (
    "RECIPE is the row with LoRA and 8 bits; without the adapter it is the row of all weights",
    "Medical Meadow lies in eleven sets on the hub; the file named here is what you make of them",
    "rank, alpha, targets and rate of the adapter are those of the code's defaults, recalled [R]",
    "8 bits here are whole numbers with one scale for each row; the paper's library keeps outliers apart",
    "the tests are the self-assessments of the USMLE without pictures, which are not public",
)
