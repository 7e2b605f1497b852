"""Proximal policy optimisation against a reward (Schulman et al. 2017, arXiv:1707.06347; with language models Ziegler et
al. 2019, arXiv:1909.08593, and Ouyang et al. 2022, arXiv:2203.02155)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osler.core.block import block
from osler.core.errors import SpecError
from osler.tuning.preference.policy_training import rewards_hash, train_policy
from osler.tuning.schedule import Schedule
from osler.tuning.stage import Pairs, Stage, Work
from osler.tuning.trainer.loop import Record


@block
class PPO(Stage):
    """``base`` taught by ``reward`` on replies that it draws itself; a frozen copy of the base is the reference.

    prompts: a block of conversations (their last reply is left out) or preferences; None takes the study's cases.
    reward: a RewardModel, a judge, a rule, or several of them with ``reward_weights``. kl: what a nat of distance from
    the reference costs at each token, in standard deviations of the reward where ``normalise``. kl_target: nats per
    reply that the cost is adapted to (0: fixed). kl_budget: nats per reply beyond which the last step is taken back and
    the training ends (0: never). gamma, lam: of generalised advantage estimation. clip, value_clip: of the ratio and of
    the values. value_share, entropy: weights of the value loss and of an entropy bonus. inner_epochs, minibatches: passes
    over the replies of a step and updates of each. new_tokens: longest reply; ``unfinished`` is taken off the reward of
    one that does not end. The schedule's steps draw replies to ``batch_rows`` prompts each.
    """

    base: Any
    prompts: Any = None
    reward: Any
    reward_weights: tuple[float, ...] = ()
    kl: float = 0.05
    kl_target: float = 0.0
    kl_budget: float = 0.0
    gamma: float = 1.0
    lam: float = 0.95
    clip: float = 0.2
    value_clip: float = 0.2
    value_share: float = 0.1
    entropy: float = 0.0
    normalise: bool = True
    inner_epochs: int = 4
    minibatches: int = 1
    new_tokens: int = 64
    temperature: float = 1.0
    unfinished: float = 0.0
    length: int = 1024
    adapter: Any = None
    schedule: Schedule = Schedule(
        steps=100,
        batch_rows=32,
        learning_rate=1e-5,
        warm_up=0.0,
        decay="constant",
        weight_decay=0.0,
        precision="float32",
    )
    weights: str = ""
    shelf: str = ""

    def check(self) -> None:
        if min(self.inner_epochs, self.minibatches, self.new_tokens) < 1:
            raise SpecError("ppo.inner_epochs, minibatches and new_tokens must be at least 1")
        if min(self.kl, self.kl_target, self.kl_budget, self.clip, self.value_share) < 0 or self.temperature <= 0:
            raise SpecError("ppo's weights must not be below 0, and its temperature above 0")

    @property
    def reads_pairs(self) -> bool:
        return self.prompts is None

    def data_hash(self, pairs: Pairs) -> str:
        return rewards_hash(self, pairs)

    def build(self, work: Work) -> tuple[Record, Mapping[str, Any]]:
        from osler.tuning.preference.ppo_learning import PPOLearner

        return train_policy(self, work, PPOLearner, group=1)
