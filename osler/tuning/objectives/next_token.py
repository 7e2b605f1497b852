"""Next-token prediction (Radford et al. 2018, section 3.1): each token from those before it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from osler.core.block import block
from osler.tuning.objectives.objective import NOTHING, Family, Objective, Row, Vocabulary

if TYPE_CHECKING:
    import torch


@block
class NextToken(Objective):
    """Causal language modelling. Where several documents stand in a row, none is predicted from another."""

    title: ClassVar[str] = "next_token"
    family: ClassVar[Family] = "decoder"
    changes: ClassVar[bool] = True

    def change(self, row: Row, draw: np.random.Generator, vocabulary: Vocabulary) -> Row:
        return row.changed(row.ids, following(row))

    def count(self, inputs: Mapping[str, Any]) -> float:
        return float(inputs["targets"].numel())

    def told(
        self, hidden: torch.Tensor, inputs: Mapping[str, Any], logits: Any, head: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        chosen = hidden.reshape(-1, hidden.shape[-1])[inputs["places"]]
        return logits(chosen).float(), inputs["targets"]


def following(row: Row) -> Any:
    """The next token of the same document at each place, NOTHING at its last one."""
    targets = np.full(len(row.ids), NOTHING, np.int64)
    same = row.parts[1:] == row.parts[:-1]
    targets[:-1][same] = row.ids[1:][same]
    return targets
