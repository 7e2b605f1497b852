"""Osler: from a medical task for language models to a monitored deployment, from one study file."""

__version__ = "0.1.0"
