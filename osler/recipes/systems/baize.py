"""Baize self-chat: one model writes both sides of a conversation from a seed (Xu et al. 2023, arXiv:2304.01196)."""

from osler.prompting.self_chat import SelfChat

RECIPE = SelfChat()
DIFFERS = (
    "the prompt's wording is ours, after the paper's description; temperature and length are not known to us",
    "the paper's medical seeds are MedQuAD questions and its writer is ChatGPT; here the study names both",
    "transcripts that break the format are dropped, which the paper does not describe",
    "tuning on the transcripts, and self-distillation with feedback, belong to the tuning phase",
)
