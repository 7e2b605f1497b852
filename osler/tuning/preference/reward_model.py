"""A reward model: a network with one value per conversation, trained on which replies were preferred.

The loss is that of Bradley and Terry over all pairs of a ranked list, each list counting once (Ouyang et al. 2022,
arXiv:2203.02155, equation 1). The value is read at the last token of prompt and reply.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from osler.core.block import block, digest
from osler.core.errors import DataError, ModelError, SpecError
from osler.core.types import Message, Reply
from osler.models.encoder import need_choices, scored
from osler.tuning.dialogue.conversation import Turn
from osler.tuning.preference.preference import Preference
from osler.tuning.preference.ranked import Ranked, lists_of, rows_hash, text_of
from osler.tuning.schedule import Schedule
from osler.tuning.stage import Pairs, Stage, Work
from osler.tuning.trainer.loop import Record, fit

R = TypeVar("R", Ranked, Preference)

if TYPE_CHECKING:
    from osler.tuning.preference.reward_learning import RewardScorer


@block
class RewardModel(Stage):
    """``base`` (a decoder or an encoder) with a head of one value, trained on preferences or ranked replies of ``data``.

    length: most tokens of prompt and reply. held_out: the share of prompts, chosen by hash, that are not learnt from and
    on which accuracy and AUC are measured; with ``valid`` that block's rows instead. test: a block of rows that must
    not be seen: DataError where one of its prompts is among those learnt from; it is measured at the end.
    centre: weight of a term that keeps the rewards of a pair about 0, so that they can be compared between prompts.
    adapter: trains an adapter in place of all weights. As a Model it scores choices: their log-chances to be preferred.
    """

    base: Any
    data: Any
    valid: Any = None
    test: Any = None
    held_out: float = 0.1
    length: int = 512
    centre: float = 0.01
    adapter: Any = None
    schedule: Schedule = Schedule(batch_rows=16, learning_rate=1e-4)
    weights: str = ""
    shelf: str = ""

    def check(self) -> None:
        if not 0 <= self.held_out < 1:
            raise SpecError(f"reward_model.held_out must be a share below 1, got {self.held_out}")

    @property
    def reads_pairs(self) -> bool:
        return False

    @property
    def supports(self) -> frozenset[str]:
        return frozenset({"score", "train"})

    def data_hash(self, pairs: Pairs) -> str:
        return rows_hash([*lists_of(self.data), *(lists_of(self.valid) if self.valid is not None else [])])

    def build(self, work: Work) -> tuple[Record, Mapping[str, Any]]:
        from osler.tuning.preference.causal import adapted_network, reward_network, write
        from osler.tuning.preference.chat_rows import ChatRows
        from osler.tuning.preference.reward_learning import RewardLearner, figures

        rows, held = self.split()
        test = lists_of(self.test) if self.test is not None else []
        refuse_seen(rows, [row.prompt for row in test])
        network, tokenizer = reward_network(work.base, seed=work.seed)
        network = adapted_network(network, self.adapter, seed=work.seed)
        chat = ChatRows(tokenizer, self.length)
        learner = RewardLearner(
            network, chat, rows, held, centre=self.centre, weight=getattr(self.data, "weight", None)
        )
        record = fit(learner, self.schedule, seed=work.seed, state=work.state, identity=work.identity, tell=work.tell)
        about: dict[str, Any] = {"lists": len(rows), "held_out_lists": len(held), "cut": chat.cut}
        about |= {f"held_out_{name}": value for name, value in figures(learner, held).items()}
        about |= {f"test_{name}": value for name, value in figures(learner, test).items()}
        about["by"] = _by(rows)
        write(network, tokenizer, work.folder, adapter=self.adapter, base=work.base)
        return record, about

    def split(self) -> tuple[list[Ranked], list[Ranked]]:
        """Rows that are learnt from and rows held out; all rows of a prompt are on one side."""
        rows = lists_of(self.data)
        if self.valid is not None:
            held = lists_of(self.valid)
            refuse_seen(rows, [row.prompt for row in held])
            return rows, held
        return split_by_prompt(rows, self.held_out)

    def scored(self, prompts: Sequence[Sequence[Turn]], replies: Sequence[str]) -> list[float]:
        """The reward of each reply to its prompt, in one go. ModelError before training."""
        return self._scorer()(prompts, replies)

    async def rewards(self, prompts: Sequence[Sequence[Turn]], replies: Sequence[str]) -> list[float]:
        """The reward of each reply to its prompt; more is better, differences are log-odds to be preferred."""
        return await asyncio.to_thread(self.scored, prompts, replies)

    async def score(self, messages: Sequence[Message], choices: Sequence[str]) -> Reply:
        import math

        need_choices(choices, "reward model")
        turns = tuple(Turn(message.role if message.role != "tool" else "user", message.text) for message in messages)
        values = await self.rewards([turns] * len(choices), choices)
        top = max(values)
        total = top + math.log(sum(math.exp(value - top) for value in values))
        return scored(choices, [value - total for value in values], tokens_in=0, latency_s=0.0, model=self.weights)

    async def generate(self, messages: Sequence[Message], **settings: Any) -> Reply:
        raise ModelError("a reward model writes nothing", hint="use it as the reward of PPO", kind="unsupported")

    def _scorer(self) -> RewardScorer:
        from osler.tuning.preference.reward_learning import RewardScorer

        known: RewardScorer | None = self.__dict__.get("_scores")
        if known is None:
            known = self.__dict__["_scores"] = RewardScorer(self.folder, self.length)
        return known


def refuse_seen(rows: Sequence[Any], prompts: Sequence[tuple[Turn, ...]]) -> None:
    """DataError where a prompt that must not be seen is among ``rows`` (preferences or ranked lists)."""
    unseen = set(prompts)
    seen = [row.id for row in rows if row.prompt in unseen]
    if seen:
        raise DataError(
            f"{len(seen)} of {len(rows)} rows to learn from have a prompt of the rows to test on, the first is {seen[0]}",
            hint="take these prompts out of the data",
        )


def split_by_prompt(rows: Sequence[R], share: float) -> tuple[list[R], list[R]]:
    """Rows to learn from and rows held out, chosen by the hash of their prompts: a prompt is on one side only."""
    away = [int(digest(text_of(row.prompt).encode(), size=4), 16) / 2**32 < share for row in rows]
    return [r for r, out in zip(rows, away, strict=True) if not out], [
        r for r, out in zip(rows, away, strict=True) if out
    ]


def _by(rows: Sequence[Ranked]) -> dict[str, int]:
    made: dict[str, int] = {}
    for row in rows:
        made[row.by] = made.get(row.by, 0) + 1
    return made
