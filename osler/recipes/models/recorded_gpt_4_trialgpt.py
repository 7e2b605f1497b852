"""GPT-4 as recorded by TrialGPT on 1,015 patient-criterion pairs (Jin et al. 2024, Nat Commun 15:9074)."""

from osler.models.recorded import Recorded

RECIPE = Recorded(
    name="gpt-4 (TrialGPT, recorded)",
    path="$OSLER_DATA/trialgpt/criterion_annotations.jsonl.gz",
    id="{annotation_id}",
    output={"rationale": "gpt4_explanation", "evidence": "gpt4_sentences", "answer": "gpt4_eligibility"},
)
REPORTED = {"accuracy": 0.873}
