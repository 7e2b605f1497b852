"""What the trainer trains of text and graph together: masked words and dropped edges, from one forward pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

from osler.core.errors import DataError
from osler.models.quiet import quiet
from osler.tuning.joint_data import Grounded, World
from osler.tuning.networks.encoder_heads import words_head
from osler.tuning.objectives.link_prediction import LinkPrediction, distmult, link_loss
from osler.tuning.objectives.masked_language import MaskedLanguage
from osler.tuning.objectives.objective import Row, Vocabulary
from osler.tuning.trainer.learner import Batch, Key, Learner, draws

if TYPE_CHECKING:
    import torch

    from osler.tuning.networks.graph_fusion_layers import GraphFusion

GRAPH = "graph.safetensors"
NAMES = "graph.json"
Edges = NDArray[np.int64]


class Shown(NamedTuple):
    """A row as the network reads it: its words, its nodes, the edges that are kept (places in ``nodes``), the dropped
    ones, and made-up ones ``[dropped, negatives, 3]``."""

    row: Row
    nodes: NDArray[np.int64]
    kept: Edges
    dropped: Edges
    wrong: Edges
    linked: tuple[int, ...]


class JointLearner(Learner):
    """``shares``: of the losses "words" and "links"; one of share 0 is not learnt, and the rows are the same all the same."""

    network: GraphFusion

    def __init__(
        self,
        network: GraphFusion,
        tokenizer: Any,
        world: World,
        *,
        language: MaskedLanguage,
        links: LinkPrediction,
        shares: Mapping[str, float],
        length: int,
    ) -> None:
        self.tokenizer, self.world, self.language, self.links = tokenizer, world, language, links
        self.shares = shares
        self._ids = {name: place for place, name in enumerate(world.nodes, 1)}
        self.vocabulary = Vocabulary(
            size=len(tokenizer),
            pad=tokenizer.pad_token_id or 0,
            begin=tokenizer.cls_token_id,
            end=tokenizer.sep_token_id,
            mask=tokenizer.mask_token_id,
            special=frozenset(tokenizer.all_special_ids),
            marks={},
        )
        self._rows = [self._row(one, length) for one in world.texts]
        super().__init__(
            network, [len(row.ids) + len(one.nodes) for row, one in zip(self._rows, world.texts, strict=True)]
        )

    def _row(self, one: Grounded, length: int) -> Row:
        ids = np.asarray(self.tokenizer(one.text, truncation=True, max_length=length)["input_ids"], np.int64)
        words = np.where(np.isin(ids, list(self.vocabulary.special)), -1, np.arange(len(ids)))
        return Row(ids, np.zeros_like(ids), words, np.zeros_like(ids))

    def shown(self, row: int, key: Key | None) -> Shown:
        """What the network sees of a row in one pass; with ``key`` None all of it, with nothing masked or dropped."""
        one, text = self.world.texts[row], self._rows[row]
        edges = np.asarray(one.edges, np.int64).reshape(-1, 3)
        none = np.zeros((0, 3), np.int64)
        kept, dropped, wrong = edges, none, none.reshape(0, self.links.negatives, 3)[:0]
        if key is not None:
            draw = draws(key, row)
            text = self.language.change(text, draw, self.vocabulary)
            kept, dropped = self.links.split(edges, draw)
            wrong = self.links.corrupted(dropped, edges, len(one.nodes), draw)
        nodes = np.array([self._ids[name] for name in one.nodes], np.int64)
        return Shown(text, nodes, kept, dropped, wrong, one.linked)

    def batch(self, rows: Sequence[int], key: Key) -> Batch:
        return self.batch_of([self.shown(row, key) for row in rows])

    def batch_of(self, shown: Sequence[Shown]) -> Batch:
        """Rows as tensors, their subgraphs side by side: edges both ways, and a node that speaks with those named."""
        import torch

        from osler.tuning.networks.graph_fusion_layers import Graphs

        relations = self.network.relations
        nodes, edges, dropped, wrong, speakers = [], [], [], [], []
        start = 0
        for one in shown:
            speakers.append(start)
            nodes.append(np.concatenate([[0], one.nodes]))
            there = _moved(one.kept, start + 1)
            talk = np.array([(start, 2 * relations, start + 1 + place) for place in one.linked], np.int64).reshape(
                -1, 3
            )
            both = np.concatenate([there, talk])
            back = both[:, ::-1].copy()
            back[:, 1] = np.where(back[:, 1] < relations, back[:, 1] + relations, back[:, 1])
            edges += [both, back]
            dropped.append(_moved(one.dropped, start + 1))
            wrong.append(_moved(one.wrong, start + 1))
            start += 1 + len(one.nodes)
        device = next(self.network.parameters()).device
        ids, mask, targets = _padded([one.row for one in shown], self.vocabulary.pad)
        places = np.flatnonzero(targets.reshape(-1) >= 0)

        def tensor(values: Any) -> torch.Tensor:
            return torch.from_numpy(np.ascontiguousarray(values)).to(device)

        asked = np.concatenate(dropped)
        inputs = {
            "ids": tensor(ids),
            "mask": tensor(mask),
            "places": tensor(places),
            "targets": tensor(targets.reshape(-1)[places]),
            "graphs": Graphs(tensor(np.concatenate(nodes)), tensor(np.concatenate(edges)), tensor(np.array(speakers))),
            "dropped": tensor(asked),
            "wrong": tensor(np.concatenate(wrong)),
        }
        counts = {"words": float(len(places)), "links": float(len(asked))}
        held = {name: count for name, count in counts.items() if self.shares.get(name, 1.0) > 0}
        return Batch(inputs, held, int(mask.sum()) + start)

    def states(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """(hidden states of the text, states of the nodes)."""
        found: tuple[torch.Tensor, torch.Tensor] = self.network(
            *(batch.inputs[name] for name in ("ids", "mask", "graphs"))
        )
        return found

    def plausible(self, states: torch.Tensor, edges: torch.Tensor) -> torch.Tensor:
        """DistMult of ``edges [..., 3]`` from the states of the nodes."""
        return distmult(states[edges[..., 0]], self.network.links(edges[..., 1]), states[edges[..., 2]])

    def loss(self, batch: Batch) -> Mapping[str, torch.Tensor]:
        import torch

        hidden, states = self.states(batch)
        out = {}
        if "words" in batch.counts:
            told = hidden.reshape(-1, hidden.shape[-1])[batch.inputs["places"]]
            logits = words_head(self.network.model)(told).float()
            out["words"] = torch.nn.functional.cross_entropy(logits, batch.inputs["targets"], reduction="sum")
        if "links" in batch.counts:
            right = self.plausible(states, batch.inputs["dropped"])
            wrong = self.plausible(states, batch.inputs["wrong"])
            out["links"] = link_loss(right, wrong) if len(right) else states.sum() * 0
        return out

    def save(self, folder: Path) -> None:
        """The text's encoder as a model of its own; beside it the graph's weights and the names that they are of."""
        from safetensors.torch import save_file

        with quiet():
            self.network.model.save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)
        save_file(graph_weights(self.network), str(folder / GRAPH))
        names = {"nodes": list(self.world.nodes), "relations": list(self.world.relations)}
        (folder / NAMES).write_bytes(orjson.dumps(names))


def graph_weights(network: GraphFusion) -> dict[str, torch.Tensor]:
    """All weights that are not of the text's encoder."""
    held = network.state_dict()
    return {name: held[name].detach().contiguous().cpu() for name in held if not name.startswith("model.")}


def read_graph(network: GraphFusion, folder: Path, world: World) -> None:
    """Fill the graph's part of ``network`` from ``folder``. DataError where it is of other nodes or relations."""
    from safetensors.torch import load_file

    names = orjson.loads((folder / NAMES).read_bytes())
    if (names["nodes"], names["relations"]) != (list(world.nodes), list(world.relations)):
        raise DataError(
            f"the graph of the model {folder.name!r} is another one than that of the texts",
            hint="use texts over the same graph, nodes in the same order",
        )
    network.load_state_dict({**network.state_dict(), **load_file(str(folder / GRAPH))})


def _moved(edges: Edges, by: int) -> Edges:
    """Edges ``[..., 3]`` with the places of both ends moved on."""
    return edges + np.array([by, 0, by], np.int64)


def _padded(rows: Sequence[Row], pad: int) -> tuple[Edges, Edges, Edges]:
    """(ids, mask, targets) ``[rows, longest]``; targets are -100 where nothing is to be predicted."""
    longest = max(len(row.ids) for row in rows)
    ids = np.full((len(rows), longest), pad, np.int64)
    mask, targets = np.zeros_like(ids), np.full_like(ids, -100)
    for place, row in enumerate(rows):
        ids[place, : len(row.ids)] = row.ids
        mask[place, : len(row.ids)] = 1
        if row.targets is not None:
            targets[place, : len(row.ids)] = row.targets
    return ids, mask, targets
