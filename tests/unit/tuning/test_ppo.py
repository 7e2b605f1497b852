"""PPO and GRPO: a known reward rises within the budget, seeds and kills change nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from osler.core.errors import SpecError
from osler.tuning.networks.shapes import DecoderShape
from osler.tuning.preference.grpo import GRPO
from osler.tuning.preference.invented import InventedTalks
from osler.tuning.preference.lexicographic import Says
from osler.tuning.preference.ppo import PPO
from osler.tuning.schedule import Schedule
from osler.tuning.sft import SFT
from osler.tuning.stage import made

TALKS = InventedTalks(diseases=4, each=2)
SHAPE = DecoderShape(layers=2, hidden=32, heads=2, inner=48, context=64)
ASKS = Says(pattern=r"\?")


def _schedule(steps: int) -> Schedule:
    return Schedule(
        steps=steps, batch_rows=12, learning_rate=2e-3, warm_up=0.0, decay="constant", weight_decay=0.0, precision="float32"
    )  # fmt: skip


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A tiny chat model, trained for a few steps."""
    stage = SFT(base=SHAPE, data=TALKS, template="vicuna", schedule=Schedule(steps=60, learning_rate=5e-3))
    return made(stage, shelf=tmp_path_factory.mktemp("shelf")).local


def _ppo(base: Any, **changes: Any) -> PPO:
    settings: dict[str, Any] = {"kl": 0.05, "new_tokens": 12, "schedule": _schedule(15)} | changes
    return PPO(base=base, prompts=TALKS, reward=ASKS, **settings)


def test_ppo_raises_a_known_reward(base: Any, tmp_path: Path) -> None:
    held = made(_ppo(base, kl_budget=30.0), shelf=tmp_path).held
    curve = held.manifest["record"]["curve"]
    about = held.manifest["about"]
    assert about["reward_last"] > about["reward_first"] + 0.2
    assert curve[0]["kl"] == pytest.approx(0.0, abs=1e-5)
    assert all(row["kl"] >= 0 and row["kl_after"] <= 30.0 for row in curve)
    assert curve[0]["policy"] == pytest.approx(curve[0]["policy"])
    assert {"entropy", "repetition", "different", "length", "empty"} <= curve[0].keys()
    assert isinstance(about["collapse"], list)


def test_grpo_raises_a_known_reward(base: Any, tmp_path: Path) -> None:
    stage = GRPO(base=base, prompts=TALKS, reward=ASKS, group=4, new_tokens=12, schedule=_schedule(15))
    about = made(stage, shelf=tmp_path).held.manifest["about"]
    assert about["reward_last"] > about["reward_first"] + 0.2
    with pytest.raises(SpecError, match="group"):
        GRPO(base=base, prompts=TALKS, reward=ASKS, group=1)


def test_training_ends_before_the_budget_of_divergence_is_passed(base: Any, tmp_path: Path) -> None:
    from osler.tuning.preference.causal import causal_of
    from osler.tuning.preference.drawn import Writer
    from osler.tuning.preference.reward import asked_of

    model = made(_ppo(base, kl=0.0, kl_budget=0.4), shelf=tmp_path)
    record = model.held.manifest["record"]
    assert "over the budget of 0.4" in record["stopped"]
    assert len(record["curve"]) < 15
    assert all(row["kl_after"] <= 0.4 for row in record["curve"][:-1])
    asked = asked_of(TALKS)
    texts = Writer(model.local).replies(asked, n=8, tokens=12)
    after, before = Writer(model.local).logprobs(asked, texts), Writer(base).logprobs(asked, texts)
    gaps = [a[0] - b[0] for left, right in zip(after, before, strict=True) for a, b in zip(left, right, strict=True)]
    assert sum(gaps) / len(gaps) < 0.8  # what is kept is the policy within the budget, up to the noise of the estimate
    assert causal_of(model)[0].config.model_type == "llama"


def test_a_dearer_divergence_keeps_the_policy_nearer(base: Any, tmp_path: Path) -> None:
    free = made(_ppo(base, kl=0.0), shelf=tmp_path).held.manifest["about"]["kl_last"]
    dear = made(_ppo(base, kl=2.0), shelf=tmp_path).held.manifest["about"]["kl_last"]
    assert dear < free
    adaptive = made(_ppo(base, kl=0.05, kl_target=0.01), shelf=tmp_path).held.manifest["record"]["curve"]
    assert adaptive[-1]["coefficient"] > adaptive[0]["coefficient"]


def test_the_first_ratio_is_one_and_seeds_decide(base: Any, tmp_path: Path) -> None:
    stage = _ppo(base, inner_epochs=1, schedule=_schedule(3))
    first = made(stage, shelf=tmp_path / "a").held.manifest
    again = made(stage, shelf=tmp_path / "b").held.manifest
    other = made(stage, seed=1, shelf=tmp_path / "b").held.manifest
    assert first["weights"] == again["weights"] != other["weights"]
    assert first["record"]["curve"][0]["policy"] == pytest.approx(
        0.0, abs=1e-5
    )  # whitened advantages times a ratio of 1


def test_a_stopped_training_goes_on_as_if_nothing_had_been(base: Any, tmp_path: Path) -> None:
    """Replies are drawn by (seed, pass, row), and what adapts is in the checkpoint."""
    from osler.tuning.preference.causal import causal_of
    from osler.tuning.preference.chat_rows import ChatRows
    from osler.tuning.preference.policy_layers import PolicyNetwork
    from osler.tuning.preference.policy_learning import Way
    from osler.tuning.preference.ppo_learning import PPOLearner
    from osler.tuning.preference.reward import asked_of, scorer_of
    from osler.tuning.trainer.loop import Progress, fit

    stage = _ppo(base, kl_target=1.0)

    def learner() -> PPOLearner:
        policy, tokenizer = causal_of(base)
        way = Way(12, 1.0, 1, 2, 1, 50.0, 0.0, True, "float32")
        network = PolicyNetwork(policy, coefficient=0.1, valued=True)
        chat = ChatRows(tokenizer, 64)
        made_now = PPOLearner(network, causal_of(base)[0], chat, asked_of(TALKS), scorer_of(ASKS), way)
        made_now.settle(stage)
        return made_now

    schedule = Schedule(
        steps=6, batch_rows=8, learning_rate=2e-3, warm_up=0.0, precision="float32", checkpoint_s=1e-6
    )  # fmt: skip
    whole = fit(learner(), schedule, seed=3)

    def kill(progress: Progress) -> None:
        if progress.step == 4:
            raise KeyboardInterrupt

    state = tmp_path / "state"
    with pytest.raises(KeyboardInterrupt):
        fit(learner(), schedule, seed=3, state=state, identity={}, tell=kill)
    resumed = fit(learner(), schedule, seed=3, state=state, identity={})
    assert resumed.resumed == [3]
    for before, after in zip(whole.curve, resumed.curve, strict=True):
        assert before == after
