"""The embedded encoder: MiniLM-L6-v2 (22.7 M parameters, Apache-2.0) in NumPy, as a model that scores choices."""

from osler.models.encoder import Encoder

RECIPE = Encoder()
