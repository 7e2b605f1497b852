"""When to tune, and whether it paid: the guide's gate before fine-tuning and the two after it (workflow, section 1.10).

Tuning is begun for one of three reasons: prompting was tried and missed its target, training data are abundant, or long
prompts are to be saved. It is refused below a minimum of cases. After it the model must be worth it.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from osler.core.block import block
from osler.core.errors import SpecError

Trigger = Literal["prompting missed", "abundant data", "shorter prompts", "recorded reason", ""]


class Attempt(NamedTuple):
    """A prompted system that was tried on the cases of the study. ``met``: it reached the target. ``tokens``: read per
    call on average."""

    name: str
    met: bool
    tokens: float


class Verdict(NamedTuple):
    """``trigger``: why tuning may begin, "" where it may not. ``reason``: in words."""

    passed: bool
    trigger: Trigger
    reason: str


@block
class TuningRule:
    """What a study asks of tuning (its table ``tuning``).

    reason: why to tune although the gate says no; it is kept and shown. minimum: fewest training cases; vendors name 50 as
    a start and 10 as a floor. abundant: so many training cases are a reason of their own. saves: so many times the tokens
    of the plain prompt make a long prompt worth saving. usd_per_hour: of the machine that trains. usd_per_call: of one
    answer of the best prompt; with 0 it is what the calls cost. calls: how many calls are expected; with them the break-even
    decides. safety_metric, safety_margin: in this metric the tuned model may be worse than the best prompt by less than the
    margin, by the interval of the paired difference.
    """

    reason: str = ""
    minimum: int = 50
    abundant: int = 10_000
    saves: float = 2.0
    usd_per_hour: float = 0.0
    usd_per_call: float = 0.0
    calls: int = 0
    safety_metric: str = ""
    safety_margin: float = 0.02

    def check(self) -> None:
        if self.minimum < 0 or self.abundant < self.minimum:
            raise SpecError("tuning.abundant cannot be below tuning.minimum", hint="minimum = 50, abundant = 10000")
        if self.safety_margin <= 0 or self.saves <= 1:
            raise SpecError("tuning.safety_margin must be above 0 and tuning.saves above 1")


def before(rule: TuningRule, attempts: list[Attempt], *, cases: int | None, plain_tokens: float = 0.0) -> Verdict:
    """Whether tuning may begin. ``cases``: training cases, None where the stages have data of their own.
    ``plain_tokens``: tokens of a call without demonstrations or passages, 0 where that is not known."""
    if cases is not None and cases < rule.minimum:
        few = f"{cases:,} training cases are below the minimum of {rule.minimum}: show them as demonstrations"
        return _overruled(rule, few)
    tried = ", ".join(sorted({attempt.name for attempt in attempts}))
    if attempts and not any(attempt.met for attempt in attempts):
        return Verdict(True, "prompting missed", f"the target was missed by prompting: {tried}")
    if cases is not None and cases >= rule.abundant:
        return Verdict(True, "abundant data", f"training data are abundant: {cases:,} cases")
    long = [
        attempt for attempt in attempts if attempt.met and plain_tokens and attempt.tokens >= rule.saves * plain_tokens
    ]
    if long and len(long) == sum(attempt.met for attempt in attempts):
        best = min(long, key=lambda attempt: attempt.tokens)
        return Verdict(
            True,
            "shorter prompts",
            f"{best.name} meets the target with {best.tokens:,.0f} tokens a call, {best.tokens / plain_tokens:.1f} times "
            "the plain prompt's, which tuning may save",
        )
    if not attempts:
        return _overruled(rule, "no prompting attempt is logged that counts; tuning before one needs a recorded reason")
    met = ", ".join(attempt.name for attempt in attempts if attempt.met)
    return _overruled(rule, f"not needed: prompting meets the target ({met})")


def _overruled(rule: TuningRule, reason: str) -> Verdict:
    if rule.reason:
        return Verdict(True, "recorded reason", f"{reason}; begun all the same: {rule.reason}")
    return Verdict(False, "", reason)


def break_even(training_usd: float, prompt_usd: float, tuned_usd: float) -> float | None:
    """Calls after which the training is paid: its cost by what a call saves. None where a call saves nothing."""
    saved = prompt_usd - tuned_usd
    return training_usd / saved if saved > 0 else None


def non_inferior(low: float, high: float, *, margin: float, higher_is_better: bool) -> bool:
    """Whether the interval of (tuned - prompted) excludes that the tuned one is worse by ``margin`` or more."""
    return low > -margin if higher_is_better else high < margin
