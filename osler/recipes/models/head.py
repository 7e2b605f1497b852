"""A trained head (multinomial logistic regression) on the frozen embedded encoder."""

from osler.models.encoder import Encoder
from osler.tuning.head import Head

RECIPE = Head(base=Encoder())
