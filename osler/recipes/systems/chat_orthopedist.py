"""Chat-Orthopedist: a knowledge base on scoliosis behind a chat (Shi et al. 2023, ACM BCB, Retrieval-augmented ChatGPT)."""

from osler.knowledge.dense import Dense
from osler.knowledge.passages import PassageFile
from osler.knowledge.topic import Topic
from osler.models.sentence_encoder import SentenceEncoder
from osler.prompting.retrieve import Retrieve
from osler.prompting.zero_shot import ZeroShot

RECIPE = Retrieve(
    index=Dense(
        collection=Topic(
            collection=PassageFile(
                path="$OSLER_DATA/medquad/medquad.jsonl.gz", id="id", text="answer", title="question"
            ),
            words=("idiopathic scoliosis", "curvature of the spine", "spinal curvature"),
        ),
        encoder=SentenceEncoder(path="sentence-transformers/all-mpnet-base-v2", pooling="cls"),
    ),
    k=4,
    query="last_line",
    inner=ZeroShot(by="generate", max_tokens=512),
)
TINY = Retrieve(
    index=Dense(
        collection=Topic(
            collection=PassageFile(
                path="$OSLER_DATA/medquad/medquad.jsonl.gz", id="id", text="answer", title="question"
            ),
            words=("idiopathic scoliosis",),
        )
    ),
    k=1,
    query="last_line",
    inner=ZeroShot(by="generate", max_tokens=128),
)
DIFFERS = (
    "the base are the answers of MedQuAD that speak of scoliosis; the paper's own is not public",
    "which MPNet the paper takes is not told [second hand: an off-the-shelf sentence transformer, its [CLS] token]; the one named "
    "here was trained with mean pooling, its weights must be on the machine, and the experiment shows what the mistake costs; "
    "the tiny preset has the embedded MiniLM, pooled as it was trained",
    "the case's question holds the whole dialogue, which stays in the prompt; its last line is what is searched for",
    "the number of passages is ours, and the model is whichever one is named (the paper: ChatGPT, gpt-3.5)",
    "no figure is given: none could be verified",
)
