"""GeneGPT (Jin et al. 2024, arXiv:2304.09667).

Questions on genes answered by calls to NCBI written into the answer. RECIPE is the full prompt (mask 111111); the slim
one is ``mask = "001001"``. It reaches NCBI, so its questions leave this machine: give no patient's data to it.
"""

from osler.prompting.api_calls import ApiCalls
from osler.tools.ncbi import Ncbi

RECIPE = ApiCalls(
    tools=(Ncbi(online=True),), mask="111111", max_calls=10, max_chars=10_000, max_prompt=18_000, temperature=0.0
)
TINY = ApiCalls(tools=(Ncbi(),), mask="001001", max_calls=4, max_chars=2_000, max_prompt=8_000, temperature=0.0)
REPORTED = {
    "geneturing_full": 0.80,
    "geneturing_slim": 0.83,
    "geneturing_demo_1": 0.68,
    "geneturing_demo_2": 0.32,
    "geneturing_demo_3": 0.64,
    "geneturing_demo_4": 0.50,
    "geneturing_documentation": 0.02,
}  # mean of 9 tasks, code-davinci-002; the ablation recomputed from the authors' published outputs
DIFFERS = (
    "documentation and demonstrations are written by us in the paper's structure; the genes shown are others",
    "the question is not cut away when the prompt grows over 18,000 characters; the paper's prompt is cut blindly",
    "results come in a message of their own instead of one text that is continued, since chat servers continue none",
    "the text is cut at the arrow here, not by the server's stop word, so the paper's budget of tokens is not the same",
    "only E-utilities that read and BLAST can be called, over https, without redirects",
    "the model is whichever the study names; code-davinci-002 is no longer served",
    "TINY is not connected: give its tool base_url (osler.tools.ncbi_server is a server with made-up genes)",
)
