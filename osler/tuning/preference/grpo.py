"""Group relative policy optimisation (Shao et al. 2024, arXiv:2402.03300): several replies to a prompt judge each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from osler.core.block import block
from osler.core.errors import SpecError
from osler.tuning.preference.policy_training import rewards_hash, train_policy
from osler.tuning.schedule import Schedule
from osler.tuning.stage import Pairs, Stage, Work
from osler.tuning.trainer.loop import Record


@block
class GRPO(Stage):
    """``base`` taught by ``reward``: ``group`` replies to each prompt are drawn, and those above their group's mean made
    likelier. There is no value head; the KL to the base is a term of the loss (third estimator), weighted by ``kl``.

    scaled: advantages in standard deviations of the group. mean: whether each reply counts the same or each token.
    Other settings as of PPO.
    """

    base: Any
    prompts: Any = None
    reward: Any
    reward_weights: tuple[float, ...] = ()
    group: int = 4
    kl: float = 0.04
    kl_budget: float = 0.0
    clip: float = 0.2
    scaled: bool = True
    mean: Literal["reply", "token"] = "reply"
    inner_epochs: int = 1
    minibatches: int = 1
    new_tokens: int = 64
    temperature: float = 1.0
    unfinished: float = 0.0
    length: int = 1024
    adapter: Any = None
    schedule: Schedule = Schedule(
        steps=100,
        batch_rows=8,
        learning_rate=1e-5,
        warm_up=0.0,
        decay="constant",
        weight_decay=0.0,
        precision="float32",
    )
    weights: str = ""
    shelf: str = ""

    def check(self) -> None:
        if self.group < 2:
            raise SpecError(f"grpo.group must be at least 2, got {self.group}", hint="group = 4")
        if min(self.inner_epochs, self.minibatches, self.new_tokens) < 1:
            raise SpecError("grpo.inner_epochs, minibatches and new_tokens must be at least 1")
        if min(self.kl, self.kl_budget, self.clip) < 0 or self.temperature <= 0:
            raise SpecError("grpo's weights must not be below 0, and its temperature above 0")

    @property
    def reads_pairs(self) -> bool:
        return self.prompts is None

    def data_hash(self, pairs: Pairs) -> str:
        return rewards_hash(self, pairs)

    def build(self, work: Work) -> tuple[Record, Mapping[str, Any]]:
        from osler.tuning.preference.grpo_learning import GRPOLearner

        return train_policy(self, work, GRPOLearner, group=self.group)
