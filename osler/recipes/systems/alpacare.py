"""AlpaCare self-instruct: new medical tasks from clinicians' seeds, filtered, answered (Zhang et al. 2023, arXiv:2310.14558)."""

from osler.prompting.self_instruct import SelfInstruct

RECIPE = SelfInstruct(per_call=12, temperature=1.0, rouge=0.7)
TINY = SelfInstruct(per_call=4, temperature=1.0, rouge=0.7)
DIFFERS = (
    "the rules of the prompt are ours: the released one has fifteen, and a presence penalty of 1.5 that is not set here",
    "GPT-4 writes the tasks and GPT-3.5 answers them in the paper; here the study's model does both",
    "the 167 seeds of the paper are not shipped: a case's question holds the seeds, one per line",
    "tuning on the tasks belongs to the tuning phase",
)
