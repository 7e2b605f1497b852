"""FORMULATE: what a task asks, of whom, with which answer, and what is good enough."""
