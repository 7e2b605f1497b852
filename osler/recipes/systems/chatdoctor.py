"""ChatDoctor's retrieval: keywords, term match, four chunks answered apart, merged (Li et al. 2023, arXiv:2303.14070)."""

from osler.knowledge.disease_table import DiseaseTable
from osler.knowledge.term_match import TermMatch
from osler.prompting.map_merge import MapMerge
from osler.prompting.zero_shot import ZeroShot

RECIPE = MapMerge(
    index=TermMatch(collection=DiseaseTable(), rows=6, words=0),
    keywords=10,
    k=4,
    temperature=0.5,
    inner=ZeroShot(by="generate", temperature=0.5, max_tokens=512),
)
TINY = MapMerge(
    index=TermMatch(collection=DiseaseTable(), rows=1, words=0),
    keywords=5,
    k=2,
    inner=ZeroShot(by="generate", max_tokens=128),
)
REPORTED = {"icliniq_bertscore_f1": 84.46, "icliniq_bertscore_precision": 84.44, "icliniq_bertscore_recall": 84.51}
DIFFERS = (
    "the model is whichever one is named: LLaMA-7B tuned on Alpaca and HealthCareMagic-100k is training, not prompting",
    "the reported figures [recalled] are of the tuned model against ChatGPT (F1 84.06); retrieval alone was not measured there",
    "top_k 50 and the repetition penalty 1.1 of the published code are settings of the endpoint",
    "the paper names no number of keywords: at most 10 are read here; where none can be read the question's words are searched",
    "Wikipedia, its second source, is not held: term_match with words = 250 over another collection does the same",
    "answers that are all the same are not merged by a further call",
    "the prompts are ours: keywords and verdicts are asked for as JSON",
)
