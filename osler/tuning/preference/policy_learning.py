"""What PPO and GRPO share: drawing replies, rewarding them, the reference, and ending where the policy went too far."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from osler.tuning.preference.chat_rows import ChatRows
from osler.tuning.preference.collapse import writing
from osler.tuning.preference.estimates import kl_third
from osler.tuning.preference.reply_tokens import Padded, Read, padded, read, spread
from osler.tuning.preference.reward import Asked, Scorer
from osler.tuning.preference.sampling import sample
from osler.tuning.trainer.learner import Batch, Key, Learner
from osler.tuning.trainer.order import passes
from osler.tuning.trainer.processes import current

if TYPE_CHECKING:
    import torch

    from osler.tuning.preference.policy_layers import PolicyNetwork

_TOKENS = 16384  # padded tokens of one forward pass when nothing is learnt


@dataclass(frozen=True, slots=True)
class Way:
    """How replies are drawn and what holds for every method. kl_budget: nats per reply, 0 for none."""

    tokens: int
    temperature: float
    group: int
    inner_epochs: int
    minibatches: int
    kl_budget: float
    unfinished: float
    normalise: bool
    precision: str


@dataclass(slots=True)
class Rollout:
    """Replies drawn in one step, ``[n]`` rows of at most ``[tokens]``; old and reference: log-probabilities."""

    rows: list[int]
    prompts: list[list[int]]
    replies: list[list[int]]
    texts: list[str]
    filled: torch.Tensor
    old: torch.Tensor
    reference: torch.Tensor
    entropy: torch.Tensor
    rewards: torch.Tensor
    raw: torch.Tensor
    values: torch.Tensor | None = None


class PolicyLearner(Learner):
    """Prompts to which replies are drawn anew in every step; a row is a prompt."""

    splits: ClassVar[bool] = True
    network: PolicyNetwork

    def __init__(
        self, network: PolicyNetwork, reference: Any, chat: ChatRows, asked: Sequence[Asked], score: Scorer, way: Way
    ) -> None:
        self.reference, self.chat, self.asked, self.score, self.way = reference, chat, asked, score, way
        self._prompts = [chat.prompt(one.prompt, room=way.tokens) for one in asked]
        self._seen: dict[str, float] = {}
        self.why = ""
        # One length for all: a step must hold a mix of prompts, or it unlearns the others for the sake of one kind.
        longest = max(map(len, self._prompts)) + way.tokens
        super().__init__(network, [longest] * len(asked))

    def ids(self, rows: Sequence[int]) -> Sequence[str]:
        return [self.asked[row].id for row in rows]

    def seen(self) -> Mapping[str, float]:
        """Of the last step's replies: reward, KL to the reference (nats per reply), entropy (nats per token), length,
        and the signs of collapse (see ``collapse``)."""
        return self._seen

    def updates(self, passes: Sequence[Sequence[int]], key: Key) -> Iterator[Sequence[Batch]]:
        if float(self.network.ended):
            return
        rollout = self.rollout([row for piece in passes for row in piece], key)
        held = self._held() if self.way.kl_budget else {}
        self.prepare(rollout)
        for inner in range(self.way.inner_epochs):
            for part in self._parts(rollout, key, inner):
                yield [self.piece(rollout, rows) for rows in part]
        if self.way.kl_budget:
            self._end_beyond(rollout, held)

    def settle(self, stage: Any) -> None:
        """Take what is particular to a method from its stage."""
        raise NotImplementedError

    def prepare(self, rollout: Rollout) -> None:
        """Advantages of the replies, before the first update."""
        raise NotImplementedError

    def piece(self, rollout: Rollout, rows: Sequence[int]) -> Batch:
        """Replies ``rows`` of the rollout as one forward pass."""
        raise NotImplementedError

    def rollout(self, rows: Sequence[int], key: Key) -> Rollout:
        """Draw, read and reward ``group`` replies to each prompt."""
        import torch

        way, pad = self.way, self.chat.pad
        spread_rows = [row for row in rows for _ in range(way.group)]
        prompts = [self._prompts[row] for row in spread_rows]
        uniform = np.stack([_uniform(key, row, way.tokens, way.group) for row in rows]).reshape(-1, way.tokens)
        model = self.network.policy
        replies = sample(
            model.get_base_model() if hasattr(model, "get_base_model") else model,
            prompts,
            uniform,
            ends={self.chat.end, self.chat.tokenizer.eos_token_id},
            pad=pad,
            temperature=way.temperature,
        )
        texts = [self.chat.text(reply) for reply in replies]
        raw = torch.tensor(self.score([self.asked[row] for row in spread_rows], texts), dtype=torch.float64)
        ends = {self.chat.end, self.chat.tokenizer.eos_token_id}
        open_ended = torch.tensor([reply[-1] not in ends for reply in replies])
        raw -= way.unfinished * open_ended
        every = torch.tensor([value for part in current().gathered(raw.tolist()) for value in part])
        rewards = self.network.normal(raw, every) if way.normalise else raw
        found = self.read_all(model, prompts, replies, valued=True)
        known = self.read_all(self.reference, prompts, replies)
        made = Rollout(
            spread_rows, prompts, replies, texts, found["filled"].bool(), found["logprobs"], known["logprobs"],
            found["entropy"], rewards.float().to(found["logprobs"].device), raw, found.get("values"),
        )  # fmt: skip
        self._note(made, open_ended, every)
        return made

    def read_all(
        self, model: Any, prompts: Sequence[Sequence[int]], replies: Sequence[Sequence[int]], *, valued: bool = False
    ) -> dict[str, torch.Tensor]:
        """Log-probabilities, entropy and values of all replies as tables, without gradients."""
        import torch

        device = next(self.network.parameters()).device
        width = max(map(len, replies))
        names = ["filled", "logprobs", "entropy", *(["values"] if valued and self.network.value is not None else [])]
        tables = {name: torch.zeros(len(replies), width, device=device) for name in names}
        lengths = [len(prompt) + len(reply) for prompt, reply in zip(prompts, replies, strict=True)]
        bf16 = self.way.precision == "bfloat16"
        with torch.no_grad(), torch.autocast(device.type, dtype=torch.bfloat16, enabled=bf16):
            for piece in passes(range(len(replies)), lengths, _TOKENS):
                batch = padded([prompts[at] for at in piece], [replies[at] for at in piece], self.chat.pad, device)
                found = read(model, batch, temperature=self.way.temperature, entropy=True)
                columns = {
                    "filled": torch.ones_like(found.logprobs),
                    "logprobs": found.logprobs,
                    "entropy": found.entropy,
                }
                if "values" in tables:
                    columns["values"] = self.network.values(found.hidden)
                for name, values in columns.items():
                    table = spread(values, batch)
                    tables[name][piece, : table.shape[1]] = table
        return tables

    def again(self, batch: Batch) -> tuple[Padded, Read]:
        """The replies of a forward pass as the policy reads them now, with gradients."""
        held: Padded = batch.inputs["padded"]
        return held, read(self.network.policy, held, temperature=self.way.temperature, entropy=True)

    def _parts(self, rollout: Rollout, key: Key, inner: int) -> Iterator[list[list[int]]]:
        """Minibatches of one inner pass, each as forward passes; a process without rows takes part with none."""
        n = len(rollout.rows)
        first = rollout.rows[0] if n else 0
        order = np.random.default_rng((key.seed, key.epoch, first, inner)).permutation(n).tolist() if n else []
        lengths = [len(p) + len(r) for p, r in zip(rollout.prompts, rollout.replies, strict=True)]
        for at in range(self.way.minibatches):
            part = order[at :: self.way.minibatches] if self.way.minibatches > 1 else list(range(n))
            yield list(passes(part, lengths, _TOKENS)) if part else []

    def _held(self) -> dict[str, torch.Tensor]:
        learns = {name for name, weight in self.network.named_parameters() if weight.requires_grad}
        return {name: weight.detach().clone() for name, weight in self.network.named_parameters() if name in learns}

    def _end_beyond(self, rollout: Rollout, held: Mapping[str, torch.Tensor]) -> None:
        """Take a step back and end where the policy is now beyond the budget from the reference.

        Estimated on the replies of this step, each token weighted by how much likelier it has become.
        """
        import torch

        now = self.read_all(self.network.policy, rollout.prompts, rollout.replies)["logprobs"]
        weighed = torch.exp(now - rollout.old) * kl_third(now, rollout.reference) * rollout.filled
        every = [value for part in current().gathered(weighed.sum(1).tolist()) for value in part]
        kl = sum(every) / max(1, len(every))
        self._seen["kl_after"] = kl
        if kl > self.way.kl_budget:
            with torch.no_grad():
                for name, weight in self.network.named_parameters():
                    if name in held:
                        weight.copy_(held[name])
                self.network.ended.fill_(1.0)
            self.why = f"KL of {kl:.2f} nats per reply is over the budget of {self.way.kl_budget:g}"

    def _note(self, made: Rollout, open_ended: torch.Tensor, every: torch.Tensor) -> None:
        real = made.filled.sum().clamp(min=1)
        kl = kl_third(made.old, made.reference) * made.filled
        self._seen = {
            "reward": float(every.mean()),
            "kl": float(kl.sum(1).mean()),
            "entropy": float(made.entropy.sum() / real),
            "unfinished": float(open_ended.double().mean()),
            **writing(made.texts, [len(reply) for reply in made.replies]),
        }


def _uniform(key: Key, row: int, tokens: int, group: int) -> Any:
    """Numbers by which the replies to a prompt are drawn in one pass, ``[group, tokens]``."""
    return np.random.default_rng((key.seed, key.epoch, row, 1)).random((group, tokens))
