"""The synthetic cohort: patients, notes, trials and criteria whose labels are true by construction."""

from osler.data.cohort.matching import Cohort
from osler.data.cohort.patient import Patient, generate, make_patient
from osler.data.cohort.trials import Trial, make_trial

__all__ = ["Cohort", "Patient", "Trial", "generate", "make_patient", "make_trial"]
