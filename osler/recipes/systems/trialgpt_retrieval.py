"""TrialGPT's search for trials by keywords that the model draws from the note (Jin et al. 2024, arXiv:2307.15051)."""

from osler.data.sets.trial_search import TrialSearch
from osler.knowledge.bm25 import BM25
from osler.knowledge.dense import Dense
from osler.models.encoder import Encoder
from osler.models.sentence_encoder import SentenceEncoder
from osler.prompting.keyword_search import KeywordSearch

words = BM25(collection=TrialSearch(), tokens="words", stem="", stop="")
RECIPE = KeywordSearch(
    indexes=(
        words,
        Dense(
            collection=TrialSearch(),
            encoder=SentenceEncoder(path="ncbi/MedCPT-Article-Encoder", pooling="cls", unit="never", max_tokens=512),
            query_encoder=SentenceEncoder(path="ncbi/MedCPT-Query-Encoder", pooling="cls", unit="never", max_tokens=64),
            similarity="dot",
        ),
    )
)
TINY = KeywordSearch(
    indexes=(words, Dense(collection=TrialSearch(), encoder=Encoder(precision="int8"))), keywords=8, top=200, k=20
)
DIFFERS = (
    "MedCPT's weights must be on the machine; TINY has the embedded encoder in their stead",
    "the prompt's wording is ours, after the paper's description",
    "on the data held, 30 of 72 patients have exactly one fitting trial (median 2) and the 112 without one are left out, so "
    "recall is coarse and its figure is not the paper's",
    "keywords = 0 is one search by the note against up to 32 searches by keywords that are fused: the two differ in how "
    "many searches are made as well as in who worded them",
    "trials are searched by conditions, interventions and criteria as one text, by plain words without stemming; the paper "
    "weights title and conditions",
)
