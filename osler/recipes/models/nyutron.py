"""NYUTron (Jiang et al. 2023, Nature 619:357): a health system's own notes make a reader for all kinds of prediction."""

from osler.tuning.corpora.cohort_notes import CohortNotes
from osler.tuning.heads.classifier import Classifier
from osler.tuning.networks.shapes import EncoderShape
from osler.tuning.objectives.masked_language import MaskedLanguage
from osler.tuning.pretrain import Pretrain
from osler.tuning.schedule import Schedule
from osler.tuning.tokenizers.pieces import WordPiece

RECIPE = Classifier(
    base=Pretrain(
        base=EncoderShape(layers=12, hidden=768, heads=12, inner=3072, context=512),
        data=CohortNotes(),
        tokenizer=WordPiece(size=50000),
        objectives=(MaskedLanguage(),),
        length=512,
        schedule=Schedule(epochs=10.0, batch_rows=1536, learning_rate=5e-5),
    ),
    length=512,
    schedule=Schedule(epochs=5.0, learning_rate=2e-5, weight_decay=0.0, evaluate_every=100, patience=5, keep="best"),
)
TINY = Classifier(
    base=Pretrain(
        base=EncoderShape(layers=2, hidden=64, heads=4, inner=128, context=128),
        data=CohortNotes(),
        tokenizer=WordPiece(size=2000),
        objectives=(MaskedLanguage(),),
        length=128,
        schedule=Schedule(steps=150, batch_tokens=2048, learning_rate=2e-3, precision="float32"),
    ),
    length=128,
    schedule=Schedule(epochs=4.0, batch_tokens=2048, learning_rate=1e-3, weight_decay=0.0, precision="float32"),
)
REPORTED = {
    "AUC, lowest of five tasks": 78.7,
    "AUC, highest of five tasks": 94.9,
    "gain over structured baselines, points, from": 5.36,
    "gain over structured baselines, points, to": 14.7,
}
DIFFERS = (
    "the paper's 7.25 million notes of NYU Langone are private; the notes of the made-up cohort stand in for them",
    "passes over the notes and the learning rate of pre-training are not known here; the paper trained three weeks on 24 "
    "A100, 64 rows on each [?]",
    "the label is read from the mean of the tokens; the paper's classifier reads the first token's pooler",
    "the held-out notes of early stopping are a tenth of the training cases; the paper holds out by patient and time",
    "the task (readmission, death, length of stay, comorbidity, denial) is the study's, by its prompt and labels",
)
