"""BioGPT (Luo et al. 2022, arXiv:2210.10341).

A decoder from scratch on titles and abstracts of PubMed, with byte pairs of the domain.
"""

from osler.tuning.corpora.cohort_notes import Invented
from osler.tuning.corpora.open_texts import OpenTexts
from osler.tuning.networks.shapes import DecoderShape
from osler.tuning.objectives.next_token import NextToken
from osler.tuning.pretrain import Pretrain
from osler.tuning.schedule import Schedule
from osler.tuning.tokenizers.pieces import BytePairs

RECIPE = Pretrain(
    base=DecoderShape(layers=24, hidden=1024, heads=16, inner=2752, context=1024),
    data=OpenTexts(parts=("abstracts", "pubmedqa", "passages", "plaba", "diseases", "chemicals")),
    objectives=(NextToken(),),
    tokenizer=BytePairs(size=42384),
    length=1024,
    packed=True,
    schedule=Schedule(
        steps=200_000, batch_tokens=524_288, micro_tokens=8192, learning_rate=2e-4, warm_up=0.1, betas=(0.9, 0.98)
    ),
)
TINY = Pretrain(
    base=DecoderShape(layers=2, hidden=64, heads=2, inner=176, context=128),
    data=Invented(diseases=40, each=6),
    objectives=(NextToken(),),
    tokenizer=BytePairs(size=800),
    length=128,
    packed=True,
    schedule=Schedule(steps=300, batch_tokens=2048, learning_rate=2e-3),
)
REPORTED = {"bc5cdr_f1": 44.98, "kd_dti_f1": 38.42, "ddi_f1": 40.76, "pubmedqa": 78.2}
DIFFERS = (
    "a Llama type of decoder of the same depth and width stands in for the one of GPT-2",
    "open abstracts of the data folder stand in for 15 million abstracts of PubMed",
    "sizes, steps, tokens of a batch, learning rate and the three F1 are recalled, not checked",
    "fine-tuning by a learnt prompt before a target in sentences is shown by the experiment of the same name",
)
