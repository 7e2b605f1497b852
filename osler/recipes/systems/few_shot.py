"""Five demonstrations drawn once from the training split (Brown et al. 2020, arXiv:2005.14165)."""

from osler.prompting.few_shot import FewShot

RECIPE = FewShot(k=5, select="random")
