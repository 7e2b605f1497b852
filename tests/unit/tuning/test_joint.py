"""Text and graph together: what the network is shown, what it learns, and what its folder holds."""

from __future__ import annotations

import asyncio
import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from osler.core.block import replace
from osler.core.errors import DataError, SpecError
from osler.models.local import Local
from osler.tuning.joint import JointPretrain
from osler.tuning.joint_data import Grounded, InventedGraph, LinkedTexts, World, words_of
from osler.tuning.networks.graph_fusion import GraphShape
from osler.tuning.networks.shapes import EncoderShape
from osler.tuning.objectives.link_prediction import LinkPrediction
from osler.tuning.schedule import Schedule
from osler.tuning.stage import made
from osler.tuning.tokenizers.symbols import Words

pytestmark = [
    pytest.mark.skipif(
        any(importlib.util.find_spec(name) is None for name in ("torch", "transformers")),
        reason="the extra 'local' (torch, transformers) is not installed",
    ),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]

TINY = JointPretrain(
    base=EncoderShape(layers=2, hidden=32, heads=2, inner=64, context=32, dropout=0.0),
    tokenizer=Words(),
    data=InventedGraph(size=6),
    graph=GraphShape(layers=2, width=16, heads=2, dropout=0.0),
    links=LinkPrediction(share=0.3, negatives=4),
    length=24,
    schedule=Schedule(steps=40, batch_rows=16, learning_rate=5e-3, precision="float32"),
)


def learner_of(stage: JointPretrain) -> Any:
    return stage._learner(stage.base, stage.data.world(), 0)


def test_no_dropped_edge_is_joined_in_the_tensors_that_the_network_reads() -> None:
    from osler.tuning.trainer.learner import Key

    learner = learner_of(TINY)
    count = 0
    for epoch in range(3):
        batch = learner.batch(range(len(learner.lengths)), Key(0, epoch))
        graphs = batch.inputs["graphs"]
        seen = {frozenset(pair) for pair in graphs.edges[:, [0, 2]].tolist()}
        asked = [frozenset((head, tail)) for head, _, tail in batch.inputs["dropped"].tolist()]
        assert not seen & set(asked)
        assert batch.counts["links"] == len(asked)
        assert (graphs.nodes[graphs.speakers] == 0).all()
        count += len(asked)
    assert count > 100


def test_rows_do_not_hear_of_each_other() -> None:
    import torch

    learner = learner_of(TINY)
    learner.network.eval()
    shown = [learner.shown(row, None) for row in range(3)]
    with torch.inference_mode():
        together, states = learner.states(learner.batch_of(shown))
        start = 0
        for row, one in enumerate(shown):
            alone, own = learner.states(learner.batch_of([one]))
            length = len(one.row.ids)
            assert torch.allclose(alone[0, :length], together[row, :length], atol=1e-5)
            assert torch.allclose(own, states[start : start + len(own)], atol=1e-5)
            start += len(own)


def test_what_the_graph_says_reaches_the_text_only_by_the_exchange() -> None:
    import torch

    for exchange in (True, False):
        learner = learner_of(replace(TINY, **{"graph.exchange": exchange}))
        learner.network.eval()
        shown = learner.shown(0, None)
        none = shown._replace(kept=shown.kept[:0])
        with torch.inference_mode():
            with_edges, _ = learner.states(learner.batch_of([shown]))
            without, _ = learner.states(learner.batch_of([none]))
        assert torch.allclose(with_edges, without, atol=1e-6) is not exchange


def test_attention_over_edges_is_a_softmax_for_each_node() -> None:
    import torch

    from osler.tuning.networks.graph_fusion_layers import shares_of

    values, groups = torch.randn(7, 2), torch.tensor([0, 2, 2, 0, 1, 2, 0])
    found = shares_of(values, groups, 4)
    for node in range(3):
        assert torch.allclose(found[groups == node], values[groups == node].softmax(0), atol=1e-6)


@pytest.mark.parametrize("silent", ["word_share", "link_share"])
def test_an_objective_of_no_share_changes_nothing_but_what_is_learnt(silent: str) -> None:
    from osler.tuning.trainer.learner import Key

    both, one = learner_of(TINY), learner_of(replace(TINY, **{silent: 0.0}))
    batches = [learner.batch([0, 1], Key(0, 0)) for learner in (both, one)]
    assert (batches[0].inputs["ids"] == batches[1].inputs["ids"]).all()
    assert (batches[0].inputs["graphs"].edges == batches[1].inputs["graphs"].edges).all()
    assert set(batches[0].counts) - set(batches[1].counts) == {silent.replace("_share", "s")}


def test_both_losses_fall_and_the_folder_answers(tmp_path: Path) -> None:
    model = made(TINY, shelf=tmp_path)
    curve = model.held.manifest["record"]["curve"]
    for name in ("words", "links"):
        assert np.mean([row[name] for row in curve[-5:]]) < 0.8 * np.mean([row[name] for row in curve[:3]])
    assert made(TINY, shelf=tmp_path).weights == model.weights
    assert asyncio.run(Local(path=str(model.folder)).embed(["a drug"])).shape == (1, 32)
    source = InventedGraph(size=6, part="edges")
    world, pairs = source.world(), ("treats", "relieves", "worsens")
    edges = [[(0, world.relations.index(name), 1) for name in pairs]] * len(world.texts)
    words = [[words_of(name) for name in pairs]] * len(world.texts)
    found = model.answers(world, edges, words)
    assert found.links.shape == found.words.shape == (len(world.texts), 3)
    assert (found.words < 0).all()
    again = model.answers(world, edges, words)
    assert np.array_equal(found.links, again.links)
    with pytest.raises(DataError, match="another one"):
        model.answers(InventedGraph(size=7, part="edges").world(), edges, words)


def test_the_invented_graph_hides_what_it_asks() -> None:
    source = InventedGraph(size=9)
    toy, told = source.toy(), source.world()
    known = {(one.nodes[0], one.nodes[1]) for one in told.texts}
    for one in replace(source, part="edges").world().texts:
        assert (one.nodes[0], one.nodes[1]) not in known
        assert not any({head, tail} == {0, 1} for head, _, tail in one.edges)
        assert toy.acts(one.nodes[0], one.nodes[1]) not in one.text
    for one in replace(source, part="questions").world().texts:
        assert one.nodes[1:4] == tuple(toy.signs)
        assert not any({head, tail} & {1, 2, 3} and 0 in (head, tail) for head, _, tail in one.edges)
        treated = [d for d in toy.diseases if toy.acts(one.nodes[0], d) == "treats"]
        assert {toy.sign_of(disease) for disease in treated} == {toy.helped(one.nodes[0])}
    for one in told.texts:
        assert len(set(one.nodes)) == len(one.nodes)
        assert all(max(head, tail) < len(one.nodes) for head, _, tail in one.edges)
    assert source.world() == told


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="one above 0"):
        JointPretrain(word_share=0.0, link_share=0.0)
    with pytest.raises(SpecError, match="has no data"):
        made(JointPretrain(base=TINY.base), shelf=tmp_path)
    with pytest.raises(SpecError, match="has 2 layers and graph_shape wants 3"):
        made(replace(TINY, **{"graph.layers": 3}), shelf=tmp_path)
    with pytest.raises(SpecError, match="no corpus"):
        LinkedTexts().world()


def test_a_row_without_edges_is_learnt_from_all_the_same() -> None:
    import torch

    from osler.tuning.trainer.learner import Key

    world = World((Grounded("a", "one two three", ("x",), (), (0,)),), ("x", "y"), ("r",))
    learner = TINY._learner(TINY.base, world, 0)
    batch = learner.batch([0], Key(0, 0))
    assert batch.counts["links"] == 0
    found = learner.loss(batch)
    assert float(found["links"].detach()) == 0
    assert torch.isfinite(found["words"])
