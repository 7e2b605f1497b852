"""Med-Go, its form of answer alone: a case answered in five parts (Shanghai East Hospital, 2024; the model is undisclosed)."""

from osler.prompting.optimise.instructed import Instructed
from osler.prompting.zero_shot import ZeroShot

RECIPE = Instructed(
    instruction=(
        "Answer in five parts under these headings: 1. Diagnosis. 2. Criteria that it rests on. 3. Differential diagnosis, "
        "with what speaks for and against each. 4. Further examinations, in the order in which they should be done. "
        "5. Treatment. Where the case leaves something open, say what is missing."
    ),
    inner=ZeroShot(by="generate", max_tokens=2048),
)
DIFFERS = (
    "model, prompt and training of Med-Go are undisclosed: only the five parts that its evaluation asked for are kept",
    "the published evaluation rates 134 real cases by two experts with a rubric (medians 37.5 for Med-Go, 33.0 for Gemini); "
    "rate answers with osler rate to do the same",
)
