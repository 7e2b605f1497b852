"""A simulated model of known skill (0.7), for planning and for testing methods; never a result."""

from osler.models.simulated import Simulated

RECIPE = Simulated(skill=0.7, spread=1.0)
