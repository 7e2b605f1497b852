"""Soft labels: pairs are right by degrees, not right or wrong (MedFILIP's semantic similarity matrix).

Liang et al. 2024, "MedFILIP: Medical Fine-grained Language-Image Pre-training": the target of an image and a text is how
like the text is to the nearest text of that image, where both are of the same disease, else 0; the loss is the sum of a
binary cross-entropy and a squared error. The two sides may be vectors of anything: texts here, images elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from osler.core.block import block
from osler.core.errors import DataError, SpecError

if TYPE_CHECKING:
    import torch

Floats = NDArray[np.float32]


@block
class SoftLabel:
    """Weights of the parts of the loss against a matrix of targets.

    binary: cross-entropy of each pair by itself. squared: squared error of the logistic of each score. ranked:
    cross-entropy of each row's softmax against its targets divided by their sum; rows of zeros count nothing.
    """

    binary: float = 1.0
    squared: float = 1.0
    ranked: float = 0.0

    def check(self) -> None:
        if min(self.binary, self.squared, self.ranked) < 0 or not self.binary + self.squared + self.ranked:
            raise SpecError("soft_label needs weights of 0 or more, and one above 0", hint="leave them out")

    def loss(self, scores: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """The sum over rows of each row's mean loss; divide by the rows. Both ``[rows, columns]``, targets 0 to 1."""
        import torch
        from torch.nn.functional import binary_cross_entropy_with_logits, log_softmax

        scores, targets = scores.float(), targets.float()
        total = scores.new_zeros(())
        if self.binary:
            pairs = binary_cross_entropy_with_logits(scores, targets, reduction="none")
            total = total + self.binary * pairs.mean(1).sum()
        if self.squared:
            total = total + self.squared * (torch.sigmoid(scores) - targets).square().mean(1).sum()
        if self.ranked:
            shares = targets / targets.sum(1, keepdim=True).clamp_min(1e-9)
            total = total - self.ranked * (shares * log_softmax(scores, 1)).sum()
        return total


def soft_targets(vectors: Floats, kinds: Sequence[str], held: Sequence[Sequence[int]], *, least: float = 0.0) -> Floats:
    """How well each label text fits each image ``[images, labels]``, from 0 to 1.

    vectors ``[labels, width]`` of the label texts, by an encoder that stays as it is; kinds: the disease of each label;
    held: the places of the labels of each image. The target of a label is its greatest cosine with a label of the image
    of the same disease; 0 where there is none, and for cosines below ``least``.
    """
    if len(kinds) != len(vectors) or any(not 0 <= place < len(kinds) for row in held for place in row):
        raise DataError(
            f"{len(vectors)} label vectors, {len(kinds)} kinds and the places of labels do not fit",
            hint="give one vector and one kind for each label",
        )
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    like = np.clip(unit @ unit.T, 0, 1)
    names = np.asarray(kinds, dtype=object)
    like = np.where((names[:, None] == names[None, :]) & (like >= least), like, 0)
    out = np.zeros((len(held), len(vectors)), np.float32)
    for row, places in enumerate(held):
        if len(places):
            out[row] = like[list(places)].max(0)
    return out
