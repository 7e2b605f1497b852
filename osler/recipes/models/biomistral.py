"""BioMistral-7B, merged with its own base (Labrak et al. 2024, arXiv:2402.10373).

The pre-training of Mistral 7B Instruct goes on with open medical articles; half of what that changed, drawn by DARE, is then
added to the base again.
"""

from osler.models.local import Local
from osler.tuning.arithmetic.dare import Dare
from osler.tuning.arithmetic.merged import Merged
from osler.tuning.corpora.cohort_notes import CohortNotes, Invented
from osler.tuning.corpora.open_texts import OpenTexts
from osler.tuning.networks.shapes import DecoderShape
from osler.tuning.objectives.next_token import NextToken
from osler.tuning.pretrain import Pretrain
from osler.tuning.schedule import Schedule
from osler.tuning.tokenizers.pieces import BytePairs

RECIPE = Merged(
    base=Local(path="mistralai/Mistral-7B-Instruct-v0.1"),
    models=(
        Pretrain(
            base=Local(path="mistralai/Mistral-7B-Instruct-v0.1"),
            data=OpenTexts(parts=("articles",)),
            objectives=(NextToken(),),
            length=2048,
            packed=True,
            schedule=Schedule(epochs=3.0, batch_tokens=65_536, micro_tokens=16_384, learning_rate=2e-5, decay="cosine"),
        ),
    ),
    method=Dare(density=0.5, shares=(0.5,), elect=True),
)
TINY = Merged(
    base=Pretrain(
        base=DecoderShape(layers=2, hidden=64, heads=2, inner=176, context=128),
        data=CohortNotes(patients=60),
        objectives=(NextToken(),),
        tokenizer=BytePairs(size=800),
        length=128,
        packed=True,
        schedule=Schedule(steps=150, batch_tokens=2048, learning_rate=2e-3),
    ),
    models=(
        Pretrain(
            base=Pretrain(
                base=DecoderShape(layers=2, hidden=64, heads=2, inner=176, context=128),
                data=CohortNotes(patients=60),
                objectives=(NextToken(),),
                tokenizer=BytePairs(size=800),
                length=128,
                packed=True,
                schedule=Schedule(steps=150, batch_tokens=2048, learning_rate=2e-3),
            ),
            data=Invented(diseases=40, each=4),
            objectives=(NextToken(),),
            length=128,
            packed=True,
            schedule=Schedule(steps=150, batch_tokens=2048, learning_rate=2e-3),
        ),
    ),
    method=Dare(density=0.5, shares=(0.5,), elect=True),
)
REPORTED = {
    "mistral_7b_instruct": 55.9,
    "biomistral_7b": 57.3,
    "biomistral_7b_ties": 57.9,
    "biomistral_7b_slerp": 58.8,
    "biomistral_7b_dare": 59.4,
    "clinical_knowledge_mistral_7b_instruct": 62.9,
    "clinical_knowledge_biomistral_7b": 59.9,
    "clinical_knowledge_best_merge": 62.5,
}
DIFFERS = (
    "open articles of the data folder stand in for the 3 billion tokens of PMC's open-access subset",
    "three epochs and a batch of 32 rows follow the script; the paper's text may say other figures, and the decay is recalled [R]",
    "its other merges are the methods Slerp (its curve for attention; the feed-forward curve is the public example) and Ties (density 0.5, share 0.5)",
    "how the published merges normalise shares is recalled from mergekit [R]: TIES averages over what counts, DARE-TIES adds up",
    "the supervised tuning by QLoRA and the 4-bit versions are not in this recipe; reported figures are averages of ten tasks after it",
)
