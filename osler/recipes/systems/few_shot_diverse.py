"""Near but unlike demonstrations, by maximal marginal relevance (Carbonell and Goldstein 1998, SIGIR)."""

from osler.prompting.few_shot import FewShot

RECIPE = FewShot(k=5, select="diverse", mmr_lambda=0.5)
TINY = FewShot(k=2, select="diverse", mmr_lambda=0.5)
