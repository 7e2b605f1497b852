"""Joint pre-training on text and knowledge graph (DRAGON, Yasunaga et al. 2022, arXiv:2210.09338)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from osler.core.block import block
from osler.core.errors import SpecError
from osler.models.encoder import Encoder
from osler.tuning.joint_data import GroundedTexts, World
from osler.tuning.networks.graph_fusion import GraphShape
from osler.tuning.networks.shapes import EncoderShape
from osler.tuning.objectives.link_prediction import LinkPrediction
from osler.tuning.objectives.masked_language import MaskedLanguage
from osler.tuning.schedule import Schedule
from osler.tuning.stage import Pairs, Stage, Work, folder_of
from osler.tuning.trainer.loop import Record, fit

if TYPE_CHECKING:
    from osler.tuning.joint_learner import JointLearner


class Answers(NamedTuple):
    """What a trained model says of rows: ``links [rows, options]`` DistMult of each option, ``words [rows, options]`` the
    log-probability of its words at the masked place."""

    links: Any
    words: Any


@block
class JointPretrain(Stage):
    """A text encoder and a graph network that learn from each other: masked words and dropped edges, jointly.

    base: a shape (with a ``tokenizer``) or an encoder of BERT's kind. graph: what is grown to it. data: a block with
    ``world()``. language, links: how words are masked and edges dropped; word_share and link_share: the weights of their
    losses. With a share of 0 an objective is not learnt, yet words are masked and edges dropped as ever, so that runs
    differ in nothing but what is learnt. length: tokens of a text.

    The folder is the text's encoder, which ``Local`` reads without the graph; ``graph.safetensors`` beside it holds the
    graph network, which ``answers`` reads.
    """

    base: Any = Encoder()
    data: Any = None
    graph: GraphShape = GraphShape()
    language: MaskedLanguage = MaskedLanguage()
    links: LinkPrediction = LinkPrediction()
    word_share: float = 1.0
    link_share: float = 1.0
    tokenizer: Any = None
    length: int = 128
    schedule: Schedule = Schedule(batch_tokens=4096, learning_rate=1e-4)
    weights: str = ""
    shelf: str = ""

    def check(self) -> None:
        if min(self.word_share, self.link_share) < 0 or not self.word_share + self.link_share:
            raise SpecError("joint_pretrain needs shares of 0 or more, and one above 0", hint="leave them out")
        if self.data is not None and not isinstance(self.data, GroundedTexts):
            raise SpecError("joint_pretrain.data gives no texts with graphs", hint='such as { use = "linked_texts" }')

    @property
    def supports(self) -> frozenset[str]:
        return frozenset({"score", "train"})

    @property
    def reads_pairs(self) -> bool:
        return False

    def data_hash(self, pairs: Pairs) -> str:
        return self._world().hash

    def _world(self) -> World:
        if self.data is None:
            raise SpecError("joint_pretrain has no data", hint='data = { use = "linked_texts", corpus = ... }')
        found: World = self.data.world()
        return found

    def build(self, work: Work) -> tuple[Record, Mapping[str, Any]]:
        world = self._world()
        learner = self._learner(folder_of(work.base) or work.base, world, work.seed)
        record = fit(learner, self.schedule, seed=work.seed, state=work.state, identity=work.identity, tell=work.tell)
        learner.save(work.folder)
        return record, {
            "texts": len(world.texts),
            "nodes": len(world.nodes),
            "relations": len(world.relations),
            "parameters": sum(weight.numel() for weight in learner.network.parameters()),
        }

    def _learner(self, base: Any, world: World, seed: int, tokenizer: Any = None) -> JointLearner:
        from osler.models.local_engine import read_tokenizer
        from osler.tuning.joint_learner import JointLearner
        from osler.tuning.networks.encoder_heads import encoder

        if isinstance(base, Path):
            tokenizer = read_tokenizer(str(base), True, "")
        elif not isinstance(base, EncoderShape) or self.tokenizer is None:
            raise SpecError(
                "joint_pretrain needs an encoder with weights, or a shape with a tokenizer",
                hint='tokenizer = { use = "word_piece" }',
            )
        else:
            tokenizer = self.tokenizer.trained(one.text for one in world.texts)
        model = encoder(base, len(tokenizer), tokenizer.pad_token_id or 0, seed=seed)
        network = self.graph.network(model, len(world.nodes), len(world.relations), seed=seed)
        return JointLearner(
            network,
            tokenizer,
            world,
            language=self.language,
            links=self.links,
            shares={"words": self.word_share, "links": self.link_share},
            length=self.length,
        )

    def answers(
        self,
        world: World,
        edges: Sequence[Sequence[tuple[int, int, int]]],
        words: Sequence[Sequence[Sequence[str]]],
    ) -> Answers:
        """What the trained model says of ``world.texts``, each with options.

        edges: for each text one edge (places in its nodes) for each option; words: for each text the words of each
        option, single tokens whose probabilities at the text's one mask are added up. Nothing is masked or dropped: what
        is asked for must not stand in the text or the graph. DataError where the graph is another one.
        """
        from osler.tuning.joint_learner import read_graph

        learner = self._learner(self.folder, world, 0)
        read_graph(learner.network, self.folder, world)
        learner.network.eval()
        return _answers(learner, edges, words)


def _answers(learner: JointLearner, edges: Sequence[Any], words: Sequence[Any]) -> Answers:
    import torch

    from osler.tuning.networks.encoder_heads import words_head

    links, told, at_once = [], [], 64
    with torch.inference_mode():
        for start in range(0, len(edges), at_once):
            rows = range(start, min(start + at_once, len(edges)))
            shown = [learner.shown(row, None) for row in rows]
            batch = learner.batch_of(shown)
            hidden, states = learner.states(batch)
            speakers = batch.inputs["graphs"].speakers
            asked = torch.tensor([list(edges[row]) for row in rows])
            asked[..., 0] += 1 + speakers[:, None].cpu()
            asked[..., 2] += 1 + speakers[:, None].cpu()
            links.append(learner.plausible(states, asked.to(states.device)).cpu().numpy())
            masked = batch.inputs["ids"] == learner.vocabulary.mask
            if not bool((masked.sum(1) == 1).all()):
                raise SpecError("each text needs exactly one [MASK] to be asked for words")
            chances = words_head(learner.network.model)(hidden[masked]).float().log_softmax(-1).cpu()
            for place, row in enumerate(rows):
                ids = [learner.tokenizer.convert_tokens_to_ids(list(option)) for option in words[row]]
                told.append([float(chances[place, option].logsumexp(0)) for option in ids])
    return Answers(np.concatenate(links), np.array(told))
