"""DRAGON (Yasunaga et al. 2022, arXiv:2210.09338)."""

from osler.models.local import Local
from osler.tuning.corpora.open_texts import OpenTexts
from osler.tuning.joint import JointPretrain
from osler.tuning.joint_data import InventedGraph, LinkedTexts
from osler.tuning.networks.graph_fusion import GraphShape
from osler.tuning.networks.shapes import EncoderShape
from osler.tuning.objectives.link_prediction import LinkPrediction
from osler.tuning.objectives.masked_language import MaskedLanguage
from osler.tuning.schedule import Schedule
from osler.tuning.tokenizers.symbols import Words

RECIPE = JointPretrain(
    base=Local(path="michiyasunaga/BioLinkBERT-large"),
    data=LinkedTexts(corpus=OpenTexts(), most=200),
    graph=GraphShape(layers=5, width=200, heads=2, dropout=0.2),
    language=MaskedLanguage(share=0.15),
    links=LinkPrediction(share=0.15, most=100, negatives=64),
    length=512,
    schedule=Schedule(steps=20_000, batch_rows=128, micro_tokens=8192, learning_rate=1e-5, precision="bfloat16"),
)
TINY = JointPretrain(
    base=EncoderShape(layers=3, hidden=64, heads=2, inner=128, context=32, dropout=0.0),
    tokenizer=Words(),
    data=InventedGraph(),
    graph=GraphShape(layers=2, width=32, heads=2, dropout=0.0),
    links=LinkPrediction(share=0.3, negatives=16),
    length=24,
    schedule=Schedule(steps=350, batch_rows=32, learning_rate=2e-3, precision="float32"),
)
REPORTED = {"medqa": 47.5, "medqa_biolinkbert": 44.6, "pubmedqa": 73.4, "bioasq": 96.4}
DIFFERS = (
    "the graph is that of diseases, findings and drugs of the data folder; the paper's is UMLS, which needs a licence",
    "the texts are the open ones of the data folder; the paper's are PubMed abstracts",
    "one learning rate of 1e-5 for all weights; the paper's code has 1e-5 for the text encoder and 1e-3 for the graph",
    "relations and nodes are learnt from scratch; the paper begins with vectors of the nodes' names",
    "the text's first token is the one that speaks with the graph; the paper adds a token of its own",
    "the reported figures of PubMedQA and BioASQ are recalled, and so is the number of steps",
)
