"""From a PPO or GRPO stage to a trained folder: base, reference, prompts and reward brought together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from osler.core.errors import DataError
from osler.tuning.preference.ranked import rows_hash
from osler.tuning.preference.reward import asked_of, scorer_of
from osler.tuning.stage import Pairs, Work
from osler.tuning.trainer.loop import Record, fit

if TYPE_CHECKING:
    from osler.tuning.preference.policy_learning import PolicyLearner


def rewards_hash(stage: Any, pairs: Pairs) -> str:
    """Hash of the prompts; what rewards is part of the stage's spec."""
    return rows_hash(asked_of(stage.prompts, pairs if stage.prompts is None else ()))


def train_policy(
    stage: Any, work: Work, learner_of: type[PolicyLearner], *, group: int
) -> tuple[Record, Mapping[str, Any]]:
    from osler.tuning.preference.causal import adapted_network, causal_of, write
    from osler.tuning.preference.chat_rows import ChatRows
    from osler.tuning.preference.collapse import ends_of
    from osler.tuning.preference.policy_layers import PolicyNetwork
    from osler.tuning.preference.policy_learning import Way
    from osler.tuning.trainer.processes import device_of

    asked = asked_of(stage.prompts, work.pairs)
    if not asked:
        raise DataError("there are no prompts to draw replies to", hint="give prompts = ...")
    policy, tokenizer = causal_of(work.base)
    reference, _ = causal_of(work.base)
    for weight in reference.parameters():
        weight.requires_grad_(False)
    way = Way(
        tokens=stage.new_tokens,
        temperature=stage.temperature,
        group=group,
        inner_epochs=stage.inner_epochs,
        minibatches=stage.minibatches,
        kl_budget=stage.kl_budget,
        unfinished=stage.unfinished,
        normalise=getattr(stage, "normalise", False),
        precision=stage.schedule.precision,
    )
    network = PolicyNetwork(
        adapted_network(policy, stage.adapter, seed=work.seed), coefficient=stage.kl, valued=group == 1
    )
    chat = ChatRows(tokenizer, stage.length)
    score = scorer_of(stage.reward, stage.reward_weights)
    learner = learner_of(network, reference.to(device_of()), chat, asked, score, way)
    learner.settle(stage)
    record = fit(learner, stage.schedule, seed=work.seed, state=work.state, identity=work.identity, tell=work.tell)
    if learner.why:
        record.stopped = learner.why
    write(policy, tokenizer, work.folder, adapter=stage.adapter, base=work.base)
    return record, {"prompts": len(asked), "cut": chat.cut, **ends_of(record.curve)}
