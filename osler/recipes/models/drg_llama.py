"""DRG-LLaMA (Wang et al. 2024, arXiv:2309.12625): billing groups of hospital stays by a tuned language model."""

from osler.models.local import Local
from osler.recipes.systems.drg_coding import RECIPE as _TWO_LABELS
from osler.tuning.heads.classifier import Classifier
from osler.tuning.networks.shapes import DecoderShape
from osler.tuning.peft.lora import LoRA
from osler.tuning.schedule import Schedule
from osler.tuning.tokenizers.symbols import Words

RECIPE = Classifier(
    base=Local(path="huggyllama/llama-7b"),
    adapter=LoRA(rank=8, alpha=16.0, dropout=0.05, targets=("q", "k", "v", "o")),
    reads="last",
    length=512,
    table=_TWO_LABELS.steps[2].table,
    shares=(1.0, 0.5),
    schedule=Schedule(epochs=3.0, learning_rate=2e-5),
)
TINY = Classifier(
    base=DecoderShape(layers=2, hidden=64, heads=4, inner=128, context=128),
    tokenizer=Words(kind="decoder"),
    reads="last",
    length=64,
    dropout=0.0,
    table=_TWO_LABELS.steps[2].table,
    shares=(1.0, 0.5),
    schedule=Schedule(epochs=12.0, batch_tokens=2048, learning_rate=3e-3, precision="float32"),
)
REPORTED = {
    "single label, top-1 accuracy": 52.0,
    "single label, macro-F1": 32.7,
    "single label, AUC": 98.6,
    "two labels, base DRG accuracy (recalled)": 67.8,
    "two labels, CC/MCC accuracy (recalled)": 67.5,
}
DIFFERS = (
    "the paper learns from 236,192 discharge summaries of MIMIC-IV under an agreement; the data are the study's own cases",
    "the table here has 8 base groups and 20 of the more than 700 DRGs; the paper's mapping file goes into the same field",
    "the paper holds the frozen base in int8; here it is held in float32 or bfloat16",
    "the score head is trained by full weights beside the adapter, while the paper puts LoRA on it, too",
    "a DRG's probability is the sum over the pairs of labels that give it, where the paper joins the two likeliest",
    "batch size and warm-up are recalled only as 'small', so the schedule's own are taken [R]",
    "TINY trains a decoder from scratch with full weights: a random base has nothing that an adapter could adapt",
)
