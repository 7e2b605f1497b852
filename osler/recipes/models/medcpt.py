"""MedCPT's retriever and re-ranker (Jin et al. 2023, arXiv:2307.00589)."""

from osler.models.local import Local
from osler.tuning.bi_encoder import BiEncoder
from osler.tuning.networks.shapes import EncoderShape
from osler.tuning.objectives.contrastive import InfoNCE
from osler.tuning.pair_data import InventedClicks, PublicQuestions
from osler.tuning.rerank_stage import Reranker
from osler.tuning.schedule import Schedule
from osler.tuning.tokenizers.symbols import Words

RECIPE = Reranker(
    base=Local(path="microsoft/BiomedNLP-BiomedBERT-base-uncased-abstract-fulltext"),
    data=PublicQuestions(sources=("medquad", "pubmedqa")),
    retriever=BiEncoder(
        base=Local(path="microsoft/BiomedNLP-BiomedBERT-base-uncased-abstract-fulltext"),
        article_base=Local(path="microsoft/BiomedNLP-BiomedBERT-base-uncased-abstract-fulltext"),
        data=PublicQuestions(sources=("medquad", "pubmedqa")),
        objective=InfoNCE(similarity="dot", temperature=1.0, forward_share=0.8),
        pooling="cls",
        query_tokens=64,
        text_tokens=512,
        schedule=Schedule(epochs=8, batch_rows=32, learning_rate=2e-5),
    ),
    draw="local",
    negatives=31,
    last=100,
    max_length=512,
    schedule=Schedule(epochs=1, batch_rows=32, micro_tokens=65_536, learning_rate=2e-5),
)
TINY = Reranker(
    base=EncoderShape(layers=2, hidden=64, heads=2, inner=128, context=96, dropout=0.0),
    tokenizer=Words(),
    data=InventedClicks(),
    retriever=BiEncoder(
        base=EncoderShape(layers=1, hidden=64, heads=2, inner=128, context=96, dropout=0.0),
        article_base=EncoderShape(layers=1, hidden=64, heads=2, inner=128, context=96, dropout=0.0),
        tokenizer=Words(),
        data=InventedClicks(),
        objective=InfoNCE(forward_share=0.8),
        query_tokens=16,
        text_tokens=80,
        schedule=Schedule(steps=200, batch_rows=64, learning_rate=2e-3, precision="float32"),
    ),
    draw="local",
    negatives=7,
    last=20,
    max_length=96,
    schedule=Schedule(steps=120, batch_rows=8, learning_rate=1e-3, precision="float32"),
)
REPORTED: dict[str, float] = {}
DIFFERS = (
    "the paper learns from 255 million clicks of PubMed's search log, which are private; here from public questions with answers",
    "the paper's re-ranker learns from 18 million of the pairs; here from the same questions as the retriever",
    "the paper warms up over 10,000 steps; here over 6 % of the steps",
    "the paper's cross-encoder begins with PubMedBERT; batch and learning rate of the re-ranker are those of the retriever here, "
    "as they are not known to us",
    "the paper's figures are of the BEIR sets, which are not among the data here, so none is listed",
)
