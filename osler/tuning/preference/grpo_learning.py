"""The learner of GRPO: replies of a group against each other, the KL in the loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from osler.tuning.preference.estimates import clipped, group_advantages, kl_third
from osler.tuning.preference.policy_learning import PolicyLearner, Rollout
from osler.tuning.preference.reply_tokens import padded, summed
from osler.tuning.trainer.learner import Batch

if TYPE_CHECKING:
    import torch

    from osler.tuning.preference.grpo import GRPO


class GRPOLearner(PolicyLearner):
    def settle(self, stage: GRPO) -> None:
        """Take what is particular to GRPO from its stage."""
        self.stage = stage
        self.shares = {"policy": 1.0, "kl": stage.kl}
        self._advantages: torch.Tensor | None = None

    def prepare(self, rollout: Rollout) -> None:
        self._advantages = group_advantages(rollout.rewards, self.stage.group, scaled=self.stage.scaled)
        groups = rollout.rewards.view(-1, self.stage.group)
        self._seen["silent_groups"] = float((groups.max(1).values == groups.min(1).values).float().mean())

    def piece(self, rollout: Rollout, rows: Sequence[int]) -> Batch:
        assert self._advantages is not None
        made = padded(
            [rollout.prompts[r] for r in rows],
            [rollout.replies[r] for r in rows],
            self.chat.pad,
            self._advantages.device,
        )
        width = made.filled.shape[1]
        inputs = {
            "padded": made,
            "old": rollout.old[rows, :width][made.filled],
            "reference": rollout.reference[rows, :width][made.filled],
            "advantages": self._advantages[rows],
        }
        count = float(len(rows)) if self.stage.mean == "reply" else float(made.filled.sum())
        return Batch(inputs, {"policy": count, "kl": count}, int(made.mask.sum()))

    def loss(self, batch: Batch) -> Mapping[str, torch.Tensor]:
        held = batch.inputs
        made, found = self.again(batch)
        policy = clipped(found.logprobs, held["old"], held["advantages"][made.rows], self.stage.clip)
        kl = kl_third(found.logprobs, held["reference"])
        if self.stage.mean == "token":
            return {"policy": policy.sum(), "kl": kl.sum()}
        lengths = made.filled.sum(1)
        return {"policy": (summed(policy, made) / lengths).sum(), "kl": (summed(kl, made) / lengths).sum()}
