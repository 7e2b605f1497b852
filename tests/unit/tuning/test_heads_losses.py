"""The losses of the heads against torch's and transformers' own."""

from __future__ import annotations

import dataclasses

import pytest

from osler.tuning.heads.learner import Row, logits_of, padded
from osler.tuning.heads.losses import LabelLoss, SetLoss, SpanLoss, TagLoss, ValueLoss
from osler.tuning.networks.shapes import EncoderShape

TINY = EncoderShape(layers=2, hidden=32, heads=4, inner=64, context=64, dropout=0.0)


def test_a_single_label_is_cross_entropy_and_smoothing_is_torchs() -> None:
    import torch

    logits = torch.randn(4, 5, generator=torch.Generator().manual_seed(0))
    rows = [Row((1,), aim={"part0": [at]}) for at in (0, 3, 1, 4)]
    aims = torch.tensor([0, 3, 1, 4])
    for smoothing in (0.0, 0.2):
        found = LabelLoss(("part0",), smoothing).sums({"part0": logits}, rows)["part0"]
        wanted = torch.nn.functional.cross_entropy(logits, aims, label_smoothing=smoothing, reduction="sum")
        assert float(found) == pytest.approx(float(wanted), rel=1e-5)


def test_several_right_classes_share_their_probability_and_weights_count() -> None:
    import torch

    logits = torch.tensor([[1.0, 2.0, 3.0]])
    row = Row((1,), aim={"part0": [0, 2]}, weight=0.5)
    found = LabelLoss(("part0",)).sums({"part0": logits}, [row])["part0"]
    share = torch.softmax(logits, -1)[0]
    assert float(found) == pytest.approx(-0.5 * float((share[0] + share[2]).log()), rel=1e-5)
    assert LabelLoss(("part0",)).counts([row]) == {"part0": 0.5}


def test_tags_sets_spans_and_values_are_torchs() -> None:
    import torch

    draw = torch.Generator().manual_seed(1)
    logits = torch.randn(2, 6, 3, generator=draw)
    rows = [Row((1,) * 6, spots=(1, 3), aim=(2, 0)), Row((1,) * 4, spots=(1,), aim=(1,))]
    found = TagLoss().sums({"tags": logits}, rows)["tags"]
    wanted = -sum(torch.log_softmax(logits, -1)[place] for place in ((0, 1, 2), (0, 3, 0), (1, 1, 1)))
    assert float(found) == pytest.approx(float(wanted), rel=1e-5)
    assert TagLoss().counts(rows) == {"tags": 3.0}

    flat = torch.randn(2, 4, generator=draw)
    aims = torch.tensor([[1.0, 0, 0, 1], [0, 0, 0, 0]])
    both = SetLoss().sums({"labels": flat}, [Row((1,), aim=(0, 3)), Row((1,), aim=())])["labels"]
    each = torch.nn.functional.binary_cross_entropy_with_logits(flat, aims, reduction="none")
    assert float(both) == pytest.approx(float(each.mean(-1).sum()), rel=1e-5)

    ends = torch.randn(1, 5, 2, generator=draw)
    span = SpanLoss().sums({"span": ends}, [Row((1,) * 5, spots=(0, 2, 3), aim=(2, 3))])["span"]
    kept = ends[0, [0, 2, 3]]
    right = -(torch.log_softmax(kept[:, 0], 0)[1] + torch.log_softmax(kept[:, 1], 0)[2])
    assert float(span) == pytest.approx(float(right), rel=1e-5)

    value = ValueLoss().sums({"value": torch.tensor([[0.5], [2.0]])}, [Row((1,), aim=1.0), Row((1,), aim=0.0)])
    assert float(value["value"]) == pytest.approx(0.25 + 4.0)


def test_the_tag_loss_is_that_of_transformers_token_classification() -> None:
    import torch
    import transformers

    from osler.tuning.heads.head_layers import HeadNetwork

    body = TINY.network(50, 0, seed=0)
    network = HeadNetwork(body, {"tags": 3}, reads="tokens", dropout=0.0, typed=True).eval()
    other = transformers.BertForTokenClassification(
        transformers.BertConfig(**{**body.config.to_dict(), "num_labels": 3})
    )
    other.bert.load_state_dict(body.state_dict(), strict=False)
    other.classifier.load_state_dict(network.heads["tags"].state_dict())
    rows = [Row((2, 7, 8, 9, 3), spots=(1, 2, 3), aim=(0, 1, 2)), Row((2, 5, 3), spots=(1,), aim=(1,))]
    inputs = padded(rows, 0, "cpu")
    labels = torch.tensor([[-100, 0, 1, 2, -100], [-100, 1, -100, -100, -100]])
    with torch.no_grad():
        ours = TagLoss().sums(network(**inputs), rows)["tags"] / 4
        theirs = other.eval()(
            input_ids=inputs["ids"], attention_mask=inputs["mask"], token_type_ids=inputs["types"], labels=labels
        ).loss
    assert float(ours) == pytest.approx(float(theirs), rel=1e-5)


@pytest.mark.parametrize("reads", ["mean", "first", "last"])
def test_padding_and_neighbours_change_no_logits(reads: str) -> None:
    import torch

    from osler.tuning.heads.head_layers import HeadNetwork

    network = HeadNetwork(TINY.network(50, 0, seed=0), {"a": 2}, reads=reads, dropout=0.5, typed=True)  # type: ignore[arg-type]
    rows = [Row((2, 7, 8, 9, 3)), Row((2, 5, 3)), Row((2, 4, 4, 4, 4, 4, 4, 3))]
    together = logits_of(network, rows, 0)
    alone = [logits_of(network, [dataclasses.replace(row)], 0)[0] for row in rows]
    for one, other in zip(together, alone, strict=True):
        assert torch.allclose(torch.tensor(one["a"]), torch.tensor(other["a"]), atol=1e-5)
    assert network.training
