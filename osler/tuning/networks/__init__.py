"""Networks that are trained from their first weight on, as small transformers in the formats of transformers."""
