"""What a reply is worth: rules, trained reward models, judges, and mixtures of them, all asked through one function."""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

from osler.core.block import block
from osler.core.errors import ModelError, SpecError
from osler.tuning.dialogue.conversation import Turn


class Asked(NamedTuple):
    """A prompt to answer. ``reference``: the reply of a person (a doctor), "" where there is none."""

    id: str
    prompt: tuple[Turn, ...]
    reference: str = ""


@runtime_checkable
class Reward(Protocol):
    """A block that says what a reply is worth; more is better."""

    def reward(self, prompt: Sequence[Turn], reply: str) -> float: ...


Scorer = Callable[[Sequence[Asked], Sequence[str]], list[float]]


@block
class WeightedRewards:
    """The weighted sum of rewards that need no training (rules, judges). A PPO stage takes trained ones itself."""

    parts: tuple[Any, ...]
    weights: tuple[float, ...] = ()

    def check(self) -> None:
        if self.weights and len(self.weights) != len(self.parts):
            raise SpecError(f"weighted_rewards has {len(self.parts)} parts and {len(self.weights)} weights")

    def reward(self, prompt: Sequence[Turn], reply: str) -> float:
        weights = self.weights or (1.0,) * len(self.parts)
        return sum(weight * float(part.reward(prompt, reply)) for weight, part in zip(weights, self.parts, strict=True))


def scorer_of(reward: Any, weights: Sequence[float] = ()) -> Scorer:
    """A function from prompts and replies to rewards, for one reward or several with ``weights``.

    A RewardModel must be trained. A judge rates each reply, with the prompt's reference where it is reference-guided;
    replies that it cannot judge get the mean of the others. SpecError for what gives no reward.
    """
    parts = reward if isinstance(reward, tuple) else (reward,)
    each = [_one(part) for part in parts]
    shares = tuple(weights) or (1.0,) * len(parts)
    if len(shares) != len(parts):
        raise SpecError(f"{len(parts)} rewards have {len(shares)} weights", hint="one weight for each reward")

    def score(asked: Sequence[Asked], replies: Sequence[str]) -> list[float]:
        columns = [one(asked, replies) for one in each]
        return [
            sum(share * value for share, value in zip(shares, row, strict=True)) for row in zip(*columns, strict=True)
        ]

    return score


def _one(reward: Any) -> Scorer:
    if hasattr(reward, "scored"):  # a trained reward model works off a batch
        return lambda asked, replies: list(reward.scored([one.prompt for one in asked], replies))
    if hasattr(reward, "reward"):
        return lambda asked, replies: [
            float(reward.reward(one.prompt, reply)) for one, reply in zip(asked, replies, strict=True)
        ]
    if hasattr(reward, "judge"):
        return lambda asked, replies: asyncio.run(judged(reward, asked, replies))
    raise SpecError(
        f"{type(reward).__name__} gives no reward",
        hint="use a RewardModel, a judge, or a block with reward(prompt, reply)",
    )


async def judged(judge: Any, asked: Sequence[Asked], replies: Sequence[str], *, fill: bool = True) -> list[float]:
    """The mean over a judge's criteria for each reply; NaN for an unjudged one, or with ``fill`` the mean of the others.

    ModelError where no reply could be judged.
    """

    async def one(case: Asked, reply: str) -> float:
        found = await judge.judge(case.prompt[-1].text, reply, reference=case.reference)
        values = [value for value in found.values.values() if value is not None]
        return statistics.fmean(values) if values else float("nan")

    values = await asyncio.gather(*(one(case, reply) for case, reply in zip(asked, replies, strict=True)))
    known = [value for value in values if value == value]
    if not known:
        raise ModelError("the judge could judge none of the replies", hint="look at the judge's replies", kind="judge")
    middle = statistics.fmean(known)
    return [middle if fill and value != value else value for value in values]


def asked_of(data: Any, pairs: Sequence[tuple[Any, str]] = ()) -> list[Asked]:
    """Prompts to answer, once each: of conversations (the last reply is the reference), preferences, ranked lists, or
    of the study's training cases where ``data`` is None."""
    if data is None:
        found = [
            Asked(prompt.id, tuple(Turn(message.role, message.text) for message in prompt.messages()), answer)
            for prompt, answer in pairs
        ]
    elif hasattr(data, "conversations"):
        found = [_before_reply(row) for row in data.conversations()]
    elif hasattr(data, "ranked"):
        found = [Asked(row.id, row.prompt) for row in data.ranked()]
    elif hasattr(data, "preferences"):
        found = [Asked(row.id, row.prompt) for row in data.preferences()]
    else:
        raise SpecError(f"{type(data).__name__} gives no prompts", hint="use conversations or preferences")
    once: dict[tuple[Turn, ...], Asked] = {}
    for row in found:
        once.setdefault(row.prompt, row)
    return list(once.values())


def _before_reply(row: Any) -> Asked:
    turns = tuple(row.turns)
    if turns and turns[-1].role == "assistant":
        return Asked(row.id, turns[:-1], turns[-1].text)
    return Asked(row.id, turns)
