"""Conversations to train on: templates, which turns are learnt, and the factory that makes synthetic ones."""
