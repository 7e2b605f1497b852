"""Rules in order of rank: the first that tells two replies apart decides (safety, then professionalism, then fluency).

The order is that of Zhongjing (Yang et al. 2023, arXiv:2308.03549), by which its annotators ranked replies.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from osler.core.block import block, snake
from osler.core.errors import SpecError
from osler.tuning.dialogue.conversation import Turn
from osler.tuning.preference.preference import Preference
from osler.tuning.preference.ranked import Ranked, pairs_of


@block
class Lexicographic:
    """Rules with values from 0 to 1, the most important first; ``levels`` steps of each are told apart.

    As a reward the ranks are the digits of one number from 0 to 1: no gain in a lower rule outweighs a level of a higher.
    """

    rules: tuple[Any, ...]
    levels: int = 2

    def check(self) -> None:
        if self.levels < 2 or not self.rules:
            raise SpecError("lexicographic needs at least one rule and two levels", hint="rules = [...], levels = 2")

    def digits(self, prompt: Sequence[Turn], reply: str) -> tuple[int, ...]:
        """The level of each rule, the highest rule first."""
        top = self.levels - 1
        return tuple(round(min(1.0, max(0.0, float(rule.reward(prompt, reply)))) * top) for rule in self.rules)

    def reward(self, prompt: Sequence[Turn], reply: str) -> float:
        value = 0
        for digit in self.digits(prompt, reply):
            value = value * self.levels + digit
        top: int = self.levels ** len(self.rules) - 1
        return value / top

    def compare(self, prompt: Sequence[Turn], first: str, second: str) -> int:
        """1 where ``first`` is better, -1 where ``second`` is, 0 where no rule tells them apart."""
        a, b = self.digits(prompt, first), self.digits(prompt, second)
        return (a > b) - (a < b)


@block
class RulePreferences:
    """The ranked replies of ``data`` ranked anew by ``rule`` (any reward); equal replies teach nothing."""

    rule: Any
    data: Any

    def ranked(self) -> Sequence[Ranked]:
        by = f"rule:{snake(type(self.rule).__name__)}"
        return [
            row._replace(ranks=tuple(-float(self.rule.reward(row.prompt, reply)) for reply in row.replies), by=by)
            for row in self.data.ranked()
        ]

    def preferences(self) -> Sequence[Preference]:
        return [pair for row in self.ranked() for pair in pairs_of(row)]


@block
class Says:
    """1 where the reply matches ``pattern`` exactly if the last turn of the user matches ``when``; else 0.

    ``when``: "" for every prompt. Where it does not match, the reply must not match ``pattern`` unless ``only`` is
    false, and then every reply is worth 1. Patterns are regular expressions, case ignored.
    """

    pattern: str
    when: str = ""
    only: bool = True

    def check(self) -> None:
        for name in ("pattern", "when"):
            try:
                re.compile(getattr(self, name))
            except re.error as error:
                raise SpecError(f"says.{name} is no regular expression: {error}") from None

    def reward(self, prompt: Sequence[Turn], reply: str) -> float:
        asked = next((turn.text for turn in reversed(prompt) if turn.role == "user"), "")
        said = re.search(self.pattern, reply, re.IGNORECASE) is not None
        if re.search(self.when, asked, re.IGNORECASE) is not None:
            return float(said)
        return float(not said) if self.only else 1.0


@block
class Fluent:
    """1 less the share of repeated words runs of ``run``, 0 for an empty reply or one of more than ``most`` words."""

    run: int = 2
    most: int = 0

    def reward(self, prompt: Sequence[Turn], reply: str) -> float:
        words = reply.split()
        if not words or (self.most and len(words) > self.most):
            return 0.0
        runs = [tuple(words[at : at + self.run]) for at in range(len(words) - self.run + 1)]
        return len(set(runs)) / len(runs) if runs else 1.0
