"""PMC-LLaMA, pre-trained on papers and books, then instructed (Wu et al. 2023, arXiv:2304.14454)."""

from osler.models.local import Local
from osler.tuning.corpora.cohort_notes import Invented
from osler.tuning.corpora.open_texts import OpenTexts
from osler.tuning.dialogue.encoded_facts import EncodedFacts
from osler.tuning.dialogue.files import ConversationFiles
from osler.tuning.dialogue.mixture import MixedConversations
from osler.tuning.dialogue.vocabulary import WordsOfStages
from osler.tuning.networks.shapes import DecoderShape
from osler.tuning.objectives.next_token import NextToken
from osler.tuning.pretrain import Pretrain
from osler.tuning.schedule import Schedule
from osler.tuning.sft import SFT

RECIPE = SFT(
    base=Pretrain(
        base=Local(path="huggyllama/llama-13b"),
        data=OpenTexts(),
        objectives=(NextToken(),),
        length=2048,
        packed=True,
        schedule=Schedule(
            epochs=5.0, batch_tokens=6_553_600, micro_tokens=8192, learning_rate=2e-5, warm_up=0.03, decay="cosine"
        ),
    ),
    data=ConversationFiles(
        paths=("pmc_llama_instructions.jsonl",), made="people and models, see the collection's page"
    ),
    template="alpaca",
    length=2048,
    schedule=Schedule(epochs=3.0, batch_rows=256, micro_tokens=8192, learning_rate=2e-5, warm_up=0.03, decay="cosine"),
)
TINY = SFT(
    base=Pretrain(
        base=DecoderShape(layers=2, hidden=64, heads=4, inner=128, context=96),
        data=Invented(diseases=20, each=12, kind="abstracts"),
        objectives=(NextToken(),),
        tokenizer=WordsOfStages(
            data=(EncodedFacts(diseases=20, each=6), EncodedFacts(diseases=20, each=6, form="rationale")),
        ),
        length=96,
        held_out=0.0,
        schedule=Schedule(steps=250, batch_tokens=1024, learning_rate=5e-3, weight_decay=0.0, precision="float32"),
    ),
    data=MixedConversations(
        parts=(
            EncodedFacts(diseases=20, last=10, each=4),
            EncodedFacts(diseases=20, last=10, each=4, form="rationale"),
            EncodedFacts(diseases=20, first=10, each=16, form="text"),
        ),
    ),
    template="vicuna",
    length=96,
    schedule=Schedule(steps=240, batch_tokens=512, learning_rate=2e-3, weight_decay=0.0, precision="float32"),
)
REPORTED = {"medqa": 56.36, "medmcqa": 56.04, "pubmedqa": 77.9, "medqa_llama_2_13b": 42.7}
DIFFERS = (
    "the texts are the open ones of the data folder; the paper's are 4.8 million papers and 30,000 books, of which it names titles only",
    "books, papers and general text stand 15 : 4 : 1 in a batch of the paper; the mixture of the corpora does that where there are books",
    "five epochs, the rate and the batch of the first stage are recalled; the released script for 7B has 30 epochs",
    "the instructions are to be fetched by the reader; those with an unknown maker keep the tag of their collection",
)
