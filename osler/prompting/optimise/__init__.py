"""Optimisers: strategies whose ``fit`` searches for a better one on training and validation cases, never on test.

``optimise.optimise`` is the search as a function, ``(strategy, train, valid, metric, budget) -> strategy``; the blocks
beside it are the published methods, and a study names them as systems.
"""
