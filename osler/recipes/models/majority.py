"""The commonest answer of the training cases: what any system has to beat."""

from osler.tuning.majority import Majority

RECIPE = Majority()
