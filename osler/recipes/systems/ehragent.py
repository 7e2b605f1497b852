"""EHRAgent (Shi et al. 2024, arXiv:2401.07128).

Questions about records answered by programs: knowledge first, 4 solved cases by edit distance, a debugger, at most 10
turns, temperature 0. The record is a database behind two tools; a study may give others in ``tools``, and says in
``about`` what tables and columns there are.
"""

from osler.prompting.code_agent import CodeAgent
from osler.tools.sql_query import SqlQuery
from osler.tools.sql_schema import SqlSchema

RECIPE = CodeAgent(tools=(SqlSchema(), SqlQuery()), hint=True, k=4, debugger=True, turns=10, memory="train")
TINY = CodeAgent(tools=(SqlSchema(), SqlQuery()), hint=True, k=2, debugger=True, turns=4, memory="train", tried=4)
REPORTED = {"mimic_iii_success": 58.97, "eicu_success": 53.10, "treqs_success": 69.70}  # GPT-4; recalled, not checked
DIFFERS = (
    "programs run in a sandbox without files and network; the released code runs them with exec() in its own process",
    "memory is filled from training cases before the first test case; the released code adds test cases as it goes and "
    "decides by their gold answers",
    "a training case is kept where the study's metric gives full marks; the released judge looks for the gold answer "
    "as a part of what was answered",
    "tools are those that the study gives; LoadDB, FilterDB and GetValue are SQL here, Calculator and Calendar are "
    "Python's own modules",
    "the wording of the prompts is ours; their order and content are the paper's, and the solved case nearest to the "
    "question stands last, which is our choice",
    "memory starts empty; the released code starts from four solved cases written by hand for each database",
    "the figures are recalled from the paper, not read off its tables by us",
)
