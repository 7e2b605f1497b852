"""Keywords that gpt-4-turbo drew from the notes of 184 patients, recorded (Jin et al. 2024, Nat Commun 15:9074)."""

from osler.models.recorded import Recorded

RECIPE = Recorded(
    path="$OSLER_DATA/trialgpt/patients.jsonl.gz",
    id="patient_id",
    output="keywords.gpt-4-turbo",
    name="gpt-4-turbo (recorded keywords)",
    licence="NCBI public domain notice",
    citation="Jin et al., Matching patients to clinical trials with large language models, Nat Commun 15:9074, 2024",
)
