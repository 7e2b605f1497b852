"""BioBERT (Lee et al. 2020, arXiv:1901.08746).

The training of BERT goes on, with its own vocabulary, on abstracts and articles of biomedicine.
"""

from osler.models.local import Local
from osler.tuning.corpora.cohort_notes import CohortNotes, Invented
from osler.tuning.corpora.open_texts import OpenTexts
from osler.tuning.networks.shapes import EncoderShape
from osler.tuning.objectives.masked_language import MaskedLanguage
from osler.tuning.objectives.next_sentence import NextSentence
from osler.tuning.pretrain import Pretrain
from osler.tuning.schedule import Schedule
from osler.tuning.tokenizers.pieces import WordPiece

RECIPE = Pretrain(
    base=Local(path="google-bert/bert-base-cased"),
    data=OpenTexts(parts=("abstracts", "pubmedqa", "passages", "plaba", "diseases", "chemicals", "articles")),
    objectives=(MaskedLanguage(), NextSentence()),
    length=512,
    schedule=Schedule(steps=1_000_000, batch_rows=192, micro_tokens=65_536, learning_rate=1e-4, warm_up=0.01),
)
TINY = Pretrain(
    base=Pretrain(
        base=EncoderShape(layers=2, hidden=64, heads=2, inner=256, context=64),
        data=CohortNotes(patients=60),
        objectives=(MaskedLanguage(), NextSentence()),
        tokenizer=WordPiece(size=800, lower=False),
        length=64,
        schedule=Schedule(steps=100, batch_tokens=2048, learning_rate=2e-3),
    ),
    data=Invented(diseases=40, each=4),
    objectives=(MaskedLanguage(), NextSentence()),
    length=64,
    schedule=Schedule(steps=200, batch_tokens=2048, learning_rate=1e-3),
)
REPORTED = {"ner_gain_f1": 0.62, "relation_gain_f1": 2.80, "question_answering_gain_mrr": 12.24}
DIFFERS = (
    "version 1.1 (PubMed, a million steps); open texts stand in for the 4.5 billion words of PubMed",
    "batch, learning rate and warm-up are recalled, not checked",
    "the gains are entity level; the repository warns that its token-level F1 (89.7) is not its entity-level one (87.7)",
)
