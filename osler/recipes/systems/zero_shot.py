"""The question as it is: the rung that every other method is compared with."""

from osler.prompting.zero_shot import ZeroShot

RECIPE = ZeroShot()
