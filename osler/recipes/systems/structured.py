"""JSON with the rationale before the answer, one repair (the guide's practice 7)."""

from osler.prompting.structured import Structured

RECIPE = Structured(repairs=1)
