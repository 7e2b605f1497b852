"""MedCPT's dense retrieval by two encoders and its re-ranker (Jin et al. 2023, arXiv:2307.00589)."""

from osler.data.sets.bioasq import BioASQ
from osler.data.sets.liveqa import LiveQA
from osler.knowledge.dense import Dense
from osler.knowledge.rerank import Reranked
from osler.knowledge.rerank_features import FeatureReranker
from osler.models.cross_encoder import CrossEncoder
from osler.models.sentence_encoder import SentenceEncoder
from osler.prompting.search import Search

RECIPE = Search(
    index=Reranked(
        inner=Dense(
            collection=BioASQ(),
            encoder=SentenceEncoder(path="ncbi/MedCPT-Article-Encoder", pooling="cls", unit="never", max_tokens=512),
            query_encoder=SentenceEncoder(path="ncbi/MedCPT-Query-Encoder", pooling="cls", unit="never", max_tokens=64),
            similarity="dot",
        ),
        scorer=CrossEncoder(path="ncbi/MedCPT-Cross-Encoder", max_length=512),
        depth=100,
    ),
    k=100,
)
TINY = Search(index=Reranked(inner=Dense(collection=LiveQA()), scorer=FeatureReranker(), depth=20), k=20)
DIFFERS = (
    "the three models of NCBI are not here and must be on the machine; TINY has one open encoder for both sides and the light "
    "re-ranker in their stead",
    "an article is one text here; MedCPT's article encoder reads title and abstract as a pair",
    "how deep the cross-encoder re-ranks (100) is ours; the paper's own evaluation scripts are not public for every set",
    "trained on clicks of PubMed's users that are not public; our re-rankers learn from MedQuAD and PubMedQA",
)
