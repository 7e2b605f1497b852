"""The shape of a graph network that grows together with a text encoder (GreaseLM, Zhang et al. 2022, arXiv:2201.08860)."""

from __future__ import annotations

from typing import Any

from osler.core.block import block
from osler.core.errors import SpecError


@block
class GraphShape:
    """``layers``: the last layers of the text encoder that each have a layer of the graph beside them. width: of nodes
    and relations. heads: of the attention over a node's edges. dropout: of messages. exchange: whether text and graph
    tell each other after each of these layers, by the first token and a node of its own; False keeps them apart.
    """

    layers: int = 2
    width: int = 64
    heads: int = 2
    dropout: float = 0.1
    exchange: bool = True

    def check(self) -> None:
        if min(self.layers, self.width, self.heads) < 1 or self.width % self.heads or not 0 <= self.dropout < 1:
            raise SpecError(
                f"graph_shape needs layers, and a width that its {self.heads} heads divide, got {self.width}",
                hint="width = 64 and heads = 2",
            )

    def network(self, model: Any, nodes: int, relations: int, *, seed: int) -> Any:
        """``model``, a masked language model of BERT's kind, with a fresh graph network over so many nodes and relations
        grown to it; the same weights for the same seed. SpecError where the model has too few layers."""
        from osler.tuning.networks.encoder_heads import seeded
        from osler.tuning.networks.graph_fusion_layers import GraphFusion

        held = getattr(getattr(model.base_model, "encoder", None), "layer", ())
        if len(held) < self.layers:
            raise SpecError(
                f"the text encoder has {len(held)} layers and graph_shape wants {self.layers} to join with",
                hint="use an encoder of BERT's kind, or fewer layers",
            )
        with seeded(seed):
            return GraphFusion(model, self, nodes, relations)
