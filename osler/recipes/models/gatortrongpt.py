"""GatorTronGPT, a generative clinical model and what it writes (Peng et al. 2023, arXiv:2305.13523).

A decoder from scratch on clinical and general text; tasks are learnt by P-tuning with the decoder frozen. What it writes
is a corpus by itself, ``SampledTexts``, on which the paper trains an encoder: see the experiment of the same name.
"""

from osler.tuning.corpora.cohort_notes import CohortNotes, Invented
from osler.tuning.corpora.mixture import Mixture
from osler.tuning.corpora.open_texts import OpenTexts
from osler.tuning.dialogue.files import ConversationFiles
from osler.tuning.dialogue.invented import InventedQuestions
from osler.tuning.networks.shapes import DecoderShape
from osler.tuning.objectives.next_token import NextToken
from osler.tuning.peft.prompt_tuning import PTuning
from osler.tuning.pretrain import Pretrain
from osler.tuning.schedule import Schedule
from osler.tuning.sft import SFT
from osler.tuning.tokenizers.pieces import BytePairs

RECIPE = SFT(
    base=Pretrain(
        base=DecoderShape(layers=24, hidden=4096, heads=32, inner=10944, context=2048),
        data=Mixture(parts=(CohortNotes(patients=20000), OpenTexts()), ratios=(0.3, 0.7), repeats=4.0),
        objectives=(NextToken(),),
        tokenizer=BytePairs(size=50257),
        length=2048,
        packed=True,
        schedule=Schedule(
            steps=200_000,
            batch_tokens=1_048_576,
            micro_tokens=8192,
            learning_rate=1e-4,
            decay="cosine",
            floor=0.1,
        ),
    ),
    data=ConversationFiles(paths=("ddi.jsonl", "bc5cdr.jsonl", "kd_dti.jsonl", "pubmedqa.jsonl")),
    adapter=PTuning(length=20, inner=2048),
    length=2048,
    schedule=Schedule(epochs=10.0, batch_rows=32, learning_rate=1e-4, weight_decay=0.0),
)
TINY = SFT(
    base=Pretrain(
        base=DecoderShape(layers=2, hidden=64, heads=2, inner=176, context=128),
        data=Invented(diseases=12, each=12, kind="questions"),
        objectives=(NextToken(),),
        tokenizer=BytePairs(size=600),
        length=96,
        packed=True,
        schedule=Schedule(steps=200, batch_tokens=1024, learning_rate=3e-3, precision="float32"),
    ),
    data=InventedQuestions(diseases=12, each=2, relations=("drug", "organ")),
    adapter=PTuning(length=12, inner=64),
    length=64,
    schedule=Schedule(steps=150, batch_rows=16, learning_rate=1e-2, weight_decay=0.0, precision="float32"),
)
REPORTED = {"turing_test_readability_p": 0.22, "turing_test_relevance_p": 0.91}
DIFFERS = (
    "the smaller of two sizes (5 billion parameters); the other has 44 layers of width 6144 (20 billion)",
    "277 billion words, 82 of them notes of one hospital, are private: synthetic cohort notes and open texts stand in",
    "a Llama type of decoder of the same depth and width stands in for the one of GPT-3",
    "the two p values and the prompt's length are recalled, not checked; batch and steps are those of no paper",
    "the files of relations and questions, put as texts, are yours to give",
    "the encoder on 20 billion synthetic words, GatorTronS, is in the experiment and no part of this recipe",
)
