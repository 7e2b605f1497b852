"""A graph network beside the last layers of a text encoder: messages along typed edges, and an exchange after each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import nn

if TYPE_CHECKING:
    from osler.tuning.networks.graph_fusion import GraphShape


class Graphs(NamedTuple):
    """The subgraphs of a batch side by side. nodes ``[n]``: ids, 0 is the node that speaks with the text; edges
    ``[e, 3]``: (from, relation, to) by places in ``nodes``; speakers ``[rows]``: the place of each row's node 0."""

    nodes: torch.Tensor
    edges: torch.Tensor
    speakers: torch.Tensor


class GraphFusion(nn.Module):  # type: ignore[misc]
    """Text and graph in one pass. Edge relations: r forwards, r + relations backwards, 2 * relations between the speaking
    node and those that the text names. ``links``: the relations as DistMult compares with."""

    def __init__(self, model: Any, shape: GraphShape, nodes: int, relations: int) -> None:
        super().__init__()
        self.model = model
        self.relations = relations
        self.nodes = nn.Embedding(nodes + 1, shape.width)
        self.kinds = nn.Embedding(2 * relations + 1, shape.width)
        self.links = nn.Embedding(relations, shape.width)
        hidden = model.config.hidden_size
        self.steps = nn.ModuleList([GraphStep(shape) for _ in range(shape.layers)])
        self.exchanges = nn.ModuleList([Exchange(hidden, shape) for _ in range(shape.layers if shape.exchange else 0)])
        for table in (self.nodes, self.kinds, self.links):
            nn.init.normal_(table.weight, std=shape.width**-0.5)
        for place, layer in enumerate(model.base_model.encoder.layer[-shape.layers :]):
            layer.register_forward_hook(self._beside(place))
        self._graphs: Graphs | None = None
        self._states = torch.empty(0)

    def _beside(self, place: int) -> Any:
        """What happens after a layer of the text encoder: a step in the graph, then the exchange."""

        def hook(layer: Any, given: Any, output: Any) -> Any:
            graphs = self._graphs
            if graphs is None:
                return output
            text = output[0] if isinstance(output, tuple) else output
            self._states = self.steps[place](self._states, graphs.edges, self.kinds(graphs.edges[:, 1]))
            if not len(self.exchanges):
                return output
            first, self._states = self.exchanges[place](text[:, 0], self._states, graphs.speakers)
            text = torch.cat([first[:, None].to(text.dtype), text[:, 1:]], 1)
            return (text, *output[1:]) if isinstance(output, tuple) else text

        return hook

    def forward(self, ids: torch.Tensor, mask: torch.Tensor, graphs: Graphs) -> tuple[torch.Tensor, torch.Tensor]:
        """(hidden states of the text ``[rows, tokens, hidden]``, states of the nodes ``[n, width]``)."""
        self._graphs, self._states = graphs, self.nodes(graphs.nodes)
        try:
            hidden = self.model.base_model(input_ids=ids, attention_mask=mask).last_hidden_state
            return hidden, self._states.float()
        finally:
            self._graphs, self._states = None, torch.empty(0)


class GraphStep(nn.Module):  # type: ignore[misc]
    """Each node reads its incoming edges by attention, relation and source together, then thinks."""

    def __init__(self, shape: GraphShape) -> None:
        super().__init__()
        width = shape.width
        self.heads = shape.heads
        self.ask = nn.Linear(width, width)
        self.offer = nn.Linear(2 * width, width)
        self.say = nn.Linear(2 * width, width)
        self.out = nn.Linear(width, width)
        self.think = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))
        self.norms = nn.ModuleList([nn.LayerNorm(width), nn.LayerNorm(width)])
        self.dropout = nn.Dropout(shape.dropout)

    def forward(self, states: torch.Tensor, edges: torch.Tensor, kinds: torch.Tensor) -> torch.Tensor:
        """states ``[n, width]``, edges ``[e, 3]``, kinds ``[e, width]`` of their relations."""
        source, target = edges[:, 0], edges[:, 2]
        said = torch.cat([states[source], kinds.to(states.dtype)], -1)
        shape = (len(edges), self.heads, -1)
        asked, offered = self.ask(states)[target].view(shape), self.offer(said).view(shape)
        near = (asked.float() * offered.float()).sum(-1) / asked.shape[-1] ** 0.5
        weight = shares_of(near, target, len(states))
        message = (weight[..., None] * self.say(said).view(shape).float()).flatten(1)
        heard = torch.zeros(len(states), message.shape[1], device=message.device).index_add(0, target, message)
        states = self.norms[0](states.float() + self.dropout(self.out(heard)).float())
        return self.norms[1](states + self.dropout(self.think(states)).float())


def shares_of(values: torch.Tensor, groups: torch.Tensor, count: int) -> torch.Tensor:
    """Softmax of ``values [e, heads]`` within each of ``count`` groups ``[e]``."""
    index = groups[:, None].expand_as(values)
    top = torch.full((count, values.shape[1]), -torch.inf, device=values.device)
    top = top.scatter_reduce(0, index, values.detach(), "amax")
    powers = torch.exp(values - top.gather(0, index))
    sums = torch.zeros(count, values.shape[1], device=values.device).index_add(0, groups, powers)
    return powers / sums[groups].clamp_min(1e-12)


class Exchange(nn.Module):  # type: ignore[misc]
    """The text's first token and the graph's speaking node are told of each other."""

    def __init__(self, hidden: int, shape: GraphShape) -> None:
        super().__init__()
        both = hidden + shape.width
        self.mix = nn.Sequential(nn.LayerNorm(both), nn.Linear(both, both), nn.GELU(), nn.Linear(both, both))
        self.hidden = hidden

    def forward(
        self, first: torch.Tensor, states: torch.Tensor, speakers: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """first ``[rows, hidden]``, states ``[n, width]``, speakers ``[rows]``: (first, states) after the exchange."""
        told = self.mix(torch.cat([first.float(), states[speakers].float()], -1)).float()
        states = states.float().index_add(0, speakers, told[:, self.hidden :])
        return first.float() + told[:, : self.hidden], states
