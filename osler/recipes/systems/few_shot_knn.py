"""The nearest training cases as demonstrations (Nori et al. 2023, arXiv:2311.16452, section 4.1: k = 5)."""

from osler.prompting.few_shot import FewShot

RECIPE = FewShot(k=5, select="knn")
