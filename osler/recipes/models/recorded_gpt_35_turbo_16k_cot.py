"""GPT-3.5 Turbo 16k on MIRAGE as recorded (chain-of-thought; Xiong et al. 2024, Findings of ACL)."""

from osler.models.recorded import Recorded

RECIPE = Recorded(
    name="gpt-35-turbo-16k cot (recorded)",
    path="$OSLER_DATA/mirage_predictions/gpt_outputs.jsonl.gz",
    id="{dataset}/{id}",
    where={"model": "gpt-35-turbo-16k", "setting": "cot"},
)
