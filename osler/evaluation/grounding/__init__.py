"""Is an answer grounded in the passages that were shown? Claim by claim, each with its verdict and its span.

A claim is supported, contradicted or unsupported. Numbers, units, doses, negation, sides and names of drugs are compared
by rule; of the rest the overlap of words decides, or an entailment model where one is given.
"""
