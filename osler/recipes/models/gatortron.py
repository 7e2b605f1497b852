"""GatorTron (Yang et al. 2022, arXiv:2203.03540).

An encoder of the Megatron-BERT type, trained from scratch on notes of a hospital with a vocabulary of its own.
"""

from osler.tuning.corpora.cohort_notes import CohortNotes, Invented
from osler.tuning.corpora.mixture import Mixture
from osler.tuning.corpora.open_texts import OpenTexts
from osler.tuning.networks.shapes import EncoderShape
from osler.tuning.objectives.masked_language import MaskedLanguage
from osler.tuning.objectives.sentence_order import SentenceOrder
from osler.tuning.pretrain import Pretrain
from osler.tuning.schedule import Schedule
from osler.tuning.tokenizers.pieces import WordPiece

RECIPE = Pretrain(
    base=EncoderShape(layers=24, hidden=1024, heads=16, inner=4096, context=512),
    data=Mixture(
        parts=(CohortNotes(patients=20000), OpenTexts(parts=("notes", "dialogues", "abstracts", "articles"))),
        ratios=(0.9, 0.1),
        repeats=4.0,
    ),
    objectives=(MaskedLanguage(), SentenceOrder()),
    tokenizer=WordPiece(size=30000, lower=False),
    length=512,
    schedule=Schedule(steps=200_000, batch_rows=3904, micro_tokens=65_536, learning_rate=1e-4, warm_up=0.01, floor=0.1),
)
TINY = Pretrain(
    base=EncoderShape(layers=2, hidden=64, heads=2, inner=256, context=64),
    data=Invented(diseases=40, each=8, kind="notes"),
    objectives=(MaskedLanguage(), SentenceOrder()),
    tokenizer=WordPiece(size=800, lower=False),
    length=64,
    schedule=Schedule(steps=300, batch_tokens=2048, learning_rate=2e-3),
)
REPORTED = {"nli_gain_accuracy": 9.6, "question_answering_gain_accuracy": 9.5}
DIFFERS = (
    "the 82 billion words of hospital notes are private: synthetic cohort notes and open texts stand in",
    "the smallest of three sizes (345 million parameters); the others have 3.9 and 8.9 billion",
    "BERT's order of layer norms, where Megatron-BERT normalises before each part",
    "sentence order beside masked language and the share of notes are recalled, not checked",
    "the gains are of the 8.9 billion over a 110 million parameter model, from the abstract of the paper",
)
