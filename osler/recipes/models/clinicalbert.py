"""ClinicalBERT (Alsentzer et al. 2019, arXiv:1904.03323).

The training of BioBERT goes on, with masked words and next sentences, on notes whose identifiers are placeholders.
"""

from osler.models.local import Local
from osler.tuning.corpora.cohort_notes import CohortNotes, Invented
from osler.tuning.corpora.mixture import Mixture
from osler.tuning.corpora.open_texts import OpenTexts
from osler.tuning.networks.shapes import EncoderShape
from osler.tuning.objectives.masked_language import MaskedLanguage
from osler.tuning.objectives.next_sentence import NextSentence
from osler.tuning.pretrain import Pretrain
from osler.tuning.schedule import Schedule
from osler.tuning.tokenizers.pieces import WordPiece

RECIPE = Pretrain(
    base=Local(path="dmis-lab/biobert-base-cased-v1.2"),
    data=Mixture(parts=(CohortNotes(patients=20000), OpenTexts(parts=("notes",))), repeats=4.0),
    objectives=(MaskedLanguage(), NextSentence(copies=5)),
    length=128,
    schedule=Schedule(steps=150_000, batch_rows=32, learning_rate=5e-5, warm_up=0.0667),
)
TINY = Pretrain(
    base=Pretrain(
        base=EncoderShape(layers=2, hidden=64, heads=2, inner=256, context=64),
        data=Invented(diseases=40, each=4, seed=1, kind="notes"),
        objectives=(MaskedLanguage(), NextSentence()),
        tokenizer=WordPiece(size=800, lower=False),
        length=64,
        schedule=Schedule(steps=100, batch_tokens=2048, learning_rate=2e-3),
    ),
    data=Invented(diseases=40, each=4, kind="masked_notes"),
    objectives=(MaskedLanguage(), NextSentence()),
    length=64,
    schedule=Schedule(steps=150, batch_tokens=2048, learning_rate=1e-3),
)
REPORTED = {"mednli_accuracy": 82.7, "mednli_accuracy_bert": 77.6, "mednli_accuracy_biobert": 80.8}
DIFFERS = (
    "the two million notes of MIMIC-III need a licence: synthetic cohort notes and open notes stand in",
    "the model of all notes that starts from BioBERT; there are three others, of BERT and of discharge summaries",
    "the paper starts from BioBERT 1.0 and predicts at most 20 words a row; version 1.2 is the one with a words' head",
    "that de-identification does not improve, since identifiers are masked in MIMIC, is recalled",
)
