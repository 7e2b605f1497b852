"""MEDITRON-7B (Chen et al. 2023, arXiv:2311.16079).

The pre-training of Llama 2 goes on with guidelines, abstracts and articles, and one per cent of general text replayed.
"""

from osler.models.local import Local
from osler.tuning.corpora.cohort_notes import CohortNotes, Invented
from osler.tuning.corpora.mixture import Mixture
from osler.tuning.corpora.open_texts import OpenTexts
from osler.tuning.networks.shapes import DecoderShape
from osler.tuning.objectives.next_token import NextToken
from osler.tuning.pretrain import Pretrain
from osler.tuning.schedule import Schedule
from osler.tuning.tokenizers.pieces import BytePairs

RECIPE = Pretrain(
    base=Local(path="meta-llama/Llama-2-7b-hf"),
    data=Mixture(
        parts=(
            OpenTexts(parts=("answers", "trials")),
            OpenTexts(parts=("abstracts", "pubmedqa", "passages", "plaba")),
            OpenTexts(parts=("articles",)),
            OpenTexts(parts=("textbooks",)),
        ),
        ratios=(0.01, 0.4, 0.58, 0.01),
    ),
    objectives=(NextToken(),),
    length=2048,
    packed=True,
    schedule=Schedule(
        steps=14_700,
        batch_tokens=3_276_800,
        micro_tokens=16_384,
        learning_rate=3e-4,
        warm_up=0.136,
        decay="cosine",
        floor=0.1,
        weight_decay=0.1,
        betas=(0.9, 0.95),
    ),
)
TINY = Pretrain(
    base=Pretrain(
        base=DecoderShape(layers=2, hidden=64, heads=2, inner=176, context=128),
        data=CohortNotes(patients=60),
        objectives=(NextToken(),),
        tokenizer=BytePairs(size=800),
        length=128,
        packed=True,
        schedule=Schedule(steps=150, batch_tokens=2048, learning_rate=2e-3),
    ),
    data=Mixture(parts=(Invented(diseases=40, each=4), CohortNotes(patients=60)), ratios=(0.99, 0.01)),
    objectives=(NextToken(),),
    length=128,
    packed=True,
    schedule=Schedule(steps=150, batch_tokens=2048, learning_rate=2e-3),
)
REPORTED = {"llama_2_7b": 53.5, "pmc": 54.6, "pmc_with_replay": 56.2, "gap_replay": 58.9}
DIFFERS = (
    "open texts of the data folder stand in for the 48.1 billion tokens of GAP-Replay, general textbooks for the replay",
    "steps follow from 48.1 billion tokens in batches of 1600 rows of 2048; weight decay, betas and floor are recalled",
    "the reported figures are averages of the mixture ablation at 7B, before supervised tuning and self-consistency",
)
