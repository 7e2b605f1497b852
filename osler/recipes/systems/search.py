"""Passages ranked by BM25 (Robertson and Zaragoza 2009), without any model."""

from osler.prompting.search import Search

RECIPE = Search()
TINY = Search(k=20)
DIFFERS = ("the index is a search over OpenStax passages until another is named",)
