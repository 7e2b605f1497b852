"""PubMedBERT (Gu et al. 2021, arXiv:2007.15779).

An encoder from scratch on abstracts of PubMed, with a vocabulary of the domain and whole words masked.
"""

from osler.tuning.corpora.cohort_notes import Invented
from osler.tuning.corpora.open_texts import OpenTexts
from osler.tuning.networks.shapes import EncoderShape
from osler.tuning.objectives.next_sentence import NextSentence
from osler.tuning.objectives.whole_word import WholeWord
from osler.tuning.pretrain import Pretrain
from osler.tuning.schedule import Schedule
from osler.tuning.tokenizers.pieces import WordPiece

RECIPE = Pretrain(
    base=EncoderShape(layers=12, hidden=768, heads=12, inner=3072, context=512),
    data=OpenTexts(parts=("abstracts", "pubmedqa", "passages", "plaba", "diseases", "chemicals")),
    objectives=(WholeWord(), NextSentence()),
    tokenizer=WordPiece(size=30522, lower=True),
    length=512,
    schedule=Schedule(steps=62_500, batch_rows=8192, micro_tokens=65_536, learning_rate=6e-4, warm_up=0.1),
)
TINY = Pretrain(
    base=EncoderShape(layers=2, hidden=64, heads=2, inner=256, context=96),
    data=Invented(diseases=40, each=6),
    objectives=(WholeWord(), NextSentence()),
    tokenizer=WordPiece(size=800, lower=True),
    length=96,
    schedule=Schedule(steps=300, batch_tokens=2048, learning_rate=2e-3),
)
REPORTED = {"blurb": 81.1, "medqa": 38.1, "pubmedqa": 55.8, "bioasq": 87.5}
DIFFERS = (
    "open abstracts of the data folder stand in for the 14 million abstracts of PubMed (3.2 billion words)",
    "steps, batch, learning rate and warm-up are recalled, not checked",
    "the reported figures are those of the table of LinkBERT's repository",
)
