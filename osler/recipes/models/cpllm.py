"""CPLLM (Ben Shoham and Rappoport 2023, arXiv:2309.11295): diseases to come from the codes of past visits, as text."""

from osler.models.local import Local
from osler.tuning.heads.classifier import Classifier
from osler.tuning.networks.shapes import DecoderShape
from osler.tuning.peft.qlora import QLoRA
from osler.tuning.schedule import Schedule
from osler.tuning.tokenizers.symbols import Words

RECIPE = Classifier(
    base=Local(path="meta-llama/Llama-2-13b-hf"),
    adapter=QLoRA(rank=32, alpha=32.0, dropout=0.1),
    reads="last",
    length=4096,
    words=(
        "Chronic kidney disease, unspecified",
        "Acute kidney failure, unspecified",
        "Acute respiratory failure, unspecified whether with hypoxia or hypercapnia",
    ),
    schedule=Schedule(epochs=6.0, learning_rate=2e-5),
)
TINY = Classifier(
    base=DecoderShape(layers=2, hidden=64, heads=4, inner=128, context=128),
    tokenizer=Words(kind="decoder"),
    reads="last",
    length=96,
    dropout=0.0,
    words=("chronic kidney disease", "acute kidney failure", "acute respiratory failure"),
    schedule=Schedule(epochs=6.0, batch_tokens=4096, learning_rate=2e-3, precision="float32"),
)
REPORTED = {"gain in PR-AUC over the best baseline, points, from (recalled)": 1.0, "to (recalled)": 3.0}
DIFFERS = (
    "the paper learns from MIMIC-IV and eICU under an agreement; the data are the study's own cases",
    "the paper adds the description of every code as a token; three stand here for the list that a study gives",
    "new tokens begin as the mean of the tokens of their description; how the paper starts them is not known [?]",
    "the paper's learning rate and batch size are not known for sure, so the rate is one usual for such an adapter [?]",
    "a table of words that got new rows is trained as a whole beside the adapter, not only its new rows",
    "TINY trains a decoder from scratch with full weights: a random base has nothing that an adapter could adapt",
)
