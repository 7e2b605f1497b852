"""Reasoning before the answer, with no demonstration (Kojima et al. 2022, arXiv:2205.11916)."""

from osler.prompting.chain_of_thought import ChainOfThought

RECIPE = ChainOfThought()
