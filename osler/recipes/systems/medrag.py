"""MedRAG: 32 snippets of MedCorp by four fused retrievers, then an answer in JSON (Xiong et al. 2024, arXiv:2402.13178)."""

from osler.knowledge.bm25 import BM25
from osler.knowledge.dense import Dense
from osler.knowledge.fusion import Fused
from osler.knowledge.medrag_snippets import MedRAGSnippets
from osler.knowledge.subset import Subset
from osler.models.sentence_encoder import SentenceEncoder
from osler.prompting.retrieve import Retrieve
from osler.prompting.structured import Structured

RECIPE = Retrieve(
    k=32,
    passage_tokens=15_000,
    index=Fused(
        constant=100.0,
        depth=100,
        indexes=(
            BM25(collection=MedRAGSnippets(), k1=0.9, b=0.4),
            Dense(
                collection=MedRAGSnippets(),
                encoder=SentenceEncoder(path="facebook/contriever", pooling="mean", unit="never"),
                similarity="dot",
            ),
            Dense(collection=MedRAGSnippets(), encoder=SentenceEncoder(path="allenai/specter", pooling="cls")),
            Dense(
                collection=MedRAGSnippets(),
                encoder=SentenceEncoder(path="ncbi/MedCPT-Article-Encoder", pooling="cls", unit="never"),
                query_encoder=SentenceEncoder(path="ncbi/MedCPT-Query-Encoder", pooling="cls", unit="never"),
                similarity="dot",
            ),
        ),
    ),
    inner=Structured(repairs=0, max_tokens=1024),
)
TINY = Retrieve(
    k=4,
    passage_tokens=3_000,
    index=Fused(constant=100.0, indexes=(BM25(collection=Subset()), Dense(collection=Subset()))),
    inner=Structured(repairs=0, max_tokens=256),
)
REPORTED = {"mmlu": 87.2, "medqa": 82.8, "medmcqa": 66.7, "pubmedqa": 70.6, "bioasq": 92.6}
DIFFERS = (
    "MedCorp is not shipped: put the authors' snippets where medrag_snippets looks for them, or name fewer corpora; all "
    "that is named is held in memory, which Textbooks and StatPearls allow and PubMed and Wikipedia do not",
    "the weights of Contriever, SPECTER and MedCPT must be on this machine under their hub names",
    "SPECTER is searched by cosine; the paper takes the Euclidean distance of vectors of any length. MedCPT's article encoder "
    "gets title and text joined, and not as a pair",
    "BM25 has the k1 and b of the toolkit that the authors use (0.9 and 0.4) [recalled]; its words, stems and stop words are ours",
    "whole snippets are kept up to 15,000 tokens; the paper cuts the joined text there (30,000 for GPT-4, 3,000 for Llama)",
    "the wording of the prompt is ours, and the JSON has the keys rationale, evidence and answer; with the evidence the "
    "model names the snippets that it used",
    "REPORTED is GPT-4's, computed again from the authors' 30,652 recorded answers (study mirage.toml)",
    "the tiny preset fuses BM25 and the embedded encoder over 200 passages of OpenStax textbooks",
)
