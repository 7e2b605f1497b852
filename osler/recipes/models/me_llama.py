"""Me-LLaMA-13B (Xie et al. 2024, arXiv:2402.12749).

The pre-training of LLaMA 2 goes on with biomedical, clinical and general text at 15 to 1 to 4, against forgetting.
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
    base=Local(path="meta-llama/Llama-2-13b-hf"),
    data=Mixture(
        parts=(
            OpenTexts(parts=("abstracts", "articles", "pubmedqa", "passages")),
            CohortNotes(patients=20000),
            OpenTexts(parts=("textbooks",)),
        ),
        ratios=(15.0, 1.0, 4.0),
    ),
    objectives=(NextToken(),),
    length=2048,
    packed=True,
    schedule=Schedule(
        epochs=1.0,
        batch_tokens=5_242_880,
        micro_tokens=16_384,
        learning_rate=8e-6,
        warm_up=0.05,
        decay="cosine",
        weight_decay=1e-5,
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
    data=Mixture(
        parts=(Invented(diseases=40, each=4), Invented(diseases=40, kind="notes"), CohortNotes(patients=60)),
        ratios=(15.0, 1.0, 4.0),
    ),
    objectives=(NextToken(),),
    length=128,
    packed=True,
    schedule=Schedule(steps=150, batch_tokens=2048, learning_rate=2e-3),
)
REPORTED = {"data_sets_better_than_chatgpt_of_8": 7, "data_sets_better_than_gpt_4_of_8": 5}
DIFFERS = (
    "open texts and synthetic notes stand in for 129 billion tokens of PMC, PubMed, MIMIC and RedPajama",
    "tokens of a row and of a batch are recalled (gradients of 16 passes on 160 GPUs), not checked",
    "the instruction tuning by LoRA that follows is not in this recipe; the reported counts are after it",
)
