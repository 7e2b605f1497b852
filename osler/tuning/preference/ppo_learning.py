"""The learner of PPO: advantages from a value head, clipped ratios and values, the KL in the reward."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from osler.tuning.preference.estimates import adapted, clipped, clipped_value, gae, whitened
from osler.tuning.preference.policy_learning import PolicyLearner, Rollout
from osler.tuning.preference.reply_tokens import padded
from osler.tuning.trainer.learner import Batch
from osler.tuning.trainer.processes import current

if TYPE_CHECKING:
    import torch

    from osler.tuning.preference.ppo import PPO


class PPOLearner(PolicyLearner):
    def settle(self, stage: PPO) -> None:
        """Take what is particular to PPO from its stage."""
        self.stage = stage
        self.shares = {"policy": 1.0, "value": stage.value_share, "entropy": -stage.entropy}
        self._advantages: torch.Tensor | None = None
        self._returns: torch.Tensor | None = None

    def prepare(self, rollout: Rollout) -> None:
        import torch

        assert rollout.values is not None
        coefficient = float(self.network.coefficient)
        rewards = -coefficient * (rollout.old - rollout.reference) * rollout.filled
        last = rollout.filled.sum(1) - 1
        rows = torch.arange(len(last), device=rewards.device)
        rewards[rows, last] += rollout.rewards
        stage = self.stage
        advantages, self._returns = gae(rewards, rollout.values, rollout.filled, gamma=stage.gamma, lam=stage.lam)
        self._advantages = self._white(advantages, rollout.filled)
        self._seen["coefficient"] = coefficient
        if stage.kl_target:
            every = current().gathered((self._seen["kl"], len(rollout.rows)))
            kl = sum(value * n for value, n in every) / max(1, sum(n for _, n in every))
            self.network.coefficient.fill_(adapted(coefficient, kl, stage.kl_target))

    def _white(self, advantages: torch.Tensor, filled: torch.Tensor) -> torch.Tensor:
        """Advantages with mean 0 and variance 1 over the tokens of all processes."""
        import torch

        parts = current().gathered(advantages[filled].tolist())
        if len(parts) == 1:
            return whitened(advantages, filled)
        every = torch.tensor([value for part in parts for value in part])
        return (advantages - every.mean()) / (every.std(correction=0) + 1e-8) * filled

    def piece(self, rollout: Rollout, rows: Sequence[int]) -> Batch:
        assert self._advantages is not None
        assert self._returns is not None
        assert rollout.values is not None
        device = self._advantages.device
        made = padded([rollout.prompts[r] for r in rows], [rollout.replies[r] for r in rows], self.chat.pad, device)
        width = made.filled.shape[1]
        tables = {
            "old": rollout.old, "values": rollout.values, "advantages": self._advantages, "returns": self._returns
        }  # fmt: skip
        inputs: dict[str, Any] = {name: table[rows, :width][made.filled] for name, table in tables.items()}
        tokens = float(made.filled.sum())
        counts = dict.fromkeys(("policy", "value", "entropy"), tokens)
        return Batch({"padded": made, **inputs}, counts, int(made.mask.sum()))

    def loss(self, batch: Batch) -> Mapping[str, torch.Tensor]:
        held, stage = batch.inputs, self.stage
        _, found = self.again(batch)
        values = self.network.values(found.hidden)
        policy = clipped(found.logprobs, held["old"], held["advantages"], stage.clip)
        value = clipped_value(values, held["values"], held["returns"], stage.value_clip)
        return {"policy": policy.sum(), "value": value.sum(), "entropy": found.entropy.sum()}
