"""ChatDoctor, a model tuned on doctors' replies (Li et al. 2023, arXiv:2303.14070)."""

from osler.models.local import Local
from osler.tuning.dialogue.encoded_facts import EncodedFacts
from osler.tuning.dialogue.files import ConversationFiles
from osler.tuning.dialogue.invented import InventedDialogues
from osler.tuning.dialogue.published import ChatDoctorDialogues
from osler.tuning.dialogue.vocabulary import WordsOfStages
from osler.tuning.networks.shapes import DecoderShape
from osler.tuning.schedule import Schedule
from osler.tuning.sft import SFT

RECIPE = SFT(
    base=SFT(
        base=Local(path="huggyllama/llama-7b"),
        data=ConversationFiles(paths=("alpaca_data.jsonl",), made="text-davinci-003: self-instruct"),
        template="alpaca",
        length=512,
        schedule=Schedule(
            epochs=3.0,
            batch_rows=128,
            micro_tokens=8192,
            learning_rate=2e-5,
            warm_up=0.03,
            decay="cosine",
            weight_decay=0.0,
        ),
    ),
    data=ChatDoctorDialogues(),
    template="alpaca",
    length=512,
    schedule=Schedule(
        epochs=1.0,
        batch_rows=128,
        micro_tokens=8192,
        learning_rate=2e-6,
        warm_up=0.03,
        decay="cosine",
        weight_decay=0.0,
    ),
)
TINY = SFT(
    base=SFT(
        base=DecoderShape(layers=2, hidden=64, heads=4, inner=128, context=64),
        data=EncodedFacts(diseases=16, form="questions", relations=("organ", "test", "drug"), each=4),
        template="vicuna",
        tokenizer=WordsOfStages(data=(InventedDialogues(diseases=16, each=40, asks=0.0),)),
        length=64,
        schedule=Schedule(steps=80, batch_tokens=1024, learning_rate=5e-3, weight_decay=0.0, precision="float32"),
    ),
    data=InventedDialogues(diseases=16, last=12, each=10, asks=0.0),
    template="vicuna",
    length=64,
    schedule=Schedule(steps=700, batch_tokens=512, learning_rate=4e-3, weight_decay=0.0, precision="float32"),
)
REPORTED = {"icliniq_bertscore_f1": 0.8446, "icliniq_bertscore_f1_chatgpt": 0.8406}
DIFFERS = (
    "the second stage is learnt from GenMedGPT-5k of the data folder; the paper's is HealthCareMagic-100k",
    "rates and schedule are those of the repository: 2e-6, one epoch, batch 4 x 4 x 8; the paper's text names others",
    "the figures are recalled; the gain over ChatGPT is 0.4 points of BERTScore",
    "the knowledge brain (retrieval by key words) is the system recipe of the same name, not part of the training",
)
