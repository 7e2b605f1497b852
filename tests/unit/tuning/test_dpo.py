"""Direct preference optimisation against its formula."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from osler.core.errors import SpecError
from osler.tuning.networks.shapes import DecoderShape
from osler.tuning.preference.dpo import DPO
from osler.tuning.preference.invented import InventedTalks
from osler.tuning.preference.lexicographic import RulePreferences, Says
from osler.tuning.preference.mixed import MixedPreferences
from osler.tuning.schedule import Schedule
from osler.tuning.sft import SFT
from osler.tuning.stage import made

TALKS = InventedTalks(diseases=4, each=1)
RULE = RulePreferences(rule=Says(pattern="can not help", when="kill|die"), data=TALKS)
SHAPE = DecoderShape(layers=2, hidden=32, heads=2, inner=48, context=64)
SCHEDULE = Schedule(epochs=3, batch_rows=8, learning_rate=2e-3, precision="float32", weight_decay=0.0)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A tiny chat model, trained for a few steps."""
    stage = SFT(base=SHAPE, data=TALKS, template="vicuna", schedule=Schedule(steps=30, learning_rate=5e-3))
    return made(stage, shelf=tmp_path_factory.mktemp("shelf")).local


def _learner(base: Any, stage: DPO, data: Any = RULE) -> Any:
    from osler.tuning.preference.causal import causal_of
    from osler.tuning.preference.chat_rows import ChatRows
    from osler.tuning.preference.dpo_learning import DPOLearner

    network, tokenizer = causal_of(base)
    rows = data.preferences()
    return DPOLearner(network, ChatRows(tokenizer, 64), rows, [], stage, weight=getattr(data, "weight", None))


def test_the_loss_begins_at_log_two_and_falls(base: Any, tmp_path: Path) -> None:
    held = made(DPO(base=base, data=RULE, schedule=SCHEDULE, held_out=0.2), shelf=tmp_path).held
    curve = held.manifest["record"]["curve"]
    assert curve[0]["loss"] == pytest.approx(0.693147, abs=1e-5)
    assert curve[0]["margin"] == pytest.approx(0.0, abs=1e-5)
    assert sum(row["loss"] for row in curve[-5:]) / 5 < 0.6
    assert held.manifest["about"]["held_out_accuracy"] > 0.7
    bf16 = DPO(base=base, data=RULE, schedule=Schedule(steps=1, batch_rows=8))
    first = made(bf16, shelf=tmp_path).held.manifest["record"]["curve"][0]["loss"]
    assert first == pytest.approx(0.6931, abs=2e-3)  # bfloat16 rounds both alike but for the padding


def test_loss_and_gradient_equal_the_formula(base: Any) -> None:
    """Equation 7 of the paper and the gradient below it, -beta sigmoid(-beta m) (grad chosen - grad rejected)."""
    import torch

    stage = DPO(base=base, data=RULE, beta=0.3)
    learner = _learner(base, stage)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weight in learner.network.parameters():
            weight += 0.02 * torch.randn(weight.shape, generator=generator)
    from osler.tuning.trainer.learner import Key

    rows = [0, 3, 5]
    found = learner.loss(learner.batch(rows, Key(0, 0)))["preference"]
    found.backward()
    seen = {name: weight.grad.clone() for name, weight in learner.network.named_parameters()}
    learner.network.zero_grad()
    total, wanted = torch.zeros(()), torch.zeros(())
    for row in rows:
        prompt, replies = learner._ids[row]
        logprobs = []
        for reply in replies:
            labels = torch.tensor([[-100] * len(prompt) + reply])
            logprobs.append(
                -learner.network(input_ids=torch.tensor([[*prompt, *reply]]), labels=labels).loss * len(reply)
            )
        margin = (logprobs[0] - learner._reference[row][0]) - (logprobs[1] - learner._reference[row][1])
        total = total - torch.log(1 / (1 + torch.exp(-0.3 * margin)))
        weight = 0.3 * torch.sigmoid(-0.3 * margin.detach())
        wanted = wanted - weight * (logprobs[0] - logprobs[1])
    assert float(found.detach()) == pytest.approx(float(total.detach()), abs=1e-4)
    wanted.backward()
    for name, weight in learner.network.named_parameters():
        assert weight.grad is not None
        assert torch.allclose(seen[name], weight.grad, atol=1e-4), name


def test_smoothing_ipo_and_weights_by_hand() -> None:
    import torch

    from osler.tuning.preference.dpo_learning import dpo_loss

    a, b = torch.tensor([1.0, -2.0]), torch.tensor([0.5, 1.0])
    plain = dpo_loss(a, b, beta=0.5)
    turned = dpo_loss(b, a, beta=0.5)
    smooth = dpo_loss(a, b, beta=0.5, smoothing=0.1)
    assert smooth.tolist() == pytest.approx((0.9 * plain + 0.1 * turned).tolist())
    assert dpo_loss(a, b, beta=0.5, loss="ipo").tolist() == pytest.approx([(0.5 - 1) ** 2, (-3 - 1) ** 2])
    with pytest.raises(SpecError, match="beta"):
        DPO(base=SHAPE, data=RULE, beta=0)


def test_rows_of_machines_count_by_their_weight(base: Any) -> None:
    from osler.tuning.trainer.learner import Key

    nothing = RulePreferences(rule=Says(pattern="zzz", when="zzz"), data=TALKS)
    mixed = MixedPreferences(human=nothing, ai=RULE, ai_weight=0.25)
    whole, part = _learner(base, DPO(base=base, data=RULE)), _learner(base, DPO(base=base, data=mixed), mixed)
    full, quarter = whole.batch([0, 1], Key(0, 0)), part.batch([0, 1], Key(0, 0))
    assert quarter.counts["preference"] == 0.5
    assert float(part.loss(quarter)["preference"].detach()) == pytest.approx(
        0.25 * float(whole.loss(full)["preference"].detach()), abs=1e-5
    )


def test_keeping_the_chosen_reply_likely_adds_its_loss(base: Any, tmp_path: Path) -> None:
    plain = made(DPO(base=base, data=RULE, schedule=SCHEDULE, beta=0.5), shelf=tmp_path).held.manifest["about"]
    kept = made(DPO(base=base, data=RULE, schedule=SCHEDULE, beta=0.5, keep=1.0), shelf=tmp_path).held.manifest["about"]
    assert kept["held_out_chosen"] > plain["held_out_chosen"]


def test_the_same_seed_gives_the_same_model_and_another_base_another(base: Any, tmp_path: Path) -> None:
    stage = DPO(base=base, data=RULE, schedule=SCHEDULE)
    first = made(stage, shelf=tmp_path / "a")
    assert first.weights == made(stage, shelf=tmp_path / "b").weights
    with pytest.raises(SpecError, match="no weights to begin with"):
        made(DPO(base=SHAPE, data=RULE, schedule=SCHEDULE), shelf=tmp_path)
