"""Five demonstrations drawn evenly over the answers."""

from osler.prompting.few_shot import FewShot

RECIPE = FewShot(k=5, select="balanced")
