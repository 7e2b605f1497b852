"""Read what a recorded model once said, however it was prompted then."""

from osler.prompting.replay import Replay

RECIPE = Replay()
