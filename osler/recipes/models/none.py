"""No model at all: for systems that only search."""

from osler.models.none import NoModel

RECIPE = NoModel()
