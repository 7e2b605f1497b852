"""Nucleus sampling against its definition."""

from __future__ import annotations

import numpy as np

from osler.tuning.preference.sampling import _drawn


def test_tokens_come_from_the_nucleus_in_their_proportions() -> None:
    import torch

    shares = torch.tensor([0.05, 0.5, 0.1, 0.35])
    uniform = torch.from_numpy(np.random.default_rng(0).random(4000))
    logits = shares.log().expand(4000, 4)
    counts = torch.bincount(_drawn(logits, uniform, 1.0, 0.8), minlength=4)
    assert counts[0] == counts[2] == 0  # 0.5 + 0.35 pass 0.8
    assert abs(float(counts[1]) / 4000 - 0.5 / 0.85) < 0.03
    assert torch.equal(_drawn(logits, uniform, 1.0, 1.0), _drawn(logits, uniform, 1.0))
    assert set(_drawn(logits, uniform, 1.0, 0.4).tolist()) == {1}
