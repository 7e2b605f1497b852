"""Preferences of people and of machines together: who said what stays on each row, and where they disagree is counted."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from osler.core.block import block
from osler.tuning.dialogue.conversation import Turn
from osler.tuning.preference.preference import Preference
from osler.tuning.preference.ranked import Ranked, pairs_of, preferences_of
from osler.tuning.preference.reward import Asked, judged

_Pair = tuple[tuple[Turn, ...], frozenset[str]]


class Mix(NamedTuple):
    """Rows by who preferred, pairs that both people and machines ordered, and those ordered differently."""

    rows: Mapping[str, int]
    shared: int
    conflicts: int


@block
class MixedPreferences:
    """Preferences of ``human`` and ``ai``, each row with its ``by``.

    on_conflict: where people and machines order the same two replies differently, "human" keeps the people's row,
    "drop" neither, "keep" both. human_weight and ai_weight: of a row in the loss. AI rows are never mixed in unmarked:
    one of ``ai`` that says by = "human" is marked "ai:unnamed".
    """

    human: Any
    ai: Any
    on_conflict: Literal["human", "drop", "keep"] = "human"
    human_weight: float = 1.0
    ai_weight: float = 1.0

    def preferences(self) -> Sequence[Preference]:
        human, ai = self._rows()
        clash = _clashes(human, ai)
        if self.on_conflict != "keep":
            ai = [row for row in ai if _pair(row) not in clash]
        if self.on_conflict == "drop":
            human = [row for row in human if _pair(row) not in clash]
        return [*human, *ai]

    def weight(self, by: str) -> float:
        """The weight in the loss of a row that ``by`` preferred."""
        return self.human_weight if by == "human" else self.ai_weight

    def counts(self) -> Mix:
        human, ai = self._rows()
        rows: dict[str, int] = {}
        for row in (*human, *ai):
            rows[row.by] = rows.get(row.by, 0) + 1
        shared = {_pair(row) for row in human} & {_pair(row) for row in ai}
        return Mix(rows, len(shared), len(_clashes(human, ai)))

    def _rows(self) -> tuple[list[Preference], list[Preference]]:
        ai = [row._replace(by="ai:unnamed") if row.by == "human" else row for row in preferences_of(self.ai)]
        return preferences_of(self.human), ai


def _pair(row: Preference) -> _Pair:
    return row.prompt, frozenset((row.chosen, row.rejected))


def _clashes(human: Sequence[Preference], ai: Sequence[Preference]) -> set[_Pair]:
    """Pairs of replies of which somebody chose one and something the other."""
    chosen: dict[_Pair, set[str]] = {}
    for row in human:
        chosen.setdefault(_pair(row), set()).add(row.chosen)
    return {_pair(row) for row in ai if any(other != row.chosen for other in chosen.get(_pair(row), ()))}


@block
class JudgedPreferences:
    """Ranked replies of ``data`` scored by ``judge``, which sees the real doctor's reply as reference: the AI half of
    HuatuoGPT's mixed feedback (Zhang et al. 2023, arXiv:2305.15075).

    references: conversations whose last turn is the doctor's reply to the same prompt; None for a judge without one.
    margin: a smaller difference of scores is a tie. Replies that the judge cannot judge are left out.
    """

    judge: Any
    data: Any
    references: Any = None
    margin: float = 0.0

    def ranked(self) -> Sequence[Ranked]:
        known: Sequence[Ranked] | None = self.__dict__.get("_ranked")
        if known is None:
            known = self.__dict__["_ranked"] = asyncio.run(self._ranked_now())
        return known

    def preferences(self) -> Sequence[Preference]:
        return [pair for row in self.ranked() for pair in pairs_of(row)]

    async def _ranked_now(self) -> Sequence[Ranked]:
        rows = list(self.data.ranked())
        real = {}
        for talk in self.references.conversations() if self.references is not None else ():
            real[tuple(talk.turns[:-1])] = talk.turns[-1].text
        asked = [Asked(row.id, row.prompt, real.get(row.prompt, "")) for row in rows for _ in row.replies]
        values = iter(await judged(self.judge, asked, [reply for row in rows for reply in row.replies], fill=False))
        by = f"ai:{getattr(self.judge, 'name', type(self.judge).__name__)}"
        return [made for row in rows if (made := self._one(row, [next(values) for _ in row.replies], by)) is not None]

    def _one(self, row: Ranked, scores: Sequence[float], by: str) -> Ranked | None:
        held = sorted((-score, reply) for score, reply in zip(scores, row.replies, strict=True) if score == score)
        ranks, last = [], 0.0
        for place, (score, _) in enumerate(held):
            new = place == 0 or score - held[place - 1][0] > self.margin
            last = float(place + 1) if new else last
            ranks.append(last)
        replies = tuple(reply for _, reply in held)
        return row._replace(replies=replies, ranks=tuple(ranks), by=by) if len(set(ranks)) > 1 else None
