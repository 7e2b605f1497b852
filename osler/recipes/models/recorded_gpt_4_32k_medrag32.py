"""GPT-4 32k on MIRAGE as recorded (MedRAG, 32 snippets by RRF-4 from MedCorp; Xiong et al. 2024, Findings of ACL)."""

from osler.models.recorded import Recorded

RECIPE = Recorded(
    name="gpt-4-32k medrag32 (recorded)",
    path="$OSLER_DATA/mirage_predictions/gpt_outputs.jsonl.gz",
    id="{dataset}/{id}",
    where={"model": "gpt-4-32k", "setting": "medrag32"},
)
