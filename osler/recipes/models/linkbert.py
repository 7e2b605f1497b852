"""LinkBERT and BioLinkBERT (Yasunaga et al. 2022, arXiv:2203.15827).

An encoder that reads linked documents side by side, and predicts masked words and how two segments belong together.
"""

from osler.tuning.corpora.cohort_notes import Invented
from osler.tuning.corpora.open_texts import OpenTexts
from osler.tuning.networks.shapes import EncoderShape
from osler.tuning.objectives.document_relation import DocumentRelation
from osler.tuning.objectives.masked_language import MaskedLanguage
from osler.tuning.pretrain import Pretrain
from osler.tuning.schedule import Schedule
from osler.tuning.tokenizers.pieces import WordPiece

RECIPE = Pretrain(
    base=EncoderShape(layers=12, hidden=768, heads=12, inner=3072, context=512),
    data=OpenTexts(parts=("passages", "plaba", "abstracts", "pubmedqa")),
    objectives=(MaskedLanguage(), DocumentRelation()),
    tokenizer=WordPiece(size=28895, lower=True),
    length=512,
    schedule=Schedule(steps=62_500, batch_rows=8192, micro_tokens=65_536, learning_rate=6e-4, warm_up=0.1),
)
TINY = Pretrain(
    base=EncoderShape(layers=2, hidden=64, heads=2, inner=256, context=96),
    data=Invented(diseases=40, each=6),
    objectives=(MaskedLanguage(), DocumentRelation()),
    tokenizer=WordPiece(size=800, lower=True),
    length=96,
    schedule=Schedule(steps=300, batch_tokens=2048, learning_rate=2e-3),
)
REPORTED = {"blurb": 83.39, "pubmedqa": 70.2, "bioasq": 91.4, "medqa": 40.0}
DIFFERS = (
    "open texts with few links stand in for PubMed with its citations",
    "steps, batch and learning rate of the biomedical model, and the size of its vocabulary, are recalled, not checked",
    "the reported figures are those of the base size, of the table in its repository",
)
