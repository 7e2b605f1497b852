"""Cases: readers, splits, overlap checks, the synthetic cohort and FHIR. Everything here ends in ``Example`` rows."""
